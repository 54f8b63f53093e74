"""What a session leaves beside run.json: summary, published shapes, frontier, baseline, the job's page; or nothing at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from _pytest.junitxml import xml_key

from slabench.errors import system_words
from slabench.plugin.save_baseline import save_baseline
from slabench.plugin.settings import Settings


def write_outputs(data: Mapping[str, Any], folder: Path, settings: Settings, *, github: bool, note: Callable[[str], None]) -> None:
    """From a run document's data into its folder; note takes a sentence about what is elsewhere. OSError, SlabenchError."""
    from slabench.report.frontier import frontier_rows, write_frontier
    from slabench.report.markdown import summary_md
    from slabench.report.seed_shapes import write_seed_shapes

    summary = summary_md(data)
    if github:
        _step_summary(summary, note)
    (folder / "summary.md").write_text(summary, encoding="utf-8")
    write_seed_shapes(data, folder)
    frontier = frontier_rows(data)
    if frontier:
        write_frontier(frontier, folder / "frontier.csv")
    if settings.save_baseline is not None:
        for sentence in save_baseline(data, settings.save_baseline):
            note(sentence)


def _step_summary(summary: str, note: Callable[[str], None]) -> None:
    target = os.environ.get("GITHUB_STEP_SUMMARY")
    if not target:
        note("--github found no GITHUB_STEP_SUMMARY in the environment, so the job's page has no summary.")
        return
    try:
        with open(target, "a", encoding="utf-8") as file:
            file.write(summary)
    except OSError as error:
        note(f"The job's summary could not be written ({system_words(error)}).")


def silence_others(config: pytest.Config) -> None:
    """Other plugins would write into a folder that goes, and name files that are not there."""
    manager = config.pluginmanager
    junit = config.stash.get(xml_key, None)
    if junit is not None:
        del config.stash[xml_key]  # else it unregisters itself a second time
        manager.unregister(junit)
    for plugin in manager.get_plugins():
        if type(plugin).__module__.startswith("pytest_html."):
            manager.unregister(plugin)
