"""Several runs in one chart: a series a run, the first as the old side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from slabench.report.charts.chart import Chart, Kind, Point, Role, Series
from slabench.report.charts.decode import shown, throughput_axis
from slabench.report.charts.parts import axis, drawn, point_of, slo_marks, text
from slabench.run_document.entry import CurveRow
from slabench.run_document.run import RunDocument

# More than seven runs repeat colours; the legend and the tooltip have their names.
ROLES = (Role.OLD, Role.NEW, Role.SECOND, Role.THIRD, Role.FOURTH, Role.LOG, Role.PUBLISHED)


def several_runs(documents: Sequence[RunDocument]) -> Iterator[Chart]:
    """Those that two runs or more have points for."""
    tpots = _series(documents, _tpots)
    if len(tpots) > 1:
        tests = [entry for document in documents for entry in document.of("ali-decode")]
        yield Chart(
            "decode-tpot",
            text("chart.decode_tpot.title"),
            axis("chart.axis.batch_size"),
            (axis("chart.axis.tpot", "ms"),),
            tpots,
            slo_marks(tests, "tpot.mean"),
            text("chart.several.tpot_caption"),
        )
    rows = [row for document in documents for row in _rows(document)]
    per_gpu = all(row.per_gpu is not None for row in rows)  # else all are of the whole server
    curves = _series(documents, partial(_curve, per_gpu=per_gpu))
    if len(curves) > 1:
        yield Chart(
            "decode-curve",
            text("chart.decode_curve.title"),
            axis("chart.axis.running"),
            (throughput_axis(rows),),
            curves,
            caption=text("chart.several.curve_caption"),
        )


def _series(
    documents: Sequence[RunDocument], points: Callable[[RunDocument], list[Point]]
) -> tuple[Series, ...]:
    roles = (ROLES[place % len(ROLES)] for place in range(len(documents)))
    return drawn(
        *(
            Series(_name(document), Kind.LINE, role, points(document))
            for document, role in zip(documents, roles, strict=True)
        )
    )


def _name(document: RunDocument) -> str:
    version = None if document.server is None else document.server.version
    return f"{document.run_id} (sglang {version})" if version else document.run_id


def _tpots(document: RunDocument) -> list[Point]:
    """By our mean: classic.* is of the token counts that bench_serving would have."""
    known = [
        (entry.batch_size, entry)
        for entry in document.of("ali-decode")
        if entry.batch_size is not None and "tpot.mean" in entry.metrics
    ]
    return [
        point_of(entry, float(size), entry.metrics["tpot.mean"])
        for size, entry in sorted(known, key=lambda pair: pair[0])
    ]


def _rows(document: RunDocument) -> list[CurveRow]:
    rows = [row for entry in document.of("ali-decode-curve") for row in entry.curve or ()]
    return sorted(rows, key=lambda row: row.running)


def _curve(document: RunDocument, *, per_gpu: bool) -> list[Point]:
    entries = document.of("ali-decode-curve")
    return [
        point_of(entries[0], row.running, shown(row, row.median) if per_gpu else row.median)
        for row in _rows(document)
    ]
