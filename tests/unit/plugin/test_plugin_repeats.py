"""Plugins that run a test again are refused before anything is sent; what runs one again all the same leaves
the worst outcome.
"""

from __future__ import annotations

import pytest

pytest_plugins = ("pytester",)


@pytest.fixture(autouse=True)
def importable(pytester):
    pytester.syspathinsert()


@pytest.fixture
def refused(capsys):
    """refused(run, says): exit status 4, one sentence, and no test was begun."""

    def look(done, says):
        output = done.output + capsys.readouterr().err
        assert done.status == 4, output
        (line,) = {line for line in output.splitlines() if line.startswith("ERROR: ")}
        assert says in line and "would run" in line
        assert "--repeats=N measures each of them N times" in line
        assert "PASSED" not in output and done.folder is None

    return look


JUDGED = "def test_it(says):\n    says('PASSED')\n"
# What pytest-rerunfailures, pytest-retry, pytest-repeat, flaky and pytest-flakefinder declare, as they do.
STAND_IN = """
import pytest

def pytest_addoption(parser):
    parser.addoption("--reruns", dest="reruns", type=int)
    parser.addoption("--force-reruns", dest="force_reruns", type=int)
    parser.addini("reruns", "")
    parser.addoption("--retries", type=int)
    parser.addini("retries", "", default=0, type="string")
    parser.addoption("--count", type=int, default=1)
    parser.addoption("--force-flaky", action="store_true", dest="force_flaky", default=False)
    parser.addoption("--flake-finder", action="store_true", dest="flake_finder_enable", default=False)

def pytest_configure(config):
    for mark in ("flaky", "repeat"):
        config.addinivalue_line("markers", f"{mark}: ...")
"""
# Every test twice, in an unknown way; a first attempt that is red is no failure to it, as to
# pytest-rerunfailures.
TWICE = """
import pytest
from _pytest.runner import runtestprotocol

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for attempt in (1, 2):
        if attempt == 2:
            item._initrequest()
        for report in runtestprotocol(item, nextitem=nextitem, log=False):
            if attempt == 1 and report.failed:
                report.outcome = "rerun"
            item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
"""
# pytest-timeout's hooks, with a timer of its own that ends the process, as its thread does.
TIMEOUT = """
import collections, os, threading
import pytest

Settings = collections.namedtuple("Settings", "timeout method func_only disable_debugger_detection")

class Hooks:
    @pytest.hookspec(firstresult=True)
    def pytest_timeout_set_timer(item, settings): ...

def pytest_addoption(parser):
    parser.addoption("--timeout", type=float)

def pytest_addhooks(pluginmanager):
    pluginmanager.add_hookspecs(Hooks)

def pytest_configure(config):
    config.addinivalue_line("markers", "timeout(s): ...")

@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    mark = item.get_closest_marker("timeout")
    seconds = mark.args[0] if mark else item.config.getoption("--timeout")
    item.ihook.pytest_timeout_set_timer(item=item, settings=Settings(seconds, "thread", False, False))
    result = yield
    item.cancel_timeout()
    return result

@pytest.hookimpl(trylast=True)
def pytest_timeout_set_timer(item, settings):
    timer = threading.Timer(settings.timeout, os._exit, (1,))
    item.cancel_timeout = timer.cancel
    timer.start()
    return True
"""


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("--reruns=2", "--reruns=2 (pytest-rerunfailures)"),
        ("--force-reruns=1", "--force-reruns=1 (pytest-rerunfailures)"),
        ("--retries=3", "--retries=3 (pytest-retry)"),
        ("--count=2", "--count=2 (pytest-repeat)"),
        ("--force-flaky", "--force-flaky (flaky)"),
        ("--flake-finder", "--flake-finder (pytest-flakefinder)"),
    ],
)
def test_an_option_that_repeats_is_refused(pytester, monkeypatch, run_suite, refused, given, says):
    pytester.makepyfile(stand_in=STAND_IN)
    refused(run_suite(JUDGED, "-p", "stand_in", given), says)
    monkeypatch.setenv("PYTEST_ADDOPTS", given)
    refused(run_suite(JUDGED, "-p", "stand_in"), says)


@pytest.mark.parametrize("name", ["reruns", "retries"])
def test_an_ini_value_that_repeats_is_refused_and_an_option_of_0_takes_it_back(
    pytester, run_suite, refused, name
):
    pytester.makepyfile(stand_in=STAND_IN)
    ini = pytester.path / "tox.ini"
    ini.write_text(f"{ini.read_text()}\n{name} = 2\n")
    refused(run_suite(JUDGED, "-p", "stand_in"), f"`{name} = 2` in tox.ini")
    assert run_suite(JUDGED, "-p", "stand_in", f"--{name}=0").words == {"test_it": "PASSED"}


@pytest.mark.parametrize(
    ("mark", "says"),
    [
        ("flaky", "The mark flaky of test_it.py::test_it"),
        ("flaky(reruns=5)", "The mark flaky of test_it.py::test_it"),
        ("flaky(2)", "The mark flaky of test_it.py::test_it"),
        ("flaky(retries=1, delay=1)", "The mark flaky of test_it.py::test_it"),
        ("flaky(max_runs=3)", "The mark flaky of test_it.py::test_it"),
        ("repeat(2)", "The mark repeat(2) of test_it.py::test_it (pytest-repeat)"),
    ],
)
def test_a_mark_that_repeats_is_refused(pytester, run_suite, refused, mark, says):
    pytester.makepyfile(stand_in=STAND_IN)
    refused(run_suite(f"import pytest\n\n@pytest.mark.{mark}\n{JUDGED}", "-p", "stand_in"), says)


def test_the_decorator_of_flaky_is_refused(pytester, run_suite, refused):
    pytester.makepyfile(stand_in=STAND_IN)
    refused(
        run_suite(f"{JUDGED}test_it._flaky_max_runs = 2\n", "-p", "stand_in"),
        "The decorator @flaky of test_it.py::test_it",
    )


def test_a_plugin_that_is_there_and_repeats_nothing_is_no_reason(pytester, run_suite):
    pytester.makepyfile(stand_in=STAND_IN)
    done = run_suite(JUDGED, "-p", "stand_in", "--reruns=0", "--count=1")
    assert (done.status, done.words) == (0, {"test_it": "PASSED"}), done.output
    other = "import pytest\n\n@pytest.mark.flaky(reruns=2)\ndef test_of_no_server():\n    pass\n\n"
    assert run_suite(other + JUDGED, "-p", "stand_in").words == {"test_it": "PASSED"}


def test_a_mark_of_a_plugin_that_is_not_there_does_nothing(pytester, run_suite):
    ini = pytester.path / "tox.ini"
    ini.write_text(f"{ini.read_text()}\nmarkers = flaky: ...\n")
    assert run_suite(f"import pytest\n\n@pytest.mark.flaky\n{JUDGED}").words == {"test_it": "PASSED"}


def test_a_run_without_live_tests_is_no_measurement(pytester, run_suite):
    pytester.makepyfile(stand_in=STAND_IN)
    assert run_suite("def test_it():\n    pass\n", "-p", "stand_in", "--reruns=2", url=None).status == 0


def test_looponfail_is_refused_where_a_server_is_named(run_suite, refused):
    # the real one
    refused(run_suite(JUDGED, "-f"), "-f (--looponfail of pytest-xdist) would run failing tests again")


@pytest.mark.parametrize(
    ("first", "second", "status", "word"),
    [
        ("FAILED", "PASSED", 1, "FAILED"),
        ("INVALID", "PASSED", 6, "INVALID"),
        ("PASSED", "FAILED", 1, "FAILED"),
        ("PASSED", "INVALID", 6, "INVALID"),
        ("FAILED", "INVALID", 1, "FAILED"),
    ],
)
def test_what_is_repeated_all_the_same_leaves_the_worst_outcome(
    pytester, run_suite, first, second, status, word
):
    pytester.makepyfile(twice=TWICE)
    source = f"WORDS = [{first!r}, {second!r}]\n\ndef test_it(says):\n    says(WORDS.pop(0))\n"
    done = run_suite(source, "-p", "twice")
    assert (done.status, done.words) == (status, {"test_it": word}), done.output
    (entry,) = done.run["tests"]
    assert "REPEATED" in entry["reasons"]
    assert entry["labels"] == ["REPEATED: a plugin ran this test 2 times; the worst outcome counts"]
    assert "Verdict of the run: " + word in done.output or word in done.output.splitlines()[-2]


def test_only_our_own_label_is_replaced(pytester, run_suite):
    """A user's label that begins alike stays."""
    pytester.makepyfile(twice=TWICE)
    source = """
from dataclasses import replace
from slabench.plugin.stash import ENTRY

def test_it(says, request):
    says("PASSED")
    left = request.node.stash[ENTRY]
    entry = replace(left.entry, labels=("REPEATED_PROMPTS: each twice",))
    request.node.stash[ENTRY] = replace(left, entry=entry)
"""
    (entry,) = run_suite(source, "-p", "twice").run["tests"]
    repeated = "REPEATED: a plugin ran this test 2 times; the worst outcome counts"
    assert entry["labels"] == ["REPEATED_PROMPTS: each twice", repeated]


def test_an_attempt_that_ends_without_judging_is_not_covered_by_the_one_before(pytester, run_suite):
    pytester.makepyfile(twice=TWICE)
    source = (
        "RUNS = []\n\ndef test_it(says):\n    RUNS.append(1)\n    if len(RUNS) == 1:\n        "
        "says('PASSED')\n"
    )
    done = run_suite(source, "-p", "twice")
    assert (done.status, done.words) == (6, {"test_it": "INVALID"}), done.output
    assert "ended without calling judge()" in done.run["tests"][0]["headline"]


SLEEPS = "import time\n\ndef test_it(says):\n    time.sleep(60)\n\ndef test_next(says):\n    says('PASSED')\n"


@pytest.mark.parametrize(
    ("source", "given", "says"),
    [
        (SLEEPS, ["--timeout=0.4"], "stopped by --timeout=0.4"),
        (
            f"import pytest\n{SLEEPS}".replace("def test_it", "@pytest.mark.timeout(0.4)\ndef test_it"),
            ["--timeout=30"],
            "stopped by the mark timeout(0.4)",
        ),
    ],
)
def test_a_test_that_is_stopped_in_time_is_invalid_with_that_reason(pytester, run_suite, source, given, says):
    pytester.makepyfile(timeout_stand_in=TIMEOUT)
    done = run_suite(source, "-p", "timeout_stand_in", *given)
    assert (done.status, done.words) == (6, {"test_it": "INVALID", "test_next": "PASSED"}), done.output
    (entry,) = [test for test in done.run["tests"] if test["word"] == "INVALID"]
    assert entry["headline"].startswith(f"{says}: the test was not over")
    assert entry["reasons"] == ["TIMEOUT"]
    assert "crashed" not in done.output and "Traceback" not in done.output
    assert done.messages["test_it"][0][1].startswith("INVALID: stopped by ")
