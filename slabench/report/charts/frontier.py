"""Throughput per GPU against throughput per user: what a deployment gives each and all of its users."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from slabench.report.charts.chart import Chart, Kind, Mark, Point, Role, Series
from slabench.report.charts.decode import shown
from slabench.report.charts.parts import (
    axis,
    baseline_name,
    compared,
    drawn,
    limits,
    point_of,
    slo_marks,
    text,
)
from slabench.report.charts.registry import run_charts
from slabench.run_document.entry import Entry
from slabench.run_document.run import RunDocument
from slabench.verdict.sla import PRESETS

PER_GPU, ALL = "output_throughput_per_gpu", "output_throughput"
# ant's tiers as published: name, requests per GPU, output tok/s per GPU; DeepSeek-R1 on H20-96G
# (docs/methods.md names the source)
TIERS = (("Base", 48, 714.0), ("Pro", 32, 675.0), ("Max", 12, 423.0))


@run_charts
def frontier(document: RunDocument) -> Iterable[Chart]:
    """Of the decode curve, the capacity search's probes and every test that decodes."""
    per_gpu = _gpus_known(document)
    key = PER_GPU if per_gpu else ALL
    curves = document.of("ali-decode-curve")
    tests = [entry for entry in document.tests if "tpot.mean" in entry.metrics and key in entry.metrics]
    searches = [entry for entry in document.tests if entry.capacity is not None]
    series = drawn(
        Series(text("chart.series.decode_curve"), Kind.LINE, Role.LOG, list(_curve(curves))),
        Series(text("chart.series.probes"), Kind.POINTS, Role.SECOND, list(_probes(searches, key))),
        Series(text("chart.series.tests"), Kind.POINTS, Role.NEW, [_test(entry, key) for entry in tests]),
    )
    if not series:
        return
    old = sorted([*_old_curve(curves), *_old_tests(tests, key)], key=lambda point: point.x)
    behind = [Series(baseline_name([*curves, *tests]), Kind.POINTS, Role.OLD, old)]
    if per_gpu:
        tiers = [
            Point(each / size, each, note=text("chart.note.tier", name=name, size=size))
            for name, size, each in TIERS
        ]
        same = _model(document) == "deepseek-r1"
        behind.append(Series(text("chart.series.tiers"), Kind.POINTS, Role.PUBLISHED, tiers, at_first=same))
    yield Chart(
        "frontier",
        text("chart.frontier.title"),
        axis("chart.axis.per_user", "tok/s"),
        (axis("chart.axis.output_per_gpu" if per_gpu else "chart.axis.output_unknown_gpus", "tok/s"),),
        (*series, *drawn(*behind)),
        tuple(_marks(document.tests)),
        text("chart.frontier.caption"),
    )


def _gpus_known(document: RunDocument) -> bool:
    rows = [row for entry in document.of("ali-decode-curve") for row in entry.curve or ()]
    tests = [entry for entry in document.tests if ALL in entry.metrics]
    return all(row.per_gpu is not None for row in rows) and all(PER_GPU in entry.metrics for entry in tests)


def _model(document: RunDocument) -> str:
    return str(document.fingerprint.get("model", {}).get("name", "")).rpartition("/")[2].casefold()


def _curve(curves: Sequence[Entry]) -> Iterator[Point]:
    """From the fewest running requests to the most."""
    for entry in curves:
        for row in sorted(entry.curve or (), key=lambda row: row.running):
            note = text("chart.note.running", n=row.running)
            yield Point(row.per_user, shown(row, row.median), invalid=not entry.valid, note=note)


def _old_curve(curves: Sequence[Entry]) -> Iterator[Point]:
    for entry in curves:
        for row in entry.curve or ():
            if row.baseline is not None:
                note = text("chart.note.running", n=row.running)
                yield Point(row.baseline / row.running, shown(row, row.baseline), note=note)


def _probes(searches: Sequence[Entry], key: str) -> Iterator[Point]:
    for entry in searches:
        assert entry.capacity is not None
        for probe in entry.capacity.probes:
            tpot, output = probe.metrics.get("tpot.mean"), probe.metrics.get(key)
            if tpot and output is not None:
                note = text("chart.note.probe", number=probe.number, load=probe.load, standing=probe.standing)
                yield Point(1000 / tpot, output, note=note)


def _test(entry: Entry, key: str) -> Point:
    return point_of(entry, 1000 / entry.metrics["tpot.mean"], entry.metrics[key], note=entry.name)


def _old_tests(tests: Sequence[Entry], key: str) -> Iterator[Point]:
    """Where both were compared; the old side divides by as many GPUs as the new one."""
    for entry in tests:
        tpot, output = compared(entry, "tpot.mean"), compared(entry, ALL)
        if tpot is not None and output is not None and tpot.old and output.new:
            yield Point(1000 / tpot.old, entry.metrics[key] * output.old / output.new, note=entry.name)


def _marks(tests: Sequence[Entry]) -> Iterator[Mark]:
    """Right of an objective's line TPOT holds it; ant's tiers where no objective is one."""
    own = limits(tests, "tpot.mean")
    for mark in slo_marks(tests, "tpot.mean"):
        yield Mark("x", 1000 / mark.value, mark.label, slo=True)
    for name, rules in PRESETS.items():
        tpot = next((rule.limit for rule in rules if rule.metric == "tpot.mean"), None)
        if name.startswith("ant-") and tpot is not None and tpot not in own:
            yield Mark("x", 1000 / tpot, text("chart.mark.tier", name=name, limit=tpot))
