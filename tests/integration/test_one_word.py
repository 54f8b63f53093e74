"""A run with PASSED, FAILED and INVALID tests: console, JSON, page, JUnit, Markdown, annotations and exit
status say the same.
"""

from __future__ import annotations

import gzip
import html
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from slabench.report.headline import headline as full_line
from slabench.run_document.entry import Entry
from slabench.run_document.read import parse
from slabench.server.launch import launch
from slabench.verdict.reasons import in_words
from tests.integration.conftest import Suite

# A step takes 5 ms and 10 more a request; the pool holds three of 64 + 40 tokens, so that four do not fit.
SIM = "--base-url=sim:demo?decode_request_ms=10&pool_tokens=330"
WORDS = {
    "test_decode_tpot[bs1]": "PASSED",
    "test_decode_tpot[bs2]": "FAILED",
    "test_decode_tpot[bs4]": "INVALID",
}


def test_every_output_says_the_same_words_and_reasons(suite: Suite, tmp_path: Path) -> None:
    page = tmp_path / "step_summary.md"
    page.write_text("before\n")
    suite.environment["GITHUB_STEP_SUMMARY"] = str(page)
    done = suite("tests/ali/test_decode.py", SIM, "--batch-sizes=1,2,4", "--slo=tpot.mean<=20", "--github")
    assert done.status == 1, done.output
    assert done.words == WORDS
    assert (done.run["word"], done.run["exit_status"]) == ("FAILED", 1)
    assert done.folder is not None
    summary, shown = (
        (done.folder / "summary.md").read_text(),
        html.unescape((done.folder / "report.html").read_text()),
    )
    assert page.read_text() == f"before\n{summary}"
    cases = {
        case.get("name"): case for case in ET.parse(done.folder / "junit.xml").getroot().iter("testcase")
    }
    table = done.output.split("slabench ====")[-1]
    annotated = {
        found[2]: found
        for found in re.finditer(r"^::(\w+) file=\S+ ?[^:]*::(\w+ \S+): (.*)$", done.output, re.M)
    }
    assert len(annotated) == 3
    for entry in done.run["tests"]:
        word, test_id, headline, reasons = (
            entry["word"],
            entry["id"],
            entry["headline"],
            ", ".join(entry["reasons"]),
        )
        # what failed is the first reason
        assert (reasons.split(", ")[0] == "SLO:tpot.mean") == (word == "FAILED")
        codes, reasons = reasons, in_words(entry["reasons"])
        assert "NO_BASELINE" not in entry["reasons"]
        # no load was sent to the INVALID one: nothing was judged, and its line has the remedy already
        assert entry.get("absent", []) == ([] if word == "INVALID" else ["NO_FLOOR", "NO_BASELINE"])
        line = full_line(parse(Entry, entry))
        assert line.startswith(headline) and (line == headline) == (word != "FAILED")
        name = test_id.rpartition("::")[2]
        # console: while it runs, with its reasons, and in the table at the end
        block = done.output.split(f"{word} {test_id}: {line}\n")[1]
        assert f"  reasons: {reasons}\n" in block.split("\n\n")[0]
        assert re.search(rf"^{word} +test_decode\.py::{re.escape(name)} ", table, re.M)
        # Markdown
        plain = summary.replace("&lt;", "<").replace("&gt;", ">")
        assert f"| **{word}** | test_decode.py::{name} |" in plain
        assert line in plain
        assert f"### {word} {test_id}\n\n- reasons: {reasons}\n" in plain
        # page
        head = f'<span class="word {word}">{word}</span><h3>{test_id}</h3><span>{headline}</span>'
        assert head in shown and (word == "PASSED" or f"<p>{headline}</p>" in shown)
        assert f"<li>reasons: {reasons}</li>" in shown
        # JUnit
        properties = {item.get("name"): item.get("value") for item in cases[name].iter("property")}
        assert properties == {"slabench.verdict": word, "slabench.reasons": codes}
        failure = cases[name].find("failure")
        assert (failure is None) == (word == "PASSED")
        assert failure is None or failure.get("message", "").startswith(f"{word}: {line}")
        # annotations
        kind, _, text = annotated[f"{word} {test_id}"].groups()
        assert kind == ("notice" if word == "PASSED" else "error")
        assert text == f"{line} (reasons: {reasons})".replace("%", "%25")
    assert "Verdict of the run: FAILED" in table
    assert summary.startswith("# slabench: FAILED\n")
    assert '<h1><span class="word FAILED">FAILED</span></h1>' in shown


KEYS = ("planted-key-1", "planted-key-2", "planted-key-3", "planted-key-4", "planted-key-5")


def test_no_key_is_in_any_output(suite: Suite, tmp_path: Path) -> None:
    """The server's own, which it asks for and tells in server_info and in its log; two more in a launched
    server's environment; one that a wrapper of it prints; one in a URL with credentials.
    """
    suite.environment["SLABENCH_API_KEY"] = KEYS[0]
    wrapper = tmp_path / "start.sh"
    server = f"{sys.executable} -m slabench.sim --api-key {KEYS[0]} --port"
    wrapper.write_text(f"echo \"export OTHER_TOKEN='{KEYS[4]}'\"\nexec {server} $1\n")
    command = f"HF_TOKEN={KEYS[1]} MY_API_KEY='{KEYS[2]}' sh {wrapper} {{port}} --port {{port}}"
    launched = suite("tests/serving", f"--launch={command}", "--github")
    assert launched.status == 0, launched.output
    assert launched.folder is not None
    log = (launched.folder / "server.log").read_text()
    assert f"export OTHER_TOKEN='{'*' * len(KEYS[4])}'\n" in log
    assert f"api_key='{'*' * len(KEYS[0])}')\n" in log
    assert "api_key" not in launched.run["server"]["info"]
    (entry,) = launched.run["tests"]
    # still readable
    assert "other_clients" in {check["name"] for check in entry["checks"] if check["state"] == "ok"}, entry[
        "checks"
    ]
    with launch(f"{sys.executable} -m slabench.sim --port {{port}}", str(tmp_path / "server.log")) as server:
        there = server.url.replace("http://", f"http://user:{KEYS[3]}@")
        named = suite("tests/serving", f"--base-url={there}", "--github")
        assert named.status == 4, named.output  # refused, since it would go to every request
        resumed = suite("tests/serving", f"--base-url={there}", f"--resume={named.folder}")
        assert resumed.status == 4, resumed.output
    gone = suite("tests/serving", f"--base-url={there}", "--github")
    assert gone.status == 6, gone.output
    texts = {f"output {k}": done.output for k, done in enumerate((launched, named, resumed, gone))}
    for file in (suite.folder / "reports").rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            texts[str(file)] = (gzip.decompress(data) if file.suffix == ".gz" else data).decode()
    assert len(texts) > 12
    assert [(where, key) for where, text in texts.items() for key in KEYS if key in text] == []


def test_a_test_that_nothing_judges_says_so_in_every_output(suite: Suite) -> None:
    """503 ms a token, with no objective, floor or baseline: measured, and called so wherever the word
    stands.
    """
    slow = "--base-url=sim:demo?decode_base_ms=100"
    done = suite("tests/serving", slow, "--github", "--random-output-len=4", "-v")
    assert done.status == 0, done.output
    (entry,) = done.run["tests"]
    # a busy machine has some
    findings = [check["name"] for check in entry["checks"] if check["state"] == "finding"]
    assert (entry["word"], entry["reasons"][: len(findings) + 1]) == ("PASSED", [*findings, "NOTHING_JUDGED"])
    assert entry["headline"].startswith(
        "NOTHING_JUDGED: no objective, floor or comparison applies to this test."
    )
    assert done.folder is not None
    table = done.output.split("slabench ====")[-1]
    assert re.search(r"^PASSED NOTHING_JUDGED +test_custom\.py::test_custom ", table, re.M)
    assert "Verdict of the run: PASSED (NOTHING_JUDGED in 1 of 1 test)" in table
    assert f"PASSED {entry['id']}: NOTHING_JUDGED: " in done.output
    assert re.search(
        r"^::warning file=tests/serving/test_custom\.py,title=PASSED NOTHING_JUDGED .*NOTHING_JUDGED",
        done.output,
        re.M,
    )
    summary, shown = (
        (done.folder / "summary.md").read_text(),
        html.unescape((done.folder / "report.html").read_text()),
    )
    assert "| **PASSED NOTHING_JUDGED** |" in summary and summary.startswith(
        "# slabench: PASSED (NOTHING_JUDGED in 1 of 1 test)"
    )
    assert '<span class="word PASSED">PASSED NOTHING_JUDGED</span>' in shown
    (case,) = ET.parse(done.folder / "junit.xml").getroot().iter("testcase")
    assert (
        "NOTHING_JUDGED"
        in {item.get("name"): item.get("value") for item in case.iter("property")}["slabench.reasons"]
    )


@pytest.mark.parametrize(
    ("options", "status", "word", "reason"),
    [
        (
            [
                "--strict-validity",
                "--allow=client,log_lines,one_read,prompt_length,stall",
                "--max-concurrency=6",
            ],
            6,
            "INVALID",
            "NOTHING_JUDGED",
        ),
        (["--baseline=baselines/published-tencent.json"], 6, "INVALID", "NOTHING_JUDGED"),
        (["--baseline=baselines/published-tencent.json", "--require-baseline"], 1, "FAILED", "NO_BASELINE"),
        (["--baseline=baselines/published-tencent.json", "--slo=tpot.mean<=500"], 0, "PASSED", None),
    ],
)
def test_a_gate_has_to_judge(
    suite: Suite, options: list[str], status: int, word: str, reason: str | None
) -> None:
    done = suite("tests/serving", "--base-url=sim:demo", *options)
    assert done.status == status, done.output
    (entry,) = done.run["tests"]
    assert entry["word"] == word and (reason is None or reason in entry["reasons"]), entry
    assert ("NO_BASELINE" in entry["absent"]) == (reason != "NO_BASELINE")
    assert ("NOTHING_JUDGED" in entry["reasons"]) == (reason == "NOTHING_JUDGED")
