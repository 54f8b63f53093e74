"""One test: its findings, its charts, its percentiles, its objectives, comparisons and checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from slabench.messages import Message
from slabench.metrics.definitions import declared, metric_of
from slabench.report import comparison
from slabench.report.accuracy_section import accuracy_lines
from slabench.report.console import error_bar
from slabench.report.headline_metric import verdict
from slabench.report.page.table import NONE, Cell, Table, columns, label, metric, numeric
from slabench.report.rerun import rerun
from slabench.run_document.entry import CheckEntry, Entry
from slabench.run_document.run import RunDocument
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.reasons import in_words

SPREAD = ("ttft", "tpot", "itl", "e2el", "ttft_queue", "ttft_prefill", "ttft_outside")
STATISTICS = ("mean", "p50", "p90", "p95", "p99", "max")
CLASSIC = ("classic.ttft", "classic.tpot", "classic.itl", "classic.e2el")
CLASSIC_STATISTICS = ("mean", "median", None, "p95", "p99", "max")
STATES = {
    CheckStatus.INVALID: "INVALID",
    CheckStatus.FINDING: "INVALID",
    CheckStatus.NOT_CHECKED: "",
    CheckStatus.OK: "PASSED",
}


@dataclass(frozen=True, slots=True)
class EntryView:
    """prominent: checks that are INVALID or a finding, which stand outside of what a click opens."""

    anchor: str
    id: str
    word: str
    verdict: str
    headline: str
    prominent: tuple[tuple[str, str, str, str], ...]
    tables: tuple[Table, ...]
    checks: Table
    lines: tuple[str, ...]
    command: str
    opened: bool


def entry_view(document: RunDocument, entry: Entry, anchor: str) -> EntryView:
    shown = (CheckStatus.INVALID, CheckStatus.FINDING)
    prominent = [check for state in shown for check in entry.checks if check.state is state]
    tables = (_percentiles(entry), _objectives(entry), _answers(entry), _repeats(entry))
    return EntryView(
        anchor,
        entry.id,
        entry.word,
        verdict(entry),
        entry.headline,
        tuple((check.state.value, check.name, check.text, check.remedy) for check in prominent),
        tuple(table for table in tables if table.rows),
        _checks(entry),
        tuple(_lines(entry)),
        rerun(document, [entry.id]),
        entry.word != "PASSED",
    )


def _percentiles(entry: Entry) -> Table:
    """A row a metric that has statistics; n: the requests behind it."""
    classic = "completed" not in entry.metrics
    names, statistics = (CLASSIC, CLASSIC_STATISTICS) if classic else (SPREAD, STATISTICS)
    rows = []
    for name in names:
        keys = [f"{name}.{statistic}" for statistic in statistics]
        if not any(key in entry.metrics for key in keys):
            continue
        known = declared(f"{name}.mean")
        title = f"{known.label or name} ({known.unit})" if known.unit else name
        rows.append([Cell(title), _count(entry, name), *(metric(entry.metrics, key) for key in keys)])
    return Table(label("percentiles"), columns("metric:text", "n", *STATISTICS), rows)


def _count(entry: Entry, name: str) -> Cell:
    """Values behind the row: of tokens as the distribution counts them, else the requests that came back."""
    counted = [each.n for each in entry.distributions if each.metric == name and each.side == "new"]
    known = metric_of(f"{name}.mean")
    if counted:
        return numeric(counted[0])
    if known is None or known.per != "request":
        return Cell(NONE)
    return numeric(entry.metrics.get("completed", entry.metrics.get("classic.completed")))


def _objectives(entry: Entry) -> Table:
    rows = []
    for rule in entry.objectives:
        kept = Cell(label("holds" if rule.holds else "violated"), word="PASSED" if rule.holds else "FAILED")
        distance = (
            Cell(NONE) if rule.margin_pct is None else Cell(f"{rule.margin_pct:+.1f} %", rule.margin_pct)
        )
        limit = Cell(f"{rule.op} {rule.limit:g}", rule.limit)
        rows.append(
            [
                Cell(rule.metric),
                Cell(rule.kind),
                kept,
                numeric(rule.observed),
                limit,
                Cell(rule.unit),
                distance,
                numeric(rule.n),
            ]
        )
    head = columns(
        "metric:text", "kind:text", "result:text", "observed", "limit", "unit:text", "distance", "n"
    )
    return Table(label("objectives"), head, rows)


def _answers(entry: Entry) -> Table:
    """A row a metric of the answers of both servers."""
    known = entry.answers
    rows = [
        [
            Cell(each.metric),
            Cell(label("holds" if each.holds else "violated"), word="PASSED" if each.holds else "FAILED"),
            *(numeric(value) for value in (each.value, each.low, each.high)),
            Cell(f"{each.op} {each.limit:g}", each.limit),
            Cell(declared(each.metric).unit),
            numeric(each.n),
        ]
        for each in (() if known is None else known.metrics)
    ]
    head = columns(
        "metric:text", "result:text", "observed", "interval_low", "interval_high", "limit", "unit:text", "n"
    )
    return Table(label("answers"), head, rows)


def _repeats(entry: Entry) -> Table:
    keys = ("tpot.mean", "ttft.mean", "output_throughput", "total_throughput")
    rows = [
        [
            Cell(label(f"side.{load.side}")), numeric(load.repeat),
            *(metric(load.metrics, key) for key in keys),
            numeric(load.duration_s), Cell(", ".join(load.invalid) or NONE),
        ]
        for load in entry.repeats
    ]  # fmt: skip
    names = ("tpot_ms", "ttft_ms", "output_rate", "total_rate")
    return Table(label("repeats"), columns("side:text", "repeat", *names, "seconds", "invalid:text"), rows)


def _checks(entry: Entry) -> Table:
    """INVALID first, then findings, then what was not checked, then the rest."""
    order = list(STATES)
    rows = [_check_row(check) for check in sorted(entry.checks, key=lambda check: order.index(check.state))]
    return Table(
        label("checks", count=len(rows)),
        columns("check:text", "state:text", "observed_limit:long", "todo:long"),
        rows,
    )


def _check_row(check: CheckEntry) -> list[Cell]:
    state = Cell(label(f"state.{check.state.value}"), word=STATES[check.state])
    return [Cell(check.name), state, Cell(check.text), Cell(check.remedy)]


def _lines(entry: Entry) -> Iterator[str]:
    """What stands beside the headline and in no table."""
    if entry.reasons:
        yield str(Message("console.reasons", reasons=in_words(entry.reasons)))
    if entry.absent:
        yield str(Message("console.not_judged", reasons=in_words(entry.absent)))
    yield from entry.labels
    yield from filter(None, (entry.explained, *entry.witnesses, error_bar(entry)))
    yield from map(str, accuracy_lines(entry.accuracy))
    if entry.metrics.get("accept_length"):
        yield str(Message("console.accept_length", tokens=entry.metrics["accept_length"]))
    if (compared := entry.comparison) is not None:
        yield from (str(Message("console.differs", difference=line)) for line in compared.differences)
        yield from compared.notes
        yield from map(str, comparison.undecided(entry))
    yield from entry.advice
    yield from () if entry.server is None else entry.server.notes
    if entry.errors is not None:
        yield from entry.errors.examples


def anchors(document: RunDocument, prefix: str) -> Mapping[str, str]:
    """Test id -> fragment; ids of tests have characters that a fragment cannot hold."""
    return {entry.id: f"#{prefix}test-{place}" for place, entry in enumerate(document.tests, 1)}
