"""Test ids of the suites wherever they lie, and a repository's own fixtures beside ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from slabench import places
from slabench.places import SUITES, suite_id

pytest_plugins = ("pytester",)

SUITE = """
import pytest

@pytest.mark.stage(1)
@pytest.mark.parametrize("size", [1])
def test_it(size):
    pass
"""


def test_a_suites_file_has_one_name() -> None:
    assert suite_id(SUITES / "ali" / "test_decode.py") == "tests/ali/test_decode.py"
    assert suite_id(Path("/elsewhere/tests/ali/test_decode.py")) is None


def test_an_installed_suites_tests_have_the_clones_ids(
    pytester: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by the way from the root of whoever runs them, which is another on every machine; the marks are
    known there too.
    """
    installed = tmp_path_factory.mktemp("site-packages") / "slabench" / "suites"
    (installed / "ali").mkdir(parents=True)
    (installed / "ali" / "test_new.py").write_text(SUITE)
    monkeypatch.setattr(places, "SUITES", installed)
    pytester.makepyfile(test_own=SUITE)
    files = [str(installed / "ali" / "test_new.py::test_it"), "test_own.py"]
    done = pytester.inline_run(
        "-p",
        "slabench.plugin",
        "--strict-markers",
        "--import-mode=importlib",
        "-p",
        "no:cacheprovider",
        "--rootdir=.",
        *files,
    )
    assert done.ret == 0
    found = [report.nodeid for report in done.getreports("pytest_runtest_logreport") if report.when == "call"]
    assert sorted(found) == ["test_own.py::test_it[1]", "tests/ali/test_new.py::test_it[1]"]


def test_a_server_of_ones_own_makes_no_test_live(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many repositories have a fixture of that name; ours is meant where the test asks for what is measured
    with it.
    """
    monkeypatch.delenv("SLABENCH_BASE_URL", raising=False)
    pytester.makeconftest("import pytest\n\n@pytest.fixture\ndef server():\n    return 1\n")
    pytester.makepyfile("def test_it(server):\n    assert server == 1\n")
    assert pytester.inline_run("-p", "slabench.plugin", "-p", "no:cacheprovider").ret == 0


def test_an_unknown_option_of_ones_own_conftest_is_known(pytester: pytest.Pytester) -> None:
    """--dataset is nearly one of ours; a plugin of -p is there before the repository's conftest.py, which
    has it.
    """
    pytester.makeconftest("def pytest_addoption(parser):\n    parser.addoption('--dataset')\n")
    pytester.makepyfile("def test_it(pytestconfig):\n    assert pytestconfig.getoption('dataset') == 'x'\n")
    assert pytester.inline_run("-p", "slabench.plugin", "-p", "no:cacheprovider", "--dataset=x").ret == 0
