"""What a history file holds: one JSON object a line, a run or the acceptance of a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.run_document.field import optional
from slabench.run_document.read import parse
from slabench.run_document.run import RunDocument
from slabench.verdict.baseline_file import build, is_measured
from slabench.verdict.outcome import Outcome

SCHEMA = "slabench.history/1"
UNKNOWN = "unknown"  # the version of a server that reports none


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredTest:
    """A valid test of a run, as a baseline file has it."""

    method: str
    workload: Mapping[str, object]  # what was sent: baseline_file.identity()
    samples: Mapping[str, tuple[float, ...]]  # metric -> one value a repeat
    lacking: Mapping[str, str] = optional({})  # metrics that some repeat does not have
    allowed: Mapping[str, str] = optional({})  # checks that --allow permitted, with their text
    accept_length: float | None = optional()  # of speculative decoding


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchLine:
    """Which server process was measured: runs of one process do not show how launches differ."""

    random_seed: int | None = None  # drawn at the start of a process, unless it was given
    by_slabench: bool = False  # started for this run (--launch)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """One run."""

    schema: str = SCHEMA
    run_id: str
    utc: str  # when it began
    version: str  # --history-version, else the server's own
    server_version: str | None  # sglang's
    slabench: str
    word: str | None  # its outcome
    labels: tuple[str, ...]
    fingerprint: Mapping[str, Mapping[str, object]]  # server, hardware, model
    launch: LaunchLine
    tests: Mapping[str, MeasuredTest]  # without those that are INVALID

    @property
    def simulated(self) -> bool:
        return "SIMULATED" in self.labels

    @property
    def failed(self) -> bool:
        """Valid, and slower than an objective, a floor or a baseline allowed."""
        return self.word == Outcome.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptLine:
    """A version whose runs above this line are what later runs are compared with."""

    schema: str = SCHEMA
    accept: str
    utc: str


def read_line(data: object) -> RunLine | AcceptLine:
    """MalformedDocument or ConfigError where it is no line of a history."""
    schema = data.get("schema") if isinstance(data, dict) else None
    if not isinstance(data, dict) or schema != SCHEMA:
        raise ConfigError(Message("file.history_schema", schema=schema, wanted=SCHEMA))
    if "accept" in data:
        return parse(AcceptLine, data)
    line = parse(RunLine, data)
    for name, test in line.tests.items():
        for key, values in test.samples.items():
            if not values or not all(map(is_measured, values)):
                raise ConfigError(Message("file.history_values", name=name, key=key, values=values))
    return line


def line_of(run: RunDocument, version: str | None = None) -> RunLine:
    """version: what the user calls it.

    Tests whose measurement is not valid are left out. One that is INVALID since its comparison is
    inconclusive, or since nothing was judged, was measured well: leaving it out would choose runs by their
    result.
    """
    tests: Mapping[str, Mapping[str, Any]] = build(run)["tests"]
    server, info = run.server, {} if run.server is None else run.server.info
    seed = info.get("random_seed")
    own = None if server is None else server.version
    return RunLine(
        run_id=run.run_id,
        utc=run.created_utc,
        version=version or own or UNKNOWN,
        server_version=own,
        slabench=run.slabench,
        word=None if run.word is None else run.word.value,
        labels=run.labels,
        fingerprint=run.fingerprint,
        launch=LaunchLine(
            random_seed=seed if isinstance(seed, int) else None,
            by_slabench=bool(run.options.get("launch")) or "SIMULATED" in run.labels,
        ),
        tests={
            name: MeasuredTest(
                method=test["method"],
                workload=test["workload"],
                samples={key: tuple(values) for key, values in test["samples"].items()},
                lacking=test.get("lacking", {}),
                allowed=test.get("allowed", {}),
                accept_length=test["information"].get("accept_length"),
            )
            for name, test in tests.items()
            if test["samples"]
        },
    )
