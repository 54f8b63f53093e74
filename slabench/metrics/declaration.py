"""What is known of a metric, in one object that all else looks up (definitions.py declares them all)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from slabench.records import RequestRecord

Direction = Literal["lower", "higher", "none"]  # which way is better; "none" is never compared


class ClientError(StrEnum):
    """Which of the client's own errors a metric has, by the arrival times that it is made of."""

    NONE = ""
    TTFT = "TTFT"  # an answer's first token: calibrated, and bounded where the client stalled
    E2EL = "E2EL"  # its last token: bounded where the client stalled
    TPOT = "TPOT"  # both: calibrated, and bounded where the client stalled
    # every event: calibrated by the p99 of the gaps; where the client stalled, only its mean is bounded
    ITL = "ITL"
    BETWEEN_TOKENS = "between tokens"  # arrivals inside answers, without a bound
    RUN_END = "last token of the run"  # bounded where the client stalled


# metrics of the time between the tokens of an answer
OF_GAPS = frozenset({ClientError.TPOT, ClientError.ITL})


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What a comparison allows. times: of --tolerance; floor: in the metric's unit, below it no difference is
    a regression.
    """

    times: float
    floor: float
    reason: str


_WAY = "a request's way through two kernels and two event loops moves by a millisecond or two"
STAMP = Tolerance(
    1.0,
    0.05,
    "without the kernel's time of arrival a stamp is late by the event loop's own lateness, some 0.05 ms",
)
LOG_STAMP = Tolerance(1.0, 0.05, "the log prints two decimals of a throughput")
FIRST = Tolerance(
    2.5,
    2.0,
    f"{_WAY}; near saturation a queue multiplies a small change of speed, so the share is 2.5 times the "
    "tolerance",
)
LAST = Tolerance(1.0, 2.0, _WAY)
REQUESTS = Tolerance(1.0, 0.5, "less than one request is no difference")
RATE = Tolerance(1.0, 0.001, "one request more or less in a thousand seconds")
END = Tolerance(1.0, 0.05, "a run ends with its last token, somewhere inside a step")
TOKENS = Tolerance(1.0, 1.0, "below one token a second nothing is decided by it")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ValueError for one that can be compared and has no tolerance: no other metric's would be in
    its unit.
    """

    name: str
    unit: str
    better: Direction
    formula: str
    source: str
    tolerance: Tolerance | None = None
    # what one value is of; of requests and tokens there are statistics
    per: Literal["request", "token", "run"] = "run"
    # of one answer, where --goodput can limit it
    value: Callable[[RequestRecord], float | None] | None = None
    # over a test's repeats; a statistic max, min or std has its own way
    repeats: Literal["mean", "largest"] = "mean"
    client_error: ClientError = ClientError.NONE
    # the methods whose tests are compared by it, by its mean where it has statistics
    gates: tuple[str, ...] = ()
    information: str | None = None  # the statistic that a baseline file keeps beside; "" of a metric without
    run_to_run: float = 0.01  # share by which two runs of one server process differ
    label: str = ""  # in the heading of a column
    also_called: tuple[str, ...] = ()  # by other clients and their users
    batch_only: bool = False  # only a batch-size point has it
    by_first_text: bool = False  # bench_serving takes it by each answer's first text

    def __post_init__(self) -> None:
        if (self.better != "none") != (self.tolerance is not None):
            wrong = (
                "can be compared and has no"
                if self.tolerance is None
                else "has no better and no worse, so it cannot have a"
            )
            raise ValueError(f"the metric {self.name} {wrong} tolerance")

    @property
    def spread(self) -> bool:
        """Whether it has statistics."""
        return self.per != "run"

    def of(self, record: RequestRecord) -> float | None:
        """Its value of one answer; None where the answer, or the metric, has none."""
        return None if self.value is None else self.value(record)

    def sample(self, records: Iterable[RequestRecord]) -> list[float]:
        """Its values of the answers that define it, in their order."""
        return [value for record in records if (value := self.of(record)) is not None]

    @property
    def ours(self) -> str:
        """The name without bench_serving's prefix: n is counted under it."""
        return self.name.removeprefix("classic.")
