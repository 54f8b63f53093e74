"""pytest-html's hooks: our summary, charts and columns."""

from __future__ import annotations

from typing import Any

import pytest

from slabench.plugin.finished import finished
from slabench.plugin.language import spoken
from slabench.plugin.recorder import RECORDER
from slabench.report.sanitize import plain_values


@pytest.hookimpl(optionalhook=True)
def pytest_html_report_title(report: Any) -> None:
    report.title = "slabench report"


class HtmlColumns:
    """Registered only where a live run is reported, so that another suite's report keeps its columns."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, prefix: list[str]) -> None:
        from slabench.report.html import pytest_html_css, summary_fragment
        from slabench.report.localized import localized

        with spoken(self.config):
            fragment = summary_fragment(localized(self.config.stash[RECORDER].document))
        prefix.append(f"<style>{pytest_html_css()}</style>{fragment}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        from slabench.report.html import table_header_cells

        # Our verdict first. pytest's own result has no INVALID, so its heading names pytest.
        result, _, *rest = cells
        cells[:] = [*table_header_cells(), result.replace("Result", "pytest"), *rest]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: Any, cells: list[str]) -> None:
        from slabench.report.html import table_row_cells

        left = finished(report)
        result, _, *rest = cells
        cells[:] = [*table_row_cells(report.nodeid, None if left is None else left.entry), result, *rest]


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
