"""ali decode: TPOT against batch size in three views, and the decode curve of the deploy log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from slabench.report.charts.chart import Axis, Chart, Kind, Point, Role, Series
from slabench.report.charts.parts import axis, baseline_name, compared, drawn, point_of, slo_marks, text
from slabench.report.charts.published import ALI, published
from slabench.report.charts.registry import run_charts
from slabench.run_document.entry import CurveRow, Entry
from slabench.run_document.run import RunDocument

# metric, series, role
VIEWS = (
    ("classic.tpot.mean", "chart.series.classic", Role.NEW),
    ("full_batch.tpot", "chart.series.full_batch", Role.SECOND),
    ("log.tpot", "chart.series.log", Role.LOG),
)
CURVE_TEST = "tests/ali/test_decode_curve.py::test_decode_curve"  # of one GPU: its lines are per GPU
DECODE_TEST = "tests/ali/test_decode.py::test_decode_tpot[bs{}]"


@run_charts
def decode_tpot(document: RunDocument) -> Iterable[Chart]:
    """TPOT against batch size."""
    tests = sorted(
        (entry for entry in document.of("ali-decode") if entry.batch_size is not None),
        key=lambda entry: entry.batch_size or 0,
    )
    series = [_view(tests, key, name, role) for key, name, role in VIEWS]
    if not drawn(*series):
        return
    old = [
        Point(float(entry.batch_size or 0), metric.old)
        for entry in tests
        if (metric := compared(entry, "classic.tpot.mean", "tpot.mean")) is not None
    ]
    series += [Series(baseline_name(tests), Kind.LINE, Role.OLD, old), _published(document, tests)]
    yield Chart(
        "decode-tpot",
        text("chart.decode_tpot.title"),
        axis("chart.axis.batch_size"),
        (axis("chart.axis.tpot", "ms"),),
        drawn(*series),
        slo_marks(tests, "tpot.mean"),
        text("chart.decode_tpot.caption"),
    )


def _view(tests: Sequence[Entry], key: str, name: str, role: Role) -> Series:
    points = [
        point_of(entry, float(entry.batch_size or 0), entry.metrics[key])
        for entry in tests
        if key in entry.metrics
    ]
    return Series(text(name), Kind.LINE, role, points)


def _published(document: RunDocument, tests: Sequence[Entry]) -> Series:
    """Up to the run's largest batch size; drawn at once where the run's model is the table's."""
    table, largest = published(ALI), max(entry.batch_size or 0 for entry in tests)
    known = ((size, table.of(DECODE_TEST.format(size), "classic.tpot.mean")) for size in range(largest + 1))
    points = [Point(float(size), value) for size, value in known if value is not None]
    return Series(table.name, Kind.LINE, Role.PUBLISHED, points, at_first=table.same_model(document))


@run_charts
def decode_curve(document: RunDocument) -> Iterable[Chart]:
    """Throughput against running requests, of all lines and of clean ones."""
    for place, entry in enumerate(document.of("ali-decode-curve")):
        rows = sorted(entry.curve or (), key=lambda row: row.running)
        if not rows:
            continue
        every = [point_of(entry, row.running, shown(row, row.median)) for row in rows]
        clean = [
            Point(
                row.running,
                shown(row, row.clean_median),
                low=None if row.clean_q1 is None else shown(row, row.clean_q1),
                high=None if row.clean_q3 is None else shown(row, row.clean_q3),
                note=text("chart.note.lines", n=row.clean_samples),
            )
            for row in rows
            if row.clean_median is not None
        ]
        spread = [point for point in clean if point.low is not None and point.high is not None]
        old = [Point(row.running, shown(row, row.baseline)) for row in rows if row.baseline is not None]
        table = published(ALI)
        theirs = [
            Point(row.running, value)
            for row in rows
            if (value := table.of(CURVE_TEST, f"curve.{row.running}")) is not None
        ]
        same = table.same_model(document)
        yield Chart(
            f"decode-curve-{place + 1}" if place else "decode-curve",
            text("chart.decode_curve.title"),
            axis("chart.axis.running"),
            (throughput_axis(rows),),
            drawn(
                Series(text("chart.series.quartiles"), Kind.BAND, Role.SECOND, spread),
                Series(text("chart.series.clean_lines"), Kind.LINE, Role.SECOND, clean),
                Series(text("chart.series.all_lines"), Kind.LINE, Role.LOG, every),
                Series(baseline_name([entry]), Kind.LINE, Role.OLD, old),
                Series(table.name, Kind.LINE, Role.PUBLISHED, theirs, at_first=same),
            ),
            caption=text("chart.decode_curve.caption"),
        )


def throughput_axis(rows: Sequence[CurveRow]) -> Axis:
    per_gpu = all(row.per_gpu is not None for row in rows)
    return axis("chart.axis.output_per_gpu" if per_gpu else "chart.axis.output_unknown_gpus", "tok/s")


def shown(row: CurveRow, value: float) -> float:
    """A throughput of the row's, per GPU where their number is known, as its median is."""
    return value if row.per_gpu is None or not row.median else value * row.per_gpu / row.median
