"""What the collected tests will send, without a run: the suites by their bodies, others by their mark."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.places import SUITES
from slabench.plugin.gate_tests import pytest_collection_modifyitems
from slabench.plugin.planned_tests import planned_tests
from slabench.plugin.resume import RESUMED, Resumed
from slabench.session.gate_quick import SIZES, QuickSizes
from slabench.session.planned_load import PlannedTest

OWN = """
import pytest
from slabench.methods import Form
FORM = Form("serving", 100, 20, num_prompts=4)
def form_of(options):
    return FORM
@pytest.mark.sends(form=form_of)
def test_marked(run_load, judge):
    raise AssertionError("a body of another repository is not run for a check")
def test_unmarked(run_load, judge):
    raise AssertionError("the same")
def test_without_server():
    pass
"""


class Plan:
    def __init__(self) -> None:
        self.tests: Sequence[PlannedTest] = ()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.tests = planned_tests(session.items, session.config.option)


def planned(*args: str) -> dict[str, PlannedTest]:
    plan = Plan()
    assert not pytest.main(
        [*args, "--collect-only", "-p", "no:cacheprovider", "-p", "no:xdist", "-q"], [plan]
    )
    return {test.test_id.rpartition("::")[2]: test for test in plan.tests}


def test_the_suites_by_their_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLABENCH_BASE_URL", raising=False)
    tests = planned(
        str(SUITES / "ali"), str(SUITES / "tencent"), "--batch-sizes=4,8", "--prompts-per-batch=2",
        "--find-capacity",
    )  # fmt: skip
    assert not [test for test in tests.values() if test.ended or not test.judged]
    (load,) = tests["test_decode_tpot[bs8]"].loads
    assert (load.batch_size, load.in_flight, load.form.num_prompts) == (8, 8, 16)
    assert [str(rule) for rule in tests["test_sla[np256]"].rules] == ["tpot.mean<=50"]
    assert tests["test_decode_curve"].curve and tests["test_capacity"].loads[0].search


def test_others_by_their_mark_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "test_planned_elsewhere.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SLABENCH_BASE_URL", raising=False)
    tests = planned(f"--rootdir={tmp_path}", "-p", "slabench.plugin", "test_planned_elsewhere.py")
    assert list(tests) == ["test_marked", "test_unmarked"]
    assert tests["test_marked"].loads[0].form.num_prompts == 4 and not tests["test_marked"].judged
    assert not tests["test_unmarked"].loads and "no mark `sends`" in str(tests["test_unmarked"].ended)


def test_questions_come_after_the_loads_and_only_where_they_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SLABENCH_BASE_URL", raising=False)
    serving, tencent = str(SUITES / "serving"), str(SUITES / "tencent")
    assert list(planned(serving)) == ["test_custom"]
    tests = planned(serving, tencent, "--accuracy-file=smoke", "--num-prompts=4")
    assert list(tests) == ["test_custom", "test_sla[np4]", "test_accuracy"]
    asked = tests["test_accuracy"]
    assert asked.accuracy and asked.judged and not asked.loads and asked.ended is None


def test_a_quick_gate_has_ids_of_its_own_and_leaves_the_curve_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLABENCH_BASE_URL", raising=False)
    suites = str(SUITES / "ali"), str(SUITES / "tencent"), "--base-url=sim:"
    tests = planned(*suites, "--baseline-url=sim:", "--prefill-lens=64", "--random-output-len=7")
    assert "test_decode_curve" not in tests and "test_decode_tpot[bs64-quick]" in tests
    (load,) = tests["test_sla[quick]"].loads
    assert load.form.quick and load.form.output_len == 7 and load.form.input_len == 3500
    assert tests["test_prefill_throughput[in64-quick]"].loads[0].form.quick
    counted = planned(*suites, "--gate=quick", "--num-prompts=9", "--batch-sizes=3")
    assert {"test_sla[np9-quick]", "test_decode_tpot[bs3-quick]"} <= set(counted)
    full = planned(*suites, "--baseline-url=sim:", "--gate=full")
    assert {"test_sla[np128]", "test_decode_tpot[bs64]", "test_decode_curve"} <= set(full)
    assert not any("quick" in name for name in {*full, *planned(*suites, "--repeats=2")})


def test_a_continued_quick_gate_has_the_tests_that_it_had_chosen() -> None:
    """Else a finished run would ask its server again for points that it had left out."""

    def left(planned: Sequence[str]) -> list[str]:
        config: Any = SimpleNamespace(
            option=Namespace(**{SIZES: QuickSizes()}),
            stash={RESUMED: Resumed("run", {}, None, planned)},
            hook=SimpleNamespace(pytest_deselected=lambda items: None),
        )
        items: Any = [
            SimpleNamespace(nodeid=name, path=Path("x.py"), stash=pytest.Stash())
            for name in ("t[bs1-quick]", "t[bs2-quick]", "own")
        ]
        pytest_collection_modifyitems(config, items)
        return [item.nodeid for item in items]

    assert left(["t[bs2-quick]", "own"]) == ["t[bs2-quick]", "own"]
    assert left([]) == ["t[bs1-quick]", "t[bs2-quick]", "own"]
