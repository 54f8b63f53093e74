"""docs/metrics.md and the gate's table of what is allowed: `python tools/make_metrics_doc.py` writes them
from the declarations.
"""

from __future__ import annotations

import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO))

from slabench.metrics.declaration import Metric, Tolerance  # noqa: E402
from slabench.metrics.definitions import LEAST, METRICS, statistics_of  # noqa: E402
from tools.doc_tables import cell, spliced, table  # noqa: E402

# figure -> what bench_serving 0.5.7, vLLM's `bench serve`, GuideLLM and AIPerf call it in their result files;
# "-": they have none.
NAMES: dict[str, tuple[str, str, str, str]] = {
    "ttft": ("mean_ttft_ms ...", "mean_ttft_ms ...", "time_to_first_token_ms", "time_to_first_token"),
    "ttft_due": ("-", "-", "-", "-"),
    "tpot": (
        "mean_tpot_ms ...",
        "mean_tpot_ms ...",
        "inter_token_latency_ms (time_per_output_token_ms has TTFT in it)",
        "inter_token_latency",
    ),
    "itl": ("mean_itl_ms ...", "mean_itl_ms ...", "-", "inter_chunk_latency (per chunk)"),
    "e2el": ("mean_e2e_latency_ms ...", "mean_e2el_ms ...", "request_latency (s)", "request_latency"),
    "e2el_due": ("-", "-", "-", "-"),
    "gap_max": ("max_itl_ms (printed only)", "-", "-", "-"),
    "requests": ("-", "num_prompts", "requests_made", "-"),
    "completed": ("completed", "completed", "requests_made.successful", "request_count"),
    "failed": ("- (num_prompts - completed)", "failed", "requests_made.errored", "error_request_count"),
    "duration": ("duration", "duration", "duration", "benchmark_duration"),
    "request_throughput": (
        "request_throughput",
        "request_throughput",
        "requests_per_second",
        "request_throughput",
    ),
    "qpm": ("-", "-", "-", "-"),
    "input_throughput": ("input_throughput", "-", "prompt_tokens_per_second", "-"),
    "output_throughput": (
        "output_throughput",
        "output_throughput",
        "output_tokens_per_second",
        "output_token_throughput",
    ),
    "total_throughput": (
        "total_throughput",
        "total_token_throughput",
        "tokens_per_second",
        "total_token_throughput",
    ),
    "input_tokens": (
        "total_input_tokens (intended)",
        "total_input_tokens",
        "prompt_token_count",
        "total_isl",
    ),
    "output_tokens": ("total_output_tokens", "total_output_tokens", "output_token_count", "total_osl"),
    "concurrency.mean": ("concurrency", "-", "request_concurrency", "-"),
    "concurrency.peak": ("max_concurrent_requests", "max_concurrent_requests", "-", "-"),
    "goodput.request_throughput": ("-", "request_goodput", "-", "goodput"),
}

HEAD = """# Metrics

Every figure that run.json and the reports hold. A key is `figure` or `figure.statistic`; an undefined figure is absent, never zero.
SLOs use our figures; published floors are compared with `classic.*`, which are bench_serving 0.5.7's own definitions.

This file is made by `python tools/make_metrics_doc.py` from `slabench/metrics/definitions.py`.

A token is what the server's `completion_tokens` says, never a chunk and never a non-empty text. An event's time is
when the kernel had its last byte.

- one value a: request or token, of which there are statistics, or run.
- repeats: what stands for the repeats of a test. By statistic: the largest `.max`, the smallest `.min`, the `.std` of all requests,
  the mean of any other.
- client's error: which of the client's own errors is held against it ([validity.md](validity.md#the-clients-own-error)).
- allowed: as a multiple of `--tolerance`, and at least ([gate-an-upgrade.md](gate-an-upgrade.md#what-the-words-mean)).
- gates: the methods whose tests are compared by it, by its mean where it has statistics. A test of your own is compared as
  `serving`.
"""

DIFFERENCES = (
    (
        "TPOT",
        "`(latency to [DONE] - TTFT) / (output_len - 1)`",
        "`tpot` ends at the last token and divides by the tokens after the first event",
        "the end of the stream is no token, and a first event can hold several: 25 of 50 tokens in it halve the TPOT",
    ),
    (
        "TPOT of one token",
        "0.0 when no request has more than one token",
        "absent",
        "no data is not zero, and 0 ms would hold every objective",
    ),
    (
        "TTFT, E2EL",
        "from before the connection is opened, E2EL to [DONE]",
        "`ttft`, `e2el` from the moment the request was handed to the socket, to the first and last token",
        "opening a connection is the client's work; `ttft_due` and `e2el_due` add the waiting for a slot, which it shows nowhere",
    ),
    (
        "first token",
        "first event with a non-empty text",
        "first event that counts a token",
        "a token can be half a character: it has been computed and has no text yet",
    ),
    (
        "duration",
        "ends when GET /get_server_info after the load is answered",
        "`duration` ends with the last token",
        "the server's answer to a question of the client is no part of the load: a second of it took a third off the throughput",
    ),
    (
        "input tokens",
        "the intended lengths",
        "`input_tokens` are the server's prompt_tokens",
        "text that is decoded and encoded again changes its length",
    ),
    (
        "peak concurrency",
        "requests that touch a one-second bucket",
        "`concurrency.peak`, an exact sweep over sent and end",
        "with a cap of 4 it says 12: three requests after one another in one second are three",
    ),
    (
        "success",
        "HTTP 200 without an exception",
        "`completed`: whole, counted, without an error event, ended by [DONE]",
        "sglang refuses inside a 200 stream; such a request counts there with the length asked for and a latency of nothing",
    ),
    (
        "failures",
        "dropped from every figure and not counted",
        "`failed`, and the run is INVALID",
        "figures over the survivors flatter the server that fails most",
    ),
)


def statistics(metric: Metric) -> str:
    if metric.name == "curve":
        return "`curve.N`"
    return (
        f"`{metric.name}` .{' .'.join(statistics_of(metric.name))}" if metric.spread else f"`{metric.name}`"
    )


def row(metric: Metric) -> tuple[str, ...]:
    better = "" if metric.better == "none" else metric.better
    repeats = "by statistic" if metric.spread else metric.repeats
    allowed = (
        ""
        if metric.tolerance is None
        else f"{metric.tolerance.times:g} x, {metric.tolerance.floor:g} {metric.unit}"
    )
    facts = (
        metric.formula,
        metric.source,
        metric.per,
        repeats,
        metric.client_error,
        allowed,
        ", ".join(metric.gates),
    )
    return statistics(metric), *map(cell, (metric.unit, better, *facts))


def allowed() -> str:
    """Metrics of one tolerance and unit in a row; bench_serving's have those of ours."""
    rows: dict[tuple[Tolerance, str], list[str]] = {}
    for metric in METRICS.values():
        if metric.tolerance is not None and metric.name == metric.ours:
            unit = "requests" if metric.unit == "count" else metric.unit
            rows.setdefault((metric.tolerance, unit), []).append(f"`{metric.name}`")
    return table(
        ("figure", "share", "floor", "why"),
        [
            (" ".join(names), f"{each.times:g} x tolerance", f"{each.floor:g} {unit}", each.reason)
            for (each, unit), names in rows.items()
        ],
    )


def text() -> str:
    lines = [HEAD]
    few = ", ".join(f"{least} samples ({name})" for name, least in LEAST.items())
    groups = (
        ("Ours", [one for one in METRICS.values() if not one.name.startswith(("classic.", "curve"))]),
        ("The deploy log's", [one for one in METRICS.values() if one.name == "curve"]),
        ("bench_serving's definitions", [one for one in METRICS.values() if one.name.startswith("classic.")]),
    )
    head = (
        "key",
        "unit",
        "better",
        "formula",
        "source",
        "one value a",
        "repeats",
        "client's error",
        "allowed",
        "gates",
    )
    for title, metrics in groups:
        lines += [f"\n## {title}\n", table(head, map(row, metrics))]
    lines += [
        "\n## Where ours differ from bench_serving's, and why\n",
        table(
            ("figure", "bench_serving 0.5.7", "ours", "why"), [tuple(map(cell, row)) for row in DIFFERENCES]
        ),
        "\n`classic.*` keeps its definitions, so that it stands beside published numbers; only its zero for no data is absent",
        "there too. A test runs sglang's own code on generated records and compares every figure to 1e-9.",
        "\n## TPOT within bounds\n",
        "Over `/v1` a server, or a gateway in front of it, may count tokens only at a stream's end (SGLang's own gateway, sglang",
        "before 0.5.5). TPOT is (t_last - t_first) / (n - n_first), and n_first, the tokens of the first event, is then not known:",
        "at least 1, at most what that event's text holds (our tokenizer's count; its bytes without a tokenizer). Events without a",
        "text before it count as the stream's events hold on average. The last token may have no text either, and came between the",
        "last text and the last event with a choice. So instead of `tpot` each answer has\n",
        "- `tpot_low` = (last text - first text) / (n - 1)",
        "- `tpot_high` = (last event with a choice - first text) / (n - most tokens by the first text)\n",
        "and a run has their statistics. An objective or floor on `tpot.*` is judged where it holds, or does not, at both ends;",
        "else the test is INVALID. The label TPOT_BOUNDED stands in every output. A comparison by TPOT is NOT_COMPARABLE as soon",
        "as one side has it within bounds only: a first event of another size could not be told from another pace.",
        "`--slo='tpot_high.mean<=50'` asks for the worse end alone. `classic.*` figures are as bench_serving has them.",
        "\n## Percentiles of few samples\n",
        f"Ours are absent below {few}: none would lie beyond them. `classic.*` percentiles are computed as bench_serving does, and",
        "stand in its block, its rows and run.json; an objective, a floor or a baseline on one of too few is INVALID all the same,",
        "and says how many it needs. The samples of `itl` are tokens after the first, those of the others requests.",
        "\n## What others call it\n",
        table(
            ("ours", "sglang.bench_serving 0.5.7", "vllm bench serve", "GuideLLM", "AIPerf"),
            [(f"`{name}`", *map(cell, row)) for name, row in NAMES.items()],
        ),
    ]
    return "\n".join(lines) + "\n"


def pages() -> dict[Path, str]:
    """Each page as it is to be."""
    gate = REPO / "docs" / "gate-an-upgrade.md"
    made = spliced(gate.read_text(encoding="utf-8"), "tools/make_metrics_doc.py", allowed())
    return {REPO / "docs" / "metrics.md": text(), gate: made}


if __name__ == "__main__":
    for page, made in pages().items():
        page.write_text(made, encoding="utf-8")
