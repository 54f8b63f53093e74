"""A capacity search as run.json's `capacity`, and its result in sentences."""

from __future__ import annotations

from dataclasses import asdict

from slabench.capacity.probe import THROUGHPUT, Point, Probe, point
from slabench.capacity.search import Kind, Search, SearchResult
from slabench.messages import Message
from slabench.metrics.definitions import declared
from slabench.run_document.capacity import (
    Capacity,
    CapacityMark,
    CapacityPoint,
    CapacityProbe,
    IntervalEntry,
)


def load_message(load: float, kind: str) -> Message:
    """`134 in flight`, `2.35 requests/s`."""
    if kind == "rate":
        return Message("capacity.load.rate", load=load)
    return Message("capacity.load.concurrency", load=load)


def result_message(search: Search, result: SearchResult, kind: str) -> Message:
    """What the search measured; its first sentence is the answer."""
    shown = None if result.load is None else _point(search, result.load, kind)
    if result.kind is Kind.NONE_HOLDS:
        return Message("capacity.none_holds", point=shown)
    if result.kind is Kind.UNRESOLVED:
        parts = [Message("capacity.unresolved", detail=result.detail)]
        parts += [] if shown is None else [Message("capacity.best_so_far", point=shown)]
        return Message("capacity.sentences", sentences=parts)
    parts = [Message("capacity.best", point=shown)]
    if result.kind is Kind.SERVER_LIMIT:
        parts.append(Message("capacity.server_limit", highest=load_message(result.highest or 0.0, kind)))
    if result.fails is not None:
        parts.append(Message("capacity.fails", point=_point(search, result.fails, kind)))
    elif result.kind is Kind.RANGE_END:
        parts.append(Message("capacity.range_end"))
    return Message("capacity.sentences", sentences=[*parts, *(mark.message for mark in search.marks)])


_REMEDIES = {
    "capacity.budget.seconds": "capacity.remedy.budget",
    "capacity.budget.probes": "capacity.remedy.budget",
    "capacity.changed": "capacity.remedy.changed",
    Kind.RANGE_END: "capacity.remedy.range_end",
    Kind.NONE_HOLDS: "capacity.remedy.none_holds",
}


def remedy(search: Search, result: SearchResult) -> Message | None:
    """What to do about it; None where there is nothing to do."""
    if result.detail is None:
        name = _REMEDIES.get(result.kind)
        return None if name is None else Message(name)
    name = _REMEDIES.get(result.detail.id, "capacity.remedy.intervals")
    if name != "capacity.remedy.budget":
        return Message(name)
    low = max((load for load in search.points if load < (result.load or 0)), default=search.loads[0])
    return Message(name, low=low, high=result.fails or search.loads[-1])


def advice(search: Search, result: SearchResult, kind: str) -> tuple[Message, ...]:
    """The result, and what to do about it."""
    further = remedy(search, result)
    return (result_message(search, result, kind), *([] if further is None else [further]))


def capacity_entry(search: Search, result: SearchResult | None, kind: str) -> Capacity:
    """run.json's `capacity`; result None while the search is on."""
    points = search.points
    message = None if result is None else result_message(search, result, kind)
    return Capacity(
        load_kind=kind,
        range=(search.loads[0], search.loads[-1]),
        rules=tuple(map(str, search.rules)),
        outcome=None if result is None else result.kind.value,
        load=None if result is None or result.kind is Kind.UNRESOLVED else result.load,
        best_so_far=points.best(),
        text="" if message is None else str(message),
        message=message,
        fails=None if result is None else result.fails,
        highest=None if result is None else result.highest,
        marks=tuple(
            CapacityMark(load=mark.load, text=str(mark.message), message=mark.message)
            for mark in search.marks
        ),
        seconds=search.spent_s,
        points=tuple(CapacityPoint(load=load, standing=at.standing.value) for load, at in points.items()),
        probes=tuple(_probe(search, number, probe) for number, probe in enumerate(search.probes, 1)),
    )


def _probe(search: Search, number: int, probe: Probe) -> CapacityProbe:
    why = search.whys[number - 1]
    return CapacityProbe(
        number=number,
        load=probe.load,
        standing=point([probe], search.rules).standing.value,
        why="" if why is None else str(why),
        why_message=why,
        waves=probe.waves,
        first_wave_only=probe.ramp,
        stopped=probe.stopped,
        at_most=None if probe.early is None else probe.early.ceiling,
        seconds=probe.seconds,
        intervals={key: IntervalEntry(**asdict(value)) for key, value in probe.estimates.items()},
        metrics={key: float(value) for key, value in probe.metrics.items()},
    )


def metric_messages(search: Search, at: Point) -> list[Message]:
    """The throughput, and each rule's metric with its limit, by their intervals."""
    messages = []
    for key, limit in [(THROUGHPUT, None), *((rule.metric, rule.limit) for rule in search.rules)]:
        known = at.estimates.get(key)
        if known is None:
            continue
        values = {"value": known.value, "low": known.low, "high": known.high}
        name, more = ("capacity.metric", {}) if limit is None else ("capacity.objective", {"limit": limit})
        messages.append(Message(name, key=key, unit=declared(key).unit, **values, **more))
    return messages


def _point(search: Search, load: float, kind: str) -> Message:
    shown, at = load_message(load, kind), search.points.get(load)
    if at is None:
        return shown
    metrics = metric_messages(search, at)
    if not metrics:
        return Message("capacity.point_early", load=shown)
    return Message("capacity.point", load=shown, metrics=metrics)
