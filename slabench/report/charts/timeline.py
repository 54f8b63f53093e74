"""A load in time: what the server's log and the client saw in each second, and what happened."""

from __future__ import annotations

from collections.abc import Iterable

from slabench.report.charts.chart import Chart, Kind, Mark, Point, Role, Series
from slabench.report.charts.parts import axis, drawn, own_id, text
from slabench.report.charts.registry import test_charts
from slabench.run_document.entry import Entry
from slabench.run_document.run import RunDocument
from slabench.run_document.series import Timeline, TimelineEvent, TimelineSeries

# the series in run.json, its name on the chart, kind, role
REQUESTS = (
    ("running", "chart.series.running", Kind.STEP, Role.NEW),
    ("queued", "chart.series.queued", Kind.STEP, Role.SECOND),
    ("in_flight", "chart.series.in_flight", Kind.STEP, Role.THIRD),
    ("waiting", "chart.series.waiting", Kind.STEP, Role.FOURTH),
)
PREFILL = "prefill"
SPEEDS = (
    ("decode", "chart.series.decode", Kind.LINE, Role.NEW),
    (PREFILL, "chart.series.prefill", Kind.STEP, Role.SECOND),
    ("output", "chart.series.output", Kind.STEP, Role.THIRD),
)
CLOCK = "gpu_clock"
GPU = (
    ("gpu_power", "chart.series.gpu_power", Kind.LINE, Role.NEW),
    (CLOCK, "chart.series.gpu_clock", Kind.LINE, Role.SECOND),
)
HEAT = (("gpu_temperature", "chart.series.gpu_temperature", Kind.LINE, Role.THIRD),)
EVENTS = {
    "failed": "chart.event.failed",
    "flush_refused": "chart.event.flush_refused",
    "flushed": "chart.event.flushed",
    "gap": "chart.event.gap",
    "jit": "chart.event.jit",
    "retraction": "chart.event.retraction",
    "stall": "chart.event.stall",
    "start": "chart.event.start",
    "stop": "chart.event.stop",
    "throttled": "chart.event.throttled",
}


@test_charts
def timeline(document: RunDocument, entry: Entry) -> Iterable[Chart]:
    """Over the same seconds: requests; tokens a second, with an axis of its own for prefill; power and clock
    of the GPUs; their temperature.
    """
    course = entry.timeline
    if course is None:
        return
    known = {each.name: each for each in course.series}
    marks = tuple(_mark(event) for event in course.events if event.kind in EVENTS)
    caption = _caption(course)
    seconds = axis("chart.axis.seconds", "s", seconds=True)
    requests = drawn(*(_series(known, *how) for how in REQUESTS))
    if requests:
        id, title = own_id(document, entry, "requests"), text("chart.timeline.requests")
        yield Chart(id, title, seconds, (axis("chart.axis.requests"),), requests, marks, caption, zoom=True)
    speeds = drawn(*(_series(known, *how) for how in SPEEDS))
    if speeds:
        own = any(each.axis for each in speeds)
        beside = [axis("chart.axis.prefill_rate", "tok/s")] if own else []
        y = (axis("chart.axis.output_rate", "tok/s"), *beside)
        id, title = own_id(document, entry, "speed"), text("chart.timeline.speed")
        yield Chart(id, title, seconds, y, speeds, marks, caption, zoom=True)
    watts, clock = axis("chart.axis.power", "W"), axis("chart.axis.clock", "MHz")
    for name, how, y in (
        ("gpu", GPU, (watts, clock)),
        ("gpu-heat", HEAT, (axis("chart.axis.temperature", "°C", from_zero=False),)),
    ):
        lines = drawn(*(_series(known, *each) for each in how))
        if lines:
            id, title = own_id(document, entry, name), text(f"chart.timeline.{name}")
            caption = text("chart.timeline.by_gpus", repeat=course.repeat, duration=course.duration_s)
            yield Chart(id, title, seconds, y, lines, marks, caption, zoom=True)


def _series(known: dict[str, TimelineSeries], key: str, name: str, kind: Kind, role: Role) -> Series:
    series = known.get(key)
    points = [] if series is None else list(map(Point, series.seconds, series.values))
    return Series(text(name), kind, role, points, axis=int(key in (PREFILL, CLOCK)))


def _mark(event: TimelineEvent) -> Mark:
    until = event.until if event.until > event.seconds else None
    return Mark("x", event.seconds, text(EVENTS[event.kind], count=event.count), until)


def _caption(course: Timeline) -> str:
    logged = any(each.source == "log" for each in course.series)
    id = "chart.timeline.log" if logged else "chart.timeline.client"
    if course.from_first_line:
        id = "chart.timeline.first_line"
    return text(id, repeat=course.repeat, duration=course.duration_s)
