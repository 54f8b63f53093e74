"""What the terminal shows: for each test the block that sglang.bench_serving 0.5.7 prints, then our line; at
the end one table.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import zip_longest

from slabench.messages import number, percent
from slabench.metrics.bounded import bounds
from slabench.metrics.definitions import declared
from slabench.report import comparison
from slabench.report.bench_serving_block import bench_serving_block
from slabench.report.capacity_section import HEAD, probe_cells
from slabench.report.headline import LOWER_LOAD, first_invalid, headline
from slabench.report.headline_metric import headline_metrics, run_verdict, verdict
from slabench.report.run_facts import run_facts
from slabench.run_document.entry import CheckEntry, CurveRow, Entry, short_name
from slabench.run_document.run import RunDocument
from slabench.verdict.outcome import CheckStatus, Outcome
from slabench.verdict.reasons import in_words

CURVE_HEAD = "running, samples, median tok/s, per GPU, per user, clean, clean tok/s, quartiles, clean TPOT ms"


def curve_table(curve: Sequence[CurveRow]) -> str:
    """The decode curve as the published table has it; beside it that of the clean lines alone."""
    return table((*CURVE_HEAD.split(", "), "baseline"), [_curve_cells(row) for row in curve])


def _curve_cells(row: CurveRow) -> tuple[str, ...]:
    known = row.clean_q1 is not None and row.clean_q3 is not None
    quartiles = f"{row.clean_q1:.2f}-{row.clean_q3:.2f}" if known else "n/a"
    counts = (str(row.running), str(row.samples), *map(two, (row.median, row.per_gpu, row.per_user)))
    clean = (str(row.clean_samples), two(row.clean_median), quartiles, two(row.clean_tpot_ms))
    return (*counts, *clean, two(row.baseline))


def two(value: float | None) -> str:
    """Two decimals, or n/a."""
    return "n/a" if value is None else f"{value:.2f}"


# A batch size in three views: whole answers, the full batch alone, and the server's log.
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
            cells.append(percent(value))
        else:
            cells.append(f"{value:.0f}" if key == "log.samples" else number(value))
    return cells


def decode_line(metrics: Mapping[str, float]) -> str:
    """The same in a sentence, below one test's block; empty for a test that is no batch-size point."""
    if "full_batch.tpot" not in metrics and "log.samples" not in metrics:
        return ""
    mean, full, share, log, lines = decode_cells(metrics)
    batch, deploy_log = (
        f"full batch {full} ms, {share} of the run",
        f"deploy log {log} ms, {lines} clean lines",
    )
    return f"  TPOT: mean {mean} ms; {batch}; {deploy_log}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: Collection[int] = ()) -> str:
    """Columns as wide as their longest cell, aligned to the right but for those in `left`."""
    widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]
    lines = []
    for row in (head, *rows):
        cells = (
            f"{cell:<{width}}" if k in left else f"{cell:>{width}}"
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def test_block(entry: Entry) -> str:
    """One finished test: its metrics, its outcome in one complete line, then everything else about it."""
    lines = []
    if entry.capacity is not None:
        lines.append(table(HEAD, probe_cells(entry.capacity), left=(2, len(HEAD) - 1)))
    if entry.curve:
        lines.append(curve_table(entry.curve))
    elif entry.metrics:
        lines.append(bench_serving_block(entry.plan, entry.metrics))
    lines.append(f"{entry.word} {entry.id}: {headline(entry)}")
    decode = decode_line(entry.metrics)
    return "\n".join([*lines, *([decode] if decode else []), *(f"  {line}" for line in details(entry))])


test_block.__test__ = False  # type: ignore[attr-defined]  # it is no test of pytest's


def details(entry: Entry) -> list[str]:
    """What stands beside headline(): reasons, labels, other objectives, checks, the baseline, advice."""
    metrics = entry.metrics
    lines = [f"reasons: {in_words(entry.reasons)}"] if entry.reasons else []
    lines += [f"not judged: {in_words(entry.absent)}"] if entry.absent else []
    lines += [*entry.labels, *filter(None, (entry.explained, error_bar(entry)))]
    if metrics.get("accept_length"):
        length = metrics["accept_length"]
        lines.append(f"accept length {length:.2f} tokens a step and request (speculative decoding)")
    if len(entry.objectives) > 1:  # a failed one that stands in the headline alone would be missed here
        lines += [f"{'ok' if rule.holds else 'no'}: {rule.text}" for rule in entry.objectives]
    lines += _checks(entry, CheckStatus.INVALID, CheckStatus.FINDING)
    lines += [
        f"not checked {_check(check)}" for check in entry.checks if check.state is CheckStatus.NOT_CHECKED
    ]
    if metrics.get("resent"):  # a finding stands there already
        ok = [check for check in entry.checks if check.name == "resent" and check.state is CheckStatus.OK]
        lines += [f"note: {check.text}" for check in ok]
    if (compared := entry.comparison) is not None:
        lines += [f"differs from the baseline: {line}" for line in compared.differences]
        lines += [f"note: {note}" for note in compared.notes]
        open_ = [metric for metric in compared.metrics if metric.outcome == "inconclusive"]
        lines += [f"INCONCLUSIVE: {metric.text}; {metric.remedy}" for metric in open_]
    lines += _advice(entry)
    return [*lines, *(f"note: {note}" for note in (() if entry.server is None else entry.server.notes))]


def _check(check: CheckEntry) -> str:
    return f"{check.name}: {check.text} {check.remedy}".rstrip()


def _checks(entry: Entry, *states: CheckStatus) -> list[str]:
    """Without the one that the headline has."""
    shown = [check for check in entry.checks if check is not first_invalid(entry)]
    return [f"{check.state} {_check(check)}" for check in shown if check.state in states]


def _advice(entry: Entry) -> list[str]:
    """Without what the headline has."""
    held = entry.word is Outcome.FAILED and any(each.id == LOWER_LOAD for each in entry.advice_messages)
    known = zip_longest(entry.advice, entry.advice_messages)
    return [text or "" for text, message in known if not (held and message and message.id == LOWER_LOAD)]


def error_bar(entry: Entry) -> str | None:
    """The client's own error in a line; None where it was not measured."""
    error = None if entry.client is None else entry.client.calibration
    if error is None or error.state != "measured":
        return None
    made = f"{'kept from' if error.kept else 'measured'} {error.made_utc}"
    return (
        f"client error: TPOT {error.tpot_error_pct:+.3f} %, TTFT {error.ttft_error_ms:+.2f} ms, p99 ITL "
        f"{error.p99_itl_error_ms:+.2f} ms (null server, {error.streams} streams, "
        f"a token each every {error.itl_ms:g} ms; {made})"
    )


def failure_text(entry: Entry) -> str:
    """What JUnit and the failures section show: the complete line first."""
    rules = [rule.text for rule in entry.objectives if not rule.holds and rule.text not in entry.headline]
    more = [f"  {line}" for line in (*rules, *_checks(entry, CheckStatus.INVALID), *_advice(entry))]
    return "\n".join([f"{entry.word}: {headline(entry)}", *more])


METRICS = tuple(
    (f"{declared(key).label} {declared(key).unit}".removesuffix(" req/min"), key)  # QPM names its unit
    for key in ("tpot.mean", "ttft.mean", "output_throughput", "total_throughput", "qpm")
)


def metric_cell(metrics: Mapping[str, float], key: str) -> str:
    """The metric in a table. A run of another client has classic.* alone, which the cell names."""
    classic = f"classic.{key}"
    if "completed" not in metrics and classic in metrics:
        return f"{number(metrics[classic])} (classic)"
    ends = bounds(key, metrics)
    if ends is not None:
        return f"{number(ends[0])} to {number(ends[1])}"
    return number(metrics[key]) if key in metrics else "n/a"


def beside_green(tests: Sequence[Entry]) -> list[str]:
    """Which tests are PASSED with findings: the outcome alone does not show them."""
    named = []
    for entry in tests:
        names = [check.name for check in entry.checks if check.state is CheckStatus.FINDING]
        if entry.word is Outcome.PASSED and names:
            named.append(f"{entry.name} ({', '.join(dict.fromkeys(names))})")
    return [f"PASSED with findings, listed above: {'; '.join(named)}."] if named else []


def summary_table(document: RunDocument) -> str:
    """The end of a session: a row a test, what did not run, and the run's outcome."""
    tests, lines = document.tests, []
    if tests:
        head = ("verdict", "test", *(name for name, _ in METRICS), "metrics")
        rows = [
            (verdict(entry), entry.name, *summary_cells(entry), headline_metrics(entry)) for entry in tests
        ]
        lines.append(table(head, rows, left=(0, 1, len(head) - 1)))
    if any(entry.metrics and not entry.curve for entry in tests):
        lines.append(
            "The blocks above have bench_serving's definitions, this table slabench's own (docs/metrics.md)."
        )
    if decode := document.of("ali-decode"):
        head = ("batch size", *(name for name, _ in DECODE))
        rows = [(str(entry.batch_size), *decode_cells(entry.metrics)) for entry in decode]
        lines.append(table(head, rows))
    if compared := comparison.comparison_rows(tests):
        lines.append(table(comparison.HEAD, compared, left=comparison.TEXT_COLUMNS))
    if document.not_run:
        lines.append(f"Planned and not run: {', '.join(map(short_name, document.not_run))}.")
    red = [entry for entry in tests if entry.word is not Outcome.PASSED]
    lines += [f"{entry.word} {entry.name}: {headline(entry)}" for entry in red]
    lines += [*beside_green(tests), *run_facts(document)]
    if document.word is not None:
        lines.append(f"Verdict of the run: {run_verdict(document)}")
    return "\n".join(lines)


def summary_cells(entry: Entry) -> list[str]:
    """Under the headings of METRICS."""
    return [metric_cell(entry.metrics, key) for _, key in METRICS]
