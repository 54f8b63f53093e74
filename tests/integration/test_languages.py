"""--lang=zh: console, summary, page and JUnit are Chinese with the same words; run.json is English."""

from __future__ import annotations

import html
import json
import re
import xml.etree.ElementTree as ET

from slabench.messages import in_language
from slabench.report.headline import headline, remedy
from slabench.report.localized import localized
from slabench.run_document.entry import Entry
from slabench.run_document.read import parse
from tests.integration.conftest import Suite

HAN = re.compile("[\u4e00-\u9fff]")


def test_every_output_for_readers_is_chinese_and_run_json_is_not(suite: Suite) -> None:
    """As test_one_word.py's run: PASSED, FAILED and INVALID by a slow step and a small pool."""
    suite.environment["LC_ALL"] = "zh_CN.UTF-8"  # the locale alone decides
    server = "--base-url=sim:demo?decode_request_ms=10&pool_tokens=330"
    done = suite("tests/ali/test_decode.py", server, "--batch-sizes=1,2,4", "--slo=tpot.mean<=20", fresh=True)
    assert done.status == 1, done.output
    assert done.folder is not None
    assert not HAN.search((done.folder / "run.json").read_text())
    cases = ET.parse(done.folder / "junit.xml").getroot().iter("testcase")
    junit = {case.get("name"): case for case in cases}
    summary = (done.folder / "summary.md").read_text().replace("&lt;", "<").replace("&gt;", ">")
    page = html.unescape((done.folder / "report.html").read_text())
    words = {}
    for stored in done.run["tests"]:
        entry = parse(Entry, stored)
        words[entry.name.rpartition("[")[2].rstrip("]")] = entry.word
        with in_language("zh"):
            chinese = localized(entry)
            line, to_do = headline(chinese), remedy(chinese)
        assert line != headline(entry) and (HAN.search(line) or entry.word == "PASSED")
        assert f"{entry.word} {entry.id}: {line}\n" in done.output
        assert line in summary
        assert chinese.headline in page and to_do in page  # which has them apart
        failure = junit[entry.id.rpartition("::")[2]].find("failure")
        assert (failure is None) == (entry.word == "PASSED")
        assert failure is None or failure.get("message", "").startswith(f"{entry.word}: {line}")
    assert words == {"bs1": "PASSED", "bs2": "FAILED", "bs4": "INVALID"}
    assert "本次运行的结论：FAILED" in done.output and summary.startswith("# slabench：FAILED\n")
    assert "4 个请求" not in json.dumps(done.run, ensure_ascii=False)


def test_an_option_wins_over_the_locale(suite: Suite) -> None:
    suite.environment["LC_ALL"] = "zh_CN.UTF-8"
    done = suite("tests/serving", "--base-url=sim:demo", "--lang=en")
    assert done.status == 0, done.output
    assert not HAN.search(done.output) and "Verdict of the run: PASSED" in done.output
