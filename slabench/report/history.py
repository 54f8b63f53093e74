"""A history on the console and as a page: its versions, each metric by version, and the changes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from slabench.history.file import History
from slabench.history.series import Series
from slabench.messages import Message, metric_name, number
from slabench.report.charts.history import history_charts
from slabench.report.page.gallery import figures
from slabench.report.page.render import Group, listing_page
from slabench.report.page.table import Column, Table, texts
from slabench.report.sanitize import plain
from slabench.report.text_table import table
from slabench.verdict.change_points import ALPHA, LEAST_RUNS, ChangePoint

Cells = tuple[str, ...]
VERSIONS = tuple(
    Message(f"column.{name}") for name in ("version", "runs", "failed_runs", "first", "last", "accepted")
)
METRICS = (
    *(Message(f"label.{name}") for name in ("test", "metric", "unit")),
    *(Message(f"column.{name}") for name in ("version", "runs", "mean", "spread_of_runs")),
)


def as_text(history: History, series: Sequence[Series]) -> str:
    lines = [*_facts(history), table(VERSIONS, _versions(history), left=(0, 5))]
    for deployment, group in _deployments(series).items():
        lines += ["", deployment, table(METRICS, _metrics(group), left=(0, 1, 2, 3))]
    return "\n".join([*lines, "", *_changes(series)])


def as_html(history: History, series: Sequence[Series]) -> str:
    groups = [Group(tables=(_table(str(Message("history.versions")), VERSIONS, _versions(history), (0, 5)),))]
    groups.append(Group(str(Message("history.changes")), lines=tuple(_changes(series))))
    for place, (deployment, group) in enumerate(_deployments(series).items(), 1):
        drawn = tuple(figures(history_charts(group), f"d{place}-"))
        cells = _table(deployment, METRICS, _metrics(group), (0, 1, 2, 3))
        groups.append(Group(deployment, figures=drawn, tables=(cells,)))
    name = plain(history.path)
    return listing_page(
        f"slabench history {name}", str(Message("history.title", file=name)), _facts(history), groups
    )


def _table(title: str, head: Sequence[Message], rows: Sequence[Cells], text: Sequence[int]) -> Table:
    columns = [Column(str(name), "text" if place in text else "") for place, name in enumerate(head)]
    return Table(title, columns, [texts(row) for row in rows])


def _deployments(series: Sequence[Series]) -> dict[str, list[Series]]:
    groups: dict[str, list[Series]] = {}
    for each in series:
        groups.setdefault(plain(each.deployment), []).append(each)
    return groups


def _facts(history: History) -> list[str]:
    runs = history.runs
    dates = Message("history.dates", first=runs[0].utc[:10], last=runs[-1].utc[:10]) if runs else None
    lines = [Message("history.runs", file=history.path, runs=len(runs), dates=dates)]
    lines += [Message("history.simulated")] if history.simulated else []
    failed = tuple(f"{run.run_id} ({run.version})" for run in runs if run.failed)
    lines += [Message("history.failed", runs=failed)] if failed else []
    return [plain(str(line)) for line in (*lines, *history.skipped)]


def _versions(history: History) -> list[Cells]:
    rows: list[Cells] = []
    for version in dict.fromkeys(run.version for run in history.runs):
        runs = [run for run in history.runs if run.version == version]
        above = history.accepted.get(version)
        accepted = ""
        if above is not None:
            count = sum(run.version == version for run in history.runs[:above])
            accepted = str(Message("history.accepted_runs", runs=count))
        failed = sum(run.failed for run in runs)
        dates = runs[0].utc[:10], runs[-1].utc[:10]
        rows.append((plain(version), str(len(runs)), str(failed or ""), *dates, accepted))
    return rows


def _metrics(series: Sequence[Series]) -> list[Cells]:
    rows = []
    for each in series:
        for version, values in each.by_version():
            mean = statistics.fmean(values)
            spread = f"{statistics.stdev(values) / mean:.2%}" if len(values) > 1 else None
            cells = (
                each.test,
                metric_name(each.metric),
                each.unit,
                version,
                str(len(values)),
                number(mean),
                spread or str(Message("baseline.one_run")),
            )
            rows.append(tuple(map(plain, cells)))
    return rows


def _changes(series: Sequence[Series]) -> list[str]:
    """Each change in a sentence, and how they were looked for."""
    searched = sum(len(each.values) >= LEAST_RUNS for each in series)
    lines = [_change(each, change) for each in series for change in each.changes]
    if not searched:
        return [str(Message("history.too_few", least=LEAST_RUNS))]
    rule = Message("history.rule", series=searched, least=LEAST_RUNS, alpha=ALPHA)
    if not lines:
        return [str(Message("history.no_change", rule=rule))]
    return [str(Message("history.changes_by", rule=rule)), *lines]


def _change(series: Series, change: ChangePoint) -> str:
    run, last = series.runs[change.index], series.runs[change.index - 1]
    versions = run.version if run.version == last.version else f"{last.version} -> {run.version}"
    message = Message(
        "history.change",
        test=series.test,
        metric=series.metric,
        change_pct=(change.ratio - 1) * 100,
        way=Message("history.worse" if series.worse(change) else "history.better"),
        run=run.run_id,
        date=run.utc[:10],
        versions=versions,
        before=change.before,
        after=change.after,
        p=change.p,
    )
    return plain(str(message))
