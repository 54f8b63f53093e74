"""Several runs on one page: their verdicts, and each test's metrics beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slabench.messages import metric_name
from slabench.report.charts.several_runs import several_runs
from slabench.report.headline_metric import verdict
from slabench.report.page.gallery import Figure, figures
from slabench.report.page.table import NONE, Cell, Column, Table, columns, label, metric
from slabench.run_document.entry import Entry
from slabench.run_document.run import RunDocument
from slabench.verdict.outcome import Outcome

METRICS = ("tpot.mean", "ttft.mean", "input_throughput", "output_throughput", "total_throughput")
ORDER = (Outcome.FAILED, Outcome.INVALID, Outcome.PASSED)


@dataclass(frozen=True, slots=True)
class SideBySide:
    runs: Table
    figures: tuple[Figure, ...]
    metrics: Table


def view(documents: Sequence[RunDocument], prefixes: Sequence[str]) -> SideBySide:
    drawn = tuple(figures(several_runs(documents), "all-"))
    return SideBySide(_runs(documents, prefixes), drawn, _metrics(documents))


def worst(documents: Sequence[RunDocument]) -> str:
    """FAILED before INVALID before PASSED."""
    words = {document.word for document in documents}
    return next((word.value for word in ORDER if word in words), "")


def _runs(documents: Sequence[RunDocument], prefixes: Sequence[str]) -> Table:
    rows = []
    for document, prefix in zip(documents, prefixes, strict=True):
        server = document.server
        word = document.word or ""
        rows.append(
            [
                Cell(document.run_id, href=f"#{prefix}run"),
                Cell(word or NONE, word=word),
                Cell(NONE if server is None else f"sglang {server.version or label('unknown')}"),
                Cell(NONE if server is None else str(server.model_path)),
                Cell(str(document.fingerprint.get("hardware", {}).get("gpu") or NONE)),
                Cell(", ".join(document.labels) or NONE),
            ]
        )  # fmt: skip
    head = columns("run:text", "verdict:text", "server:text", "model:text", "gpu:text", "labels:text")
    return Table(label("side_by_side"), head, rows)


def _metrics(documents: Sequence[RunDocument]) -> Table:
    """A row a test and metric that a run has; the change is of the last run against the first."""
    by_id: list[dict[str, Entry]] = [{entry.id: entry for entry in document.tests} for document in documents]
    ids = dict.fromkeys(test_id for tests in by_id for test_id in tests)
    rows = []
    for test_id in ids:
        entries = [tests.get(test_id) for tests in by_id]
        name = next(entry.name for entry in entries if entry is not None).rpartition("::")[2]
        words = [Cell(NONE) if entry is None else Cell(verdict(entry), word=entry.word) for entry in entries]
        rows.append([Cell(name), Cell(label("column.verdict")), *words, Cell("")])
        for key in METRICS:
            cells = [Cell(NONE) if entry is None else metric(entry.metrics, key) for entry in entries]
            if any(cell.value is not None for cell in cells):
                rows.append([Cell(name), Cell(metric_name(key)), *cells, _change(cells)])
    names = [Column(document.run_id) for document in documents]
    head = (*columns("test:text", "metric:text"), *names, *columns("change"))
    return Table(label("metrics_side_by_side"), head, rows)


def _change(cells: Sequence[Cell]) -> Cell:
    first, last = cells[0].value, cells[-1].value
    if first is None or last is None or not first:
        return Cell(NONE)
    return Cell(f"{(last / first - 1) * 100:+.1f} %", last / first - 1)
