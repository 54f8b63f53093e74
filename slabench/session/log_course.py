"""The course of a load by the deploy logs: running and queued requests, prefill and decode speed, events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from slabench.records import LogSpan
from slabench.server.log.line_types import EventKind, PrefillLine
from slabench.server.log.merge import Merged, Sample, samples
from slabench.server.log.schedulers import Name

_ZONE_S = 900  # time zones differ by quarters of an hour
# Schedulers print no line while they are idle: one without a line for three times its usual gap and this many
# seconds counts no more. merge.py takes the same as idleness.
_GAPS, _MORE_S = 3, 2
_UNUSUAL_S = 60.0  # its usual gap before it is known
SHOWN = frozenset(EventKind) - {EventKind.CAPACITY, EventKind.READY}


class Point(NamedTuple):
    """Of one line: what it reports, None where it does not."""

    second: float  # since the load began
    scheduler: Name
    running: int | None
    queued: int | None
    decode: float | None  # tokens/s


class Happening(NamedTuple):
    """kind: as TimelineEvent's; begin and end in seconds since the load began."""

    kind: str
    begin: float
    end: float


@dataclass(slots=True)
class LogCourse:
    """Series as (seconds, values); prefill: (second, new tokens) of each line.

    from_first_line: the log's clock is not known, so that its seconds are counted from its first line.
    """

    series: dict[str, tuple[list[float], list[float]]] = field(default_factory=dict)
    prefill: list[tuple[float, int]] = field(default_factory=list)
    events: list[Happening] = field(default_factory=list)
    from_first_line: bool = False


def log_course(spans: Sequence[LogSpan], began_unix: float) -> LogCourse | None:
    """began_unix: the load's zero. None without lines, or where a line has no date."""
    if not spans:
        return None
    merged = Merged(prefills=[])
    lines = _in_order(spans, merged)
    if not lines:
        return None
    paths = {name: extent.path for name, extent in merged.extents.items()}
    stamps: dict[str, list[float | None]] = defaultdict(list)
    for path, stamp in [
        *((paths[name], line.stamp) for name, line in lines),
        *((path, event.stamp) for path, event in merged.events),
    ]:
        stamps[path].append(stamp)
    zeros = _zeros(spans, stamps, began_unix)
    if zeros is None:
        return None
    course = LogCourse(from_first_line=any(span.began is None for span in spans if span.path in stamps))
    points = []
    for name, line in lines:
        second = (line.stamp or 0) - zeros[paths[name]]
        speed = None if isinstance(line, PrefillLine) else line.gen_throughput
        points.append(Point(second, name, line.running, line.queue, speed))
        if isinstance(line, PrefillLine):
            course.prefill.append((second, line.new_token))
    points.sort(key=lambda point: point.second)
    for key in ("running", "queued", "decode"):
        course.series[key] = _columns(totals(points, key))
    for path, event in merged.events:
        if event.kind in SHOWN:
            second = (event.stamp or 0) - zeros[path]
            course.events.append(Happening(event.kind.value, second, second))
    return course


def _in_order(spans: Sequence[LogSpan], merged: Merged) -> list[tuple[Name, Sample | PrefillLine]]:
    """Decode and Prefill lines as they stand in the logs, file after file."""
    lines: list[tuple[Name, Sample | PrefillLine]] = []
    prefills = merged.prefills if merged.prefills is not None else []
    taken = 0
    for sample in samples(spans, merged):
        lines += prefills[taken:]
        taken = len(prefills)
        lines.append((sample.scheduler, sample))
    return [*lines, *prefills[taken:]]


def _zeros(
    spans: Sequence[LogSpan], stamps: Mapping[str, Sequence[float | None]], began_unix: float
) -> dict[str, float] | None:
    """What the stamps of each log are when the load begins; None where a line has no date."""
    zeros = {}
    for path, known in stamps.items():
        dated = [stamp for stamp in known if stamp is not None and stamp >= 0]
        if len(dated) < len(known):
            return None
        began = next((span.began for span in spans if span.path == path and span.began is not None), None)
        if began is None:
            zeros[path] = min(dated)
        else:  # by the log's clock, right before the load: its time zone, as log_window.py found it
            zeros[path] = began_unix + round((began - began_unix) / _ZONE_S) * _ZONE_S
            if all(stamp == int(stamp) for stamp in dated):  # cut off: a line is of its second's middle
                zeros[path] -= 0.5
    return zeros


def totals(points: Iterable[Point], key: str) -> Iterator[tuple[float, float]]:
    """(second, sum over the schedulers of their last values); points ascend in time.

    Lines of one second are one point, unless a scheduler has several of them.
    """
    latest: dict[Name, tuple[float, float, float]] = {}  # (second, usual gap, value)
    fresh: set[Name] = set()  # have a line at `now`
    now = 0.0

    def total() -> tuple[float, float]:
        for name, (second, gap, _) in list(latest.items()):
            if now - second > _GAPS * gap + _MORE_S:
                del latest[name]
        return now, sum(value for _, _, value in latest.values())

    for point in points:
        value = getattr(point, key)
        if value is None:
            continue
        if fresh and (point.second != now or point.scheduler in fresh):
            yield total()
            fresh.clear()
        now = point.second
        before = latest.get(point.scheduler)
        gap = _UNUSUAL_S if before is None else now - before[0] or before[1]
        latest[point.scheduler] = (now, gap, float(value))
        fresh.add(point.scheduler)
    if fresh:
        yield total()


def _columns(points: Iterable[tuple[float, float]]) -> tuple[list[float], list[float]]:
    listed = list(points)
    return [second for second, _ in listed], [value for _, value in listed]
