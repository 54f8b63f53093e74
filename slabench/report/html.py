"""report.html's own parts: the summary above pytest-html's table, our columns in it, and the same as a page
of its own.

Whatever a server or a user wrote is escaped here; nothing is fetched from anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from slabench.report.capacity_section import capacity_html
from slabench.report.charts import Series, bar_chart, line_chart
from slabench.report.comparison import HEAD as COMPARED
from slabench.report.comparison import comparison_rows
from slabench.report.console import DECODE, decode_cells, figure, run_facts, said, two
from slabench.report.headline_metric import run_verdict, standing, verdict
from slabench.report.html_table import listed as _list
from slabench.report.html_table import table as _table

Entry = Mapping[str, Any]

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


def _of(data: Mapping[str, Any], method: str) -> list[Entry]:
    return [one for one in data["tests"] if one["method"] == method]


def summary_fragment(document: Mapping[str, Any]) -> str:
    """Word, labels, server, a table and the charts for each method that ran, what spoke in each test, what
    did not run."""
    word = document["word"] or "nothing was judged"
    labels = "".join(f' <span class="label">{escape(one)}</span>' for one in document["labels"])
    parts = [
        f'<div class="slab"><h2>Verdict: <span class="word {escape(word)}">{escape(run_verdict(document))}</span>{labels}</h2>',
        _list(run_facts(document)),
        _overview(document),
    ]
    sections: tuple[Callable[[Mapping[str, Any]], str], ...] = (
        _compared,
        _tencent,
        capacity_html,
        _ali_decode,
        _ali_prefill,
        _serving,
        _tests,
        _not_run,
    )
    parts += [section(document) for section in sections]
    return "".join([*parts, "</div>"])


def _overview(data: Mapping[str, Any]) -> str:
    """A row a test: what a reader wants first."""
    rows = [(one["id"].rpartition("/")[2], verdict(one), standing(one)) for one in data["tests"]]
    return _table(("test", "verdict", "figure"), rows, frozenset({0, 1, 2})) if rows else ""


def _compared(data: Mapping[str, Any]) -> str:
    rows = comparison_rows(data["tests"])
    return (
        f"<h3>Old and new</h3>{_table(COMPARED, rows, frozenset({0, 1, 4, len(COMPARED) - 1}))}"
        if rows
        else ""
    )


def _tencent(data: Mapping[str, Any]) -> str:
    tests = _of(data, "tencent")
    if not tests:
        return ""
    names = "test, verdict, num-prompts, request-rate, max-concurrency, QPM, input tok/s, output tok/s, total tok/s, "
    head = (names + "TTFT (ms), TPOT (ms), TPOT p99, longest gap (ms)").split(", ")
    keys = (
        "qpm",
        "input_throughput",
        "output_throughput",
        "total_throughput",
        "ttft.mean",
        "tpot.mean",
        "tpot.p99",
        "gap_max",
    )
    rows = []
    for one in tests:
        plan = one["plan"]
        told = [plan.get(key) or "none" for key in ("count", "request_rate", "max_concurrency")]
        rows.append(
            (
                one["id"].rpartition("::")[2],
                verdict(one),
                *told,
                *(figure(one["metrics"], key) for key in keys),
            )
        )
    bars = [
        (f"{one['plan']['count']} prompts", one["metrics"]["total_throughput"], one["word"] == "INVALID")
        for one in tests
        if "total_throughput" in one["metrics"]
    ]
    chart = bar_chart("Total token throughput", "", "tok/s", bars)
    title = "<h3>tencent: TPOT at most 50 ms, as much throughput as possible</h3>"
    return f'{title}{_table(head, rows)}<div class="charts">{chart}</div>'


def _points(tests: Sequence[Entry], x: Callable[[Entry], float], key: str, name: str) -> Series:
    known = sorted((one for one in tests if key in one["metrics"]), key=x)
    hollow = frozenset(k for k, one in enumerate(known) if one["word"] == "INVALID")
    return Series(name, [(x(one), one["metrics"][key]) for one in known], hollow)


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


def _ali_decode(data: Mapping[str, Any]) -> str:
    tests, curves = _of(data, "ali-decode"), _of(data, "ali-decode-curve")
    if not tests and not curves:
        return ""
    charts = []
    if tests:
        views = (("tpot.mean", "mean"), ("full_batch.tpot", "full batch"), ("log.tpot", "deploy log"))
        drawn = [
            _points(tests, lambda one: one["point"].get("batch_size", 0), key, name) for key, name in views
        ]
        series = [one for one in drawn if one.points]
        limit = next(
            (rule["limit"] for one in tests for rule in one["objectives"] if rule["metric"] == "tpot.mean"),
            None,
        )
        text = f"limit {limit:g} ms" if limit is not None else ""
        charts.append(
            line_chart("TPOT per batch size", "batch size", "ms", series, limit=limit, limit_text=text)
        )
    parts = ["<h3>ali decode: TPOT per batch size, throughput per running requests</h3>"]
    keys = ("tpot.mean", "tpot.p99", "ttft.mean", "output_throughput", "output_throughput_per_gpu")
    head = ("test", "verdict", "TPOT mean (ms)", "TPOT p99", "TTFT mean", "output tok/s", "per GPU")
    rows = [
        (one["id"].rpartition("::")[2], verdict(one), *(figure(one["metrics"], key) for key in keys))
        for one in tests
    ]
    parts.append(_table(head, rows) if rows else "")
    if tests:
        views_head = ("test", *(name for name, _ in DECODE))
        shown = [(one["id"].rpartition("::")[2], *decode_cells(one["metrics"])) for one in tests]
        parts.append(_table(views_head, shown, frozenset({0})))
    for one in curves:
        curve = sorted(one.get("curve", ()), key=lambda row: row["running"])
        charts += _curve_charts(curve, hollow=one["word"] == "INVALID")
        points = [[str(row["running"]), *(_cell(row.get(key)) for _, key in POINT)] for row in curve]
        if points:
            table = _table(("running requests", *(name for name, _ in POINT)), points, frozenset())
            parts.append(f"<details><summary>The decode curve's points</summary>{table}</details>")
    return "".join([*parts, f'<div class="charts">{"".join(charts)}</div>'])


def _curve_charts(curve: Sequence[Mapping[str, Any]], *, hollow: bool) -> list[str]:
    if not curve:
        return []
    marked = frozenset(range(len(curve))) if hollow else frozenset[int]()
    # Without a number of GPUs the curve is the scheduler's own.
    known = all(row["per_gpu"] is not None for row in curve)
    key, unit = ("per_gpu", "tok/s per GPU") if known else ("median", "tok/s, GPUs unknown")
    every = [Series("all lines", [(row["running"], row[key]) for row in curve], marked)]
    scaled = [(row["running"], row[key] / row["median"], row) for row in curve if row["median"]]
    clean = [
        (running, row["clean_median"] * factor)
        for running, factor, row in scaled
        if row.get("clean_median") is not None
    ]
    if clean:
        every.append(Series("clean lines", clean))
    stored = [
        (running, row["baseline"] * factor)
        for running, factor, row in scaled
        if row.get("baseline") is not None
    ]
    if stored:
        every.append(Series("baseline", stored))
    notes = [str(row["running"]) for row in curve]
    frontier = [
        Series(
            "running requests",
            [(row["per_user"], row[key]) for row in curve],
            marked,
            joined=False,
            notes=notes,
        )
    ]
    return [
        line_chart(f"Decode throughput{' per GPU' if known else ''}", "running requests", unit, every),
        line_chart(
            f"Throughput{' per GPU' if known else ''} against per user", "tok/s per user", unit, frontier
        ),
    ]


def _ali_prefill(data: Mapping[str, Any]) -> str:
    tests = _of(data, "ali-prefill")
    if not tests:
        return ""
    per_gpu = all("input_throughput_per_gpu" in one["metrics"] for one in tests)
    key = "input_throughput_per_gpu" if per_gpu else "input_throughput"
    unit = "input tok/s per GPU" if per_gpu else "input tok/s, GPUs unknown"
    head = ("test", "verdict", "prompt tokens", "input tok/s", unit, "TTFT mean (ms)")
    rows = [
        (
            one["id"].rpartition("::")[2],
            verdict(one),
            one["point"].get("input_len", "n/a"),
            *(figure(one["metrics"], name) for name in ("input_throughput", key, "ttft.mean")),
        )
        for one in tests
    ]
    bars = [
        (f"{one['point'].get('input_len', '?')} tokens", one["metrics"][key], one["word"] == "INVALID")
        for one in tests
        if key in one["metrics"]
    ]
    chart = bar_chart("Prefill throughput", "", unit, bars)
    return (
        f'<h3>ali prefill: input tokens per second</h3>{_table(head, rows)}<div class="charts">{chart}</div>'
    )


def _serving(data: Mapping[str, Any]) -> str:
    tests = [*_of(data, "serving"), *_of(data, "ali-saturation")]
    if not tests:
        return ""
    head = ("test", "verdict", *(name for name, _, _ in COLUMNS))
    rows = [
        (one["id"].rpartition("::")[2], verdict(one), *(figure(one["metrics"], key) for _, _, key in COLUMNS))
        for one in tests
    ]
    return f"<h3>serving</h3>{_table(head, rows)}"


def _tests(data: Mapping[str, Any]) -> str:
    """Each test's line and everything that has to be said beside it; red ones are open."""
    parts = []
    for one in data["tests"]:
        word, name = escape(one["word"]), escape(one["id"])
        opened = "" if one["word"] == "PASSED" else " open"
        summary = f'<summary><span class="word {word}">{escape(verdict(one))}</span> {name}: {escape(one["headline"])}</summary>'
        parts.append(f"<details{opened}>{summary}{_list([line.strip() for line in said(one)])}</details>")
    return f"<h3>Why</h3>{''.join(parts)}" if parts else ""


def _not_run(data: Mapping[str, Any]) -> str:
    return f"<h3>Planned and not run</h3>{_list(data['not_run'])}" if data["not_run"] else ""


def table_header_cells() -> list[str]:
    """pytest-html 4: HTML strings, sortable by the td of the same name."""
    cells = [_header("verdict", "Verdict"), _header("testId", "Test"), _header("figure", "Figure")]
    return cells + [_header(name, text) for text, name, _ in COLUMNS]


def _header(name: str, text: str) -> str:
    return f'<th class="sortable" data-column-type="{name}">{escape(text)}</th>'


def table_row_cells(test_id: str, entry: Entry | None) -> list[str]:
    """As many cells as the header has, empty for a report that is no measurement."""
    word, shown, stands = (
        ("", "", "") if entry is None else (escape(entry["word"]), verdict(entry), standing(entry))
    )
    cells = [
        f'<td class="col-verdict word {word}">{escape(shown)}</td>',
        f'<td class="col-testId">{escape(test_id)}</td>',
        f'<td class="col-figure">{escape(stands)}</td>',
    ]
    metrics: Mapping[str, float] = {} if entry is None else entry["metrics"]
    return cells + [
        f'<td class="col-{name}">{_sortable(metrics, key, entry)}</td>' for _, name, key in COLUMNS
    ]


def _sortable(metrics: Mapping[str, float], key: str, entry: Entry | None) -> str:
    """pytest-html sorts a cell's markup as text, where 121 comes before 88: the number in front has a fixed
    width.
    """
    if entry is None:
        return ""
    value = f"{metrics[key]:020.6f}" if key in metrics else ""
    return f'<data value="{value}">{figure(metrics, key)}</data>'


def standalone_html(document: Mapping[str, Any]) -> str:
    """A whole page of the summary alone."""
    title = escape(f"slabench {document['word'] or ''} {document['run_id']}")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title><style>{css()}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{summary_fragment(document)}</body></html>\n'
