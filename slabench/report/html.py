"""report.html's own parts: the summary above pytest-html's table, our columns in it, and the summary as a
page.

Whatever a server or a user wrote is escaped here; nothing is fetched from anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path

from slabench.messages.language import current
from slabench.report import comparison
from slabench.report.capacity_section import capacity_html
from slabench.report.charts.static_svg import Series, bar_chart, line_chart
from slabench.report.console import DECODE, decode_cells, details, metric_cell, two
from slabench.report.headline import headline
from slabench.report.headline_metric import headline_metrics, run_verdict, verdict
from slabench.report.html_table import listed as _list
from slabench.report.html_table import table as _table
from slabench.report.run_facts import run_facts
from slabench.run_document.entry import CurveRow, Entry
from slabench.run_document.run import RunDocument
from slabench.verdict.outcome import Outcome

# (heading, column name, metric)
COLUMNS = (
    ("TPOT mean (ms)", "tpot", "tpot.mean"),
    ("TTFT mean (ms)", "ttft", "ttft.mean"),
    ("total tok/s", "total", "total_throughput"),
    ("QPM", "qpm", "qpm"),
)


def css() -> str:
    """The style sheet of both pages."""
    return (Path(__file__).with_name("style.css")).read_text(encoding="utf-8")


def pytest_html_css() -> str:
    """What pytest-html's page needs beside it, for where a live run is reported."""
    return css() + (Path(__file__).with_name("pytest_html.css")).read_text(encoding="utf-8")


def summary_fragment(document: RunDocument) -> str:
    """Outcome, labels, server, a table and the charts for each method, everything about each test."""
    word = escape(document.word or "nothing was judged")
    labels = "".join(f' <span class="label">{escape(label)}</span>' for label in document.labels)
    verdict_line = f'Verdict: <span class="word {word}">{escape(run_verdict(document))}</span>{labels}'
    sections: tuple[Callable[[RunDocument], str], ...] = (
        _overview,
        _compared,
        _tencent,
        capacity_html,
        _ali_decode,
        _ali_prefill,
        _serving,
        _tests,
        _not_run,
    )
    parts = [f'<div class="slab"><h2>{verdict_line}</h2>', _list(run_facts(document))]
    return "".join([*parts, *(section(document) for section in sections), "</div>"])


def _overview(document: RunDocument) -> str:
    """A row a test: what a reader wants first."""
    rows = [(entry.name, verdict(entry), headline_metrics(entry)) for entry in document.tests]
    return _table(("test", "verdict", "metrics"), rows, frozenset({0, 1, 2})) if rows else ""


def _compared(document: RunDocument) -> str:
    rows = comparison.comparison_rows(document.tests)
    table = _table(comparison.HEAD, rows, frozenset(comparison.TEXT_COLUMNS))
    return f"<h3>Old and new</h3>{table}" if rows else ""


def _test_cells(entry: Entry, keys: Sequence[str], *between: object) -> tuple[object, ...]:
    """Test, verdict, what stands between, and the metrics."""
    name = entry.id.rpartition("::")[2]
    return (name, verdict(entry), *between, *(metric_cell(entry.metrics, key) for key in keys))


def _bars(tests: Sequence[Entry], key: str, name: Callable[[Entry], str]) -> list[tuple[str, float, bool]]:
    known = [entry for entry in tests if key in entry.metrics]
    return [(name(entry), entry.metrics[key], entry.word is Outcome.INVALID) for entry in known]


def _tencent(document: RunDocument) -> str:
    tests = document.of("tencent")
    if not tests:
        return ""
    head = (
        "test, verdict, num-prompts, request-rate, max-concurrency, QPM, input tok/s, output tok/s, total "
        "tok/s, TTFT (ms), TPOT (ms), TPOT p99, longest gap (ms)"
    ).split(", ")
    keys = (
        "qpm input_throughput output_throughput total_throughput ttft.mean tpot.mean tpot.p99 gap_max"
    ).split()
    options = ("count", "request_rate", "max_concurrency")
    rows = [_test_cells(entry, keys, *(entry.plan.get(key) or "none" for key in options)) for entry in tests]
    bars = _bars(tests, "total_throughput", lambda entry: f"{entry.plan['count']} prompts")
    chart = bar_chart("Total token throughput", "", "tok/s", bars)
    title = "<h3>tencent: TPOT at most 50 ms, as much throughput as possible</h3>"
    return f'{title}{_table(head, rows)}<div class="charts">{chart}</div>'


def _points(tests: Sequence[Entry], key: str, name: str) -> Series:
    """A metric of the decode tests by their batch size."""
    sized = [(entry.batch_size or 0, entry) for entry in tests if key in entry.metrics]
    sized.sort(key=lambda pair: pair[0])
    hollow = frozenset(k for k, (_, entry) in enumerate(sized) if entry.word is Outcome.INVALID)
    return Series(name, [(size, entry.metrics[key]) for size, entry in sized], hollow)


# The decode curve's columns: every line first, then the clean ones, then the client, then a baseline.
POINT = (
    ("samples", "samples"),
    ("median tok/s", "median"),
    ("q1", "q1"),
    ("q3", "q3"),
    ("per GPU", "per_gpu"),
    ("per user", "per_user"),
    ("clean samples", "clean_samples"),
    ("clean median", "clean_median"),
    ("clean q1", "clean_q1"),
    ("clean q3", "clean_q3"),
    ("clean per GPU", "clean_per_gpu"),
    ("clean TPOT (ms), by the median", "clean_tpot_ms"),
    ("by the mean", "clean_tpot_mean_ms"),
    ("full-batch TPOT (ms)", "full_batch_tpot_ms"),
    ("baseline median", "baseline"),
)


def _cell(value: float | None) -> str:
    return str(value) if isinstance(value, int) else two(value)


def _ali_decode(document: RunDocument) -> str:
    tests, curves = document.of("ali-decode"), document.of("ali-decode-curve")
    if not tests and not curves:
        return ""
    parts, charts = ["<h3>ali decode: TPOT per batch size, throughput per running requests</h3>"], []
    if tests:
        charts.append(_decode_chart(tests))
        keys = ("tpot.mean", "tpot.p99", "ttft.mean", "output_throughput", "output_throughput_per_gpu")
        head = ("test", "verdict", "TPOT mean (ms)", "TPOT p99", "TTFT mean", "output tok/s", "per GPU")
        parts.append(_table(head, [_test_cells(entry, keys) for entry in tests]))
        views = [(entry.id.rpartition("::")[2], *decode_cells(entry.metrics)) for entry in tests]
        parts.append(_table(("test", *(name for name, _ in DECODE)), views, frozenset({0})))
    for entry in curves:
        curve = sorted(entry.curve or (), key=lambda row: row.running)
        charts += _curve_charts(curve, hollow=entry.word is Outcome.INVALID)
        points = [[str(row.running), *(_cell(getattr(row, name)) for _, name in POINT)] for row in curve]
        if points:
            table = _table(("running requests", *(name for name, _ in POINT)), points, frozenset())
            parts.append(f"<details><summary>The decode curve's points</summary>{table}</details>")
    return "".join([*parts, f'<div class="charts">{"".join(charts)}</div>'])


def _decode_chart(tests: Sequence[Entry]) -> str:
    views = (("tpot.mean", "mean"), ("full_batch.tpot", "full batch"), ("log.tpot", "deploy log"))
    series = [drawn for key, name in views if (drawn := _points(tests, key, name)).points]
    rules = [rule.limit for entry in tests for rule in entry.objectives if rule.metric == "tpot.mean"]
    limit = rules[0] if rules else None
    text = "" if limit is None else f"limit {limit:g} ms"
    return line_chart("TPOT per batch size", "batch size", "ms", series, limit=limit, limit_text=text)


def _curve_charts(curve: Sequence[CurveRow], *, hollow: bool) -> list[str]:
    if not curve:
        return []
    marked = frozenset(range(len(curve))) if hollow else frozenset[int]()
    # Without a number of GPUs the curve is the scheduler's own.
    known = all(row.per_gpu is not None for row in curve)
    unit = "tok/s per GPU" if known else "tok/s, GPUs unknown"
    shown = [(row, row.median if row.per_gpu is None or not known else row.per_gpu) for row in curve]
    every = [Series("all lines", [(row.running, value) for row, value in shown], marked)]
    for name, of in (("clean lines", "clean_median"), ("baseline", "baseline")):
        points = [
            (row.running, median * value / row.median)
            for row, value in shown
            if row.median and (median := getattr(row, of)) is not None
        ]
        every += [Series(name, points)] if points else []
    notes = [str(row.running) for row in curve]
    users = [(row.per_user, value) for row, value in shown]
    frontier = [Series("running requests", users, marked, joined=False, notes=notes)]
    per_gpu = " per GPU" if known else ""
    return [
        line_chart(f"Decode throughput{per_gpu}", "running requests", unit, every),
        line_chart(f"Throughput{per_gpu} against per user", "tok/s per user", unit, frontier),
    ]


def _ali_prefill(document: RunDocument) -> str:
    tests = document.of("ali-prefill")
    if not tests:
        return ""
    per_gpu = all("input_throughput_per_gpu" in entry.metrics for entry in tests)
    key = "input_throughput_per_gpu" if per_gpu else "input_throughput"
    unit = "input tok/s per GPU" if per_gpu else "input tok/s, GPUs unknown"
    head = ("test", "verdict", "prompt tokens", "input tok/s", unit, "TTFT mean (ms)")
    keys = ("input_throughput", key, "ttft.mean")
    rows = [_test_cells(entry, keys, entry.point.get("input_len", "n/a")) for entry in tests]
    bars = _bars(tests, key, lambda entry: f"{entry.point.get('input_len', '?')} tokens")
    chart = bar_chart("Prefill throughput", "", unit, bars)
    title = "<h3>ali prefill: input tokens per second</h3>"
    return f'{title}{_table(head, rows)}<div class="charts">{chart}</div>'


def _serving(document: RunDocument) -> str:
    keys = [key for _, _, key in COLUMNS]
    rows = [_test_cells(entry, keys) for entry in document.of("serving", "ali-saturation")]
    head = ("test", "verdict", *(name for name, _, _ in COLUMNS))
    return f"<h3>serving</h3>{_table(head, rows)}" if rows else ""


def _tests(document: RunDocument) -> str:
    """Each test's line and everything that stands beside it; red ones are open."""
    parts = []
    for entry in document.tests:
        opened = "" if entry.word is Outcome.PASSED else " open"
        word = f'<span class="word {entry.word}">{escape(verdict(entry))}</span>'
        line = f"{escape(entry.id)}: {escape(headline(entry))}"
        summary = f"<summary>{word} {line}</summary>"
        parts.append(f"<details{opened}>{summary}{_list(details(entry))}</details>")
    return f"<h3>Why</h3>{''.join(parts)}" if parts else ""


def _not_run(document: RunDocument) -> str:
    return f"<h3>Planned and not run</h3>{_list(document.not_run)}" if document.not_run else ""


def table_header_cells() -> list[str]:
    """pytest-html 4: HTML strings, sortable by the td of the same name."""
    cells = [_header("verdict", "Verdict"), _header("testId", "Test"), _header("metrics", "Metrics")]
    return cells + [_header(name, text) for text, name, _ in COLUMNS]


def _header(name: str, text: str) -> str:
    return f'<th class="sortable" data-column-type="{name}">{escape(text)}</th>'


def table_row_cells(test_id: str, entry: Entry | None) -> list[str]:
    """As many cells as the header has, empty for a report that is no measurement."""
    if entry is None:
        word = shown = metrics = ""
        cells = ["" for _ in COLUMNS]
    else:
        word, shown, metrics = entry.word.value, verdict(entry), headline_metrics(entry)
        cells = [_sortable(entry.metrics, key) for _, _, key in COLUMNS]
    return [
        f'<td class="col-verdict word {word}">{escape(shown)}</td>',
        f'<td class="col-testId">{escape(test_id)}</td>',
        f'<td class="col-metrics">{escape(metrics)}</td>',
        *(f'<td class="col-{name}">{cell}</td>' for (_, name, _), cell in zip(COLUMNS, cells, strict=True)),
    ]


def _sortable(metrics: Mapping[str, float], key: str) -> str:
    """pytest-html sorts a cell's markup as text, where 121 comes before 88: the number in front has a fixed
    width.
    """
    value = f"{metrics[key]:020.6f}" if key in metrics else ""
    return f'<data value="{value}">{metric_cell(metrics, key)}</data>'


def standalone_html(document: RunDocument) -> str:
    """A whole page of the summary alone."""
    title = escape(f"slabench {document.word or ''} {document.run_id}")
    return page(title, summary_fragment(document))


def page(title: str, body: str) -> str:
    """title and body are HTML."""
    meta = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head = f"<head>{meta}<title>{title}</title><style>{css()}</style></head>"
    return f'<!doctype html><html lang="{current()}">{head}<body>{body}</body></html>\n'
