"""Every topic's charts, registered in the order in which they stand on the page."""

from __future__ import annotations

from importlib import import_module

from slabench.report.charts.registry import RUN_CHARTS, TEST_CHARTS

TOPICS = (
    "decode", "frontier", "prefill", "comparisons",  # of the run
    "capacity", "timeline", "ttft", "distributions",  # of each test
)  # fmt: skip
for _topic in TOPICS:
    import_module(f"slabench.report.charts.{_topic}")

__all__ = ["RUN_CHARTS", "TEST_CHARTS"]
