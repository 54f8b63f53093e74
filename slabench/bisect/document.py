"""What a bisection has done so far: the file of --state, written after each probe; it is the report too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from slabench.bisect.search import Standing, Standings
from slabench.errors import ConfigError, system_words
from slabench.messages import Message
from slabench.output_file import write_whole
from slabench.run_document.field import optional
from slabench.run_document.read import MalformedDocument, parse
from slabench.run_document.write import stored
from slabench.strict_json import dumps

SCHEMA = "slabench.bisect/1"
OLDEST = "oldest"  # what versions are compared with, unless an option names something else


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One run of the gate."""

    version: str
    repeats: int  # most loads of a test at its server
    standing: Standing
    line: str  # why, in one line
    run: str | None  # the run folder; null: it has none
    exit_status: int
    began_utc: str
    seconds: float  # with the start of its server
    labels: tuple[str, ...] = optional(())  # of its run: SIMULATED, REDUCED ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The answer: two neighbours in the list, or versions between of which nothing was decided."""

    not_slower: str  # the last version that is surely not slower
    slower: str  # the first that is surely slower
    unresolved: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BisectDocument:
    """One bisection."""

    schema: str = SCHEMA
    slabench: str
    created_utc: str
    updated_utc: str
    versions: tuple[str, ...]  # the oldest first
    reference: str  # what each is compared with: oldest, or the option that names it
    command: tuple[str, ...]  # suites and options, secrets redacted
    digest: str  # of versions, suites and options as they were given: what a continued one has to repeat
    folder: str  # of the runs
    probes: tuple[Probe, ...] = ()
    launches: int = 0  # of servers, of earlier starts too
    found: Found | None = optional()

    @property
    def labels(self) -> tuple[str, ...]:
        """Of any probe."""
        return tuple(dict.fromkeys(label for probe in self.probes for label in probe.labels))

    @property
    def standings(self) -> Standings:
        known: dict[int, list[Standing]] = {}
        for probe in self.probes:
            known.setdefault(self.versions.index(probe.version), []).append(probe.standing)
        return known


def read(path: str) -> BisectDocument | None:
    """None: there is no such file. ConfigError where it is something else: it is not overwritten."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigError(Message("command.state_unreadable", path=path, why=system_words(error))) from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise ConfigError(Message("command.state_other_file", path=path))
    try:
        return parse(BisectDocument, content)
    except MalformedDocument as error:
        raise ConfigError(Message("command.state_malformed", path=path, why=error)) from error


def write(path: str, document: BisectDocument) -> None:
    """Whole or not at all. ConfigError if it cannot be written."""
    try:
        write_whole(path, dumps(stored(document), indent=1) + "\n")
    except OSError as error:
        raise ConfigError(Message("command.state_unwritable", path=path, why=system_words(error))) from error
