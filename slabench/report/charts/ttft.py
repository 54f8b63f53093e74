"""A test's TTFT in its parts: in the server's queue, in prefill, outside the server."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from slabench.report.charts.chart import Axis, Chart, Kind, Point, Role, Series
from slabench.report.charts.parts import axis, own_id, text
from slabench.report.charts.registry import test_charts
from slabench.run_document.entry import Entry
from slabench.run_document.run import RunDocument

PARTS = (
    ("queue", "chart.series.queue", Role.SECOND),
    ("prefill", "chart.series.prefill_time", Role.NEW),
    ("outside", "chart.series.outside", Role.THIRD),
)


@test_charts
def ttft(document: RunDocument, entry: Entry) -> Iterable[Chart]:
    """Stacked bars of groups of requests, in the order in which they were sent."""
    groups = entry.ttft_groups
    if not groups:
        return
    following = [second.first - 1 for _, second in pairwise(groups)]
    ends = [*following, groups[-1].first + groups[-1].n - 1]
    names = tuple(
        f"{group.first:,}" if end <= group.first else f"{group.first:,}–{end:,}"
        for group, end in zip(groups, ends, strict=True)
    )
    series = tuple(
        Series(
            text(name),
            Kind.BAR,
            role,
            [Point(float(place), getattr(group, part)) for place, group in enumerate(groups)],
            stacked=True,
        )
        for part, name, role in PARTS
    )
    yield Chart(
        own_id(document, entry, "ttft-parts"),
        text("chart.ttft.title"),
        Axis(text("chart.axis.order_of_sending"), categories=names),
        (axis("chart.axis.ttft", "ms"),),
        series,
        caption=text("chart.ttft.caption"),
    )
