"""Charts register themselves: a function from the run document to charts, and where they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from slabench.report.charts.chart import Chart
from slabench.run_document.entry import Entry
from slabench.run_document.run import RunDocument

RunCharts = Callable[[RunDocument], Iterable[Chart]]
TestCharts = Callable[[RunDocument, Entry], Iterable[Chart]]
RUN_CHARTS: list[RunCharts] = []  # of the whole run, in the order they stand on the page
TEST_CHARTS: list[TestCharts] = []  # of each test


def run_charts(function: RunCharts) -> RunCharts:
    """Decorator: charts of the method, from several tests."""
    RUN_CHARTS.append(function)
    return function


def test_charts(function: TestCharts) -> TestCharts:
    """Decorator: charts of a single test."""
    TEST_CHARTS.append(function)
    return function
