"""ali_decode.json, ali_prefill.json and tencent.json: key for key the files of the published tables.

They have no verdict in them, so an INVALID test is left out.
"""

from __future__ import annotations

from pathlib import Path

from slabench.run_document.entry import Entry
from slabench.run_document.run import RunDocument
from slabench.strict_json import dumps
from slabench.verdict.outcome import Outcome

Tables = list[dict[str, object]]
TENCENT = {
    "tpot (ms)": "tpot.mean",
    "ttft (ms)": "ttft.mean",
    "input_throughput (tok/s)": "input_throughput",
    "output_throughput (tok/s)": "output_throughput",
    "total_throughput (tok/s)": "total_throughput",
}


def _judged(document: RunDocument, method: str, metric: str | None = None) -> list[Entry]:
    """Tests with a verdict, that have this metric."""
    tests = [entry for entry in document.of(method) if entry.word is not Outcome.INVALID]
    return [entry for entry in tests if metric is None or metric in entry.metrics]


def ali_decode(document: RunDocument) -> Tables | None:
    """[{batch size: mean TPOT in ms}, {running requests: median, per GPU, per user, samples}]"""
    key = "classic.tpot.mean"
    tpot: dict[str, object] = {
        str(entry.batch_size): round(entry.metrics[key], 2) for entry in _judged(document, "ali-decode", key)
    }
    curve: dict[str, object] = {
        str(row.running): {
            "median": row.median,
            "throughput_per_gpu": row.per_gpu,
            "throughput_per_user": row.per_user,
            "gen_througput_samples": row.samples,
        }
        for entry in _judged(document, "ali-decode-curve")
        for row in entry.curve or ()
    }
    return [tpot, curve] if tpot or curve else None


def ali_prefill(document: RunDocument) -> Tables | None:
    """[{prompt length: input tokens/s per GPU}]; none without a number of GPUs."""
    key = "classic.input_throughput_per_gpu"
    rates: dict[str, object] = {
        str(entry.point["input_len"]): round(entry.metrics[key], 2)
        for entry in _judged(document, "ali-prefill", key)
    }
    return [rates] if rates else None


def tencent(document: RunDocument) -> Tables | None:
    """final_metrics as its console prints it: texts with two decimals, QPM a number."""
    tests = [entry.metrics for entry in _judged(document, "tencent", "classic.tpot.mean")]
    return [
        {
            **{name: f"{metrics[f'classic.{key}']:.2f}" for name, key in TENCENT.items()},
            "QPM (req/min)": round(metrics["classic.qpm"], 2),
        }
        for metrics in tests
    ] or None


def write_published_tables(document: RunDocument, folder: Path) -> None:
    """Those of the three that this run has metrics for."""
    for make in (ali_decode, ali_prefill, tencent):
        tables = make(document)
        if tables is not None:
            path = folder / f"{make.__name__}.json"
            path.write_text(dumps(tables, indent=2) + "\n", encoding="utf-8")
