"""What the terminal shows: for each test the block that sglang.bench_serving 0.5.7 prints, then our line; at
the end one table.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from slabench.messages import number
from slabench.metrics.bounded import bounds
from slabench.metrics.definitions import declared
from slabench.report.capacity_section import HEAD, probe_cells
from slabench.report.comparison import HEAD as COMPARED
from slabench.report.comparison import comparison_rows, sides
from slabench.report.headline_metric import run_verdict, standing, unjudged, verdict
from slabench.verdict.reasons import in_words

WIDTH = 50
_ACCEPTED = "Accept length:"  # which bench_serving prints with speculative decoding only
# (label, metric key, decimals); None: a heading. Source: the prints at the end of bench_serving's
# benchmark().
_ROWS: tuple[tuple[str, str | None, int], ...] = (
    ("Successful requests:", "classic.completed", 0),
    ("Benchmark duration (s):", "classic.duration", 2),
    ("Total input tokens:", "classic.total_input", 0),
    ("Total input text tokens:", "classic.total_input", 0),
    ("Total input vision tokens:", "", 0),
    ("Total generated tokens:", "classic.total_output", 0),
    ("Total generated tokens (retokenized):", "classic.total_output_retokenized", 0),
    ("Request throughput (req/s):", "classic.request_throughput", 2),
    ("Input token throughput (tok/s):", "classic.input_throughput", 2),
    ("Output token throughput (tok/s):", "classic.output_throughput", 2),
    ("Peak output token throughput (tok/s):", "classic.max_output_tokens_per_s", 2),
    ("Peak concurrent requests:", "classic.max_concurrent_requests", 0),
    ("Total token throughput (tok/s):", "classic.total_throughput", 2),
    ("Concurrency:", "classic.concurrency", 2),
    (_ACCEPTED, "accept_length", 2),
    ("End-to-End Latency", None, 0),
    ("Mean E2E Latency (ms):", "classic.e2el.mean", 2),
    ("Median E2E Latency (ms):", "classic.e2el.median", 2),
    ("Time to First Token", None, 0),
    ("Mean TTFT (ms):", "classic.ttft.mean", 2),
    ("Median TTFT (ms):", "classic.ttft.median", 2),
    ("P99 TTFT (ms):", "classic.ttft.p99", 2),
    ("Time per Output Token (excl. 1st token)", None, 0),
    ("Mean TPOT (ms):", "classic.tpot.mean", 2),
    ("Median TPOT (ms):", "classic.tpot.median", 2),
    ("P99 TPOT (ms):", "classic.tpot.p99", 2),
    ("Inter-Token Latency", None, 0),
    ("Mean ITL (ms):", "classic.itl.mean", 2),
    ("Median ITL (ms):", "classic.itl.median", 2),
    ("P95 ITL (ms):", "classic.itl.p95", 2),
    ("P99 ITL (ms):", "classic.itl.p99", 2),
    ("Max ITL (ms):", "classic.itl.max", 2),
)


def bench_serving_block(plan: Mapping[str, Any], metrics: Mapping[str, float]) -> str:
    """bench_serving's result block, label for label; a figure that is not defined is n/a, where it would
    print 0.00.
    """
    rate, cap = plan.get("request_rate", "inf"), plan.get("max_concurrency")
    lines = [f"{' Serving Benchmark Result ':=^{WIDTH}}"]
    for label, value in (
        ("Backend:", plan.get("backend", "sglang")),
        ("Traffic request rate:", rate if isinstance(rate, str) else float(rate)),
        ("Max request concurrency:", cap or "not set"),
    ):
        lines.append(f"{label:<40} {value!s:<10}")
    for label, key, decimals in _ROWS:
        if key is None:
            lines.append(f"{label:-^{WIDTH}}")
            continue
        value = 0.0 if key == "" else metrics.get(key)
        if label == _ACCEPTED and value is None:
            continue
        lines.append(f"{label:<40} {'n/a' if value is None else f'{value:.{decimals}f}':<10}")
    return "\n".join([*lines, "=" * WIDTH])


def curve_table(curve: Sequence[Mapping[str, Any]]) -> str:
    """The decode curve as the published table has it, and beside it the same from the lines of undisturbed
    decoding alone."""
    names = "running, samples, median tok/s, per GPU, per user, clean, clean tok/s, quartiles, clean TPOT ms, baseline"
    head = names.split(", ")
    rows = []
    for row in curve:
        quartiles = "n/a" if row.get("clean_q1") is None else f"{row['clean_q1']:.2f}-{row['clean_q3']:.2f}"
        rows.append(
            (
                str(row["running"]),
                str(row["samples"]),
                *(two(row.get(key)) for key in ("median", "per_gpu", "per_user")),
                str(row.get("clean_samples", "n/a")),
                two(row.get("clean_median")),
                quartiles,
                two(row.get("clean_tpot_ms")),
                two(row.get("baseline")),
            )
        )
    return table(head, rows)


def two(value: float | None) -> str:
    """Two decimals, or n/a."""
    return "n/a" if value is None else f"{value:.2f}"


# The decode tests' three views of one batch size: whole answers, the full batch alone, and the server's log.
DECODE = (
    ("mean TPOT ms", "tpot.mean"),
    ("full-batch TPOT ms", "full_batch.tpot"),
    ("of the run", "full_batch.share"),
    ("log TPOT ms", "log.tpot"),
    ("clean lines", "log.samples"),
)


def decode_cells(metrics: Mapping[str, float]) -> list[str]:
    """A decode test's cells under the headings of DECODE."""
    cells = []
    for _, key in DECODE:
        value = metrics.get(key)
        if value is None:
            cells.append("n/a")
        elif key == "full_batch.share":
            cells.append(f"{value:.0%}")
        else:
            cells.append(f"{value:.0f}" if key == "log.samples" else number(value))
    return cells


def decode_line(metrics: Mapping[str, float]) -> str:
    """The same in a sentence, below one test's block; empty for a test that is no batch-size point."""
    if "full_batch.tpot" not in metrics and "log.samples" not in metrics:
        return ""
    mean, full, share, log, lines = decode_cells(metrics)
    return f"  TPOT: mean {mean} ms; full batch {full} ms, {share} of the run; deploy log {log} ms, {lines} clean lines"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: Collection[int] = ()) -> str:
    """Columns as wide as their longest cell; those in `left` begin at the left, the others end at the right."""
    widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]
    lines = []
    for row in (head, *rows):
        cells = (
            f"{cell:<{width}}" if k in left else f"{cell:>{width}}"
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def test_block(entry: Mapping[str, Any]) -> str:
    """One finished test: its figures, then the word with the one complete line, then what else has to be
    said.
    """
    lines = []
    if entry.get("capacity"):
        lines.append(table(HEAD, probe_cells(entry["capacity"]), left=(2, len(HEAD) - 1)))
    if entry.get("curve"):
        lines.append(curve_table(entry["curve"]))
    elif entry["metrics"]:
        lines.append(bench_serving_block(entry["plan"], entry["metrics"]))
    lines.append(f"{entry['word']} {entry['id']}: {entry['headline']}")
    decode = decode_line(entry["metrics"])
    lines += [decode] if decode else []
    lines += said(entry)
    return "\n".join(lines)


test_block.__test__ = False  # type: ignore[attr-defined]  # its name is the recorder's word, not a test's


def said(entry: Mapping[str, Any]) -> list[str]:
    """Indented lines beside the headline: labels, other objectives, checks that spoke, advice."""
    lines = [f"  reasons: {in_words(entry['reasons'])}"] if entry["reasons"] else []
    lines += [f"  {label}" for label in entry["labels"]]
    lines += [f"  {entry['explained']}"] if entry.get("explained") else []
    bar = error_bar(entry)
    lines += [f"  {bar}"] if bar else []
    length = entry["metrics"].get("accept_length")
    lines += (
        [f"  accept length {length:.2f} tokens a step and request (speculative decoding)"] if length else []
    )
    lines += [f"  {'ok' if one['holds'] else 'no'}: {one['text']}" for one in entry["objectives"][1:]]
    for check in entry["checks"]:
        if check["state"] in ("invalid", "finding"):
            lines.append(f"  {check['state']} {check['name']}: {check['text']} {check['remedy']}".rstrip())
    for check in entry["checks"]:
        if check["state"] == "not_checked":
            lines.append(f"  not checked {check['name']}: {check['text']} {check['remedy']}".rstrip())
    if entry["metrics"].get("resent"):  # a finding has been said
        lines += [
            f"  note: {check['text']}"
            for check in entry["checks"]
            if check["name"] == "resent" and check["state"] == "ok"
        ]
    comparison = entry.get("comparison") or {}
    lines += [f"  differs from the baseline: {one}" for one in comparison.get("differences", ())]
    lines += [f"  note: {one}" for one in comparison.get("notes", ())]
    open_ = [one for one in comparison.get("figures", ()) if one["outcome"] == "inconclusive"]
    lines += [f"  INCONCLUSIVE: {one['text']}; {one['remedy']}" for one in open_]
    lines += [f"  {sentence}" for sentence in entry["advice"]]
    lines += [f"  note: {sentence}" for sentence in entry.get("server", {}).get("notes", ())]
    return lines


def error_bar(entry: Mapping[str, Any]) -> str | None:
    """The client's own error in a line; None where it was not measured: then a check says why, if anybody
    asked.
    """
    found = (entry.get("client") or {}).get("calibration") or {}
    if found.get("state") != "measured":
        return None
    kept = f"kept from {found['made_utc']}" if found["kept"] else f"measured {found['made_utc']}"
    return (
        f"client error: TPOT {found['tpot_error_pct']:+.3f} %, TTFT {found['ttft_error_ms']:+.2f} ms, p99 ITL "
        f"{found['p99_itl_error_ms']:+.2f} ms (null server, {found['streams']} streams, a token each every {found['itl_ms']:g} ms; "
        f"{kept})"
    )


def failure_text(entry: Mapping[str, Any]) -> str:
    """What JUnit and the failures section show: the word and the complete line first, then what else spoke."""
    lines = [f"{entry['word']}: {entry['headline']}"]
    lines += [
        f"  {one['text']}"
        for one in entry["objectives"]
        if not one["holds"] and one["text"] not in entry["headline"]
    ]
    lines += [
        f"  {one['name']}: {one['text']} {one['remedy']}".rstrip()
        for one in entry["checks"]
        if one["state"] == "invalid"
    ]
    lines += [f"  {sentence}" for sentence in entry["advice"]]
    return "\n".join(lines)


FIGURES = tuple(
    (f"{declared(key).label} {declared(key).unit}".removesuffix(" req/min"), key)  # QPM names its unit
    for key in ("tpot.mean", "ttft.mean", "output_throughput", "total_throughput", "qpm")
)


def figure(metrics: Mapping[str, float], key: str) -> str:
    """The figure in a table.

    Of a run that another client drove there are classic.* figures only, and the cell says so.
    """
    classic = f"classic.{key}"
    if "completed" not in metrics and classic in metrics:
        return f"{number(metrics[classic])} (classic)"
    ends = bounds(key, metrics)
    if ends is not None:
        return f"{number(ends[0])} to {number(ends[1])}"
    return number(metrics[key]) if key in metrics else "n/a"


def run_facts(data: Mapping[str, Any]) -> list[str]:
    """Sentences that every output of a run begins or ends with: its labels, its prompts, its server."""
    lines = []
    if data["labels"]:
        lines.append(f"This run is {', '.join(data['labels'])}.")
    if data["state"] == "interrupted":
        lines.append(
            "The run was interrupted (Ctrl-C or SIGTERM) before its plan was done; what had finished is kept."
        )
    for part in data.get("resumed", ()):
        told = f", {part['server']}" if "server" in part else ""
        lines.append(f"Resumed at {part['utc']}{told}: {len(part['kept'])} finished tests were kept.")
    allowed = data.get("options", {}).get("allow")
    if allowed:
        lines.append(f"Checks that --allow makes findings of: {', '.join(allowed)}.")
    if "unreachable" in data:
        lines.append(f"No test was tried: {data['unreachable']}")
    lines += [
        f"NOT_SAVED: {sentence}; the verdicts stand on the console."
        for sentence in data.get("not_saved", {}).values()
    ]
    names = unjudged(data)
    if names:
        lines.append(
            f"NOTHING_JUDGED: no objective, floor or comparison applies to {', '.join(names)}: measured only."
        )
    kinds = {prompts_told(entry["workload"]) for entry in data["tests"] if "num_prompts" in entry["workload"]}
    lines += [f"Prompts: {kind}." for kind in sorted(kinds)]
    server = data["server"]
    if server:
        known = server.get("gpus", {}).get("source") or "number of GPUs not known, so no figure per GPU"
        lines.append(
            f"Server: sglang {server.get('version') or 'of unknown version'}, {server.get('model_path')}, {known}."
        )
        if not server.get("reference"):
            lines.append(
                "This is not the reference environment (sglang 0.5.7): read its figures beside the published ones."
            )
    if "servers" in data:
        lines.append(
            f"Tests were spread over {len(data['servers'])} servers that report the same version, arguments, hardware and "
            f"model (their speed was not compared): {', '.join(data['servers'])}."
        )
    if "servers_alike" in data:
        lines.append(
            f"They may be one process: {data['servers_alike']}, and nothing shows that they are several."
        )
    return lines + sides(data)


def prompts_told(workload: Mapping[str, Any]) -> str:
    """`random from sharegpt.json, sent as text` or `random-ids, sent as ids, no data set`."""
    name, form = workload.get("dataset_name", "unknown"), workload.get("prompt_form", "unknown")
    if "dataset" in workload:
        return f"{name} from {workload['dataset']}, sent as {form}"
    return f"{name}, sent as {form}, no data set"


def beside_green(tests: Sequence[Mapping[str, Any]]) -> list[str]:
    """Which tests are PASSED with findings: a word alone would look spotless."""
    found = []
    for one in tests:
        names = [check["name"] for check in one["checks"] if check["state"] == "finding"]
        if one["word"] == "PASSED" and names:
            found.append(f"{one['id'].rpartition('/')[2]} ({', '.join(dict.fromkeys(names))})")
    return [f"PASSED with findings, told above: {'; '.join(found)}."] if found else []


def summary_table(data: Mapping[str, Any]) -> str:
    """The end of a session: a row a test, what did not run, and the run's word."""
    rows = [
        (
            verdict(entry),
            entry["id"].rpartition("/")[2],
            *(figure(entry["metrics"], key) for _, key in FIGURES),
            standing(entry),
        )
        for entry in data["tests"]
    ]
    head = ("verdict", "test", *(name for name, _ in FIGURES), "figure")
    lines = [table(head, rows, left=(0, 1, len(head) - 1))] if rows else []
    if any(entry["metrics"] and not entry.get("curve") for entry in data["tests"]):
        lines.append(
            "The blocks above have bench_serving's definitions, this table slabench's own (docs/metrics.md)."
        )
    decode = [entry for entry in data["tests"] if entry["method"] == "ali-decode"]
    if decode:
        head = ("batch size", *(name for name, _ in DECODE))
        lines.append(
            table(
                head, [(str(one["point"].get("batch_size")), *decode_cells(one["metrics"])) for one in decode]
            )
        )
    compared = comparison_rows(data["tests"])
    if compared:
        lines.append(table(COMPARED, compared, left=(0, 1, 4, len(COMPARED) - 1)))
    if data["not_run"]:
        lines.append(f"Planned and not run: {', '.join(one.rpartition('/')[2] for one in data['not_run'])}.")
    lines += [
        f"{one['word']} {one['id'].rpartition('/')[2]}: {one['headline']}"
        for one in data["tests"]
        if one["word"] != "PASSED"
    ]
    lines += beside_green(data["tests"])
    lines += run_facts(data)
    if data["word"] is not None:
        lines.append(f"Verdict of the run: {run_verdict(data)}")
    return "\n".join(lines)
