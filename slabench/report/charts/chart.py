"""A chart as values, before anything draws it: static_svg.py and echarts.py draw them, a table lists them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a series stands for, which fixes its colour and its dash on every chart."""

    NEW = "new"  # this run
    OLD = "old"  # the baseline, or the server that was measured beside it
    PUBLISHED = "published"  # a published table
    LOG = "log"  # the server's deploy log
    SECOND = "second"  # another metric of this run on the same chart
    THIRD = "third"
    FOURTH = "fourth"


class Kind(StrEnum):
    """How a series is drawn."""

    LINE = "line"
    POINTS = "points"
    STEP = "step"  # the value holds until the next point
    BAR = "bar"
    BAND = "band"  # between low and high of each point
    INTERVAL = "interval"  # a point with a bar from low to high: of a forest plot along x, else along y


@dataclass(frozen=True, slots=True)
class Point:
    """x and y in the units of their axes; on a category axis x is the place in its categories, from 0."""

    x: float
    y: float
    low: float | None = None  # BAND and INTERVAL
    high: float | None = None
    invalid: bool = False  # measured and not valid, such as a batch size that was never reached: drawn hollow
    note: str = ""  # what the tooltip says beside the numbers


@dataclass(frozen=True, slots=True)
class Axis:
    """The unit stands in the label's brackets: TPOT (ms). categories: such an axis has places, no numbers."""

    label: str
    unit: str = ""
    categories: tuple[str, ...] = ()
    log: bool = False
    from_zero: bool = True
    seconds: bool = False  # a time axis: seconds since the load began


@dataclass(frozen=True, slots=True)
class Series:
    """points in the order they are joined; axis: 0 is the chart's first y axis, 1 its second."""

    name: str
    kind: Kind
    role: Role
    points: Sequence[Point]
    axis: int = 0
    at_first: bool = True  # False: in the legend, and drawn when the reader asks for it
    stacked: bool = False  # BAR: stands on the chart's earlier stacked bars of the same place


@dataclass(frozen=True, slots=True)
class Mark:
    """A limit or an event: a line across the chart at a value of an axis, or a region up to `until`."""

    axis: str  # "x", "y" or "y2"
    value: float
    label: str
    until: float | None = None
    slo: bool = False  # an objective's limit, which is drawn as such


@dataclass(frozen=True, slots=True)
class Chart:
    """id: unique on the page: letters, digits, dashes. caption: what a reader should see in it, one line."""

    id: str
    title: str
    x: Axis
    y: tuple[Axis, ...]
    series: tuple[Series, ...]
    marks: tuple[Mark, ...] = ()
    caption: str = ""
    zoom: bool = False  # a long time axis: the reader may zoom in
