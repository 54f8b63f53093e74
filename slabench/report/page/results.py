"""The results, a table a method: each test's row stands there and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slabench.report import comparison
from slabench.report.capacity_section import HEAD as PROBE_HEAD
from slabench.report.capacity_section import probe_cells
from slabench.report.headline_metric import headline_metrics
from slabench.report.page.table import NONE, Cell, Column, Table, columns, label, metric, numeric, texts, word
from slabench.run_document.entry import CurveRow, Entry
from slabench.run_document.run import RunDocument

Make = Callable[[Entry], Cell]


@dataclass(frozen=True, slots=True)
class Section:
    """lines: sentences above its tables; folded: tables behind a click, each with its title."""

    title: str
    tables: tuple[Table, ...]
    lines: tuple[str, ...] = ()
    folded: tuple[Table, ...] = ()


def _of(key: str) -> Make:
    return lambda entry: metric(entry.metrics, key)


def _sent(name: str) -> Make:
    """A value of the plan, or of the workload."""

    def cell(entry: Entry) -> Cell:
        value: Any = entry.plan.get(name, entry.workload.get(name))
        return (
            numeric(value) if isinstance(value, int | float) else Cell(NONE if value is None else str(value))
        )

    return cell


def margin(entry: Entry) -> Cell:
    """The first objective on TPOT's mean, or the first of all: its limit and the distance from it."""
    rules = [rule for rule in entry.objectives if rule.kind == "slo"]
    rules.sort(key=lambda rule: rule.metric != "tpot.mean")
    if not rules:
        return Cell(NONE)
    rule = rules[0]
    if rule.margin_pct is None:
        return Cell(f"{rule.op} {rule.limit:g} {rule.unit}")
    return Cell(
        label(
            "margin", op=rule.op, limit=f"{rule.limit:g}", unit=rule.unit, margin=f"{rule.margin_pct:+.0f}"
        ),
        rule.margin_pct,
    )


def _share(entry: Entry) -> Cell:
    share = entry.metrics.get("full_batch.share")
    return Cell(NONE) if share is None else Cell(f"{share:.0%}", share)


# column -> how its cell is made; the published order of each method first
TENCENT: Mapping[str, Make] = {
    "prompts": _sent("count"), "rate": _sent("request_rate"), "concurrency": _sent("max_concurrency"),
    "tpot_ms": _of("tpot.mean"), "margin": margin, "ttft_ms": _of("ttft.mean"),
    "input_rate": _of("input_throughput"), "output_rate": _of("output_throughput"),
    "total_rate": _of("total_throughput"), "qpm": _of("qpm"),
}  # fmt: skip
DECODE: Mapping[str, Make] = {
    "batch_size": lambda entry: numeric(entry.batch_size), "tpot_ms": _of("tpot.mean"), "margin": margin,
    "full_batch_ms": _of("full_batch.tpot"), "full_batch_share": _share, "log_ms": _of("log.tpot"),
    "log_lines": lambda entry: numeric(entry.metrics.get("log.samples")),
    "output_rate": _of("output_throughput"), "output_per_gpu": _of("output_throughput_per_gpu"),
    "ttft_ms": _of("ttft.mean"),
}  # fmt: skip
PREFILL: Mapping[str, Make] = {
    "input_len": lambda entry: texts([entry.point.get("input_len")])[0], "prompts": _sent("count"),
    "sent_as": _sent("prompt_form"), "input_rate": _of("input_throughput"),
    "input_per_gpu": _of("input_throughput_per_gpu"), "ttft_ms": _of("ttft.mean"),
}  # fmt: skip
SERVING: Mapping[str, Make] = {
    "input_len": _sent("input_len"), "output_len": _sent("output_len"), "prompts": _sent("count"),
    "rate": _sent("request_rate"), "concurrency": _sent("max_concurrency"), "tpot_ms": _of("tpot.mean"),
    "tpot_p99": _of("tpot.p99"), "margin": margin,
    "ttft_ms": _of("ttft.mean"), "ttft_p99": _of("ttft.p99"), "output_rate": _of("output_throughput"),
    "total_rate": _of("total_throughput"), "qpm": _of("qpm"),
}  # fmt: skip
CAPACITY: Mapping[str, Make] = {
    "load": lambda entry: numeric(None if entry.capacity is None else entry.capacity.load),
    "total_rate": _of("total_throughput"), "total_per_gpu": _of("total_throughput_per_gpu"),
    "output_per_gpu": _of("output_throughput_per_gpu"), "per_user": lambda entry: _per_user(entry),
    "qpm": _of("qpm"), "tpot_ms": _of("tpot.mean"), "margin": margin, "ttft_ms": _of("ttft.mean"),
}  # fmt: skip
METHODS: Mapping[str, Mapping[str, Make]] = {
    "tencent": TENCENT, "tencent-capacity": CAPACITY, "ali-decode": DECODE, "ali-prefill": PREFILL,
    "ali-decode-curve": {"result": lambda entry: Cell(headline_metrics(entry))},
    "accuracy": {
        "result": lambda entry: Cell(headline_metrics(entry)), "prompts": _sent("count"),
        "concurrency": _sent("max_concurrency"),
    },
}  # fmt: skip
TITLED = (
    "tencent",
    "tencent-capacity",
    "ali-decode",
    "ali-decode-curve",
    "ali-prefill",
    "ali-saturation",
    "serving",
    "accuracy",
)


def _per_user(entry: Entry) -> Cell:
    tpot = entry.metrics.get("tpot.mean")
    return numeric(1000 / tpot if tpot else None)


def sections(document: RunDocument, anchors: Mapping[str, str]) -> list[Section]:
    """Old and new first, then the methods in the order of their first tests."""
    methods = dict.fromkeys(entry.method for entry in document.tests)
    made = [_comparisons(document.tests, anchors)]
    made += [_method(document, method, anchors) for method in methods]
    return [section for section in made if section.tables or section.folded]


def _method(document: RunDocument, method: str, anchors: Mapping[str, str]) -> Section:
    tests = document.of(method)
    title = label(f"method.{method}") if method in TITLED else method
    wanted = METHODS.get(method, SERVING)
    head = columns("test:text", "verdict:text", *wanted)
    rows = [
        [_name_cell(entry, anchors), word(entry), *(make(entry) for make in wanted.values())]
        for entry in tests
    ]
    folded = [_curve(entry.curve) for entry in tests if entry.curve]
    lines = []
    for entry in tests:
        if (capacity := entry.capacity) is not None:
            lines.append(capacity.text)
            if not capacity.probes:
                continue
            kinds = {2: "text", 9: "long"}
            probe_head = tuple(
                Column(str(name), kinds.get(place, "")) for place, name in enumerate(PROBE_HEAD)
            )
            folded.append(Table(label("probes"), probe_head, [texts(row) for row in probe_cells(capacity)]))
    return Section(title, (Table(title, head, rows),), tuple(lines), tuple(folded))


def _name_cell(entry: Entry, anchors: Mapping[str, str]) -> Cell:
    return Cell(entry.name.rpartition("::")[2], href=anchors[entry.id])


def _comparisons(tests: Sequence[Entry], anchors: Mapping[str, str]) -> Section:
    rows = []
    for entry in tests:
        for compared in () if entry.comparison is None else entry.comparison.metrics:
            name, *cells, result = comparison.metric_row(entry.name, compared)
            shown = Cell(
                result, word={"worse": "FAILED", "inconclusive": "INVALID"}.get(compared.outcome, "PASSED")
            )
            values = {1: compared.old, 2: compared.new, 4: compared.ratio - 1}
            numbers = [Cell(cell, values.get(place)) for place, cell in enumerate(cells)]
            rows.append([Cell(name, href=anchors[entry.id]), *numbers, shown])
    kinds = dict.fromkeys(comparison.TEXT_COLUMNS, "text")
    head = tuple(Column(str(name), kinds.get(place, "")) for place, name in enumerate(comparison.HEAD))
    return Section(label("comparisons"), (Table(label("comparisons"), head, rows),) if rows else ())


# The decode curve's columns: every line first, then the clean ones, then the client, then a baseline.
POINT = (
    "running", "samples", "median", "q1", "q3", "per_gpu", "per_user", "clean_samples", "clean_median",
    "clean_q1", "clean_q3", "clean_per_gpu", "clean_tpot_ms", "clean_tpot_mean_ms", "full_batch_tpot_ms",
    "baseline",
)  # fmt: skip


def _curve(curve: Sequence[CurveRow]) -> Table:
    rows = [
        [numeric(getattr(row, name)) for name in POINT] for row in sorted(curve, key=lambda row: row.running)
    ]
    return Table(label("curve_points"), columns(*(f"curve.{name}" for name in POINT)), rows)
