"""The command that runs a test again is the run's own, with the tests exchanged."""

from __future__ import annotations

import shlex

import pytest

from slabench.report.rerun import command, rerun, resumed, typed
from tests.unit.report.samples import document

ID = "tests/ali/test_decode.py::test_decode_tpot[bs8]"
PLANNED = [
    ID,
    "tests/ali/test_prefill.py::test_prefill_throughput[in64]",
    "tests/tencent/test_sla.py::test_sla[np128]",
]


@pytest.mark.parametrize(
    ("typed", "again"),
    [
        ("pytest tests/ali tests/tencent --base-url=sim:", f"pytest '{ID}' --base-url=sim:"),
        ("pytest --base-url sim: tests/ali/ -q", f"pytest '{ID}' --base-url sim: -q"),
        ("pytest . -k 'bs8 or bs4' -m live --slo=tpot.mean<=50", f"pytest '{ID}' --slo='tpot.mean<=50'"),
        ("pytest -kbs8 -n2 ./tests/ali/test_decode.py::test_a --repeats=3", f"pytest '{ID}' --repeats=3"),
        ("pytest tests/ali --resume=reports/x --deselect tests/ali/a.py --lf", f"pytest '{ID}'"),
        (
            "pytest --config-file=/x/run.ini --rootdir=/w --confcutdir=/x /x/tests/ali/test_decode.py "
            "--base-url=sim:demo?a=1&b=2",
            f"slabench run '{ID}' --base-url='sim:demo?a=1&b=2'",
        ),
        ("pytest tests --model=tests/model -p no:x", f"pytest '{ID}' --model=tests/model -p no:x"),
    ],
)  # fmt: skip
def test_the_tests_are_exchanged_and_nothing_else(typed: str, again: str) -> None:
    run = document(command=[*shlex.split(typed.replace("&", "'&'"))], planned=PLANNED)
    assert rerun(run, [ID]) == again


def test_the_command_as_typed() -> None:
    typed = ["pytest", "tests/ali", "--slo=tpot.p99<=50", "--dataset-path=a b.json", "-k", "x y"]
    assert command(typed) == "pytest tests/ali --slo='tpot.p99<=50' --dataset-path='a b.json' -k 'x y'"
    assert shlex.split(command(typed)) == typed


INSTALLED = "pytest --config-file=/x/run.ini --rootdir=/w --confcutdir=/x/suites /x/suites/ali"


@pytest.mark.parametrize(
    ("words", "program", "shown"),
    [
        ("pytest tests/ali --slo=tpot.p99<=50", ["pytest"], "pytest tests/ali --slo='tpot.p99<=50'"),
        (
            "pytest tests/ali -q",
            [".venv/bin/python", "-m", "pytest"],
            ".venv/bin/python -m pytest tests/ali -q",
        ),
        (f"{INSTALLED} --base-url=sim:", ["pytest"], "slabench run tests/ali --base-url=sim:"),
        (f"{INSTALLED} -q", ["python", "-m", "slabench", "run"], "python -m slabench run tests/ali -q"),
    ],
)
def test_the_run_s_own_command_and_what_continues_it(words: str, program: list[str], shown: str) -> None:
    run = document(command=shlex.split(words), program=program, options={"report_dir": "out/"})
    assert typed(run) == shown
    assert resumed(run) == f"{shown} --resume=out/20260102T030405Z-3f9a2c"
    assert rerun(run, ["a"]).startswith(shown.partition(" tests/ali")[0] + " a")
    again = document(command=[*shlex.split(words), "--resume", "x", "--resume=y"], program=program)
    assert resumed(again) == f"{shown} --resume=reports/20260102T030405Z-3f9a2c"
