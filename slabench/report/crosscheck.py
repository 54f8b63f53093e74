"""Two clients side by side: for each metric what is definition, what is the other client's known error, and
what is noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from slabench.messages import Message, number, percent
from slabench.report.text_table import table
from slabench.verdict.statistics import Ratio, paired_ratio

DEFINITION_SHARE = 0.001  # ours and classic of the same records: a smaller difference needs no explanation

# Our metric, the classic one beside it, why the definitions differ, and what bench_serving's client adds.
METRICS: tuple[tuple[str, str, str, str], ...] = (
    ("tpot.mean", "classic.tpot.mean", "crosscheck.tpot", "crosscheck.parsing"),
    ("ttft.mean", "classic.ttft.mean", "crosscheck.ttft", "crosscheck.connecting"),
    ("itl.mean", "classic.itl.mean", "crosscheck.itl", "crosscheck.parsing"),
    ("e2el.mean", "classic.e2el.mean", "crosscheck.e2el", "crosscheck.connecting"),
    ("duration", "classic.duration", "crosscheck.duration", "crosscheck.connecting"),
    ("request_throughput", "classic.request_throughput", "crosscheck.rate", "crosscheck.connecting"),
    ("output_throughput", "classic.output_throughput", "crosscheck.rate", "crosscheck.connecting"),
    ("total_throughput", "classic.total_throughput", "crosscheck.total", "crosscheck.connecting"),
    ("concurrency.mean", "classic.concurrency", "crosscheck.rate", "crosscheck.connecting"),
    ("concurrency.peak", "classic.max_concurrent_requests", "crosscheck.peak", "crosscheck.same_peak"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One metric over all rounds, as means; definition is ours / classic - 1 of the same records."""

    metric: str
    ours: float | None
    classic: float | None
    theirs: float | None
    definition: float | None
    client: Ratio | None
    causes: tuple[Message, ...]

    @property
    def cause(self) -> str:
        return "; ".join(map(str, self.causes))


def compare(ours: Sequence[Mapping[str, float]], theirs: Sequence[Mapping[str, float]]) -> list[Row]:
    """ours: all metrics of each of our runs; theirs: the classic ones that the other client reported, run by
    run in the same order.
    """
    rows = []
    for metric, classic, definition, error in METRICS:
        mine, same, reported = _values(ours, metric), _values(ours, classic), _values(theirs, classic)
        if not mine and not reported:
            continue
        client = paired_ratio(same, reported)
        shift = fmean(mine) / fmean(same) - 1 if mine and same and fmean(same) else None
        causes = [_cause(client, error, equal=same == reported, rounds=len(reported))]
        if shift is not None and abs(shift) > DEFINITION_SHARE:
            causes.insert(0, Message("crosscheck.definition", why=Message(definition)))
        first, second, third = (fmean(values) if values else None for values in (mine, same, reported))
        rows.append(Row(metric, first, second, third, shift, client, tuple(causes)))
    return rows


def _cause(client: Ratio | None, error: str, *, equal: bool, rounds: int) -> Message:
    if client is None:
        return Message("crosscheck.missing")
    inside = client.one_is_inside
    if equal or (inside and abs(client.estimate - 1) <= DEFINITION_SHARE):
        return Message("crosscheck.equal")
    if inside is None:
        return Message("crosscheck.one_round" if rounds == 1 else "crosscheck.no_noise")
    return Message("crosscheck.noise") if inside else Message("crosscheck.client", why=Message(error))


def _values(runs: Sequence[Mapping[str, float]], key: str) -> list[float]:
    """One a run; none where a run has none."""
    values = [run[key] for run in runs if key in run]
    return values if len(values) == len(runs) else []


def crosscheck_table(rows: Sequence[Row]) -> str:
    width = max((len(row.cause) for row in rows), default=0)
    columns = "metric, ours, classic of ours, bench_serving, definition, client, 95 % interval".split(", ")
    lines = []
    for row in rows:
        values = ["n/a" if value is None else number(value) for value in (row.ours, row.classic, row.theirs)]
        ratio = interval = "n/a"
        if row.client is not None:
            ratio, low, high = _change(row.client.estimate - 1), row.client.low, row.client.high
            interval = "n/a" if low is None or high is None else f"{_change(low - 1)} to {_change(high - 1)}"
        definition = "n/a" if row.definition is None else _change(row.definition)
        lines.append((row.metric, *values, definition, ratio, interval, row.cause.ljust(width)))
    body, legend = table((*columns, "cause".ljust(width)), lines, left=(0,)), Message("crosscheck.legend")
    return f"{body}\n{legend}"


def _change(share: float) -> str:
    return percent(share, "+.2%")


def as_dict(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """As --json writes them."""
    return [
        {
            "figure": row.metric,
            "ours": row.ours,
            "classic": row.classic,
            "theirs": row.theirs,
            "definition": row.definition,
            "client": None if row.client is None else asdict(row.client),
            "said": row.cause,
            "causes": [cause.as_dict() for cause in row.causes],
        }
        for row in rows
    ]
