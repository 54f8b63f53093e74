"""A history on the console and as a page: its versions, each metric by version, and the changes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from slabench.history.file import History
from slabench.history.series import Series
from slabench.messages import metric_name, number
from slabench.report.charts.history import history_charts
from slabench.report.page.gallery import figures
from slabench.report.page.render import Group, listing_page
from slabench.report.page.table import Column, Table, texts
from slabench.report.sanitize import plain
from slabench.report.text_table import table
from slabench.verdict.change_points import ALPHA, LEAST_RUNS, ChangePoint

Cells = tuple[str, ...]
VERSIONS = ("version", "runs", "FAILED", "first", "last", "accepted")
METRICS = ("test", "metric", "unit", "version", "runs", "mean", "spread of runs")


def as_text(history: History, series: Sequence[Series]) -> str:
    lines = [*_facts(history), table(VERSIONS, _versions(history), left=(0, 5))]
    for deployment, group in _deployments(series).items():
        lines += ["", deployment, table(METRICS, _metrics(group), left=(0, 1, 2, 3))]
    return "\n".join([*lines, "", *_changes(series)])


def as_html(history: History, series: Sequence[Series]) -> str:
    groups = [Group(tables=(_table("versions", VERSIONS, _versions(history), (0, 5)),))]
    groups.append(Group("Changes", lines=tuple(_changes(series))))
    for place, (deployment, group) in enumerate(_deployments(series).items(), 1):
        drawn = tuple(figures(history_charts(group), f"d{place}-"))
        cells = _table(deployment, METRICS, _metrics(group), (0, 1, 2, 3))
        groups.append(Group(deployment, figures=drawn, tables=(cells,)))
    name = plain(history.path)
    return listing_page(f"slabench history {name}", f"History {name}", _facts(history), groups)


def _table(title: str, head: Sequence[str], rows: Sequence[Cells], text: Sequence[int]) -> Table:
    columns = [Column(name, "text" if place in text else "") for place, name in enumerate(head)]
    return Table(title, columns, [texts(row) for row in rows])


def _deployments(series: Sequence[Series]) -> dict[str, list[Series]]:
    groups: dict[str, list[Series]] = {}
    for each in series:
        groups.setdefault(plain(each.deployment), []).append(each)
    return groups


def _facts(history: History) -> list[str]:
    runs = history.runs
    dates = f", {runs[0].utc[:10]} to {runs[-1].utc[:10]}" if runs else ""
    simulated = "SIMULATED: runs of the embedded server, no GPU." if history.simulated else None
    lines = [f"{history.path}: {len(runs)} run{'' if len(runs) == 1 else 's'}{dates}."]
    failed = ", ".join(f"{run.run_id} ({run.version})" for run in runs if run.failed)
    marked = f"FAILED, and measured validly: {failed}." if failed else None
    return [plain(line) for line in (*lines, simulated, marked, *history.skipped) if line is not None]


def _versions(history: History) -> list[Cells]:
    rows: list[Cells] = []
    for version in dict.fromkeys(run.version for run in history.runs):
        runs = [run for run in history.runs if run.version == version]
        above = history.accepted.get(version)
        accepted = (
            "" if above is None else f"{sum(run.version == version for run in history.runs[:above])} runs"
        )
        failed = sum(run.failed for run in runs)
        dates = runs[0].utc[:10], runs[-1].utc[:10]
        rows.append((plain(version), str(len(runs)), str(failed or ""), *dates, accepted))
    return rows


def _metrics(series: Sequence[Series]) -> list[Cells]:
    rows = []
    for each in series:
        for version, values in each.by_version():
            mean = statistics.fmean(values)
            spread = f"{statistics.stdev(values) / mean:.2%}" if len(values) > 1 else "one run"
            cells = (
                each.test,
                metric_name(each.metric),
                each.unit,
                version,
                str(len(values)),
                number(mean),
                spread,
            )
            rows.append(tuple(map(plain, cells)))
    return rows


def _changes(series: Sequence[Series]) -> list[str]:
    """Each change in a sentence, and how they were looked for."""
    searched = sum(len(each.values) >= LEAST_RUNS for each in series)
    lines = [_change(each, change) for each in series for change in each.changes]
    if not searched:
        return [f"No series has {LEAST_RUNS} runs yet, so changes were not looked for."]
    rule = (
        f"permutation test of the largest CUSUM, {searched} series of at least {LEAST_RUNS} runs searched "
        f"together: the chance of any false change is {ALPHA:.0%} (Holm)"
    )
    if not lines:
        return [f"No change was found ({rule})."]
    return [f"Changes ({rule}):", *lines]


def _change(series: Series, change: ChangePoint) -> str:
    run, last = series.runs[change.index], series.runs[change.index - 1]
    versions = run.version if run.version == last.version else f"{last.version} -> {run.version}"
    better = "worse" if series.worse(change) else "better"
    return plain(
        f"{series.test}: {metric_name(series.metric)} {(change.ratio - 1) * 100:+.1f} % ({better}) from run "
        f"{run.run_id} on ({run.utc[:10]}, {versions}); {change.before} runs before and {change.after} "
        f"after, p = {change.p:.2g}"
    )
