"""ali_decode.json, ali_prefill.json and tencent.json: key for key the files that the published tables were
kept in.

They carry no verdict word, so a test that is INVALID is not in them: a figure there is one that could be
judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slabench.strict_json import dumps


def _judged(data: Mapping[str, Any], method: str) -> list[Mapping[str, Any]]:
    return [one for one in data["tests"] if one["method"] == method and one["word"] != "INVALID"]


def ali_decode(data: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """[{batch size: mean TPOT in ms}, {running requests: median, per GPU, per user, samples}]"""
    tpot = {
        str(one["point"]["batch_size"]): round(one["metrics"]["classic.tpot.mean"], 2)
        for one in _judged(data, "ali-decode")
        if "classic.tpot.mean" in one["metrics"]
    }
    curve = {
        str(row["running"]): {
            "median": row["median"],
            "throughput_per_gpu": row["per_gpu"],
            "throughput_per_user": row["per_user"],
            "gen_througput_samples": row["samples"],
        }
        for one in _judged(data, "ali-decode-curve")
        for row in one["curve"]
    }
    return [tpot, curve] if tpot or curve else None


def ali_prefill(data: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """[{prompt length: input tokens/s per GPU}]; without a number of GPUs there is none."""
    key = "classic.input_throughput_per_gpu"
    found = {
        str(one["point"]["input_len"]): round(one["metrics"][key], 2)
        for one in _judged(data, "ali-prefill")
        if key in one["metrics"]
    }
    return [found] if found else None


def tencent(data: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """final_metrics as its console prints it: texts with two decimals, QPM a number."""
    found = []
    for one in _judged(data, "tencent"):
        figures = one["metrics"]
        if "classic.tpot.mean" not in figures:
            continue
        found.append(
            {
                "tpot (ms)": f"{figures['classic.tpot.mean']:.2f}",
                "ttft (ms)": f"{figures['classic.ttft.mean']:.2f}",
                "input_throughput (tok/s)": f"{figures['classic.input_throughput']:.2f}",
                "output_throughput (tok/s)": f"{figures['classic.output_throughput']:.2f}",
                "total_throughput (tok/s)": f"{figures['classic.total_throughput']:.2f}",
                "QPM (req/min)": round(figures["classic.qpm"], 2),
            }
        )
    return found or None


def write_seed_shapes(data: Mapping[str, Any], folder: Path) -> None:
    """Those of the three that this run has figures for."""
    for name, made in (
        ("ali_decode", ali_decode(data)),
        ("ali_prefill", ali_prefill(data)),
        ("tencent", tencent(data)),
    ):
        if made is not None:
            (folder / f"{name}.json").write_text(dumps(made, indent=2) + "\n", encoding="utf-8")
