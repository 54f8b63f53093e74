"""The one figure that stands for a test in every table: the same text on the console, in summary.md and in
the pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slabench.messages import number
from slabench.metrics.bounded import bounds
from slabench.metrics.definitions import curve_size
from slabench.verdict.outcome import NOTHING_JUDGED, Outcome

NONE = "n/a"


def verdict(entry: Mapping[str, Any]) -> str:
    """A test's word in every table: `PASSED`, or `PASSED NOTHING_JUDGED`."""
    unjudged = entry["word"] == Outcome.PASSED and NOTHING_JUDGED in entry["reasons"]
    return f"{entry['word']} {NOTHING_JUDGED}" if unjudged else str(entry["word"])


def unjudged(data: Mapping[str, Any]) -> list[str]:
    """The names of the run's tests that nothing was judged in."""
    return [one["id"].rpartition("/")[2] for one in data["tests"] if NOTHING_JUDGED in one["reasons"]]


def run_verdict(data: Mapping[str, Any]) -> str:
    """A run's word: `PASSED`, or `PASSED (NOTHING_JUDGED in 1 of 3 tests)`."""
    word, names = data["word"] or "nothing was judged", unjudged(data)
    green = names and word == Outcome.PASSED
    return f"{word} ({NOTHING_JUDGED} in {len(names)} of {len(data['tests'])} tests)" if green else word


def standing(entry: Mapping[str, Any]) -> str:
    """`TPOT 35.98 ms, output 729 tok/s`, `curve 8:

    432.87 tok/s per GPU, 54.11 per user`, `input 72,286 tok/s per GPU`; or n/a.
    """
    metrics, method = entry["metrics"], entry["method"]
    if method == "ali-decode-curve":
        return _curve(entry)
    if method == "ali-prefill":
        return _first(
            metrics,
            (("input_throughput_per_gpu", "input", "tok/s per GPU"), ("input_throughput", "input", "tok/s")),
        )
    if method == "tencent-capacity":
        return _capacity(entry)
    tpot = _first(metrics, (("tpot.mean", "TPOT", "ms"),))
    if method == "ali-decode":
        output = _first(metrics, (("output_throughput", "output", "tok/s"),))
        return ", ".join(one for one in (tpot, output) if one != NONE) or NONE
    total = _first(metrics, (("total_throughput", "total", "tok/s"),))
    return ", ".join(one for one in (total, tpot) if one != NONE) or NONE


def _capacity(entry: Mapping[str, Any]) -> str:
    """`134 in flight: total 11,102 tok/s, 141.70 QPM, TPOT 49.10 ms`; an outcome without a run says which it
    is.
    """
    found = entry.get("capacity")
    if not found or found["load"] is None:
        return found["outcome"] or NONE if found else NONE
    unit = "in flight" if found["load_kind"] == "concurrency" else "requests/s"
    figures = (("total_throughput", "total", "tok/s"), ("qpm", "", "QPM"), ("tpot.mean", "TPOT", "ms"))
    told = [_first(entry["metrics"], (one,)).strip() for one in figures]
    return f"{found['load']:g} {unit}: {', '.join(one for one in told if one != NONE) or NONE}"


def _first(metrics: Mapping[str, float], wanted: tuple[tuple[str, str, str], ...]) -> str:
    """The first of (key, word before, unit) that is defined."""
    for key, before, unit in wanted:
        if key in metrics:
            return f"{before} {number(metrics[key])} {unit}"
        if (ends := bounds(key, metrics)) is not None:
            return f"{before} {number(ends[0])} to {number(ends[1])} {unit}"
    return NONE


def _curve(entry: Mapping[str, Any]) -> str:
    """The curve at the largest batch size that a decode test was named after: rows between sizes are a run's
    ramps.
    """
    sizes = [size for key in entry["metrics"] if (size := curve_size(key)) is not None]
    row = next((one for one in entry.get("curve", ()) if sizes and one["running"] == max(sizes)), None)
    if row is None:
        return NONE
    if row.get("per_gpu") is None:  # GPUs unknown
        return f"curve {row['running']}: {number(row['median'])} tok/s, {number(row['median'] / row['running'])} per user"
    return (
        f"curve {row['running']}: {number(row['per_gpu'])} tok/s per GPU, {number(row['per_user'])} per user"
    )
