"""What a capacity search found, in sentences and as run.json's `capacity`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from slabench.metrics.definitions import metric_of
from slabench.verdict.capacity import Kind, Outcome, Search
from slabench.verdict.capacity_probe import THROUGHPUT, Point, standing
from slabench.verdict.sla import number, spoken

UNITS = {"concurrency": "in flight", "rate": "requests/s"}


def load_text(load: float, kind: str) -> str:
    """`134 in flight`, `2.35 requests/s`."""
    return f"{load:.4g} {UNITS[kind]}" if kind == "rate" else f"{load:,.0f} {UNITS[kind]}"


def sentence(search: Search, outcome: Outcome, kind: str) -> str:
    """What was found, whole; `first line complete`."""
    says = {
        Kind.FOUND: _found,
        Kind.SERVER_LIMIT: _server_limit,
        Kind.RANGE_END: _range_end,
        Kind.NONE_HOLDS: _none_holds,
        Kind.UNRESOLVED: _unresolved,
    }
    return says[outcome.kind](search, outcome, kind)


def remedy(search: Search, outcome: Outcome) -> str:
    """What to do about it; empty where nothing is."""
    if outcome.kind is Kind.RANGE_END:
        return "Raise HI of --capacity-range to find the limit itself."
    if outcome.kind is Kind.NONE_HOLDS:
        return "Lower LO of --capacity-range if it is above 1; otherwise this deployment cannot hold these objectives at all."
    if outcome.kind is not Kind.UNRESOLVED:
        return ""
    if "budget" in outcome.why:
        low = outcome.holds or search.loads[0]
        high = outcome.fails or search.loads[-1]
        return (
            f"Raise --capacity-budget, ask for less with a larger --capacity-step, or begin from --capacity-range={low:g},{high:g}."
        )
    return "Raise --capacity-waves or --random-output-len for narrower intervals, or --capacity-step for a coarser answer."


def as_dict(search: Search, outcome: Outcome | None, kind: str, whys: Sequence[str]) -> dict[str, Any]:
    """run.json's `capacity`; outcome None while the search is on."""
    points = search.points()
    found: dict[str, Any] = {
        "load_kind": kind,
        "range": [search.loads[0], search.loads[-1]],
        "rules": [str(rule) for rule in search.rules],
        "outcome": None if outcome is None else outcome.kind.value,
        "load": None if outcome is None else outcome.load,
        "interval": None if outcome is None or outcome.low is None else [outcome.low, outcome.high],
        "text": "" if outcome is None else sentence(search, outcome, kind),
        "holds": None if outcome is None else outcome.holds,
        "fails": None if outcome is None else outcome.fails,
        "unsure": [] if outcome is None else list(outcome.unsure),
        "room": None if search.room is None else {"load": search.room.load, "text": search.room.text},
        "seconds": search.spent_s,
        "points": [{"load": search.loads[place], "standing": point.standing.value} for place, point in points.items()],
    }
    found["probes"] = [
        {
            "number": number_,
            "load": one.load,
            "standing": standing(one.estimates, search.rules).value,
            "why": whys[number_ - 1] if number_ <= len(whys) else "",
            "waves": one.waves,
            "first_wave_only": one.ramp,
            "stopped": one.stopped,
            "seconds": one.seconds,
            "intervals": {key: value.as_dict() for key, value in one.estimates.items()},
            "metrics": {key: float(value) for key, value in one.figures.items()},
        }
        for number_, one in enumerate(search.probes, 1)
    ]
    return found


def rule_texts(point: Point) -> list[str]:
    """`tpot mean 49.1 ms (48.9 to 49.3) of 50` for each rule of a load."""
    found = []
    for rule in point.rules:
        seen, metric = point.estimates.get(rule.metric), metric_of(rule.metric)
        unit = f" {metric.unit}" if metric is not None and metric.unit else ""
        if seen is None:
            found.append(f"{spoken(rule.metric)} is not defined there")
        else:
            interval = f"({number(seen.low)} to {number(seen.high)})"
            found.append(f"{spoken(rule.metric)} {number(seen.value)}{unit} {interval}, limit {rule.limit:g}")
    return found


def _at(search: Search, load: float | None) -> Point | None:
    """What its own probes say: what a load shares with others is the search's business."""
    points: Mapping[int, Point] = search.measured()
    return None if load is None else points.get(search.loads.index(load))


def _shown(search: Search, load: float | None, kind: str) -> str:
    point = _at(search, load)
    told = f": {'; '.join(rule_texts(point))}" if point is not None else ""
    return f"{load_text(load or math.nan, kind)}{told}"


def _found(search: Search, outcome: Outcome, kind: str) -> str:
    assert outcome.load is not None
    lines = [f"The highest load that certainly holds is {_shown(search, outcome.holds, kind)}."]
    if outcome.fails is not None:
        lines.append(f"{_shown(search, outcome.fails, kind)}, does not.")
    lines += [f"{_shown(search, one, kind)}, is too near to the limit to say." for one in outcome.unsure]
    if outcome.load != outcome.holds:
        lines.append(f"{load_text(outcome.load, kind)} gives as many tokens/s within 1 %.")
    return " ".join([*lines, *_spread(search, outcome, kind)])


def _spread(search: Search, outcome: Outcome, kind: str) -> list[str]:
    """The answer's interval, where it is more than the answer itself."""
    if outcome.low is None or outcome.high is None or outcome.low == outcome.high:
        return []
    said = f"As far as these probes can tell (95 %), that load lies between {load_text(outcome.low, kind)} and {outcome.high:,.4g}"
    wide = search.loads.index(outcome.high) - search.loads.index(outcome.low) > 2
    return [f"{said}, which is more than one step to either side." if wide else f"{said}."]


def _server_limit(search: Search, outcome: Outcome, kind: str) -> str:
    assert outcome.load is not None
    low, high = _at(search, outcome.holds), _at(search, outcome.above)
    lines = [
        f"The limit is the server's own, not an objective's: above {load_text(outcome.load, kind)} throughput no longer grows."
    ]
    if low is not None and high is not None:
        parts = [
            f"{what} {number(low.estimates[key].value)} to {number(high.estimates[key].value)} {unit}"
            for what, key, unit in (
                ("total", THROUGHPUT, "tok/s"),
                ("TPOT mean", "tpot.mean", "ms"),
                ("TTFT mean", "ttft.mean", "ms"),
            )
            if key in low.estimates and key in high.estimates
        ]
        lines.append(f"From {load_text(outcome.holds or 0, kind)} to {load_text(outcome.above or 0, kind)}: {', '.join(parts)}.")
        level = search.points()[search.loads.index(outcome.above or 0)].throughput
        if level.value != high.throughput.value:
            lines.append(
                "At such loads requests wait for each other, and a probe has their one throughput to some per cent only: together "
                f"{number(level.value)} tok/s."
            )
    lines += _spread(search, outcome, kind)
    if search.room is not None:
        lines.append(search.room.text)
    return " ".join(lines)


def _range_end(search: Search, outcome: Outcome, kind: str) -> str:
    lines = [f"All objectives hold up to the range's end, {_shown(search, outcome.holds, kind)}: the capacity is at least that."]
    lines += [f"{_shown(search, one, kind)}, is too near to the limit to say." for one in outcome.unsure]
    if outcome.load is not None and outcome.load != outcome.holds:
        lines.append(f"{load_text(outcome.load, kind)} gives as many tokens/s within 1 %.")
    return " ".join([*lines, *_spread(search, outcome, kind)])


def _none_holds(search: Search, outcome: Outcome, kind: str) -> str:
    return f"Not even the range's beginning holds: {_shown(search, outcome.fails, kind)}."


def _unresolved(search: Search, outcome: Outcome, kind: str) -> str:
    parts = [f"The limit is unresolved: {outcome.why}."]
    parts.append("No load certainly holds." if outcome.holds is None else f"{_shown(search, outcome.holds, kind)}, holds.")
    if outcome.fails is not None:
        parts.append(f"{_shown(search, outcome.fails, kind)}, does not.")
    parts += [f"{_shown(search, one, kind)}, is too near to say." for one in outcome.unsure]
    return " ".join(parts)
