"""ali prefill: input tokens per second by prompt length; prompts sent as text and as ids are other work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from slabench.report.charts.chart import Axis, Chart, Kind, Point, Role, Series
from slabench.report.charts.parts import axis, baseline_name, compared, drawn, point_of, text
from slabench.report.charts.published import ALI, published
from slabench.report.charts.registry import run_charts
from slabench.run_document.entry import Entry
from slabench.run_document.run import RunDocument

PER_GPU, ALL = "input_throughput_per_gpu", "input_throughput"
PREFILL_TEST = "tests/ali/test_prefill.py::test_prefill_throughput[in{}]"


@run_charts
def prefill(document: RunDocument) -> Iterable[Chart]:
    tests = [
        entry for entry in document.of("ali-prefill") if _length(entry) is not None and ALL in entry.metrics
    ]
    if not tests:
        return
    per_gpu = all(PER_GPU in entry.metrics for entry in tests)
    key = PER_GPU if per_gpu else ALL
    lengths = sorted({length for entry in tests if (length := _length(entry)) is not None})
    places = {length: float(place) for place, length in enumerate(lengths)}
    old = [
        Point(places[_length(entry) or 0], entry.metrics[key] * metric.ratio**-1)
        for entry in tests
        if (metric := compared(entry, ALL, f"classic.{key}")) is not None and metric.ratio
    ]
    series = [
        _sent(tests, "ids", "chart.series.as_ids", Role.NEW, key, places),
        _sent(tests, "text", "chart.series.as_text", Role.SECOND, key, places),
        Series(baseline_name(tests), Kind.BAR, Role.OLD, old),
    ]
    if per_gpu:
        table = published(ALI)
        known = ((length, table.of(PREFILL_TEST.format(length), f"classic.{PER_GPU}")) for length in lengths)
        points = [Point(places[length], value) for length, value in known if value is not None]
        same = table.same_model(document)
        series.append(Series(table.name, Kind.BAR, Role.PUBLISHED, points, at_first=same))
    categories = tuple(f"{length:,}" for length in lengths)
    yield Chart(
        "prefill",
        text("chart.prefill.title"),
        Axis(text("chart.axis.prompt_tokens"), categories=categories),
        (axis("chart.axis.input_per_gpu" if per_gpu else "chart.axis.input_unknown_gpus", "tok/s"),),
        drawn(*series),
        caption=text("chart.prefill.caption"),
    )


def _length(entry: Entry) -> int | None:
    length = entry.point.get("input_len")
    return length if isinstance(length, int) else None


def _sent(
    tests: Sequence[Entry], form: str, name: str, role: Role, key: str, places: dict[int, float]
) -> Series:
    points = [
        point_of(entry, places[_length(entry) or 0], entry.metrics[key])
        for entry in tests
        if (entry.workload.get("prompt_form") == "text") == (form == "text")
    ]
    return Series(text(name), Kind.BAR, role, sorted(points, key=lambda point: point.x))
