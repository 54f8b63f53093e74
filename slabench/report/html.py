"""report.html's own parts: the summary above pytest-html's table, our columns in it, and the same as a page of its own.

Whatever a server or a user wrote is escaped here; nothing is fetched from anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any

from slabench.report.charts import Series, bar_chart, line_chart
from slabench.report.console import DECODE, decode_cells, figure, run_facts, said, two

Entry = Mapping[str, Any]

# (heading, column name, metric)
COLUMNS = (
    ("TPOT mean (ms)", "tpot", "tpot.mean"),
    ("TTFT mean (ms)", "ttft", "ttft.mean"),
    ("total tok/s", "total", "total_throughput"),
    ("QPM", "qpm", "qpm"),
)


def css() -> str:
    """One style sheet for both pages; every selector is ours, so that pytest-html's own look stays."""
    return (
        ".slab{font:14px/1.45 system-ui,sans-serif;color:#1b1b1b;max-width:1180px}"
        ".slab table{border-collapse:collapse;margin:8px 0 16px}"
        ".slab td,.slab th{border:1px solid #cfcfcf;padding:3px 9px;text-align:right;white-space:nowrap}"
        ".slab td.text,.slab th.text{text-align:left;white-space:normal}"
        ".slab th{background:#f2f2f2}"
        ".slab .word{font-weight:700}"
        ".slab .PASSED,td.col-verdict.PASSED{color:#1c6b34}.slab .FAILED,td.col-verdict.FAILED{color:#a61b1b}"
        ".slab .INVALID,td.col-verdict.INVALID{color:#8a4b00}"
        ".slab .charts{display:flex;flex-wrap:wrap;gap:14px}"
        ".slab svg.chart{background:#fff;border:1px solid #e0e0e0;max-width:100%;height:auto}"
        ".slab svg text{font:12px system-ui,sans-serif;fill:#333}.slab svg .chart-title{font-weight:700;font-size:13px}"
        ".slab svg .grid{stroke:#ececec}.slab svg .note{font-size:11px}"
        ".slab svg .limit{stroke:#a61b1b;stroke-dasharray:6 4}.slab svg .limit-text{fill:#a61b1b}"
        ".slab li{overflow-wrap:anywhere}.slab details{margin:6px 0}"
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[object]], text: frozenset[int] = frozenset({0, 1})) -> str:
    """Cells are escaped; text: the columns that hold words."""

    def cells(tag: str, row: Sequence[object]) -> str:
        return "".join(f"<{tag}{' class=text' if k in text else ''}>{escape(str(one))}</{tag}>" for k, one in enumerate(row))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><thead><tr>{cells('th', head)}</tr></thead><tbody>{body}</tbody></table>"


def _list(items: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in items)}</ul>" if items else ""


def _of(data: Mapping[str, Any], method: str) -> list[Entry]:
    return [one for one in data["tests"] if one["method"] == method]


def summary_fragment(document: Mapping[str, Any]) -> str:
    """Word, labels, server, a table and the charts for each method that ran, what spoke in each test, what did not run."""
    word = document["word"] or "nothing was judged"
    parts = [
        f'<div class="slab"><h2>Verdict: <span class="word {escape(word)}">{escape(word)}</span></h2>',
        _list(run_facts(document)),
    ]
    sections: tuple[Callable[[Mapping[str, Any]], str], ...] = (_tencent, _ali_decode, _ali_prefill, _serving, _tests, _not_run)
    parts += [section(document) for section in sections]
    return "".join([*parts, "</div>"])


def _tencent(data: Mapping[str, Any]) -> str:
    tests = _of(data, "tencent")
    if not tests:
        return ""
    names = "test, verdict, num-prompts, request-rate, max-concurrency, QPM, input tok/s, output tok/s, total tok/s, "
    head = (names + "TTFT (ms), TPOT (ms), TPOT p99, longest gap (ms)").split(", ")
    keys = ("qpm", "input_throughput", "output_throughput", "total_throughput", "ttft.mean", "tpot.mean", "tpot.p99", "gap_max")
    rows = []
    for one in tests:
        plan = one["plan"]
        told = [plan.get(key) or "none" for key in ("count", "request_rate", "max_concurrency")]
        rows.append((one["id"].rpartition("::")[2], one["word"], *told, *(figure(one["metrics"], key) for key in keys)))
    bars = [
        (f"{one['plan']['count']} prompts", one["metrics"]["total_throughput"], one["word"] == "INVALID")
        for one in tests
        if "total_throughput" in one["metrics"]
    ]
    chart = bar_chart("Total token throughput", "", "tok/s", bars)
    return (
        f'<h3>tencent: TPOT at most 50 ms, as much throughput as possible</h3>{_table(head, rows)}<div class="charts">{chart}</div>'
    )


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
        drawn = [_points(tests, lambda one: one["point"].get("batch_size", 0), key, name) for key, name in views]
        series = [one for one in drawn if one.points]
        limit = next((rule["limit"] for one in tests for rule in one["objectives"] if rule["metric"] == "tpot.mean"), None)
        text = f"limit {limit:g} ms" if limit is not None else ""
        charts.append(line_chart("TPOT per batch size", "batch size", "ms", series, limit=limit, limit_text=text))
    parts = ["<h3>ali decode: TPOT per batch size, throughput per running requests</h3>"]
    keys = ("tpot.mean", "tpot.p99", "ttft.mean", "output_throughput", "output_throughput_per_gpu")
    head = ("test", "verdict", "TPOT mean (ms)", "TPOT p99", "TTFT mean", "output tok/s", "per GPU")
    rows = [(one["id"].rpartition("::")[2], one["word"], *(figure(one["metrics"], key) for key in keys)) for one in tests]
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
    clean = [(running, row["clean_median"] * factor) for running, factor, row in scaled if row.get("clean_median") is not None]
    if clean:
        every.append(Series("clean lines", clean))
    stored = [(running, row["baseline"] * factor) for running, factor, row in scaled if row.get("baseline") is not None]
    if stored:
        every.append(Series("baseline", stored))
    notes = [str(row["running"]) for row in curve]
    frontier = [Series("running requests", [(row["per_user"], row[key]) for row in curve], marked, joined=False, notes=notes)]
    return [
        line_chart(f"Decode throughput{' per GPU' if known else ''}", "running requests", unit, every),
        line_chart(f"Throughput{' per GPU' if known else ''} against per user", "tok/s per user", unit, frontier),
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
            one["word"],
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
    return f'<h3>ali prefill: input tokens per second</h3>{_table(head, rows)}<div class="charts">{chart}</div>'


def _serving(data: Mapping[str, Any]) -> str:
    tests = [*_of(data, "serving"), *_of(data, "ali-saturation")]
    if not tests:
        return ""
    head = ("test", "verdict", *(name for name, _, _ in COLUMNS))
    rows = [(one["id"].rpartition("::")[2], one["word"], *(figure(one["metrics"], key) for _, _, key in COLUMNS)) for one in tests]
    return f"<h3>serving</h3>{_table(head, rows)}"


def _tests(data: Mapping[str, Any]) -> str:
    """Each test's line and everything that has to be said beside it; red ones are open."""
    parts = []
    for one in data["tests"]:
        word, name = escape(one["word"]), escape(one["id"])
        opened = "" if one["word"] == "PASSED" else " open"
        summary = f'<summary><span class="word {word}">{word}</span> {name}: {escape(one["headline"])}</summary>'
        reasons = _list([f"reasons: {', '.join(one['reasons'])}"] if one["reasons"] else [])
        parts.append(f"<details{opened}>{summary}{_list([line.strip() for line in said(one)])}{reasons}</details>")
    return f"<h3>Why</h3>{''.join(parts)}" if parts else ""


def _not_run(data: Mapping[str, Any]) -> str:
    return f"<h3>Planned and not run</h3>{_list(data['not_run'])}" if data["not_run"] else ""


def table_header_cells() -> list[str]:
    """pytest-html 4: HTML strings, sortable by the td of the same name."""
    cells = ['<th class="sortable" data-column-type="verdict">Verdict</th>']
    return cells + [f'<th class="sortable" data-column-type="{name}">{escape(text)}</th>' for text, name, _ in COLUMNS]


def table_row_cells(entry: Entry | None) -> list[str]:
    """As many cells as the header has, empty for a report that is no measurement."""
    if entry is None:
        return ['<td class="col-verdict"></td>', *(f'<td class="col-{name}"></td>' for _, name, _ in COLUMNS)]
    word = escape(entry["word"])
    cells = [f'<td class="col-verdict {word}">{word}</td>']
    return cells + [f'<td class="col-{name}">{figure(entry["metrics"], key)}</td>' for _, name, key in COLUMNS]


def standalone_html(document: Mapping[str, Any]) -> str:
    """A whole page of the summary alone."""
    title = escape(f"slabench {document['word'] or ''} {document['run_id']}")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{css()}</style></head>'
        f"<body>{summary_fragment(document)}</body></html>\n"
    )
