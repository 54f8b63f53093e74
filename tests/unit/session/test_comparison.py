"""Which figures of a test's repeats are compared with whose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.methods import SERVING
from slabench.report.stored_runs import StoredSide, StoredTest
from slabench.run_document.entry import ComparisonEntry, LooksEntry
from slabench.run_document.read import parse
from slabench.session.comparison import ComparedWith, compare, compare_runs, margins
from slabench.session.measurement import BASELINE, NEW, Trial
from slabench.verdict.baseline import Baseline, BaselineTest
from slabench.verdict.gated_metrics import Gathered
from slabench.verdict.looks import DEFAULT_LOOKS, StopReason
from slabench.verdict.validity import CheckContext
from tests.unit.factories import run_of

ID = "tests/serving/test_custom.py::test_custom"
PRINT: dict[str, dict[str, Any]] = {"hardware": {"gpu": "H20"}, "model": {"name": "m"}}
WORK = {"num_prompts": 12}


def compared(**old: Any) -> ComparedWith:
    """With the old side given."""
    return ComparedWith(ID, PRINT, **old)


def runs(*tpots: float | None, method: str = "serving") -> list[dict[str, float]]:
    name = "tpot.mean" if method == "serving" else "curve.8"
    common = {"ttft.mean": 20.0, "total_throughput": 900.0} if method == "serving" else {"curve.1": 100.0}
    return [common | ({} if tpot is None else {name: tpot}) for tpot in tpots]


OTHER = SimpleNamespace(url="http://old", fingerprint=PRINT)


@pytest.mark.parametrize("method", ["serving", "ali-decode-curve"])
@pytest.mark.parametrize(
    ("new", "old", "words"),
    [
        ((5.0, 5.1, 5.0), (5.0, None, 5.1), "the baseline has no {} in repeat 2 of 3"),
        ((5.0, None, None), (5.0, 5.1, 5.0), "this run has no {} in repeats 2, 3 of 3"),
        ((5.0, 5.1, 5.0), (None, None, None), "the baseline has no {}, so"),
        ((None, None, None), (5.0, 5.1, 5.0), "this run has no {}, so"),
    ],
)
def test_what_one_load_of_either_server_lacks_is_not_comparable(
    method: str, new: Any, old: Any, words: str
) -> None:
    """Left out in silence, it would not have been compared at all."""
    mine, theirs = (runs(*tpots, method=method) for tpots in (new, old))
    found = compare_runs(compared(server=OTHER), method, mine, theirs, WORK, [{}])
    assert found is not None
    key = "tpot.mean" if method == "serving" else "curve.8"
    assert words.format(key) in str(found.not_comparable)


def before(old: Mapping[str, Any], lacking: Mapping[str, str] | None = None) -> StoredSide:
    return StoredSide("before", PRINT, {ID: StoredTest("serving", WORK, Gathered(old, lacking or {}))})


def test_the_run_before_may_lack_it_too() -> None:
    old = before({"ttft.mean": [20.0] * 3, "total_throughput": [900.0] * 3}, {"tpot.mean": "repeat 1 of 3"})
    found = compare_runs(compared(before=old), "serving", runs(5.0, 5.0, 5.1), [], WORK, [{}])
    assert found is not None
    assert "the baseline has no tpot.mean in repeat 1 of 3" in str(found.not_comparable)
    assert found.interleaved is None or found.interleaved is False


def test_what_no_load_of_either_has_is_no_figure_of_the_test() -> None:
    found = compare_runs(compared(server=OTHER), "serving", runs(None, None), runs(None, None), WORK, [{}])
    assert found is not None and found.state == "compared"
    assert [metric.key for metric in found.metrics] == ["ttft.mean", "total_throughput"]


def test_of_a_stored_curve_the_batch_sizes_that_were_asked_for_are_compared() -> None:
    kept = {"curve.1": 100.0, "curve.8": 500.0, "curve.16": 700.0}
    entry = {"workload": WORK, "figures": kept, "samples": {key: [value] for key, value in kept.items()}}
    file = Baseline("b.json", "s", PRINT, {ID: BaselineTest.read(entry)})
    asked = ["curve.1", "curve.8"]
    found = compare_runs(
        compared(file=file), "ali-decode-curve", runs(500.0, method="curve"), [], WORK, [{}], only=asked
    )
    assert found is not None and [metric.key for metric in found.metrics] == asked
    found = compare_runs(
        compared(file=file), "ali-decode-curve", runs(None, method="curve"), [], WORK, [{}], only=asked
    )
    assert found is not None and "this run has no curve.8" in str(found.not_comparable)


def test_a_point_of_the_curve_has_the_repeats_of_its_own_decode_test() -> None:
    """Of which one was decided after three pairs, and the other after four."""
    mine, theirs = (
        [{"curve.1": 100.0 + k, "curve.8": value} for k, value in enumerate(values)]
        for values in ((500.0, 501.0, 502.0), (500.0, 500.0, 500.0))
    )
    for side in (mine, theirs):
        side.append({"curve.1": 100.0})
    rules = compared(server=OTHER, looks=DEFAULT_LOOKS)
    found = compare_runs(rules, "ali-decode-curve", mine, theirs, WORK, [{}], repeats={"curve.8": 3})
    assert found is not None
    assert {metric.key: len(metric.new) for metric in found.metrics} == {"curve.1": 4, "curve.8": 3}
    assert {metric.looks for metric in found.metrics} == {DEFAULT_LOOKS}
    found = compare_runs(rules, "ali-decode-curve", mine, theirs, WORK, [{}], repeats={"curve.8": 4})
    assert found is not None and "curve.8 in repeat 4 of 4" in str(found.not_comparable)


CONTEXT = CheckContext(run=run_of(), exact_prompt=True, planned=0)


def test_the_entry_has_how_the_looks_went() -> None:
    measured = SimpleNamespace(
        run=SimpleNamespace(workload=WORK, plan={}, reported=None),
        trial=Trial(NEW, 1, 10, "pair"),
        form=SERVING,
    )
    sides = {NEW: runs(5.0, 5.01, 5.0, 5.02), BASELINE: runs(5.0, 5.0, 5.0, 5.01)}
    evaluated = [
        SimpleNamespace(side=side, metrics=metrics, measured=measured, sizes={}, context=CONTEXT)
        for side, repeats in sides.items()
        for metrics in repeats
    ]
    rules = compared(server=OTHER, looks=DEFAULT_LOOKS)
    found = compare(rules, "serving", evaluated, StopReason.DECIDED)
    assert found is not None
    stored = parse(ComparisonEntry, found.as_dict(), strict=True).looks
    assert stored == LooksEntry(
        first=3,
        last=16,
        level=pytest.approx(0.0044, abs=5e-5),
        repeats=4,
        stopped="decided",
        first_pair="warmed",
    )
    fixed = compare(compared(server=OTHER), "serving", evaluated, None)
    assert fixed is not None and parse(ComparisonEntry, fixed.as_dict(), strict=True).looks is None


def loads(side: str, *repeats: Mapping[str, float]) -> list[Any]:
    return [
        (
            SimpleNamespace(
                trial=Trial(side, k, len(repeats)), form=SERVING, run=SimpleNamespace(reported=None)
            ),
            metrics,
        )
        for k, metrics in enumerate(repeats, 1)
    ]


def test_what_is_compared_has_a_margin_for_the_client_s_own_error() -> None:
    """A client that is 30 % off turned an objective INVALID, and a baseline passed."""
    entry = {
        "figures": {"tpot.mean": 5.0, "ttft.mean": 100.0, "classic.tpot.mean": 5.0, "total_throughput": 900.0}
    }
    file = Baseline("b.json", "s", PRINT, {ID: BaselineTest.read(entry)})
    (run,) = runs(5.1)
    found = margins(compared(file=file), loads(NEW, run | {"ttft.mean": 90.0, "classic.tpot.mean": 5.2}))
    # One run a side: within 5 %. What the client is wrong by in ms is on both sides, so TTFT is not asked
    # about.
    assert [(each.metric, each.observed, each.limit) for each in found] == [
        ("tpot.mean", 5.1, pytest.approx(5.25)),
        ("tpot.mean", 5.2, pytest.approx(5.25)),
    ]
    side = before({"tpot.mean": [5.0, 5.0]})
    (tpot,) = margins(compared(before=side), loads(NEW, *runs(5.0, 5.1)))
    assert (tpot.observed, tpot.limit) == (pytest.approx(5.05), pytest.approx(5.1))
    assert margins(compared(), loads(NEW, run)) == []


def test_in_turns_an_error_in_ms_is_on_both_sides_and_a_share_counts() -> None:
    both = [*loads(NEW, *runs(5.0, 5.2)), *loads(BASELINE, *runs(5.0, 5.0))]
    (tpot,) = margins(compared(server=OTHER), both)
    assert (tpot.metric, tpot.observed, tpot.limit) == ("tpot.mean", pytest.approx(5.1), pytest.approx(5.1))


@pytest.mark.parametrize("old", ["server", "before", "file"])
def test_a_gate_shows_how_the_accept_length_changed(old: str) -> None:
    mine = [run | {"accept_length": length} for run, length in zip(runs(5.0, 5.1), (2.0, 2.2), strict=True)]
    theirs = [run | {"accept_length": 3.5} for run in runs(5.0, 5.0)]
    side = StoredTest(
        "serving",
        WORK,
        Gathered({"tpot.mean": [5.0, 5.0], "ttft.mean": [20.0] * 2, "total_throughput": [900.0] * 2}),
    )
    entry = {"workload": WORK, "figures": {"tpot.mean": 5.0}, "information": {"accept_length": 3.5}}
    of = {
        "server": compared(server=OTHER),
        "before": compared(before=StoredSide("before", PRINT, {ID: replace(side, accept_length=3.5)})),
        "file": compared(file=Baseline("b.json", "s", PRINT, {ID: BaselineTest.read(entry)})),
    }
    found = compare_runs(of[old], "serving", mine, theirs if old == "server" else [], WORK, [{}])
    assert found is not None
    assert [str(note) for note in found.notes] == [
        "accept length 3.50 in the baseline, 2.10 here (-40.0 %): TPOT and throughput of speculative "
        "decoding depend on it"
    ]
    absent = compare_runs(of[old], "serving", runs(5.0, 5.1), theirs if old == "server" else [], WORK, [{}])
    assert absent is not None
    assert str(absent.notes[0]).startswith("accept length 3.50 in the baseline, none here:")


def test_without_speculative_decoding_no_word_of_it_is_said() -> None:
    found = compare_runs(compared(server=OTHER), "serving", runs(5.0, 5.1), runs(5.0, 5.0), WORK, [{}])
    assert found is not None and found.notes == ()


def test_a_quick_gate_compares_the_tpot_of_a_fixed_batch_alone() -> None:
    """Its throughput is 4 % lower here, by which the full form is worse; the stored side has both."""
    mine = [{"tpot.mean": 40.0 + k / 100, "output_throughput": 96.0 + k / 10} for k in range(3)]
    old = {"tpot.mean": [40.0, 40.02, 40.01], "output_throughput": [100.0, 100.1, 100.2]}
    stored = StoredSide("before", PRINT, {ID: StoredTest("ali-decode", WORK, Gathered(old))})
    rules = compared(before=stored, looks=DEFAULT_LOOKS)
    for quick, words in ((True, ["holds"]), (False, ["holds", "worse"])):
        found = compare_runs(rules, "ali-decode", mine, [], WORK, [{}], quick=quick)
        assert found is not None and found.state == "compared"
        assert [metric.outcome.value for metric in found.metrics] == words
