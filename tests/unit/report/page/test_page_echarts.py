"""The charts' library is the one that its source names, with its licence."""

from __future__ import annotations

import hashlib
import re

from slabench.report.page.render import HERE, data, report_page
from tests.unit.report.samples import document, entry

FOLDER = HERE / "echarts"


def test_the_file_is_the_pinned_one() -> None:
    source = dict(line.split(maxsplit=1) for line in (FOLDER / "SOURCE.txt").read_text().splitlines())
    content = (FOLDER / "echarts.min.js").read_bytes()
    assert hashlib.sha256(content).hexdigest() == source["sha256"]
    assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", source["integrity"])
    assert f'version="{source["version"]}"'.encode() in content
    assert (
        "Apache License" in (FOLDER / "LICENSE").read_text() and "ECharts" in (FOLDER / "NOTICE").read_text()
    )


def test_nothing_in_it_ends_the_script_that_it_stands_in() -> None:
    content = (FOLDER / "echarts.min.js").read_text().lower() + (
        HERE / "templates" / "page.js"
    ).read_text().lower()
    assert "</script" not in content and "<!--" not in content


def test_json_in_the_page_cannot_end_its_element() -> None:
    assert data({"a": "</script><b>&"}) == '{"a":"\\u003c/script>\\u003cb>&"}'


def test_the_policy_names_both_scripts_and_nothing_else() -> None:
    page = report_page([document(entry())])
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert policy.count("sha256-") == len(scripts) == 2
    assert (
        policy.startswith("default-src &#39;none&#39;; script-src &#39;sha256-")
        and "unsafe-eval" not in policy
    )
