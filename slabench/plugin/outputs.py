"""The outputs beside run.json: summary, published tables, frontier, baseline, the job's page."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _pytest.junitxml import xml_key

from slabench.errors import SlabenchError, system_words
from slabench.messages import Message, Sentence
from slabench.output_file import write_whole
from slabench.session.settings import Settings
from slabench.verdict.baseline_file import add_to, build

if TYPE_CHECKING:
    from slabench.run_document.run import RunDocument

HTML_SIZE = 32768  # bytes of pytest-html's page at least
Lose = Callable[[str, str], None]  # (output, why it could not be written)


@contextlib.contextmanager
def losing(output: str, lose: Lose) -> Iterator[None]:
    """An output that cannot be written costs itself, and none of those after it."""
    try:
        yield
    except (OSError, SlabenchError) as error:
        lose(output, system_words(error))


def write_outputs(
    document: RunDocument,
    folder: Path,
    settings: Settings,
    *,
    note: Callable[[str | Message], None],
    lose: Lose,
) -> None:
    """Into the run's folder; note takes a sentence about what is elsewhere."""
    from slabench.report.frontier import frontier_rows, write_frontier
    from slabench.report.published_tables import write_published_tables

    if settings.save_baseline is not None:
        with losing(f"--save-baseline={settings.save_baseline}", lose):
            for sentence in save_baseline(document, settings.save_baseline):
                note(sentence)
    if settings.history is not None:
        with losing(f"--history={settings.history}", lose):
            note(append_to_history(document, settings.history, settings.options.history_version))
    with losing("the published tables' files", lose):
        write_published_tables(document, folder)
    frontier = frontier_rows(document)
    if frontier:
        with losing("frontier.csv", lose):
            write_frontier(frontier, folder / "frontier.csv", document.labels)


def save_baseline(run: RunDocument, target: Path) -> Iterator[Sentence]:
    """--save-baseline: a finished run's valid tests into a file that may hold others and floors already.

    Writes, and reports in sentences what was written.
    """
    document = build(run)
    if not document["tests"]:
        yield Sentence.of("saved.nothing", target=str(target))
        return
    measured = len(document["tests"])
    document, removed = add_to(str(target), document, option="--save-baseline=")
    kept = len(document["tests"]) - measured
    more = Message("saved.kept", kept=kept) if kept else None
    written = "saved.one" if measured == 1 else "saved.several"
    yield Sentence.of(written, tests=measured, target=str(target), more=more)
    for test_id, entry in document["tests"].items():
        if entry.get("allowed"):
            yield Sentence.of("saved.allowed", test=test_id, checks=tuple(entry["allowed"]))
        if entry.get("lacking"):
            yield Sentence.of("saved.lacking", test=test_id, metrics=tuple(entry["lacking"]))
    if removed:
        yield Sentence.of("saved.removed", target=str(target), tests=tuple(removed))


def append_to_history(run: RunDocument, target: Path, version: str | None) -> Message:
    """--history: a finished run's valid tests as one more line of a file; a sentence of what was written.

    OSError or ConfigError where it was not. The kind of the file is looked at again: a server that --launch
    started may be an embedded one.
    """
    # with run.json's types, which a collection does not need
    from slabench.history.file import append, check_appendable
    from slabench.history.lines import line_of
    from slabench.run_document.run import RunState

    if run.state is not RunState.FINISHED:
        return Message("append.not_finished", target=target)
    line = line_of(run, version)
    if not line.tests:
        return Message("append.none_valid", target=target)
    check_appendable("--history", str(target), simulated=line.simulated)
    append(str(target), line)
    left_out = len(run.tests) - len(line.tests)
    more = Message("append.left_out", tests=left_out) if left_out else None
    return Message("append.done", tests=len(line.tests), version=line.version, target=target, more=more)


def write_summary(document: RunDocument, folder: Path, _config: pytest.Config) -> None:
    """Whole or not at all. OSError if it cannot be written."""
    from slabench.report.localized import localized
    from slabench.report.markdown import summary_md

    write_whole(folder / "summary.md", summary_md(localized(document)))


def write_page(document: RunDocument, folder: Path, config: pytest.Config) -> None:
    """report.html, with links to what stands beside it, whole or not at all. OSError if it cannot be
    written.
    """
    from slabench.report.page.render import report_page

    # pytest-html writes its own after us
    beside = ["pytest.html"] * (getattr(config.option, "htmlpath", None) == str(folder / "pytest.html"))
    page = report_page([document], files=[*beside, "run.json"])
    write_whole(folder / "report.html", page)


def name_left_out(document: RunDocument, config: pytest.Config) -> None:
    """In junit.xml, which has no element for a test that a time budget had no room for."""
    junit = config.stash.get(xml_key, None)
    if junit is not None and document.left_out is not None:
        junit.add_global_property("slabench.left_out", ", ".join(document.left_out.tests))


def step_summary(document: RunDocument, *, note: Callable[[str | Message], None], lose: Lose) -> None:
    from slabench.report.localized import localized
    from slabench.report.markdown import summary_md

    target = os.environ.get("GITHUB_STEP_SUMMARY")
    if not target:
        note(Message("console.no_step_summary"))
        return
    with losing("the job's summary", lose), open(target, "a", encoding="utf-8") as file:
        file.write(summary_md(localized(document)))


def default_pages(config: pytest.Config, folder: Path, lose: Lose) -> None:
    """pytest.html and junit.xml of the run's folder, unless others are asked for; report.html is our own.

    To be called before both plugins are configured, when they read their options.
    """
    if config.pluginmanager.hasplugin("html"):
        _check_html(config, lose)
        if config.option.htmlpath is None:
            config.option.htmlpath = str(folder / "pytest.html")
            config.option.self_contained_html = True
    if config.pluginmanager.hasplugin("junitxml") and config.option.xmlpath is None:
        config.option.xmlpath = str(folder / "junit.xml")


def _check_html(config: pytest.Config, lose: Lose) -> None:
    """--html=FILE where there is no room: pytest-html writes a style sheet beside it when it is configured,
    and its error would end the run with a traceback. Its page is in the run's folder then.
    """
    named = config.option.htmlpath
    if named is None:
        return
    target = Path(os.path.expandvars(named)).expanduser()
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_bytes(b"\0" * HTML_SIZE)
    except OSError as error:
        lose(f"--html={named}", system_words(error))
        config.option.htmlpath = None
    with contextlib.suppress(OSError):
        scratch.unlink()


def silence_others(config: pytest.Config) -> None:
    """Other plugins would write into a folder that is removed, and name files that do not exist."""
    manager = config.pluginmanager
    junit = config.stash.get(xml_key, None)
    if junit is not None:
        del config.stash[xml_key]  # else it unregisters itself a second time
        manager.unregister(junit)
    for plugin in manager.get_plugins():
        if type(plugin).__module__.startswith("pytest_html."):
            manager.unregister(plugin)
