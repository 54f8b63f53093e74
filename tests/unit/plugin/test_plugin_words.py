"""One word a test, whatever happens in it, the same in run.json, on the console, in JUnit, and in the exit
status."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.plugin.conftest import Ran

pytest_plugins = ("pytester",)

Run = Callable[..., Ran]
LINE = "tpot mean 61.20 ms > 50 ms (+22 %, n=80)"


@pytest.mark.parametrize(
    ("body", "status", "word", "reasons", "message"),
    [
        ("says('PASSED')", 0, "PASSED", [], None),
        ("says('FAILED')", 1, "FAILED", [], f"FAILED: {LINE}"),
        (
            "says('INVALID', 'completed: 3 of 8 requests failed.')",
            6,
            "INVALID",
            [],
            "INVALID: completed: 3 of 8 requests failed.",
        ),
        (
            "pass",
            6,
            "INVALID",
            ["no_verdict"],
            "INVALID: no_verdict: the test ended without calling judge()",
        ),
        ("raise ServerError('It went away.')", 6, "INVALID", ["SERVER_FAILED"], "INVALID: It went away."),
        (
            "raise InvalidRun('no_deploy_log: give one.')",
            6,
            "INVALID",
            ["NO_RESULT"],
            "INVALID: no_deploy_log: give one.",
        ),
        ("raise SLAViolation('too slow')", 1, "FAILED", [], "FAILED: too slow"),
    ],
)
def test_the_word(
    run_suite: Run, body: str, status: int, word: str, reasons: list[str], message: str | None
) -> None:
    imports = "from slabench.errors import InvalidRun, ServerError, SLAViolation\n"
    ran = run_suite(f"{imports}def test_x(says):\n    {body}\n")
    assert ran.status == status, ran.output
    assert ran.words == {"test_x": word}
    (entry,) = ran.run["tests"]
    assert entry["reasons"] == reasons
    assert (ran.run["word"], ran.run["exit_status"]) == (word, status)
    assert f"{word} tests/serving/test_it.py::test_x: {entry['headline']}" in ran.output
    assert ran.messages == {"test_x": [("failure", message)] if message else []}


@pytest.mark.parametrize(
    "error",
    ["AssertionError('x')", "SLAViolation('x')", "InvalidRun('x')", "ServerError('x')", "KeyError('x')"],
)
def test_a_test_that_raises_after_its_verdict_is_not_green(run_suite: Run, error: str) -> None:
    imports = "from slabench.errors import InvalidRun, ServerError, SLAViolation\n"
    ran = run_suite(f"{imports}def test_x(says):\n    says('PASSED')\n    raise {error}\n")
    assert ran.status != 0, ran.output
    assert ran.words["test_x"] != "PASSED"
    assert ran.run["word"] != "PASSED"
    assert ran.messages["test_x"] != []


@pytest.mark.parametrize("error", ["RuntimeError('no disk')", "AssertionError('x')"])
def test_our_own_crash_is_3(run_suite: Run, error: str) -> None:
    """In a fixture and in a test: a traceback to look at, the word INVALID, and a status of its own."""
    # Frames of ours are known by their module's name.
    ours = f"__name__ = 'slabench.broken'\ndef boom():\n    raise {error}\n"
    head = f"import pytest\nours = {{}}\nexec({ours!r}, ours)\n"
    source = (
        "@pytest.fixture\ndef broken(server):\n    ours['boom']()\ndef test_x(broken, says):\n    "
        "says('PASSED')\n"
    )
    ran = run_suite(head + source)
    assert ran.status == 3, ran.output
    assert ran.words == {"test_x": "INVALID"}
    assert ran.run["tests"][0]["reasons"] == ["CRASHED"]
    assert error.partition("(")[0] in ran.run["tests"][0]["headline"]
    assert "def broken(server)" in ran.output  # the traceback
    assert ran.run["state"] == "crashed"
    in_test = run_suite(f"{head}def test_x(says):\n    ours['boom']()\n")
    assert in_test.status == 3, in_test.output
    assert in_test.words == {"test_x": "INVALID"}


SECRETS = ("planted-key-in-the-environment", "planted-bearer", "planted-named")
# A key in an argument's repr, in the exception's own words, in what was printed; beside it what a terminal
# would obey.
CRASH = """
import pytest
def work(headers, url):
    print("\\x1b[32mprinted {0}")
    raise RuntimeError("\\x1b[31mno answer with {0}: api_key='{2}'\\x9b")
def test_x(says):
    work({{"Authorization": "Bearer {1}"}}, "http://user:{2}@host")
"""
# The same in a hook of ours: an INTERNALERROR.
INTERNAL = """
import pytest
@pytest.fixture(autouse=True)
def break_it(request, server):
    class Broken:
        def pytest_runtest_logreport(self, report):
            work({{"Authorization": "Bearer {1}"}})
    request.config.pluginmanager.register(Broken())
def work(headers):
    raise RuntimeError("\\x1b[31mno answer with {0}: api_key='{2}'\\x9b")
def test_x(says):
    says("PASSED")
"""


@pytest.mark.parametrize(("source", "status"), [(CRASH, 6), (INTERNAL, 3)], ids=["a test", "a hook"])
def test_a_traceback_has_no_secret_and_no_escape_sequence(
    run_suite: Run, monkeypatch: pytest.MonkeyPatch, source: str, status: int
) -> None:
    monkeypatch.setenv("SLABENCH_API_KEY", SECRETS[0])
    ran = run_suite(source.format(*SECRETS))
    assert ran.status == status, ran.output
    assert ran.folder is not None
    assert "work({" in ran.output  # it is all there but for that
    assert "\\x1b[31mno answer with ***: api_key='***'\\x9b" in ran.output
    texts = {
        str(path): path.read_text(errors="replace") for path in ran.folder.iterdir() if path.suffix != ".gz"
    }
    assert {"run.json", "junit.xml"} <= {path.rpartition("/")[2] for path in texts}
    for where, text in {**texts, "console": ran.output}.items():
        assert [secret for secret in SECRETS if secret in text] == [], where
        assert "\x1b" not in text, where
        assert "\x9b" not in text, where


def test_no_escape_sequence_reaches_the_terminal_or_a_file(run_suite: Run) -> None:
    hostile = "HTTP 500: \\x1b[31m\\x9b\\r\\n::error::mine"
    source = (
        "from slabench.errors import ServerError\n"
        f"def test_a(says):\n    says('INVALID', '{hostile}')\n"
        f"def test_b(says):\n    raise ServerError('{hostile}')\n"
    )
    ran = run_suite(source, "--github", "-rA")
    assert ran.status == 6, ran.output
    assert ran.folder is not None
    files = [
        (ran.folder / name).read_text() for name in ("run.json", "summary.md", "junit.xml", "report.html")
    ]
    for text in (ran.output, *files):
        assert not any(bad in text for bad in "\x1b\x9b")
    assert [
        line for line in ran.output.splitlines() if line.strip().startswith("::") and "file=tests" not in line
    ] == []
    assert "HTTP 500: \\x1b[31m" in ran.output


def test_a_server_that_goes_away_in_a_fixture_is_invalid(run_suite: Run) -> None:
    ran = run_suite(
        "import pytest\nfrom slabench.errors import ServerError\n"
        "@pytest.fixture\ndef gone(server):\n    raise ServerError('http://x:1 does not answer.')\n"
        "def test_x(gone):\n    pass\n"
    )
    assert ran.status == 6, ran.output
    assert ran.words == {"test_x": "INVALID"}
    ((tag, message),) = ran.messages["test_x"]
    assert tag == "error"
    assert "INVALID: http://x:1 does not answer." in message


def test_a_wrong_option_found_late_ends_the_run_with_4(run_suite: Run) -> None:
    ran = run_suite(
        "from slabench.errors import ConfigError\n"
        "def test_x(says):\n    raise ConfigError('--tokenizer=x is no tokenizer.')\n"
        "def test_y(says):\n    says('PASSED')\n"
    )
    assert ran.status == 4, ran.output
    assert "--tokenizer=x is no tokenizer." in ran.output
    assert ran.words == {"test_x": "INVALID"} and ran.run["word"] != "PASSED"  # test_y was not tried
    (entry,) = ran.run["tests"]
    assert entry["reasons"] == ["usage"] and "--tokenizer=x is no tokenizer." in entry["headline"]


def test_failed_wins_over_invalid_over_passed(run_suite: Run) -> None:
    said = {"a": "says('INVALID', 'x')", "b": "says('FAILED')", "c": "says('PASSED')"}
    source = "".join(f"def test_{name}(says):\n    {body}\n" for name, body in said.items())
    ran = run_suite(source)
    assert ran.status == 1, ran.output
    assert ran.run["word"] == "FAILED"
    assert ran.words == {"test_a": "INVALID", "test_b": "FAILED", "test_c": "PASSED"}
    some = run_suite(source, "-k", "test_a or test_c")
    assert (some.status, some.run["word"]) == (6, "INVALID"), some.output


def test_a_skipped_live_test_proves_nothing(run_suite: Run) -> None:
    source = "import pytest\n@pytest.mark.skip\ndef test_a(says):\n    pass\n"
    alone = run_suite(source)
    assert alone.status == 6, alone.output
    beside = run_suite(source + "def test_b(says):\n    says('PASSED')\n")
    assert beside.status == 6, beside.output
    assert beside.run["not_run"] == ["tests/serving/test_it.py::test_a"]
    assert beside.run["word"] == "INVALID"


def test_another_test_that_fails_is_1(run_suite: Run) -> None:
    """A red unit test beside green measurements must not vanish behind them."""
    ran = run_suite("def test_a(says):\n    says('PASSED')\ndef test_b():\n    assert False\n")
    assert ran.status == 1, ran.output
    assert ran.words == {"test_a": "PASSED"}


def test_nothing_live_leaves_no_folder_and_no_word(run_suite: Run) -> None:
    ran = run_suite("def test_b():\n    pass\n")
    assert ran.status == 0, ran.output
    assert "Verdict" not in ran.output
    assert ran.folder is None or not ran.folder.exists()


def test_live_tests_without_a_server_are_not_tried(run_suite: Run) -> None:
    ran = run_suite("def test_a(says):\n    says('PASSED')\n", url=None)
    assert ran.status == 4, ran.output
    assert "Live tests need a server" in ran.output


STAGED = """
import pytest
@pytest.mark.stage(4)
@pytest.mark.parametrize("n", [1, 2])
def test_prefill(says, n): says("PASSED")
def test_between(says): says("PASSED")
@pytest.mark.stage(3)
def test_curve(says): says("PASSED")
@pytest.mark.stage(2)
@pytest.mark.parametrize("n", [1, 2])
def test_decode(says, n): says("PASSED")
"""
REVERSING = """
def pytest_collection_modifyitems(items):
    items.reverse()
"""
SHUFFLING = """
import random
import pytest
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    random.Random(int('{seed}')).shuffle(items)
"""


@pytest.mark.parametrize(
    "source", ["", REVERSING, *(SHUFFLING.replace("{seed}", str(seed)) for seed in range(5))]
)
def test_decode_runs_before_the_curve_before_prefill_whatever_reorders(
    run_suite: Run, pytester: pytest.Pytester, source: str
) -> None:
    pytester.makepyfile(reorders=source)
    pytester.syspathinsert()
    ran = run_suite(STAGED, "-p", "reorders")
    assert ran.status == 0, ran.output
    order = [test["id"].rpartition("::")[2] for test in ran.run["tests"]]
    assert [name for name in order if name != "test_between"] == [
        "test_decode[1]",
        "test_decode[2]",
        "test_curve",
        "test_prefill[1]",
        "test_prefill[2]",
    ]
    assert "test_between" in order


BASE_URL_PLUGIN = """
def pytest_addoption(parser):
    parser.addoption("--base-url", metavar="url", default={default}, help="base url of the application")
"""


@pytest.mark.parametrize("default", ["None", "''"])
def test_another_plugins_base_url_is_ours(run_suite: Run, pytester: pytest.Pytester, default: str) -> None:
    """pytest-base-url, which browser plugins pull in, is loaded first and owns the option."""
    pytester.makepyfile(owner=BASE_URL_PLUGIN.format(default=default))
    pytester.syspathinsert()
    ran = run_suite("def test_a(says):\n    says('PASSED')\n", "-p", "owner")
    assert ran.status == 0, ran.output
    assert ran.words == {"test_a": "PASSED"}
    without = run_suite("def test_a(says):\n    says('PASSED')\n", "-p", "owner", url=None)
    assert without.status == 4, without.output


def test_what_ends_before_a_server_was_asked_is_labelled_too(run_suite: Run) -> None:
    """Ctrl-C while the embedded server starts; junit.xml names no test then, and nothing that could be
    labelled.
    """
    ran = run_suite("import pytest\ndef test_a(server):\n    pytest.exit('now')\n")
    assert ran.status == 2 and ran.folder is not None
    texts = {path.name: path.read_text() for path in ran.folder.iterdir() if path.suffix != ".gz"} | {
        "console": ran.output
    }
    assert {"run.json", "summary.md", "junit.xml", "report.html"} <= texts.keys()
    assert [name for name, text in texts.items() if "SIMULATED" not in text] == ["junit.xml"]
    assert " classname=" not in texts["junit.xml"]


def test_a_test_s_lines_begin_a_line_whatever_was_written_meanwhile(run_suite: Run) -> None:
    source = """
def test_a(says, request):
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    with request.config.pluginmanager.get_plugin("capturemanager").global_and_fixture_disabled():
        reporter.write_line("said meanwhile")
    says("INVALID", "busy: 503")
"""
    assert "\nINVALID tests/serving/test_it.py::test_a: busy: 503\n" in run_suite(source).output


def test_an_import_error_in_a_test_file_is_no_signal(run_suite: Callable[..., Ran]) -> None:
    ran = run_suite("import no_such_module\n\ndef test_x(says):\n    says('PASSED')\n")
    assert ran.status == 4
    assert "Ctrl-C" not in ran.output
    assert "!! Interrupted: 1 error during collection !!" in ran.output
    assert ran.folder is None


@pytest.mark.parametrize(("lang", "word"), [("en", "Report: "), ("zh", "报告：")])
def test_the_console_names_the_page_that_people_open(
    run_suite: Callable[..., Ran], lang: str, word: str
) -> None:
    ran = run_suite("def test_x(says):\n    says('PASSED')\n", f"--lang={lang}")
    assert ran.folder is not None and (ran.folder / "report.html").is_file()
    lines = [line for line in ran.output.splitlines() if line.startswith(word)]
    assert len(lines) == 1 and lines[0].endswith(f"{ran.folder.name}/report.html")


@pytest.mark.parametrize(("word", "status"), [("FAILED", 1), ("INVALID", 6)])
def test_stepwise_ends_with_the_word_of_its_red_test(
    run_suite: Callable[..., Ran], word: str, status: int
) -> None:
    """--stepwise stops the session so; pytest's Session.Interrupted is a KeyboardInterrupt, and no Ctrl-C."""
    source = (
        "def test_x(says, request):\n    request.session.shouldstop = 'Test failed, continuing from it'\n"
        f"    says('{word}')\n\ndef test_y(says):\n    says('PASSED')\n"
    )
    ran = run_suite(source)
    assert (ran.status, ran.run["exit_status"], ran.run["word"]) == (status, status, word), ran.output
    assert (ran.run["state"], len(ran.run["not_run"])) == ("finished", 1)
    assert "interrupted_by" not in ran.run and "Ctrl-C" not in ran.output
