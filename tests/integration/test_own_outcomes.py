"""Own test files: whatever a test does around its verdict, the run is not greener than its status."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import REPO, Done, Suite, environment, preloaded

HEAD = """
import pytest
from slabench.methods import Form
from slabench.verdict.sla import slo

FORM = Form("serving", 20, 12, num_prompts=4, max_concurrency=2)
HOLDS, FAILS = slo("tpot", "mean", "<=", 5000), slo("tpot", "mean", "<=", 0.001)


@pytest.fixture
def breaks():
    yield
    raise RuntimeError("its teardown")


def test_good(run_load, judge):
    judge(run_load(FORM, point={}), HOLDS)

"""


BUSY = "--allow=client,one_read,log_agrees,first_run,server_agrees"  # not what these tests are about
Own = Callable[..., Done]


@pytest.fixture
def own(suite: Suite, tmp_path: Path) -> Own:
    """In a folder of its own, as in another repository."""

    def run(body: str, *options: str) -> Done:
        (tmp_path / "test_own.py").write_text(HEAD + body)
        words = ["test_own.py", "-p", "slabench.plugin", "--base-url=sim:", "--calibrate=off", BUSY, *options]
        words += [f"--report-dir={tmp_path / 'reports'}", "-p", "no:cacheprovider"]
        done = preloaded().run(words, environment(**suite.environment, PYTHONPATH=str(REPO)), tmp_path, 240)
        return suite.done(done.returncode, done.stdout + done.stderr)

    return run


RUN = "run_load(FORM, point={})"


@pytest.mark.parametrize(
    ("body", "besides"),
    [
        ("def test_it():\n    assert False\n", "test_it"),
        (f"def test_it(run_load, judge, breaks):\n    judge({RUN}, HOLDS)\n", "test_it"),
        (
            f"@pytest.mark.xfail(strict=True)\ndef test_it(run_load, judge):\n    judge({RUN}, HOLDS)\n",
            "test_it",
        ),
        (
            "def test_it(run_load, judge, subtests):\n"
            "    with subtests.test('first'):\n        assert False\n"
            f"    with subtests.test('second'):\n        judge({RUN}, HOLDS)\n",
            "test_it",
        ),
    ],
    ids=["another test", "teardown", "strict xfail", "a part"],
)
def test_what_fails_beside_a_verdict_fails_the_run(own: Own, body: str, besides: str) -> None:
    done = own(body)
    assert (done.status, done.run["word"], done.run["exit_status"]) == (1, "FAILED", 1), done.output
    (named,) = done.run["failed_besides"]
    assert named.endswith(f"::{besides}") and "FAILED in pytest beside the verdicts" in done.output
    assert done.words["test_good"] == "PASSED" and "Verdict of the run: FAILED" in done.output
    assert done.folder is not None
    for name in ("summary.md", "report.html"):
        assert named in (done.folder / name).read_text()
    again = own(body, f"--resume={done.folder}")
    assert (again.status, again.run["word"]) == (1, "FAILED"), again.output


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (f"@pytest.mark.xfail\ndef test_it(run_load, judge):\n    judge({RUN}, FAILS)\n", "FAILED"),
        (f"def test_it(run_load, judge):\n    judge({RUN}, HOLDS)\n    pytest.skip('then')\n", "INVALID"),
    ],
    ids=["xfail", "skip"],
)
def test_a_verdict_stands_in_the_outputs_whatever_pytest_makes_of_the_test(
    own: Own, body: str, word: str
) -> None:
    done = own(body)
    assert done.words == {"test_good": "PASSED", "test_it": word}, done.output
    assert done.status == (1 if word == "FAILED" else 6) and "not run" not in done.output


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            f"def test_it(run_load, judge):\n    {RUN}\n    judge({RUN}, HOLDS)\n",
            "run_load() is called a second time",
        ),
        (
            f"def test_it(run_load, judge):\n    run = {RUN}\n    with pytest.raises(Exception):\n"
            "        judge(run, FAILS)\n    judge(run, HOLDS)\n",
            "judge() is called a second time",
        ),
    ],
    ids=["load", "verdict"],
)
def test_a_test_has_one_load_and_one_verdict(own: Own, body: str, sentence: str) -> None:
    """The first of two would be in no output."""
    done = own(body)
    assert (done.status, done.run["word"]) == (4, "INVALID") and sentence in done.output, done.output
