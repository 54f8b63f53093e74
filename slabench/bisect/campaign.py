"""A bisection from its first probe to the answer, or from where an earlier one ended."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from slabench import __version__
from slabench.bisect import document as stored_state
from slabench.bisect.document import OLDEST, BisectDocument, Found, Probe
from slabench.bisect.gate import Result, run_gate
from slabench.bisect.search import BEFORE_DOUBLED, Answer, Ask, NoAnswer, Standing, next_step
from slabench.bisect.versions import as_launched
from slabench.errors import ConfigError, InvalidRun, ServerError
from slabench.messages import Message
from slabench.report.sanitize import plain
from slabench.server.launch import Launched, launch
from slabench.server.secrets import know_command, scrub_command

Say = Callable[[Message], None]
# As it is by default where the oldest stays up; --gate=full among the options, which follow, is taken.
QUICK = "--gate=quick"
START_S = 1200.0  # for the oldest to become ready, as --launch-timeout has it


@dataclass(slots=True)
class Campaign:
    """reference: the option that names what versions are compared with; None: the oldest.

    kept_up: the oldest stays up and is measured in turns with each version; else it is measured once, before
    all others. options: of `slabench run`.
    """

    versions: tuple[str, ...]
    suites: tuple[str, ...]
    options: tuple[str, ...]
    launch: str
    oldest_launch: str
    reference: str | None
    kept_up: bool
    repeats: int | None  # None: as many as decide
    state: str
    report_dir: Path
    gate: Callable[[list[str], Path], Result] = run_gate
    server: Launched | None = None  # of the oldest, while it stays up

    def run(self, say: Say) -> BisectDocument:
        """The document with its answer. ConfigError: there is nothing to find; InvalidRun: no answer is
        possible.
        """
        know_command(self.launch)
        know_command(self.oldest_launch)
        document = self._begun(say)
        with contextlib.ExitStack() as stack:
            oldest: list[str] | None = None
            while isinstance(step := self._step(document), Ask):
                if oldest is None:
                    # noted first: what is killed while it starts has launched all the same
                    document = self._keep(document, launches=document.launches + self._starts(document))
                    oldest = stack.enter_context(self._oldest(Path(document.folder), say))
                document = self._probe(document, step, oldest, say)
        if isinstance(step, NoAnswer):
            raise self._no_answer(step, document)
        between = tuple(self.versions[place] for place in step.unresolved)
        found = Found(
            not_slower=self.versions[step.before], slower=self.versions[step.slower], unresolved=between
        )
        return self._keep(document, found=found)

    def _step(self, document: BisectDocument) -> Ask | Answer | NoAnswer:
        return next_step(len(self.versions), document.standings, oldest_is_reference=self.reference is None)

    # -- the state

    def _begun(self, say: Say) -> BisectDocument:
        """What --state holds, or a new one."""
        before = stored_state.read(self.state)
        if before is None:
            now = _now()
            name = f"bisect-{now.replace(':', '').replace('-', '')}-{self._digest[:6]}"
            words = (
                *self.suites,
                f"--launch={self.launch}",
                f"--repeats={self.repeats or 'auto'}",
                *self.options,
            )
            document = BisectDocument(
                slabench=__version__,
                created_utc=now,
                updated_utc=now,
                versions=self.versions,
                reference=OLDEST if self.reference is None else scrub_command([self.reference])[0],
                command=tuple(scrub_command(list(words))),
                digest=self._digest,
                folder=str((self.report_dir / name).resolve()),
            )
            return self._keep(document)
        if before.digest != self._digest:
            raise ConfigError(Message("command.state_of_another", state=self.state))
        probes = len(before.probes)
        say(Message("bisect.continuing", state=self.state, probes=probes))
        return before

    @property
    def _digest(self) -> str:
        """Of what is asked for: it shows no secret."""
        parts = [
            *(self.versions, self.suites, self.options, self.launch, self.oldest_launch),
            *(self.reference, self.kept_up, self.repeats),
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _keep(self, document: BisectDocument, **changes: object) -> BisectDocument:
        document = replace(document, updated_utc=_now(), **changes)  # type: ignore[arg-type]
        stored_state.write(self.state, document)
        return document

    # -- the oldest

    def _baseline_file(self, folder: Path) -> Path:
        return folder / "oldest.json"

    def _starts(self, document: BisectDocument) -> int:
        """Launches of the oldest that _oldest() is about to make."""
        if self.reference is not None:
            return 0
        return int(self.kept_up or not self._baseline_file(Path(document.folder)).is_file())

    @contextlib.contextmanager
    def _oldest(self, folder: Path, say: Say) -> Iterator[list[str]]:
        """The options that compare a run with the reference."""
        if self.reference is not None:
            yield []
            return
        command = as_launched("--launch", self.oldest_launch, self.versions[0])
        if self.kept_up:
            folder.mkdir(parents=True, exist_ok=True)
            say(Message("bisect.starting", version=plain(self.versions[0])))
            with launch(command, str(folder / "oldest.log"), ready_timeout=START_S) as self.server:
                log = self.server.log_path
                yield [f"--baseline-url={self.server.url}", f"--baseline-deploy-log={log}"]
            return
        file = self._baseline_file(folder)
        if not file.is_file():
            # twice as many, since every version is compared with them
            repeats = BEFORE_DOUBLED if self.repeats is None else 2 * self.repeats
            say(Message("bisect.measuring", version=plain(self.versions[0]), repeats=repeats))
            words = [*self.suites, f"--launch={command}", f"--repeats={repeats}", f"--save-baseline={file}"]
            result = self.gate([*words, QUICK, *self.options], _free(folder, "oldest"))
            if not file.is_file():
                raise InvalidRun(
                    Message(
                        "bisect.oldest_unmeasured", version=self.versions[0], line=result.line, run=result.run
                    )
                )
        yield [f"--baseline={file}", QUICK]

    # -- a probe

    def _probe(self, document: BisectDocument, ask: Ask, oldest: list[str], say: Say) -> BisectDocument:
        version, repeats = self.versions[ask.place], ask.repeats(self.repeats)
        number = len(document.probes) + 1
        document = self._keep(document, launches=document.launches + 1)
        command = as_launched("--launch", self.launch, version)
        words = [*self.suites, f"--launch={command}", f"--repeats={repeats}", *oldest, *self.options]
        began, start = _now(), time.monotonic()
        result = self.gate(words, _free(Path(document.folder), f"{number:02d}"))
        if self.server is not None and not self.server.alive():
            raise ServerError(
                Message(
                    "bisect.oldest_ended",
                    oldest=self.versions[0],
                    version=version,
                    log_end=self.server.log_end(),
                )
            )
        probe = Probe(
            version=version,
            repeats=result.repeats,
            standing=result.standing,
            line=result.line,
            run=result.run,
            exit_status=result.exit_status,
            began_utc=began,
            seconds=round(time.monotonic() - start, 3),
            labels=result.labels,
        )
        say(
            Message(
                "bisect.probe",
                number=number,
                version=version,
                standing=str(result.standing),
                repeats=result.repeats,
                line=result.line,
            )
        )
        return self._keep(document, probes=(*document.probes, probe))

    def _no_answer(self, end: NoAnswer, document: BisectDocument) -> ConfigError | InvalidRun:
        version = self.versions[end.place]
        line = [probe.line for probe in document.probes if probe.version == version][-1]
        newest = end.place == len(self.versions) - 1
        against: Message | str = document.reference
        if self.reference is None:
            against = Message("part.oldest_of", version=self.versions[0])
        if newest and end.standing is Standing.NOT_SLOWER:
            return ConfigError(Message("bisect.nothing_to_find", version=version, against=against, line=line))
        if end.standing is Standing.SLOWER:
            return ConfigError(Message("bisect.oldest_slower", version=version, against=against, line=line))
        which = Message("part.newest" if newest else "part.oldest")
        remedy = Message("part.more_repeats" if end.standing is Standing.UNDECIDED else "part.see_run")
        return InvalidRun(
            Message(
                "bisect.cannot_begin",
                which=which,
                version=version,
                standing=str(end.standing),
                against=against,
                line=line,
                remedy=remedy,
            )
        )


def _free(folder: Path, name: str) -> Path:
    """A folder that does not exist: an attempt that was killed has left its own."""
    names = (name, *(f"{name}-again-{k}" for k in range(1, 1000)))
    return next(path for each in names if not (path := folder / each).exists())


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
