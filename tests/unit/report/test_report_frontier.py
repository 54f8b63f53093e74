"""The frontier's rows and its chart, from entries written by hand."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from slabench.report.capacity_section import probe_cells
from slabench.report.console import test_block as block
from slabench.report.frontier import COLUMNS, frontier_rows, write_frontier
from slabench.report.headline_metric import headline_metrics
from slabench.report.page.render import report_page
from slabench.run_document.entry import Entry
from tests.unit.report.samples import document, entry


def probe(number: int, load: int, tpot: float, word: str) -> dict[str, Any]:
    metrics = {
        "tpot.mean": tpot,
        "output_throughput": 800.0,
        "output_throughput_per_gpu": 100.0,
        "total_throughput": 3100.0,
    }
    interval = {"value": tpot, "low": tpot - 0.5, "high": tpot + 0.5, "n": load}
    return {
        "number": number, "load": load, "standing": word, "why": "where to <begin>", "waves": 2,
        "first_wave_only": False,
        "stopped": True, "seconds": 12.3, "intervals": {"tpot.mean": interval}, "metrics": metrics,
    }  # fmt: skip


def searched(per_gpu: bool = True, **more: Any) -> Entry:
    capacity: dict[str, Any] = {
        "load_kind": "concurrency", "range": [1, 64], "rules": ["tpot.mean<=50"], "outcome": "FOUND",
        "load": 20,
        "text": "Found <it>.",
        "probes": [probe(1, 40, 62.5, "fails"), probe(2, 20, 40.0, "holds")],
    }  # fmt: skip
    metrics = {
        "tpot.mean": 40.0,
        "output_throughput": 790.0,
        "output_throughput_per_gpu": 98.75,
        "total_throughput": 3090.0,
        "qpm": 39.5,
    }
    for values in () if per_gpu else (metrics, *(probe["metrics"] for probe in capacity["probes"])):
        del values["output_throughput_per_gpu"]
    return entry("t::test_capacity", method="tencent-capacity", capacity=capacity | more, metrics=metrics)


def test_rows() -> None:
    """1000 / 62.5 ms = 16 tok/s for each user; 800 tok/s over 100 a GPU are 8 GPUs."""
    curve = entry(
        "t::c",
        method="ali-decode-curve",
        curve=[{"running": 8, "median": 400.0, "per_gpu": 50.0, "per_user": 50.0}],
    )
    rows = frontier_rows(document(searched(), curve))
    assert [(row["source"], row["load"], row["per_user"], row["per_gpu"]) for row in rows] == [
        ("probe 1", 40, 16.0, 100.0),
        ("probe 2", 20, 25.0, 100.0),
        ("judged run", 20, 25.0, 98.75),
        ("ali decode curve", 8, 50.0, 50.0),
    ]
    assert (rows[0]["tpot_low_ms"], rows[0]["gpus"], rows[0]["standing"]) == (62.0, 8, "fails")
    assert rows[3]["tpot_ms"] == 20.0


def test_a_search_without_an_answer_has_its_probes_alone() -> None:
    unresolved = searched(outcome="UNRESOLVED", load=None)
    assert [row["source"] for row in frontier_rows(document(unresolved))] == ["probe 1", "probe 2"]
    assert headline_metrics(unresolved) == "UNRESOLVED"


def test_the_file(tmp_path: Path) -> None:
    write_frontier(frontier_rows(document(searched())), tmp_path / "frontier.csv", ("SIMULATED", "REDUCED"))
    with (tmp_path / "frontier.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [float(row["per_user"]) for row in rows] == [16.0, 25.0, 25.0]
    assert rows[2]["tpot_low_ms"] == ""
    assert {row["labels"] for row in rows} == {"SIMULATED REDUCED"}


def test_the_section_and_the_console() -> None:
    page = report_page([document(searched())])
    assert "Found &lt;it&gt;." in page and "where to &lt;begin&gt;" in page
    capacity = searched().capacity
    assert capacity is not None
    assert probe_cells(capacity)[0][:6] == [
        "1",
        "40",
        "fails",
        "2, stopped",
        "62.50",
        "62.00 to 63.00",
    ]
    assert "62.00 to 63.00" in block(searched())
    assert (
        headline_metrics(searched())
        == "20 in flight, the whole run: total 3,090 tok/s, 39.50 QPM, TPOT 40.00 ms"
    )
