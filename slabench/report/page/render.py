"""report.html: one file, no network, everything from the run document; and other pages of tables.

Templates escape what they show. The only code on the page is the two scripts named by their hashes in its
Content-Security-Policy, so that nothing a server or a user wrote can run.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from slabench.messages.language import current
from slabench.report.charts.echarts import chart_json
from slabench.report.charts.static_svg import static_svg
from slabench.report.localized import localized
from slabench.report.page import gallery, side_by_side
from slabench.report.page.entry_section import EntryView, anchors, entry_view
from slabench.report.page.first_screen import FirstScreen, first_screen
from slabench.report.page.gallery import Figure
from slabench.report.page.results import Section, sections
from slabench.report.page.table import Table, columns, label, texts
from slabench.run_document.run import RunDocument

HERE = Path(__file__).parent
# words that the script needs
SCRIPT_WORDS = ("auto", "light", "dark", "invalid", "copied", "series", "low", "high", "outside")


@dataclass(frozen=True, slots=True)
class RunView:
    """One run of the page. links: (text, file beside the page)."""

    prefix: str
    title: str
    screen: FirstScreen
    figures: tuple[Figure, ...]
    sections: tuple[Section, ...]
    tests: tuple[tuple[EntryView, tuple[Figure, ...]], ...]
    not_run: tuple[str, ...]
    server_info: Table
    links: tuple[tuple[str, str], ...]


def report_page(documents: Sequence[RunDocument], *, files: Sequence[str] = ()) -> str:
    """The page of one run, or of several side by side, in the current language.

    files: names of files beside the page, to link to.
    """
    documents = [localized(document) for document in documents]
    several = len(documents) > 1
    runs = [
        _run(document, f"r{place}-" if several else "", () if several else files)
        for place, document in enumerate(documents, 1)
    ]
    compared = side_by_side.view(documents, [run.prefix for run in runs]) if several else None
    word = side_by_side.worst(documents)
    return _render("report.html", runs=runs, compared=compared, word=word)


def _run(document: RunDocument, prefix: str, files: Sequence[str]) -> RunView:
    links = anchors(document, prefix)
    tests = []
    for entry in document.tests:
        anchor = links[entry.id].removeprefix("#")
        drawn = gallery.entry_charts(document, entry)
        tests.append((entry_view(document, entry, anchor), tuple(gallery.figures(drawn, prefix))))
    info = {} if document.server is None else document.server.info
    rows = [texts((key, json.dumps(value, ensure_ascii=False))) for key, value in sorted(info.items())]
    return RunView(
        prefix,
        document.run_id,
        first_screen(document, links),
        tuple(gallery.figures(gallery.run_charts(document), prefix)),
        tuple(sections(document, links)),
        tuple(tests),
        document.not_run,
        Table(label("server_info"), columns("name:text", "value:long"), rows),
        tuple((label(f"file.{name.replace('.', '_')}"), name) for name in files),
    )


@dataclass(frozen=True, slots=True)
class Group:
    """A part of a page that is a list of tables and charts."""

    title: str = ""
    lines: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()


def listing_page(
    title: str, heading: str, facts: Sequence[str], groups: Sequence[Group], *, word: str = ""
) -> str:
    """The page of `slabench compare` and of `slabench history`; word: the outcome that the heading names."""
    drawn = any(group.figures for group in groups)
    values = {"title": title, "heading": heading, "facts": facts, "groups": groups, "word": word}
    return _render("listing.html", drawn=drawn, **values)


def data(value: object) -> Markup:
    """JSON inside a <script>: without `<` nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))


@functools.cache
def _scripts() -> Mapping[str, Markup]:
    """The charts' library and the page's own script."""
    library = (HERE / "echarts" / "echarts.min.js").read_text(encoding="utf-8")
    own = (HERE / "templates" / "page.js").read_text(encoding="utf-8")
    return {"library": Markup(library), "own": Markup(own)}


def _policy(scripts: Mapping[str, Markup]) -> str:
    """Styles inline: the charts' library sets them on its elements."""
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts.values())
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    allowed = f"script-src {hashes}" if hashes else "script-src 'none'"
    return f"default-src 'none'; {allowed}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@functools.cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "label": label,
        "data": data,
        "chart_json": chart_json,
        "static_svg": lambda chart: Markup(static_svg(chart)),
        "style": Markup((HERE / "templates" / "page.css").read_text(encoding="utf-8")),
    }
    return made


def _render(template: str, *, drawn: bool = True, **values: object) -> str:
    """drawn: whether it has charts, and so the scripts."""
    scripts = _scripts() if drawn else {}
    words = {name: label(f"script.{name}") for name in SCRIPT_WORDS}
    made = _environment().get_template(template)
    return made.render(scripts=scripts, policy=_policy(scripts), words=words, language=current(), **values)
