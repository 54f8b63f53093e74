"""Two clients side by side: for each figure what is definition, what is the other client's known error, and
what is noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from slabench.messages import number
from slabench.report.console import table
from slabench.verdict.statistics import Ratio, paired_ratio

DEFINITION_SHARE = 0.001  # ours and classic of the same records: below it nobody asks why
CLOSE = 0.01

# Our figure, the classic one beside it, why the definitions differ, and what bench_serving's client is known
# to add.
_CONNECT = "it opens a connection for every request and parses the whole text so far at every event"
FIGURES: tuple[tuple[str, str, str, str], ...] = (
    (
        "tpot.mean",
        "classic.tpot.mean",
        "it ends at [DONE] and divides by n - 1",
        "it parses the whole text so far at every event",
    ),
    ("ttft.mean", "classic.ttft.mean", "it begins before the connection is opened", _CONNECT),
    (
        "itl.mean",
        "classic.itl.mean",
        "it counts events with text only",
        "it parses the whole text so far at every event",
    ),
    (
        "e2el.mean",
        "classic.e2el.mean",
        "it begins before the connection is opened and ends at [DONE]",
        _CONNECT,
    ),
    ("duration", "classic.duration", "it ends with the answer to GET /get_server_info", _CONNECT),
    ("request_throughput", "classic.request_throughput", "its duration holds GET /get_server_info", _CONNECT),
    ("output_throughput", "classic.output_throughput", "its duration holds GET /get_server_info", _CONNECT),
    (
        "total_throughput",
        "classic.total_throughput",
        "its duration holds GET /get_server_info, its input is the intended one",
        _CONNECT,
    ),
    ("concurrency.mean", "classic.concurrency", "its duration holds GET /get_server_info", _CONNECT),
    (
        "concurrency.peak",
        "classic.max_concurrent_requests",
        "it counts requests that touch a second",
        "the same over-count",
    ),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure over all rounds, as means; definition is ours / classic - 1 of the same records."""

    figure: str
    ours: float | None
    classic: float | None
    theirs: float | None
    definition: float | None
    client: Ratio | None
    said: str


def compare(ours: Sequence[Mapping[str, float]], theirs: Sequence[Mapping[str, float]]) -> list[Row]:
    """ours: all figures of each of our runs; theirs: the classic ones that the other client told, run by run
    in the same order.
    """
    rows = []
    for figure, classic, definition, error in FIGURES:
        mine, same = _values(ours, figure), _values(ours, classic)
        told = _values(theirs, classic)
        if mine is None and told is None:
            continue
        client = paired_ratio(same, told) if same is not None and told is not None else None
        shift = _mean(mine) / _mean(same) - 1 if mine and same and _mean(same) else None
        said = []
        if shift is not None and abs(shift) > DEFINITION_SHARE:
            said.append(f"definition ({definition})")
        if client is None:
            said.append("not told by both")
        elif same == told:
            said.append("equal")
        elif client.one_is_inside is None:
            said.append(
                "one round has no noise to compare with"
                if len(told or ()) == 1
                else "the rounds have no noise to compare with"
            )
        elif client.one_is_inside:
            said.append("noise" if abs(client.estimate - 1) > DEFINITION_SHARE else "equal")
        else:
            said.append(f"bench_serving's client ({error})")
        rows.append(
            Row(
                figure,
                _mean_or_none(mine),
                _mean_or_none(same),
                _mean_or_none(told),
                shift,
                client,
                "; ".join(said),
            )
        )
    return rows


def _values(runs: Sequence[Mapping[str, float]], key: str) -> list[float] | None:
    found = [run[key] for run in runs if key in run]
    return found if found and len(found) == len(runs) else None


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _mean_or_none(values: Sequence[float] | None) -> float | None:
    return None if values is None else _mean(values)


def _shown(value: float | None) -> str:
    return "n/a" if value is None else number(value)


def crosscheck_table(rows: Sequence[Row]) -> str:
    width = max((len(one.said) for one in rows), default=0)
    head = (
        "figure",
        "ours",
        "classic of ours",
        "bench_serving",
        "definition",
        "client",
        "95 % interval",
        "which".ljust(width),
    )
    lines = []
    for one in rows:
        ratio = "n/a" if one.client is None else f"{one.client.estimate - 1:+.2%}"
        interval = "n/a"
        if one.client is not None and one.client.low is not None and one.client.high is not None:
            interval = f"{one.client.low - 1:+.2%} {one.client.high - 1:+.2%}"
        definition = "n/a" if one.definition is None else f"{one.definition:+.2%}"
        values = (_shown(one.ours), _shown(one.classic), _shown(one.theirs))
        lines.append((one.figure, *values, definition, ratio, interval, one.said.ljust(width)))
    legend = (
        "definition: ours against bench_serving's formula on the same records. client: that formula on our client's records "
        "against what bench_serving's own client says."
    )
    return table(head, lines, left=(0,)) + "\n" + legend


def as_dict(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [asdict(one) for one in rows]
