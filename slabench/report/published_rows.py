"""tencent's tests as rows of the published table, with the published values and the room to the limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slabench.report.charts.published import TENCENT, published
from slabench.run_document.entry import Entry, ObjectiveEntry
from slabench.run_document.run import RunDocument

# The table's columns in its order; bench_serving's metrics, as published.
COLUMNS = (
    "classic.qpm", "classic.input_throughput", "classic.output_throughput", "classic.total_throughput",
    "classic.ttft.mean", "classic.tpot.mean",
)  # fmt: skip
LIMITED = "tpot.mean"


@dataclass(frozen=True, slots=True)
class Row:
    """A test. measured and published: by COLUMNS, what is not known is absent; objective: on tpot.mean."""

    entry: Entry
    num_prompts: float | None
    request_rate: float | None  # requests/s; None: all at once
    max_concurrency: float | None  # None: no limit
    measured: Mapping[str, float]
    published: Mapping[str, float]
    objective: ObjectiveEntry | None

    @property
    def room_pct(self) -> float | None:
        """How far tpot.mean is below its limit, per cent of the limit; negative: above it."""
        if self.objective is None or self.objective.margin_pct is None:
            return None
        return -self.objective.margin_pct


def published_rows(document: RunDocument) -> list[Row]:
    """In the order of the run; INVALID tests too, as such."""
    table = published(TENCENT)
    return [
        Row(
            entry=entry,
            num_prompts=_number(entry, "count"),
            request_rate=_number(entry, "request_rate"),
            max_concurrency=_number(entry, "max_concurrency"),
            measured={key: entry.metrics[key] for key in COLUMNS if key in entry.metrics},
            published={key: value for key in COLUMNS if (value := table.of(entry.id, key)) is not None},
            objective=next((rule for rule in entry.objectives if rule.metric == LIMITED), None),
        )
        for entry in document.of("tencent")
    ]


def _number(entry: Entry, key: str) -> float | None:
    value = entry.plan.get(key)
    return value if isinstance(value, int | float) else None
