"""pytest-html's hooks: its table stays beside our page, as pytest.html, and links to it."""

from __future__ import annotations

from html import escape
from typing import Any

import pytest

from slabench.plugin.finished import finished
from slabench.plugin.language import spoken
from slabench.plugin.recorder import RECORDER
from slabench.report.headline_metric import headline_metrics, run_verdict, verdict
from slabench.report.sanitize import plain_values

COLUMNS = (("verdict", "Verdict"), ("testId", "Test"), ("metrics", "Metrics"))  # class, heading


class HtmlColumns:
    """Registered only where a live run is reported, so that another suite's report keeps its columns."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: Any) -> None:
        report.title = "slabench: pytest's table"

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, prefix: list[str]) -> None:
        from slabench.report.page.table import label

        document = self.config.stash[RECORDER].document
        with spoken(self.config):
            line, note = " ".join([run_verdict(document), *document.labels]), label("pytest_html")
        prefix.append(f'<h3>{escape(line)}</h3><p>{escape(note)} <a href="report.html">report.html</a></p>')

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        # Our verdict first. pytest's own result has no INVALID, so its heading names pytest.
        result, _, *rest = cells
        ours = [f'<th class="sortable" data-column-type="{name}">{text}</th>' for name, text in COLUMNS]
        cells[:] = [*ours, result.replace("Result", "pytest"), *rest]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: Any, cells: list[str]) -> None:
        """A report that is no measurement has empty cells."""
        left = finished(report)
        texts = ("", "") if left is None else (verdict(left.entry), headline_metrics(left.entry))
        values = (texts[0], report.nodeid, texts[1])
        ours = [
            f'<td class="col-{name}">{escape(text)}</td>'
            for (name, _), text in zip(COLUMNS, values, strict=True)
        ]
        result, _, *rest = cells
        cells[:] = [*ours, result, *rest]


def _clean_metadata(config: pytest.Config) -> None:
    """pytest-metadata puts a CI's variables on the page, such as a repository's URL with its password."""
    key = getattr(config.pluginmanager.get_plugin("metadata"), "metadata_key", None)
    metadata: dict[str, Any] = config.stash.get(key, {}) if key is not None else {}
    for name, value in metadata.items():
        metadata[name] = plain_values(value)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.stash.get(RECORDER, None) is not None and config.pluginmanager.hasplugin("html"):
        _clean_metadata(config)
        config.pluginmanager.register(HtmlColumns(config), "slabench-html")
