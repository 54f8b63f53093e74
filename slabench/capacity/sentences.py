"""What a capacity search found, in sentences and as run.json's `capacity`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from slabench.capacity.probe import THROUGHPUT, Point, Probe, point
from slabench.capacity.search import Kind, Search, SearchResult, Why
from slabench.messages import metric_name, number
from slabench.metrics.definitions import declared

UNITS = {"concurrency": "in flight", "rate": "requests/s"}


def load_text(load: float, kind: str) -> str:
    """`134 in flight`, `2.35 requests/s`."""
    return f"{load:.4g} {UNITS[kind]}" if kind == "rate" else f"{load:,.0f} {UNITS[kind]}"


def sentence(search: Search, outcome: SearchResult, kind: str) -> str:
    """What was found; its first sentence is the answer."""
    points = search.points()
    if outcome.kind is Kind.NONE_HOLDS:
        return f"No load holds, not even {_shown(search, points, outcome.load, kind)}."
    if outcome.kind is Kind.UNRESOLVED:
        best = (
            f" The best measured so far is {_shown(search, points, outcome.load, kind)}."
            if outcome.load is not None
            else ""
        )
        return f"The search is unresolved: {outcome.detail}.{best}"
    parts = [
        f"The most total tokens/s within the objectives is given at {_shown(search, points, outcome.load, kind)}."
    ]
    if outcome.kind is Kind.SERVER_LIMIT:
        parts.append(
            f"Throughput no longer grows above it: loads up to {load_text(outcome.highest or 0, kind)} were measured and give "
            "no more. The limit is the server's own, not an objective's."
        )
    if outcome.fails is not None:
        parts.append(f"{_shown(search, points, outcome.fails, kind)}, does not hold.")
    elif outcome.kind is Kind.RANGE_END:
        parts.append("It is the end of --capacity-range: the capacity is at least that.")
    parts += [mark.text for mark in search.marks]
    return " ".join(parts)


def remedy(search: Search, outcome: SearchResult) -> str:
    """What to do about it; empty where there is nothing to do."""
    if outcome.kind is Kind.RANGE_END:
        return "Raise HI of --capacity-range to find the limit itself."
    if outcome.kind is Kind.NONE_HOLDS:
        return "Lower LO of --capacity-range if it is above 1; otherwise this deployment cannot hold these objectives at all."
    if outcome.why is Why.BUDGET:
        low = max((load for load in search.points() if load < (outcome.load or 0)), default=search.loads[0])
        high = outcome.fails or search.loads[-1]
        return f"Raise --capacity-budget, take a larger --capacity-step, or begin from --capacity-range={low:g},{high:g}."
    if outcome.why is Why.CHANGED:
        return (
            "Warm the server up (--warmup-requests=batch), see that nothing else uses it, and search again."
        )
    if outcome.why is not None:
        return "Raise --capacity-waves or --random-output-len for narrower intervals."
    return ""


def as_dict(search: Search, outcome: SearchResult | None, kind: str, whys: Sequence[str]) -> dict[str, Any]:
    """run.json's `capacity`; outcome None while the search is on: `best_so_far` is the answer by what was
    measured.
    """
    return {
        "load_kind": kind,
        "range": [search.loads[0], search.loads[-1]],
        "rules": [str(rule) for rule in search.rules],
        "outcome": None if outcome is None else outcome.kind.value,
        "load": None if outcome is None or outcome.kind is Kind.UNRESOLVED else outcome.load,
        "best_so_far": search.best(),
        "text": "" if outcome is None else sentence(search, outcome, kind),
        "fails": None if outcome is None else outcome.fails,
        "highest": None if outcome is None else outcome.highest,
        "marks": [{"load": mark.load, "text": mark.text} for mark in search.marks],
        "seconds": search.spent_s,
        "points": [{"load": load, "standing": at.standing.value} for load, at in search.points().items()],
        "probes": [_probe(search, place, probe, whys) for place, probe in enumerate(search.probes)],
    }


def _probe(search: Search, place: int, probe: Probe, whys: Sequence[str]) -> dict[str, Any]:
    return {
        "number": place + 1,
        "load": probe.load,
        "standing": point([probe], search.rules).standing.value,
        "why": whys[place] if place < len(whys) else "",
        "waves": probe.waves,
        "first_wave_only": probe.ramp,
        "stopped": probe.stopped,
        "at_most": probe.ceiling,
        "seconds": probe.seconds,
        "intervals": {key: value.as_dict() for key, value in probe.estimates.items()},
        "metrics": {key: float(value) for key, value in probe.figures.items()},
    }


def rule_texts(search: Search, at: Point) -> list[str]:
    """`total throughput 10,875 tok/s (10,821 to 10,929)`, and `tpot mean 41.7 ms (41.6 to 41.8), limit 50`
    for each rule."""
    texts = []
    for key, limit in [(THROUGHPUT, None), *((rule.metric, rule.limit) for rule in search.rules)]:
        measured = at.estimates.get(key)
        if measured is not None:
            within = "" if limit is None else f", limit {limit:g}"
            interval = f"({number(measured.low)} to {number(measured.high)})"
            texts.append(
                f"{metric_name(key)} {number(measured.value)} {declared(key).unit} {interval}{within}"
            )
    return texts


def _shown(search: Search, points: dict[float, Point], load: float | None, kind: str) -> str:
    texts = rule_texts(search, points[load]) if load in points else []
    if load in points and not texts:
        texts = ["ended early"]
    return load_text(math.nan if load is None else load, kind) + (f": {'; '.join(texts)}" if texts else "")
