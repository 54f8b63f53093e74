"""What the terminal shows: for each test the block that sglang.bench_serving 0.5.7 prints, then our line; at
the end one table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from slabench.messages import Message, number, percent
from slabench.metrics.bounded import bounds
from slabench.report import comparison
from slabench.report.accuracy_section import accuracy_lines
from slabench.report.bench_serving_block import bench_serving_block
from slabench.report.capacity_section import HEAD, probe_cells
from slabench.report.headline import LOWER_LOAD, first_invalid, headline
from slabench.report.headline_metric import headline_metrics, of_another_client, run_verdict, verdict
from slabench.report.run_facts import run_facts
from slabench.report.text_table import table
from slabench.run_document.entry import CheckEntry, CurveRow, Entry, short_name
from slabench.run_document.run import RunDocument, RunState
from slabench.verdict.outcome import CheckStatus, Outcome
from slabench.verdict.reasons import in_words

CURVE_HEAD = (
    Message("curve.running"),
    Message("curve.samples"),
    Message("curve.median"),
    Message("curve.per_gpu"),
    Message("curve.per_user"),
    Message("curve.clean"),
    Message("curve.clean_median"),
    Message("curve.clean_quartiles"),
    Message("curve.clean_tpot"),
    Message("curve.baseline"),
)


def curve_table(curve: Sequence[CurveRow]) -> str:
    """The decode curve as the published table has it; beside it that of the clean lines alone."""
    return table(CURVE_HEAD, [_curve_cells(row) for row in curve])


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
    (Message("decode.mean_tpot"), "tpot.mean"),
    (Message("decode.full_batch_tpot"), "full_batch.tpot"),
    (Message("decode.share"), "full_batch.share"),
    (Message("decode.log_tpot"), "log.tpot"),
    (Message("decode.log_lines"), "log.samples"),
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
    of_batch = Message("decode.line_full", full=full, share=share) if "full_batch.tpot" in metrics else None
    of_log = Message("decode.line_log", log=log, lines=lines) if "log.samples" in metrics else None
    return f"  {Message('decode.line', mean=mean, full=of_batch, log=of_log)}"


def test_block(entry: Entry) -> str:
    """One finished test: its metrics, its outcome in one complete line, then everything else about it."""
    lines = []
    if entry.capacity is not None and entry.capacity.probes:
        lines.append(table(HEAD, probe_cells(entry.capacity), left=(2, len(HEAD) - 1)))
    if entry.curve:
        lines.append(curve_table(entry.curve))
    elif entry.metrics and entry.accuracy is None:
        lines.append(bench_serving_block(entry.plan, entry.metrics))
    lines.append(f"{entry.word} {entry.id}: {headline(entry)}")
    decode = decode_line(entry.metrics)
    return "\n".join([*lines, *([decode] if decode else []), *(f"  {line}" for line in details(entry))])


test_block.__test__ = False  # type: ignore[attr-defined]  # it is no test of pytest's


def details(entry: Entry) -> list[str]:
    """What stands beside headline(): reasons, labels, other objectives, checks, the baseline, advice."""
    metrics = entry.metrics
    lines: list[object] = []
    if entry.reasons:
        lines.append(Message("console.reasons", reasons=in_words(entry.reasons)))
    if entry.absent:
        lines.append(Message("console.not_judged", reasons=in_words(entry.absent)))
    lines += [*entry.labels, *filter(None, (entry.explained, *entry.witnesses, error_bar(entry)))]
    if metrics.get("accept_length"):
        lines.append(Message("console.accept_length", tokens=metrics["accept_length"]))
    lines += accuracy_lines(entry.accuracy)
    if len(entry.objectives) > 1:  # a failed one that stands in the headline alone would be missed here
        lines += [
            Message("console.rule_holds" if rule.holds else "console.rule_violated", text=rule.text)
            for rule in entry.objectives
        ]
    lines += _checks(entry, CheckStatus.INVALID, CheckStatus.FINDING)
    lines += _checks(entry, CheckStatus.NOT_CHECKED)
    if metrics.get("resent"):  # a finding stands there already
        ok = [check for check in entry.checks if check.name == "resent" and check.state is CheckStatus.OK]
        lines += [Message("console.note", text=check.text) for check in ok]
    if (compared := entry.comparison) is not None:
        lines += [Message("console.differs", difference=line) for line in compared.differences]
        lines += [Message("console.note", text=note) for note in compared.notes]
        lines += comparison.undecided(entry)
    lines += _advice(entry)
    lines += [
        Message("console.note", text=note) for note in (() if entry.server is None else entry.server.notes)
    ]
    return [str(line) for line in lines]


_BESIDE = {
    CheckStatus.INVALID: "console.check_invalid",
    CheckStatus.FINDING: "console.check_finding",
    CheckStatus.NOT_CHECKED: "console.check_not_checked",
}


def _checks(entry: Entry, *states: CheckStatus) -> list[Message]:
    """Without the one that the headline has."""
    shown = [check for check in entry.checks if check is not first_invalid(entry) and check.state in states]
    return [Message(_BESIDE[check.state], check=check.name, text=_with_remedy(check)) for check in shown]


def _with_remedy(check: CheckEntry) -> Message | str:
    return (
        Message("console.with_remedy", text=check.text, remedy=check.remedy) if check.remedy else check.text
    )


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
    made = "console.client_error_kept" if error.kept else "console.client_error_measured"
    return str(
        Message(
            "console.client_error",
            tpot_pct=error.tpot_error_pct,
            ttft_ms=error.ttft_error_ms,
            p99_ms=error.p99_itl_error_ms,
            streams=error.streams,
            itl_ms=error.itl_ms,
            made=Message(made, utc=error.made_utc),
        )
    )


def failure_text(entry: Entry) -> str:
    """What JUnit and the failures section show: the complete line first."""
    rules = [rule.text for rule in entry.objectives if not rule.holds and rule.text not in entry.headline]
    more = [f"  {line}" for line in (*rules, *_checks(entry, CheckStatus.INVALID), *_advice(entry))]
    return "\n".join([f"{entry.word}: {headline(entry)}", *more])


METRICS = (
    (Message("label.tpot_ms"), "tpot.mean"),
    (Message("label.ttft_ms"), "ttft.mean"),
    (Message("label.output_tok_s"), "output_throughput"),
    (Message("label.total_tok_s"), "total_throughput"),
    (Message("label.qpm"), "qpm"),
)


def metric_cell(metrics: Mapping[str, float], key: str) -> str:
    """The metric in a table."""
    if of_another_client(metrics, key):
        return str(Message("label.classic", value=number(metrics[f"classic.{key}"])))
    ends = bounds(key, metrics)
    if ends is not None:
        return str(Message("label.range", low=number(ends[0]), high=number(ends[1])))
    return number(metrics[key]) if key in metrics else "n/a"


def beside_green(tests: Sequence[Entry]) -> list[str]:
    """Which tests are PASSED with findings: the outcome alone does not show them."""
    named: list[Message] = []
    for entry in tests:
        names = [check.name for check in entry.checks if check.state is CheckStatus.FINDING]
        if entry.word is Outcome.PASSED and names:
            named.append(
                Message("console.test_findings", test=entry.name, checks=tuple(dict.fromkeys(names)))
            )
    return [str(Message("console.findings", tests=named))] if named else []


def summary_table(document: RunDocument) -> str:
    """The end of a session: a row a test, what did not run, and the run's outcome."""
    tests, lines = document.tests, list[object]()
    if tests:
        head = (
            Message("label.verdict"),
            Message("label.test"),
            *(name for name, _ in METRICS),
            Message("label.metrics"),
        )
        rows = [
            (verdict(entry), entry.name, *summary_cells(entry), headline_metrics(entry)) for entry in tests
        ]
        lines.append(table(head, rows, left=(0, 1, len(head) - 1)))
    # of a run by another client the table has that client's figures, each named so
    own = (entry for entry in tests if any(key in entry.metrics for _, key in METRICS))
    if any(not entry.curve and entry.accuracy is None for entry in own):
        lines.append(Message("console.two_definitions"))
    if decode := document.of("ali-decode"):
        views = [(str(entry.batch_size), *decode_cells(entry.metrics)) for entry in decode]
        lines.append(table((Message("label.batch_size"), *(name for name, _ in DECODE)), views))
    if compared := comparison.comparison_rows(tests):
        lines.append(table(comparison.HEAD, compared, left=comparison.TEXT_COLUMNS))
    if document.not_run:
        lines.append(Message("console.not_run", tests=tuple(map(short_name, document.not_run))))
    red = [entry for entry in tests if entry.word is not Outcome.PASSED]
    lines += [f"{entry.word} {entry.name}: {headline(entry)}" for entry in red]
    lines += [*beside_green(tests), *run_facts(document)]
    if document.word is not None or document.state is not RunState.RUNNING:
        lines.append(Message("console.verdict", verdict=run_verdict(document)))
    return "\n".join(map(str, lines))


def summary_cells(entry: Entry) -> list[str]:
    """Under the headings of METRICS."""
    return [metric_cell(entry.metrics, key) for _, key in METRICS]
