"""`slabench doctor`: which tests and options pytest gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from slabench.cli import doctor
from slabench.cli.main import main
from slabench.places import SUITES


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    calls: list[list[str]] = []

    def start(words: list[str]) -> int:
        calls.append(list(words))
        return 6

    monkeypatch.setattr(doctor, "start", start)
    return calls


@pytest.mark.parametrize(
    ("words", "suites"),
    [
        (["--base-url=sim:"], ["ali", "serving", "tencent"]),
        (["tests/tencent", "--base-url=sim:"], ["tencent"]),
        (["ali", "tencent", "--base-url=sim:"], ["ali", "tencent"]),
        (["--base-url=sim:", "tencent"], ["tencent"]),
        (["--base-url=sim:", "--model", "ali", "tests/ali", "tencent"], ["ali", "tencent"]),
        (["--base-url=sim:", "-k", "ali"], ["ali", "serving", "tencent"]),
    ],
)
def test_suites_and_all_of_them_without_a_name(
    started: list[list[str]], words: list[str], suites: list[str]
) -> None:
    assert main(["doctor", *words]) == 6
    (call,) = started
    assert [word for word in call if word.startswith(str(SUITES))] == [str(SUITES / name) for name in suites]
    assert "--base-url=sim:" in call and "--collect-only" in call and "slabench.plugin.doctor" in call


def test_a_file_of_ones_own(
    started: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "test_long.py").touch()
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", "test_long.py", "--base-url=sim:"]) == 6
    assert started[0][:2] == ["test_long.py", "--base-url=sim:"]
    assert {"slabench.plugin", "slabench.plugin.doctor", "--collect-only"} <= set(started[0])
    assert main(["doctor", "--base-url=sim:", "test_long.py"]) == 6
    assert started[1] == started[0]


def test_what_is_no_suite_and_no_file(started: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "tests/tenncent", "--base-url=sim:"]) == 4
    assert "'tests/tenncent' is no suite" in capsys.readouterr().err
    assert started == []
