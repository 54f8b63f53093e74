"""Foreign text in every output: no control character reaches a terminal, no line is taken for a command."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.plugin.redact_traceback import cleaned
from slabench.report.console import summary_table, test_block
from slabench.report.github import command, job_lines
from slabench.report.markdown import cell, summary_md
from slabench.report.page.render import report_page
from slabench.report.sanitize import plain, plain_lines, plain_values
from slabench.run_document.entry import Entry
from slabench.run_document.read import parse
from slabench.run_document.write import stored
from tests.unit.report.samples import document, entry

HOSTILE = (
    "see ##[stop-commands]x, ##vso[task.complete result=Succeeded;]y, ##[error]z ![p](http://evil.example/p) "
    "[l](//evil.example) [r][s] [s]: https://evil.example www.evil.example @octocat me@evil.example &#64;x "
    "<b>|`c`| x\x1b[2J\x9b31m\x07\u202eevil\r\n::error::mine<script>alert(1)</script>|`a`\u2028::set-output "
    "name=a::b\ud800"
)


@given(st.text())
def test_plain_text_is_one_line_that_does_nothing(text: str) -> None:
    line = plain(text)
    assert line == plain(line)
    assert len(line.splitlines()) <= 1
    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in line)
    line.encode("utf-8")


def test_an_escape_is_seen_and_not_obeyed() -> None:
    assert plain("a\x1b[31mb\tc\nd") == "a\\x1b[31mb c d"
    assert plain("Größe 10 µs, 模型") == "Größe 10 µs, 模型"
    assert plain_lines("one\n::error::two\x1b") == "one\n  | : :error::two\\x1b"
    assert plain_values({"a\x1b": ["b\n", 1, None, True]}) == {"a\\x1b": ["b ", 1, None, True]}


def test_hostile_text_in_every_output() -> None:
    hostile = entry(
        word="INVALID", headline=HOSTILE, reasons=["completed"], labels=[HOSTILE], server={"notes": [HOSTILE]}
    )
    clean = parse(Entry, plain_values(stored(hostile)))
    run = document(clean, server=plain_values({"version": HOSTILE, "model_path": HOSTILE}))
    console = f"{test_block(clean)}\n{summary_table(run)}"
    pages = report_page([run])
    for text in (console, summary_md(run), pages, "\n".join(job_lines(run))):
        assert not any(bad in text for bad in "\x1b\x9b\x07\u202e\u2028\r")
        text.encode("utf-8")
    for text in (console, "\n".join(job_lines(run)), summary_md(run)):
        assert "##[" not in text and "##vso[" not in text
    assert not re.search(
        r"!\[|\]\(|\]\[|\]:|[^\\]://|www\.|@\w|[^\\]\|`|&#|<b>", summary_md(run).replace("server\\]: ", "")
    )
    ours = pages.count("<script")
    pages = re.sub(r"<script>.*?</script>", "", pages, flags=re.DOTALL)
    assert "<b>" not in pages.replace("<li><b>finding: ", "").replace("<li><b>INVALID: ", "")
    assert "<img" not in pages and ours == report_page([document()]).count("<script")
    assert "<script>" not in summary_md(run)
    for line in (*console.splitlines(), *summary_md(run).splitlines()):
        assert not line.lstrip().startswith("::")
    assert all(
        line.startswith("::error file=tests/") and line.count("::error") == 2 for line in job_lines(run)
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("##[stop-commands]x", "# #[stop-commands]x"),
        ("a ##vso[task.x]b ###[group]", "a # #vso[task.x]b ## #[group]"),
        ("::error::x", ": :error::x"),
        (" ::stop-commands::x", " : :stop-commands::x"),
        ("tests/a.py::test[x]: ## heading, #1", "tests/a.py::test[x]: ## heading, #1"),
    ],
)
def test_commands_of_a_ci_are_inert_anywhere(text: str, shown: str) -> None:
    assert plain(text) == shown
    assert plain(shown) == shown
    assert cleaned(f"a\n{text}") == f"a\n{shown}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("![x](http://e/p)", r"!\[x]\(http\://e/p)"),
        ("[x][y] [y]: z", r"[x]\[y] [y]\: z"),
        ("@me, a@b", "@\u200bme, a@\u200bb"),
        ("# head", r"\# head"),
        ("1. one", r"1\. one"),
        ("tests/a.py::test_sla[np128], -28 % & <", "tests/a.py::test_sla[np128], -28 % & &lt;"),
    ],
)
def test_markdown_shows_the_text_and_nothing_else(text: str, shown: str) -> None:
    assert cell(text) == shown


def test_githubs_escapes() -> None:
    """By hand, after the toolkit's command.ts."""
    assert (
        command("error", "50 % a:b,c\nd", title="x[1]: y, 5%")
        == "::error title=x[1]%3A y%2C 5%25::50 %25 a:b,c%0Ad"
    )


def test_annotations_say_word_and_reasons_red_first() -> None:
    green, red = (
        entry("tests/a.py::t[1]", reasons=["NO_FLOOR"]),
        entry("tests/a.py::t[2]", "INVALID", headline="flush: 400."),
    )
    lines = job_lines(document(green, red, not_run=["tests/a.py::t[3]"]))
    assert lines == [
        "::error file=tests/a.py,title=INVALID a.py%3A%3At[2]::INVALID tests/a.py::t[2]: flush: 400.",
        "::notice file=tests/a.py,title=PASSED a.py%3A%3At[1]::PASSED tests/a.py::t[1]: "
        "tpot mean 35.98 ms <= 50 ms (-28 %25, n=128) (reasons: NO_FLOOR (no floor is stored for this test))",
        "::error title=INVALID slabench::INVALID: planned and not run: tests/a.py::t[3]",
    ]
