"""Baselines: what may be compared, by how much a figure may be worse, and what a file must be to be one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.errors import ConfigError
from slabench.messages import from_dict
from slabench.verdict.baseline import Baseline, BaselineTest
from slabench.verdict.baseline_file import identity, keep, load, save
from slabench.verdict.baseline_merge import merge
from slabench.verdict.comparison import compare
from slabench.verdict.differences import differences
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity.policy import settle
from tests.unit.verdict.saved import saved

ID = "tests/tencent/test_sla.py::test_sla[np128]"
PRINT = {
    "server": {"version": "0.5.7"},
    "hardware": {"gpu": "H20", "gpus": 8},
    "model": {"name": "r1", "dtype": None},
}
WORK = {"input_len": 3500, "num_prompts": 128}


def stored(figures: dict[str, float], **more: Any) -> Baseline:
    return Baseline(
        "b.json", "a test", PRINT, {ID: BaselineTest.read({"workload": WORK, "figures": figures} | more)}
    )


def against(
    baseline: Baseline, figures: dict[str, float], print_: Any = PRINT, work: Any = WORK, **more: Any
) -> Any:
    return compare(
        baseline,
        more.pop("test_id", ID),
        {key: [value] for key, value in figures.items()},
        {"tpot": 128},
        print_,
        work,
        tolerance=more.pop("tolerance", 0.05),
        **more,
    )


@pytest.mark.parametrize(
    ("key", "was", "now", "holds"),
    [
        ("tpot.mean", 40.0, 42.0, True),  # 5 % slower, exactly
        ("tpot.mean", 40.0, 42.01, False),
        ("tpot.mean", 40.0, 10.0, True),  # better is never red
        ("total_throughput", 1000.0, 950.0, True),
        ("total_throughput", 1000.0, 949.9, False),
        ("total_throughput", 1000.0, 5000.0, True),
        ("curve.8", 400.0, 379.0, False),
    ],
)
def test_the_tolerance(key: str, was: float, now: float, holds: bool) -> None:
    found = against(stored({key: was}), {key: now})
    assert found.state == "compared"
    (objective,) = found.objectives
    assert (objective.holds, objective.kind, objective.observed) == (holds, "baseline", now)


def test_the_sentence() -> None:
    (objective,) = against(stored({"tpot.mean": 6.22}), {"tpot.mean": 9.23}).objectives
    assert (
        objective.text == "tpot mean 9.23 ms is worse by more than 5 % of baseline 6.22 ms (+48.4 %, n=128)"
    )
    (held,) = against(stored({"total_throughput": 1000.0}), {"total_throughput": 990.0}).objectives
    assert held.text == "total_throughput 990.00 tok/s is within 5 % of baseline 1,000 tok/s (-1.0 %)"


@given(st.floats(0.01, 1e6), st.floats(0, 0.5), st.sampled_from(["tpot.mean", "total_throughput"]))
def test_equal_is_never_worse(value: float, tolerance: float, key: str) -> None:
    assert all(
        objective.holds
        for objective in against(stored({key: value}), {key: value}, tolerance=tolerance).objectives
    )


def changed(section: str, **values: Any) -> dict[str, Any]:
    return PRINT | {section: {**PRINT[section], **values}}


@pytest.mark.parametrize(
    ("print_", "work", "difference"),
    [
        (changed("hardware", gpu="H200"), WORK, "hardware.gpu: 'H200', 'H20' in the baseline"),
        (changed("hardware", gpu=None), WORK, "hardware.gpu: unknown here, 'H20' in the baseline"),
        (changed("model", name="other"), WORK, "model.name: 'other', 'r1' in the baseline"),
        (
            changed("model", name="other", repository="lab/other"),
            WORK,
            "model.name: 'lab/other', 'r1' in the baseline",
        ),
        ({}, WORK, "hardware.gpu: unknown here, 'H20' in the baseline"),
        (PRINT, WORK | {"input_len": 64}, "workload.input_len: 64, 3500 in the baseline"),
        (PRINT, {}, "workload.input_len: unknown here, 3500 in the baseline"),
    ],
)
def test_what_differs_is_not_compared(print_: Any, work: Any, difference: str) -> None:
    """Not even where the figures would hold."""
    found = against(stored({"tpot.mean": 40.0}), {"tpot.mean": 1.0}, print_, work)
    assert (found.state, found.objectives, found.reasons) == ("NOT_COMPARABLE", (), ("NOT_COMPARABLE",))
    assert difference in map(str, found.differences)
    assert difference in str(found.not_comparable)


@pytest.mark.parametrize("print_", [changed("server", version="0.5.12"), changed("model", dtype="bfloat16")])
def test_another_version_and_what_the_baseline_does_not_name_may_differ(print_: Any) -> None:
    assert against(stored({"tpot.mean": 40.0}), {"tpot.mean": 40.0}, print_).state == "compared"


def test_allowed_differences_are_compared_and_listed() -> None:
    other = changed("hardware", gpu="H200", gpus=1)
    for allow in (("hardware",), ("hardware.gpu", "hardware.gpus")):
        found = against(stored({"tpot.mean": 40.0}), {"tpot.mean": 40.0}, other, allow=allow)
        assert found.state == "compared"
        assert len(found.allowed) == 2 and found.differences == ()
    half = against(stored({"tpot.mean": 40.0}), {"tpot.mean": 40.0}, other, allow=("hardware.gpu",))
    assert half.state == "NOT_COMPARABLE"
    assert [str(each) for each in half.differences] == ["hardware.gpus: 1, 8 in the baseline"]


def test_no_entry_no_figure_and_no_number_are_not_zero() -> None:
    assert against(stored({"tpot.mean": 40.0}), {"tpot.mean": 1.0}, test_id="another").reasons == (
        "NO_BASELINE",
    )
    missing = against(stored({"tpot.mean": 40.0, "qpm": 3.0}), {"tpot.mean": 40.0})
    assert missing.state == "NOT_COMPARABLE"
    assert "this run has no qpm" in str(missing.not_comparable)
    assert against(stored({}), {"tpot.mean": 1.0}).state == "NOT_COMPARABLE"


def test_floors_have_no_tolerance_and_their_metrics_direction() -> None:
    found = against(
        stored({"tpot.mean": 40.0}, floors={"total_throughput": 1600, "ttft.p99": 2000}), {"tpot.mean": 40.0}
    )
    assert [str(floor) for floor in found.floors] == ["total_throughput>=1600", "ttft.p99<=2000"]


def run_entry(word: str, test_id: str = ID, **more: Any) -> dict[str, Any]:
    metrics = {
        "tpot.mean": 40.0,
        "ttft.mean": 9.0,
        "total_throughput": 1800.0,
        "qpm": 22.8,
        "tpot.p99": 60.0,
        "completed": 128.0,
    }
    work = {"input_len": 3500, "num_prompts": 128, "seed": 123}
    plan = {"request_rate": 128.0, "max_concurrency": 128, "count": 128}
    return {
        "id": test_id,
        "word": word,
        "method": "tencent",
        "metrics": metrics,
        "workload": work,
        "plan": plan,
        "reasons": [],
        "checks": [],
    } | more


def test_what_is_saved_can_be_loaded_and_holds_against_itself(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    tests = [run_entry("PASSED"), run_entry("FAILED", "t::f"), run_entry("INVALID", "t::i")]
    save(str(path), saved("run", "2026-01-02T03:04:05Z", PRINT, ["REDUCED"], tests))
    assert [path.name for path in tmp_path.iterdir()] == ["b.json"]
    found = load(str(path))
    assert set(found.tests) == {ID, "t::f"}  # INVALID is no baseline
    assert found.tests[ID].means == {"tpot.mean": 40.0, "ttft.mean": 9.0, "total_throughput": 1800.0}
    assert json.loads(path.read_text())["tests"][ID]["information"] == {"tpot.p99": 60.0, "qpm": 22.8}
    assert found.tests[ID].workload == {
        "input_len": 3500,
        "num_prompts": 128,
        "request_rate": 128.0,
        "max_concurrency": 128,
    }
    entry = run_entry("PASSED")
    held = against(found, entry["metrics"], work=identity(entry["workload"], entry["plan"]))
    assert held.state == "compared" and all(objective.holds for objective in held.objectives)


@pytest.mark.parametrize(
    ("work", "plan", "odd"),
    [
        (
            {},
            {"kind": "open_loop", "request_rate": 8.0, "arrivals": "constant"},
            "workload.arrivals: 'constant', 'poisson'",
        ),
        ({"dataset_name": "sharegpt", "dataset_sha256": "b"}, {}, "workload.dataset_sha256: 'b', 'a'"),
        ({}, {"warmup_requests": 8}, "workload.warmup_requests: 8, 1"),
        ({}, {"flush_cache": False}, "workload.flush_cache: False, True"),
    ],
)
def test_what_makes_another_workload(work: dict[str, Any], plan: dict[str, Any], odd: str) -> None:
    was = {"dataset_name": "sharegpt", "dataset_sha256": "a"} if work else {"dataset_name": "random"}
    way = {
        "kind": "open_loop",
        "request_rate": 8.0,
        "arrivals": "poisson",
        "warmup_requests": 1,
        "flush_cache": True,
    }
    known = stored({"qpm": 1.0}, workload=identity(was, way))
    assert odd in str(against(known, {"qpm": 1.0}, work=identity(was | work, way | plan)).not_comparable)
    assert against(known, {"qpm": 1.0}, work=identity(was, way)).state == "compared"


def test_a_baseline_of_the_same_prompts_is_not_compared_with_fresh_ones() -> None:
    """What an earlier file does not record is not refused, and reported."""
    sent = {"dataset_name": "random-ids", "num_prompts": 2}
    same = identity(sent | {"same_prompts": True}, {})
    known = stored({"qpm": 1.0}, workload=same)
    refused = against(known, {"qpm": 1.0}, work=identity(sent, {}))
    assert refused.state == "NOT_COMPARABLE" and "same_prompts" in str(refused.not_comparable)
    assert against(known, {"qpm": 1.0}, work=same).state == "compared"
    earlier = against(stored({"qpm": 1.0}, workload=identity(sent, {})), {"qpm": 1.0}, work=same)
    assert earlier.state == "compared" and "UNTOLD" in earlier.reasons


def test_repeats_with_prompts_of_their_own_name_what_leaves_those_out() -> None:
    """Equal servers, whose repeats differ by their prompts: the unpaired comparison stays open."""

    def headline(fresh: bool, **more: Any) -> str:
        work = WORK if fresh else WORK | {"same_prompts": True}
        samples = {"tpot.mean": [100.0, 130.0, 160.0]}
        old = stored({}, samples=samples, workload=work)
        found = compare(old, ID, samples, {"tpot": 128}, PRINT, work, tolerance=0.02, **more)
        return str(found.inconclusive)

    assert "; repeats have prompts of their own, which differ too: --same-prompts on both sides" in headline(
        True
    )
    assert headline(False).startswith("INCONCLUSIVE") and "prompts" not in headline(False)
    assert "prompts" not in headline(True, pairs=True)


def test_what_makes_no_other_workload() -> None:
    """A hash of texts whose lengths are drawn, arrivals of a closed loop, and what an old file does not
    record.
    """
    text, closed = (
        {"dataset_name": "random", "dataset_sha256": "a"},
        {"kind": "closed_loop", "arrivals": "at_once"},
    )
    assert identity(text, closed) == {"dataset_name": "random"}
    known = stored({"qpm": 1.0}, workload={"dataset_name": "sharegpt", "request_rate": 8.0})
    now = identity(
        {"dataset_name": "sharegpt", "dataset_sha256": "a"},
        {"kind": "open_loop", "request_rate": 8.0, "arrivals": "poisson"},
    )
    assert against(known, {"qpm": 1.0}, work=now).state == "compared"


def test_the_curves_figures_are_its_batch_sizes() -> None:
    entry = run_entry("PASSED", method="ali-decode-curve", metrics={"curve.1": 141.67, "curve.8": 432.87})
    made = saved("run", "now", PRINT, [], [entry])
    assert made["tests"][ID]["figures"] == {"curve.1": 141.67, "curve.8": 432.87}


def test_bench_serving_s_figure_does_not_stand_for_ours() -> None:
    """Answers that come in one event have no TPOT of ours and one of bench_serving's."""
    metrics = {"classic.tpot.mean": 40.0, "classic.total_throughput": 1800.0, "total_throughput": 1800.0}
    (ours,) = saved("run", "now", PRINT, [], [run_entry("PASSED", metrics=metrics)])["tests"].values()
    assert set(ours["figures"]) == {"total_throughput"}
    theirs = run_entry("PASSED", metrics=metrics, reasons=["BENCH_SERVING"])
    assert set(saved("run", "now", PRINT, [], [theirs])["tests"][ID]["figures"]) == {
        "classic.tpot.mean",
        "classic.total_throughput",
    }


def test_what_a_comparison_needs_on_both_sides() -> None:
    gated = ["tpot.mean", "total_throughput"]
    by_hand = {"figures": {"classic.tpot.mean": 1.0}}
    assert BaselineTest.read(by_hand).compared(gated) == ["classic.tpot.mean"]
    measured = BaselineTest.read(by_hand | {"samples": {"classic.tpot.mean": [1.0]}})
    assert measured.compared(gated) == ["classic.tpot.mean", "total_throughput"]


def test_a_method_of_your_own_is_gated_as_any_serving_workload() -> None:
    made = saved("run", "now", PRINT, [], [run_entry("PASSED", method="mine")])
    assert set(made["tests"][ID]["figures"]) == {"tpot.mean", "ttft.mean", "total_throughput"}


GOOD = {"schema": "slabench.baseline/1", "fingerprint": {}, "tests": {}}


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("{", "cannot be read as a baseline"),
        ([], "has schema None"),
        (GOOD | {"schema": "slabench.baseline/9"}, "has schema 'slabench.baseline/9'"),
        (GOOD | {"tests": []}, "has no tests or no fingerprint"),
        (GOOD | {"tests": {"t": {"figures": {"nosuch": 1.0}}}}, "nosuch=1.0"),
        (GOOD | {"tests": {"t": {"figures": {"qpm": "22"}}}}, "qpm='22'"),
        (GOOD | {"tests": {"t": {"floors": {"qpm": True}}}}, "qpm=True"),
        (GOOD | {"tests": {"t": {"figures": {"qpm": 10**400}}}}, "qpm=1000"),
        (GOOD | {"tests": {"t": {"floors": {"qpm": 10**400}}}}, "qpm=1000"),
        (GOOD | {"tests": {"t": {"figures": {"qpm": 1e-300}}}}, "qpm=1e-300"),
        (
            GOOD | {"tests": {"t": {"figures": {"qpm": 1.7e308}, "samples": {"qpm": [1.7e308] * 2}}}},
            "qpm=1.7e+308",
        ),
        (
            GOOD | {"tests": {"t": {"figures": {"qpm": 1}, "samples": {"qpm": [10**400]}}}},
            "samples qpm=[1000",
        ),
        ('{"schema": 1' + "0" * 5000 + "}", "cannot be read as a baseline"),
        ("[" * 200_000, "cannot be read as a baseline"),
    ],
)
def test_what_is_no_baseline_is_your_error(document: Any, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    with pytest.raises(ConfigError) as error:
        load(str(path))
    assert sentence in str(error.value)
    with pytest.raises(ConfigError, match="does not exist"):
        load(str(tmp_path / "none.json"))


@pytest.mark.parametrize("name", ["published-ali-a800.json", "published-tencent.json"])
def test_the_published_tables_are_baselines(name: str) -> None:
    assert load(str(Path(__file__).resolve().parents[3] / "baselines" / name)).tests


@pytest.mark.parametrize(
    ("entry", "labels"),
    [
        ({"figures": {"classic.tpot.mean": 40.0}}, []),
        ({"figures": {"tpot.mean": 40.0}, "floors": {"classic.input_throughput": 100.0}}, []),
        ({"figures": {"tpot.mean": 40.0}}, ["PUBLISHED"]),
        ({"figures": {"tpot.mean": 40.0}, "floors": {"total_throughput": 100.0}}, ["PUBLISHED"]),
    ],
)
def test_what_was_measured_with_text_is_no_measure_of_a_run_that_sends_ids(
    tmp_path: Path, entry: Any, labels: list[str]
) -> None:
    """The server's tokenizer is part of such a prefill, and bench_serving sends text."""
    path = tmp_path / "b.json"
    tests = {ID: {"workload": WORK, **entry}}
    path.write_text(
        json.dumps({"schema": "slabench.baseline/1", "labels": labels, "fingerprint": PRINT, "tests": tests})
    )
    seen = {
        "tpot.mean": 40.0,
        "classic.tpot.mean": 40.0,
        "classic.input_throughput": 200.0,
        "total_throughput": 200.0,
    }
    ids = against(load(str(path)), seen, work=WORK | {"prompt_form": "ids"})
    assert ids.state == "NOT_COMPARABLE"
    assert "workload.prompt_form: 'ids', 'text' in the baseline" in str(ids.not_comparable)
    assert "--prompt-form=text sends them so" in str(ids.not_comparable)
    assert against(load(str(path)), seen, work=WORK | {"prompt_form": "text"}).state == "compared"
    allowed = against(
        load(str(path)), seen, work=WORK | {"prompt_form": "ids"}, allow=("workload.prompt_form",)
    )
    assert allowed.state == "compared"


def test_a_file_of_ones_own_says_how_its_prompts_were_sent(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    for work, form in (({}, None), ({"prompt_form": "ids"}, "ids")):
        entry = {
            "workload": WORK | work,
            "figures": {"tpot.mean" if form is None else "classic.tpot.mean": 40.0},
        }
        path.write_text(
            json.dumps({"schema": "slabench.baseline/2", "fingerprint": PRINT, "tests": {ID: entry}})
        )
        assert load(str(path)).tests[ID].workload.get("prompt_form") == form


def test_a_file_keeps_its_floors_and_the_tests_that_were_not_measured() -> None:
    old = {
        "fingerprint": PRINT,
        "tests": {ID: {"figures": {"qpm": 1.0}, "floors": {"qpm": 20.0}}, "other": {"figures": {"qpm": 2.0}}},
    }
    new = {"fingerprint": PRINT, "tests": {ID: {"figures": {"qpm": 30.0}, "floors": {}}}}
    kept, gone = keep(new, old, differ=False)
    assert kept["tests"] == {
        ID: {"figures": {"qpm": 30.0}, "floors": {"qpm": 20.0}},
        "other": {"figures": {"qpm": 2.0}},
    }
    assert gone == []


def test_tests_of_another_hardware_do_not_stay_beside_this_one_s() -> None:
    old = {"fingerprint": PRINT, "tests": {"other": {"figures": {"qpm": 2.0}}}}
    new = {
        "fingerprint": PRINT | {"hardware": {"gpu": "H200", "gpus": 8}},
        "tests": {ID: {"figures": {"qpm": 30.0}, "floors": {}}},
    }
    kept, gone = keep(new, old, differ=any(differences(old["fingerprint"], new["fingerprint"])))
    assert list(kept["tests"]) == [ID]
    assert gone == ["other"]


def test_a_file_of_the_first_schema_is_still_read(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_text(
        json.dumps(
            {"schema": "slabench.baseline/1", "fingerprint": PRINT, "tests": {ID: {"figures": {"qpm": 22.8}}}}
        )
    )
    assert load(str(path)).tests[ID].samples.values == {"qpm": [22.8]}


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        ({"qpm": [22.0, "x"]}, "which are not numbers of runs"),
        ({"qpm": []}, "which are not numbers of runs"),
        ({"qpm": [22.0, 23.0]}, "qpm=22.8, which is not the mean of its samples"),
        ({"tpot.mean": [1.0]}, "tpot.mean=None, which is not the mean"),
    ],
)
def test_samples_have_to_be_the_figures(samples: Any, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    tests = {ID: {"figures": {"qpm": 22.8}, "samples": samples}}
    path.write_text(json.dumps({"schema": "slabench.baseline/2", "fingerprint": PRINT, "tests": tests}))
    with pytest.raises(ConfigError) as error:
        load(str(path))
    assert sentence in str(error.value)


def repeated(*values: float, side: str = "new") -> list[dict[str, Any]]:
    return [
        {"side": side, "metrics": {"tpot.mean": value, "ttft.mean": 9.0, "total_throughput": 1800.0}}
        for value in values
    ]


def test_repeats_become_samples_of_the_new_side_alone() -> None:
    entry = run_entry("PASSED", repeats=[*repeated(40.0, 42.0), *repeated(1.0, 2.0, side="baseline")])
    (made,) = saved("run", "now", PRINT, [], [entry])["tests"].values()
    assert (made["repeats"], made["samples"]["tpot.mean"], made["figures"]["tpot.mean"]) == (
        2,
        [40.0, 42.0],
        41.0,
    )


def test_a_figure_that_one_repeat_lacks_is_kept_in_mind_and_not_left_out(tmp_path: Path) -> None:
    """Left out of samples and figures it would not be compared, and TPOT could double."""
    runs = repeated(40.0, 42.0, 41.0)
    del runs[1]["metrics"]["tpot.mean"]
    (made,) = saved("run", "now", PRINT, [], [run_entry("PASSED", repeats=runs, workload=WORK, plan={})])[
        "tests"
    ].values()
    assert made["lacking"] == {"tpot.mean": "repeat 2 of 3"}
    path = tmp_path / "b.json"
    save(str(path), {"schema": "slabench.baseline/2", "fingerprint": PRINT, "tests": {ID: made}})
    found = against(load(str(path)), {"ttft.mean": 9.0, "total_throughput": 1800.0, "tpot.mean": 80.0})
    assert (found.state, found.reasons) == ("NOT_COMPARABLE", ("NOT_COMPARABLE",))
    assert "the baseline has no tpot.mean in repeat 2 of 3" in str(found.not_comparable)


def test_a_figure_that_the_new_side_or_the_old_lacks_is_named() -> None:
    known = stored({"tpot.mean": 40.0, "ttft.mean": 9.0}, samples={"tpot.mean": [40.0], "ttft.mean": [9.0]})
    found = compare(
        known,
        ID,
        {"tpot.mean": [40.0]},
        {},
        PRINT,
        WORK,
        tolerance=0.02,
        lacking={"ttft.mean": "repeats 1, 3 of 3"},
    )
    assert "this run has no ttft.mean in repeats 1, 3 of 3" in str(found.not_comparable)
    both = {"tpot.mean": [40.0], "ttft.mean": [9.0], "total_throughput": [1.0]}
    found = compare(known, ID, both, {}, PRINT, WORK, tolerance=0.02, wanted=both)
    assert "the baseline has no total_throughput" in str(found.not_comparable)


def test_a_baseline_records_what_allow_permitted(tmp_path: Path) -> None:
    """With half of the requests refused any server is faster."""
    bad = settle(
        Check("completed", CheckStatus.INVALID, "6 of 12 requests failed."),
        "serving",
        allow=["completed", "client"],
    )
    late = settle(
        Check("client", CheckStatus.FINDING, "Late at p99."), "serving", allow=["completed", "client"]
    )
    checks = [bad.as_dict(), late.as_dict(), Check("flush", CheckStatus.OK, "").as_dict()]
    made = saved("run", "now", PRINT, [], [run_entry("PASSED", checks=checks, workload=WORK, plan={})])
    assert made["tests"][ID]["allowed"] == {"completed": "6 of 12 requests failed."}
    path = tmp_path / "b.json"
    save(
        str(path),
        merge(
            [("a", saved("a", "now", PRINT, [], [run_entry("PASSED", workload=WORK, plan={})])), ("b", made)]
        ),
    )
    known, same = load(str(path)), {"tpot.mean": 40.0, "ttft.mean": 9.0, "total_throughput": 1800.0}
    found = against(known, same)
    assert found.state == "NOT_COMPARABLE"
    assert "was measured with --allow=completed: 6 of 12 requests failed." in str(found.not_comparable)
    assert "(--allow=completed compares anyway)" in str(found.not_comparable)
    found = against(known, same, checks=["completed"])
    assert (found.state, found.reasons) == ("compared", ("NO_SPREAD", "ONE_LAUNCH", "ALLOWED_IN_BASELINE"))
    assert found.as_dict()["notes"] == [
        "the baseline was measured with --allow=completed: 6 of 12 requests failed."
    ]


def test_a_figure_without_a_direction_gates_nothing() -> None:
    """A baseline of `requests` alone satisfied --require-baseline."""
    found = against(stored({"requests": 12.0}), {"requests": 12.0})
    assert found.state == "NOT_COMPARABLE"
    assert "names no metric that has a better direction" in str(found.not_comparable)
    beside = against(stored({"requests": 12.0, "qpm": 3.0}), {"requests": 99.0, "qpm": 3.0})
    assert [objective.metric for objective in beside.objectives] == ["qpm"]


FULL = {"server": {}, "hardware": {"gpu": "H20", "gpus": 8}, "model": {"name": "r1", "dtype": "bfloat16"}}


@pytest.mark.parametrize(
    ("fingerprint", "work", "absent"),
    [
        ({}, WORK, "hardware, model"),
        ({"hardware": {"gpu": None}, "model": FULL["model"]}, WORK, "hardware"),
        ({"hardware": {"gpus": 8}, "model": {"name": "r1"}}, WORK, "hardware.gpu, model.dtype"),
        (FULL, {"input_len": 3500}, "workload.num_prompts"),
    ],
)
def test_an_old_side_that_does_not_record_what_it_is_of_is_labelled(
    fingerprint: Any, work: Any, absent: str
) -> None:
    """It is comparable with anything, and nothing said so."""
    known = Baseline(
        "b.json", "s", fingerprint, {ID: BaselineTest.read({"workload": work, "figures": {"qpm": 3.0}})}
    )
    found = against(known, {"qpm": 3.0}, FULL)
    assert (found.state, found.reasons) == ("compared", ("SINGLE_RUN", "ONE_LAUNCH", "UNTOLD"))
    assert found.as_dict()["notes"] == [
        f"the baseline does not record {absent}, so {absent} was not compared"
    ]
    strict = against(known, {"qpm": 3.0}, FULL, strict=True)
    assert (strict.state, strict.reasons) == ("NOT_COMPARABLE", ("NOT_COMPARABLE", "UNTOLD"))
    assert f"b.json does not record {absent}, so {absent} cannot be compared" in str(strict.not_comparable)
    named = absent.split(", ")
    assert against(known, {"qpm": 3.0}, FULL, strict=True, allow=named).reasons == (
        "SINGLE_RUN",
        "ONE_LAUNCH",
    )


def test_an_old_side_that_records_all_is_not_labelled() -> None:
    known = Baseline(
        "b.json", "s", FULL, {ID: BaselineTest.read({"workload": WORK, "figures": {"qpm": 3.0}})}
    )
    assert against(known, {"qpm": 3.0}, FULL, strict=True).reasons == ("SINGLE_RUN", "ONE_LAUNCH")
    empty = Baseline("b.json", "s", {}, {ID: BaselineTest.read({"figures": {"qpm": 3.0}})})
    # and neither does the new side
    assert against(empty, {"qpm": 3.0}, {}, {}).reasons == ("SINGLE_RUN", "ONE_LAUNCH", "UNTOLD")


def test_what_is_only_inconclusive_is_a_run_all_the_same() -> None:
    open_ = run_entry("INVALID", reasons=["INCONCLUSIVE"])
    broken = run_entry("INVALID", reasons=["INCONCLUSIVE"], checks=[{"name": "flush", "state": "invalid"}])
    assert list(saved("run", "now", PRINT, [], [open_])["tests"]) == [ID]
    assert saved("run", "now", PRINT, [], [broken])["tests"] == {}


def test_merged_runs_are_one_baseline_with_all_their_samples(tmp_path: Path) -> None:
    first = saved("a", "now", PRINT, ["REDUCED"], [run_entry("PASSED"), run_entry("PASSED", "t::a")])
    second = saved("b", "then", PRINT, [], [run_entry("PASSED", repeats=repeated(43.0, 46.0))])
    both = merge([("a.json", first), ("b.json", second)])
    assert both["tests"][ID]["samples"]["tpot.mean"] == [40.0, 43.0, 46.0]
    assert (both["tests"][ID]["figures"]["tpot.mean"], both["tests"][ID]["repeats"]) == (43.0, 3)
    assert (both["source"], both["labels"], set(both["tests"])) == ("a + b", ["REDUCED"], {ID, "t::a"})
    save(str(tmp_path / "c.json"), both)
    assert load(str(tmp_path / "c.json")).tests[ID].samples.values["tpot.mean"] == [40.0, 43.0, 46.0]


def test_the_server_s_arguments_may_differ_only_if_named_and_its_version_may() -> None:
    now = PRINT | {"server": {"version": "0.5.12", "token_capacity": 2, "chunked_prefill_size": 8192}}
    was = {**PRINT, "server": {"version": "0.5.7", "token_capacity": 1, "chunked_prefill_size": 4096}}
    known = Baseline(
        "b.json", "a test", was, {ID: BaselineTest.read({"workload": WORK, "figures": {"tpot.mean": 40.0}})}
    )
    found = against(known, {"tpot.mean": 40.0}, now)
    assert [str(each) for each in found.differences] == [
        "server.chunked_prefill_size: 8192, 4096 in the baseline"
    ]
    assert "--allow-diff=server.chunked_prefill_size compares anyway" in str(found.not_comparable)
    assert (
        against(known, {"tpot.mean": 40.0}, now, allow=("server.chunked_prefill_size",)).state == "compared"
    )


def test_repeats_on_both_sides_decide_or_are_inconclusive() -> None:
    known = Baseline(
        "b.json",
        "s",
        PRINT,
        {
            ID: BaselineTest.read(
                {"workload": WORK, "figures": {"qpm": 100.0}, "samples": {"qpm": [99.0, 100.0, 101.0]}}
            )
        },
    )

    def state(*values: float) -> tuple[list[bool], tuple[str, ...]]:
        found = compare(known, ID, {"qpm": values}, {}, PRINT, WORK, tolerance=0.02)
        return [objective.holds for objective in found.objectives], found.reasons

    assert state(80.0, 80.5, 79.5) == ([False], ("ONE_LAUNCH",))
    assert state(120.0, 121.0, 119.0) == ([True], ("ONE_LAUNCH",))
    # 1 % of spread and three runs do not tell 2 %
    assert state(100.0, 101.0, 99.0) == ([], ("INCONCLUSIVE", "ONE_LAUNCH"))
    assert state(70.0) == ([False], ("ONE_LAUNCH",))  # one run borrows the baseline's spread
    assert state(97.9) == ([], ("INCONCLUSIVE", "ONE_LAUNCH"))


def test_run_json_keeps_the_messages_of_a_comparison() -> None:
    known = Baseline(
        "b.json",
        "s",
        FULL,
        {ID: BaselineTest.read({"figures": {"qpm": 3.0}, "samples": {"qpm": [3.0, 3.1, 2.9]}})},
    )
    other = FULL | {"hardware": {"gpu": "H200", "gpus": 8}}
    found = against(known, {"qpm": 2.95}, other, allow=["hardware"]).as_dict()
    stored = json.loads(json.dumps(found))
    assert (stored["state"], stored["differences"]) == ("compared", [])
    (allowed,), (note,) = stored["allowed_difference_messages"], stored["note_messages"]
    assert (allowed["id"], allowed["arguments"]["key"]) == ("comparison.difference", "hardware.gpu")
    assert note["id"] == "comparison.note_unrecorded"
    assert [str(from_dict(allowed))] == stored["allowed_differences"]
    assert [str(from_dict(note))] == stored["notes"]
    (metric,) = stored["figures"]
    assert metric["message"]["id"] == "comparison.inconclusive"
    assert (str(from_dict(metric["message"])), str(from_dict(metric["remedy_message"]))) == (
        metric["text"],
        metric["remedy"],
    )


@pytest.mark.parametrize(
    ("more", "id"),
    [
        ({"print_": {}}, "comparison.differences"),
        ({"figures": {}}, "comparison.missing"),
        ({"figures": {"qpm": 0.0}}, "comparison.no_ratio"),
    ],
)
def test_why_there_is_no_comparison_is_an_id(more: dict[str, Any], id: str) -> None:
    found = against(stored({"qpm": 3.0}), **({"figures": {"qpm": 3.0}} | more))
    assert (found.state, found.reasons) == ("NOT_COMPARABLE", ("NOT_COMPARABLE",))
    assert found.not_comparable.id == "comparison.not_comparable"
    assert found.not_comparable.arguments["why"].id == id


@pytest.mark.parametrize(
    ("tokens", "were", "noted"),
    [(900, 1000, True), (990, 1000, False), (1100, 1000, False), (900, None, False), (None, 1000, False)],
)
def test_a_smaller_kv_pool_is_noted(tokens: int | None, were: int | None, noted: bool) -> None:
    """It may differ, and a load that does not fill it is as fast as before."""
    mine, theirs = (
        PRINT | {"server": {"version": "0.5.7", "token_capacity": count}} for count in (tokens, were)
    )
    old = replace(stored({"tpot.mean": 40.0}), fingerprint=theirs)
    found = against(old, {"tpot.mean": 40.0}, mine, tolerance=0.02)
    said = [str(note) for note in found.notes if note.id == "comparison.note_smaller_pool"]
    assert found.objectives[0].holds
    assert bool(said) == noted
    if noted:
        assert said[0].startswith("the KV pool holds 900 tokens, 1000 in the baseline (-10.0 %)")
