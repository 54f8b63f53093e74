"""A result row with the keys that sglang.bench_serving 0.5.7 writes, in its order, for what reads such files
already."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slabench.strict_json import dumps

_PLAIN = {
    "duration": "duration",
    "completed": "completed",
    "total_input_tokens": "total_input",
    "total_input_text_tokens": "total_input",
    "total_input_vision_tokens": None,
    "total_output_tokens": "total_output",
    "total_output_tokens_retokenized": "total_output_retokenized",
    "request_throughput": "request_throughput",
    "input_throughput": "input_throughput",
    "output_throughput": "output_throughput",
    "total_throughput": "total_throughput",
}
_SPREADS = {"e2e_latency": "e2el", "ttft": "ttft", "tpot": "tpot", "itl": "itl"}
_COUNTS = ("completed", "total_input", "total_output", "total_output_retokenized", "max_concurrent_requests")


def row(entry: Mapping[str, Any], server_info: Mapping[str, Any]) -> dict[str, Any]:
    """entry: a test of run.json. An undefined figure is null, where bench_serving would write 0; the tag is
    the test's id.
    """
    workload, plan, metrics = entry["workload"], entry["plan"], entry["metrics"]

    def figure(name: str) -> float | int | None:
        value = metrics.get(f"classic.{name}")
        return int(value) if value is not None and name in _COUNTS else value

    rate = plan.get("request_rate")
    random = workload.get("dataset_name") != "sharegpt"
    found: dict[str, Any] = {
        "tag": entry["id"],
        "backend": plan.get("backend", "sglang"),
        "dataset_name": workload.get("dataset_name"),
        "request_rate": rate,  # "inf" where bench_serving writes Infinity, which is no JSON
        "max_concurrency": plan.get("max_concurrency"),
        "sharegpt_output_len": None if random else workload.get("output_len"),
        "random_input_len": workload.get("input_len") if random else None,
        "random_output_len": workload.get("output_len") if random else None,
        "random_range_ratio": workload.get("range_ratio") if random else None,
        "server_info": dict(server_info),
    }
    found |= {theirs: 0 if ours is None else figure(ours) for theirs, ours in _PLAIN.items()}
    for theirs, ours in _SPREADS.items():
        statistics = ("mean", "median", "std", *(("p95",) if ours == "itl" else ()), "p99")
        found |= {f"{statistic}_{theirs}_ms": figure(f"{ours}.{statistic}") for statistic in statistics}
    found["concurrency"] = figure("concurrency")
    found["accept_length"] = _accept_length(server_info)
    return found | {name: figure(name) for name in ("max_output_tokens_per_s", "max_concurrent_requests")}


def _accept_length(info: Mapping[str, Any]) -> Any:
    states = info.get("internal_states") or [{}]
    return states[0].get("avg_spec_accept_length") if isinstance(states[0], Mapping) else None


def append_row(target: Path, entry: Mapping[str, Any], server_info: Mapping[str, Any]) -> None:
    """One line. An INVALID test has none: readers of such files know no word for it."""
    if entry["word"] == "INVALID" or "classic.completed" not in entry["metrics"]:
        return
    with target.open("a", encoding="utf-8") as file:
        file.write(dumps(row(entry, server_info)) + "\n")
