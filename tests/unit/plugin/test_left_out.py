"""What a run left out stands in its outputs: a gate that reads them would take the rest for all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.plugin.left_out import baseline_not_run
from tests.unit.plugin.conftest import Ran

pytest_plugins = ("pytester",)

TWO = "def test_x(says):\n    says('PASSED')\n\ndef test_y(says):\n    says('PASSED')\n"
SENTENCE = "1 live test was deselected (-k, -m, --lf): the verdict is of the others."


def texts(ran: Ran) -> list[str]:
    assert ran.folder is not None
    return [ran.output, *((ran.folder / name).read_text() for name in ("summary.md", "report.html"))]


def test_deselected_tests_are_in_every_output(run_suite: Callable[..., Ran]) -> None:
    ran = run_suite(TWO, "-k", "test_x")
    assert (ran.status, ran.run["word"], ran.run["deselected"]) == (0, "PASSED", 1)
    assert all(SENTENCE in text for text in texts(ran))
    ran = run_suite(TWO)
    assert "deselected" not in ran.run and "deselected (" not in ran.output


def test_tests_of_a_required_baseline_that_were_not_selected(
    run_suite: Callable[..., Ran], tmp_path: Path
) -> None:
    names = ("serving/test_it.py::test_x", "serving/test_it.py::test_y", "serving/test_other.py::test_z")
    document = {
        "schema": "slabench.baseline/2",
        "source": "by hand",
        "fingerprint": {},
        "tests": {
            f"tests/{name}": {
                "method": "serving",
                "workload": {},
                "samples": {"tpot.mean": [30.0]},
                "figures": {"tpot.mean": 30.0},
            }
            for name in (*names, "tencent/test_sla.py::test_sla[np6]")
        },
    }
    file = tmp_path / "accepted.json"
    file.write_text(json.dumps(document))
    ran = run_suite(TWO, "-k", "test_x", f"--baseline={file}", "--require-baseline")
    assert ran.run["baseline_not_run"] == [f"tests/{name}" for name in names[1:]], ran.output
    for text in texts(ran):
        assert "PASSED (2 tests of the baseline file not run)" in text
        assert "Tests of the baseline file that were not selected: tests/serving/test_it.py::test_y" in text
    assert "baseline_not_run" not in run_suite(TWO, "-k", "test_x", f"--baseline={file}").run


@pytest.mark.parametrize(
    ("planned", "left", "missing"),
    [
        (["a/t.py::x"], [], ["a/t.py::y"]),
        (["a/t.py::x", "a/t.py::y"], [], []),
        ([], ["b/t.py::z"], ["b/t.py::z"]),
        (["c/t.py::x"], [], []),
    ],
)
def test_the_suites_of_what_was_selected(planned: list[str], left: list[str], missing: list[str]) -> None:
    stored = {"a/t.py::x": None, "b/t.py::z": None}
    settings: Any = SimpleNamespace(
        baseline=SimpleNamespace(tests=stored, refused={"a/t.py::y": "of an earlier form"}),
        options=SimpleNamespace(require_baseline=True),
    )
    assert list(baseline_not_run(settings, planned, left)) == missing
