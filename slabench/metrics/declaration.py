"""What is known of a metric, in one object: everything else looks it up (definitions.py declares them all)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from slabench.metrics.tolerance import Tolerance
from slabench.records import RequestRecord

Direction = Literal["lower", "higher", "none"]  # which way is better; "none" is never compared


class ClientError(StrEnum):
    """Which of the client's own errors a metric has, by the arrival times that it is made of."""

    NONE = ""
    TTFT = "TTFT"  # an answer's first token: calibrated, and bounded where the client stalled
    E2EL = "E2EL"  # its last token: bounded where the client stalled
    TPOT = "TPOT"  # both: calibrated, and bounded where the client stalled
    ITL = "ITL"  # every event: calibrated by the p99 of the gaps; where the client stalled, only its mean is bounded
    BETWEEN_TOKENS = "between tokens"  # arrivals inside answers, without a bound
    RUN_END = "last token of the run"  # bounded where the client stalled


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ValueError for one that can be compared and has no tolerance: no other metric's would be in its unit."""

    name: str
    unit: str
    better: Direction
    formula: str
    source: str
    tolerance: Tolerance | None = None
    per: Literal["request", "token", "run"] = "run"  # what one value is of; of requests and tokens there are statistics
    value: Callable[[RequestRecord], float | None] | None = None  # of one answer, where --goodput can limit it
    repeats: Literal["mean", "largest"] = "mean"  # over a test's repeats; a statistic max, min or std has its own way
    client_error: ClientError = ClientError.NONE
    gates: tuple[str, ...] = ()  # the methods whose tests are compared by it, by its mean where it has statistics
    information: str | None = None  # the statistic that a baseline file keeps beside; "" of a metric without
    run_to_run: float = 0.01  # share by which two runs of one server process differ
    label: str = ""  # in the heading of a column
    also_called: tuple[str, ...] = ()  # by other clients and their users
    batch_only: bool = False  # only a batch-size point has it
    by_first_text: bool = False  # bench_serving takes it by each answer's first text

    def __post_init__(self) -> None:
        if (self.better != "none") != (self.tolerance is not None):
            wrong = "can be compared and has no" if self.tolerance is None else "has no better and no worse, so it cannot have a"
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

    @property
    def heading(self) -> str:
        """`TPOT ms`, `total tok/s`; QPM names its unit."""
        return f"{self.label} {self.unit}".removesuffix(" req/min")
