"""What a server or a user wrote is text on every page: it ends no cell and no line, and begins no tag."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.report import markdown
from slabench.report.page.render import report_page
from slabench.run_document.entry import Entry
from tests.unit.report.samples import document, entry

HOSTILE = "<script>alert(1)</script>\"'&amp;|`x`\n# heading"


class Seen(HTMLParser):
    """Tags, and the text between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a|b", "a\\|b"),
        ("a\\|b", "a\\\\\\|b"),
        ("<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"),
        ("two\nlines\tand  blanks", "two lines and blanks"),
        ("`code`", "'code'"),
        (35.98, "35.98"),
        ("", ""),
    ],
)
def test_a_markdown_cell(text: object, cell: str) -> None:
    assert markdown.cell(text) == cell


@given(st.text())
def test_no_text_ends_its_cell(text: str) -> None:
    cell = markdown.cell(text)
    assert "\n" not in cell and "<" not in cell and "`" not in cell
    # a bar is a cell's end only behind an even number of backslashes
    assert all((len(before) - len(before.rstrip("\\"))) % 2 for before in cell.split("|")[:-1])


def test_summary_md() -> None:
    tests = (
        entry(metrics={"tpot.mean": 35.98, "total_throughput": 1807.65}),
        entry(
            "tests/tencent/test_sla.py::test_sla[np256]",
            "FAILED",
            headline="tpot | mean",
            labels=["REDUCED: x"],
        ),
    )
    text = markdown.summary_md(document(*tests, word="FAILED", exit_status=1, not_run=["tests/a.py::test_b"]))
    assert text.splitlines() == [
        "# slabench: FAILED",
        "",
        "- run 20260102T030405Z-3f9a2c, slabench 0.1.0, exit status 1",
        "",
        "| verdict | test | metrics | TPOT ms | TTFT ms | output tok/s | total tok/s | QPM | why |",
        "|---|---|---|---|---|---|---|---|---|",
        "| **PASSED** | test_sla.py::test_sla[np128] | total 1,808 tok/s, TPOT 35.98 ms | 35.98 | n/a | n/a "
        "| 1,808 | n/a | tpot mean 35.98 ms &lt;= 50 ms (-28 %, n=128) |",
        "| **FAILED** | test_sla.py::test_sla[np256] | n/a | n/a | n/a | n/a | n/a | n/a | tpot \\| mean |",
        "",
        "### FAILED tests/tencent/test_sla.py::test_sla[np256]",
        "",
        "- REDUCED: x",
        "",
        "## Planned and not run",
        "",
        "- tests/a.py::test_b",
    ]


def hostile(method: str) -> Entry:
    return entry(
        f"tests/x.py::test_y[{HOSTILE}]",
        "INVALID",
        method=method,
        headline=HOSTILE,
        reasons=[HOSTILE],
        labels=[HOSTILE],
        advice=[HOSTILE],
        point={"input_len": HOSTILE, "batch_size": 1},
        plan={"count": HOSTILE, "request_rate": HOSTILE, "max_concurrency": HOSTILE},
        objectives=[
            {"holds": True, "text": HOSTILE, "metric": "qpm"},
            {"holds": False, "text": HOSTILE, "metric": "qpm"},
        ],
        checks=[{"name": HOSTILE, "state": "invalid", "text": HOSTILE, "remedy": HOSTILE}],
        metrics={"tpot.mean": 1.0, "input_throughput": 1.0, "total_throughput": 1.0},
        curve=[{"running": 1, "samples": 1, "median": 1.0, "per_gpu": 1.0, "per_user": 1.0}],
        workload={"num_prompts": 1, "dataset_name": HOSTILE, "dataset": HOSTILE, "prompt_form": HOSTILE},
    )


@pytest.mark.parametrize("method", ["tencent", "ali-decode", "ali-decode-curve", "ali-prefill", "serving"])
def test_a_page_has_no_tag_of_a_servers(method: str) -> None:
    server = {"version": HOSTILE, "model_path": HOSTILE, "gpus": {"decode": None, "source": HOSTILE}}
    data = document(
        hostile(method),
        labels=[HOSTILE],
        server=server,
        not_run=[HOSTILE],
        unreachable=HOSTILE,
        run_id=HOSTILE,
    )
    page = report_page([data])
    seen = Seen(page)
    frame = "html head meta title style body header nav button main section article script noscript"
    text = "div strong h1 h2 h3 h4 p span ul li b a code"
    tables = "table thead tbody tr th td dl dt dd details summary figure figcaption"
    drawn = "svg text line circle rect polyline polygon g"
    assert set(seen.tags) <= set(f"{frame} {text} {tables} {drawn}".split())
    assert not [name for name, _ in seen.attributes if name.startswith("on") or name == "src"]
    links = {value for name, value in seen.attributes if name == "href" and value is not None}
    assert all(re.fullmatch(r"#[a-z0-9-]+", link) for link in links), links
    assert seen.text.count(HOSTILE) >= 12
