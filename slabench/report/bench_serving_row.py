"""Our results as rows of the file that sglang.bench_serving 0.5.7 writes, for readers of such files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from slabench.run_document.entry import Entry
from slabench.strict_json import dumps
from slabench.verdict.outcome import Outcome

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


def row(entry: Entry, server_info: Mapping[str, object]) -> dict[str, object]:
    """An undefined metric is null, where bench_serving would write 0; the tag is the test's id."""
    workload, plan, metrics = entry.workload, entry.plan, entry.metrics

    def metric(name: str) -> float | int | None:
        value = metrics.get(f"classic.{name}")
        return int(value) if value is not None and name in _COUNTS else value

    random = workload.get("dataset_name") != "sharegpt"
    parts: dict[str, object] = {
        "tag": entry.id,
        "backend": plan.get("backend", "sglang"),
        "dataset_name": workload.get("dataset_name"),
        "request_rate": plan.get("request_rate"),  # "inf" where it writes Infinity, which is no JSON
        "max_concurrency": plan.get("max_concurrency"),
        "sharegpt_output_len": None if random else workload.get("output_len"),
        "random_input_len": workload.get("input_len") if random else None,
        "random_output_len": workload.get("output_len") if random else None,
        "random_range_ratio": workload.get("range_ratio") if random else None,
        "server_info": dict(server_info),
    }
    parts |= {theirs: 0 if ours is None else metric(ours) for theirs, ours in _PLAIN.items()}
    for theirs, ours in _SPREADS.items():
        statistics = ("mean", "median", "std", *(("p95",) if ours == "itl" else ()), "p99")
        parts |= {f"{statistic}_{theirs}_ms": metric(f"{ours}.{statistic}") for statistic in statistics}
    parts |= {"concurrency": metric("concurrency"), "accept_length": _accept_length(server_info)}
    return parts | {name: metric(name) for name in ("max_output_tokens_per_s", "max_concurrent_requests")}


def _accept_length(info: Mapping[str, object]) -> object:
    states = info.get("internal_states")
    first = states[0] if isinstance(states, Sequence) and states else None
    return first.get("avg_spec_accept_length") if isinstance(first, Mapping) else None


def append_row(target: Path, entry: Entry, server_info: Mapping[str, object]) -> None:
    """One line. An INVALID test has none: readers of such files know no word for it."""
    if entry.word is Outcome.INVALID or "classic.completed" not in entry.metrics:
        return
    with target.open("a", encoding="utf-8") as file:
        file.write(dumps(row(entry, server_info)) + "\n")
