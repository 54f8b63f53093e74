"""First valid, then good enough; and the baseline's three answers."""

import json
from dataclasses import replace

import pytest

from slabench.errors import ConfigError
from slabench.messages import Message, from_dict
from slabench.verdict import baseline_file, comparison, reasons
from slabench.verdict.baseline import Baseline, BaselineTest
from slabench.verdict.judge import Case, judge
from slabench.verdict.outcome import Check, CheckStatus, Outcome, overall
from slabench.verdict.sla import slo
from slabench.verdict.validity.degenerate import objectives
from tests.unit.verdict.saved import entry, saved

GOOD, BAD = {"tpot.mean": 40.0, "output_throughput": 100.0}, {"tpot.mean": 60.0, "output_throughput": 100.0}
RULE = (slo("tpot", "mean", "<=", 50),)
OK = (Check("completed", CheckStatus.OK, "All came back."),)
BROKEN = (
    Check("completed", CheckStatus.INVALID, "1 of 2 requests failed.", "Look."),
    Check("flush", CheckStatus.INVALID, "HTTP 400.", "Wait."),
)
IDENTITY = {"hardware": {"gpu": "H20", "gpus": 8}, "model": {"name": "r1"}, "server": {"version": "0.5.7"}}
WORK = {"input_len": 3500}
TUNING = {"limit": 50, "observed": 60.0, "rate": 128.0, "concurrency": 128}


def stored(figures=None, floors=None, **fingerprint):
    entry = {"workload": WORK, "figures": GOOD if figures is None else figures, "floors": floors or {}}
    return Baseline("b.json", "b", IDENTITY | fingerprint, {"t": BaselineTest.read(entry)})


def compared(figures, baseline=None, test="t", identity=IDENTITY, work=WORK, **more):
    rules = {"tolerance": 0.05} | more
    return comparison.compare(
        baseline or stored(),
        test,
        {key: [value] for key, value in figures.items()},
        {"tpot": 9},
        identity,
        work,
        **rules,
    )


def verdict(figures=GOOD, checks=OK, slos=RULE, **more):
    return judge(Case(figures, {"tpot": 9}, checks, slos, **more))


def test_the_three_words():
    assert verdict().word is Outcome.PASSED
    assert verdict(BAD).word is Outcome.FAILED
    assert verdict(BAD, BROKEN).word is Outcome.INVALID  # an invalid run is not judged, good or bad
    assert verdict(GOOD, BROKEN).word is Outcome.INVALID


def test_first_lines_are_complete():
    assert verdict(BAD).headline == "tpot mean 60.00 ms > 50 ms (+20 %, n=9)"
    assert verdict(GOOD, BROKEN).headline == "completed: 1 of 2 requests failed. (and 1 more: flush)"


def test_undefined_figure_under_an_objective_is_invalid_never_zero():
    found = verdict({})
    assert found.word is Outcome.INVALID
    assert "tpot.mean is not defined" in found.headline


def test_an_objective_on_a_figure_by_the_first_text_says_that_there_was_none():
    found = judge(
        Case(
            {"classic.e2el.mean": 9.0}, {"ttft": 8, "text": 6}, OK, (slo("classic.ttft", "mean", "<=", 2000),)
        )
    )
    assert found.word is Outcome.INVALID
    assert found.headline == (
        "classic.ttft.mean is not defined for this run (it is taken at each answer's first text, and 2 of 8 "
        "answers contain no text), so no verdict on classic.ttft.mean<=2000 is possible"
    )


def test_an_objective_on_a_percentile_of_too_few_says_how_many_it_needs():
    found = verdict(GOOD, slos=(slo("tpot", "p99", "<=", 50),))
    assert found.word is Outcome.INVALID
    assert "tpot.p99 is not defined for this run (p99 needs 100 requests, there are 9), so" in found.headline


@pytest.mark.parametrize(
    ("key", "least"), [("classic.tpot.p95", 20), ("classic.tpot.p99", 100), ("classic.itl.p99", 100)]
)
def test_bench_serving_s_percentiles_of_too_few_are_shown_and_judge_nothing(key, least):
    figures, rule, figure = (
        GOOD | {key: 45.0},
        slo(key.rpartition(".")[0], key.rpartition(".")[2], "<=", 50),
        key.split(".")[1],
    )

    def of(n):
        return judge(Case(figures, {figure: n}, OK, (rule,)))

    few, enough = of(least - 1), of(least)
    what = "tokens after the first" if figure == "itl" else "requests"
    assert few.word is Outcome.INVALID
    assert few.headline.startswith(
        f"{key} is not defined for this run ({key[-3:]} needs {least} {what}, there are {least - 1})"
    )
    assert enough.word is Outcome.PASSED
    assert (
        judge(Case(figures, {figure: least}, OK, (slo(key[:-4], key[-3:], "<=", 44),))).word is Outcome.FAILED
    )


def test_nor_does_a_baseline_s():
    baseline = stored({"classic.tpot.p99": 40.0})
    found = comparison.compare(
        baseline, "t", {"classic.tpot.p99": [90.0]}, {"tpot": 99}, IDENTITY, WORK, tolerance=0.05
    )
    assert found.state == "NOT_COMPARABLE"
    assert "this run has no classic.tpot.p99 to be compared by (99 samples, it needs 100)" in str(
        found.not_comparable
    )
    found = comparison.compare(
        baseline, "t", {"classic.tpot.p99": [90.0]}, {"tpot": 100}, IDENTITY, WORK, tolerance=0.05
    )
    assert [objective.holds for objective in found.objectives] == [False]


def test_reason_codes():
    """What the test could not be judged by stands apart from what it was judged by."""
    for metrics in (GOOD, BAD):
        found = verdict(metrics, labels=("SIMULATED",))
        assert found.absent == ("NO_FLOOR", "NO_BASELINE")
        assert found.reasons == (*(["SLO:tpot.mean"] if metrics is BAD else []), "SIMULATED")
    assert "completed" in verdict(GOOD, BROKEN).reasons


def test_no_baseline_is_a_reason_and_red_under_require():
    assert verdict(comparison=compared(GOOD, test="other")).word is Outcome.PASSED
    found = verdict(comparison=compared(GOOD, test="other"), require_baseline=True)
    assert found.word is Outcome.FAILED
    assert (found.reasons, found.absent) == (("NO_BASELINE",), ("NO_FLOOR",))


@pytest.mark.parametrize(
    ("tpot", "word"), [(41.9, Outcome.PASSED), (42.1, Outcome.FAILED), (20.0, Outcome.PASSED)]
)
def test_tolerance_is_5_per_cent_of_the_baseline(tpot, word):
    figures = {"tpot.mean": tpot, "output_throughput": 100.0}
    assert verdict(figures, comparison=compared(figures)).word is word


def test_higher_is_better_is_the_other_way():
    slow = {"tpot.mean": 40.0, "output_throughput": 94.0}
    found = verdict(slow, comparison=compared(slow))
    assert found.word is Outcome.FAILED
    assert (
        found.headline
        == "output_throughput 94.00 tok/s is worse by more than 5 % of baseline 100.00 tok/s (-6.0 %)"
    )


def test_other_hardware_is_not_comparable_unless_allowed():
    other = IDENTITY | {"hardware": {"gpu": "H200", "gpus": 8}}
    found = verdict(comparison=compared(GOOD, identity=other))
    assert found.word is Outcome.INVALID
    assert found.headline.startswith("NOT_COMPARABLE: hardware.gpu: 'H200', 'H20' in the baseline")
    for allow in (("hardware",), ("hardware.gpu",)):
        assert verdict(comparison=compared(GOOD, identity=other, allow=allow)).word is Outcome.PASSED
    assert verdict(comparison=compared(GOOD, identity=other, allow=("model",))).word is Outcome.INVALID


def test_what_the_baseline_names_and_the_run_does_not_know_differs():
    found = compared(GOOD, identity=IDENTITY | {"hardware": {"gpu": None, "gpus": 8}})
    assert found.state == "NOT_COMPARABLE"
    assert "unknown here" in str(found.differences[0])


def test_what_the_baseline_does_not_know_is_not_compared():
    assert compared(GOOD, stored(hardware={"gpu": None})).state == "compared"


def test_the_version_may_differ():
    assert compared(GOOD, identity=IDENTITY | {"server": {"version": "0.5.23"}}).state == "compared"


def test_another_workload_is_not_comparable():
    assert compared(GOOD, work={"input_len": 256}).state == "NOT_COMPARABLE"


def test_a_figure_that_the_run_lacks_is_not_skipped():
    assert compared({"tpot.mean": 40.0}).state == "NOT_COMPARABLE"


def test_floor_from_the_baseline_has_no_tolerance():
    base = stored(floors={"output_throughput": 100.0})
    just = {"tpot.mean": 40.0, "output_throughput": 99.9}
    found = verdict(just, comparison=compared(just, base))
    assert found.word is Outcome.FAILED
    assert found.absent == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"schema": "slabench.baseline/99"}',
        '{"schema": "slabench.baseline/1", "tests": 3, "fingerprint": {}}',
    ],
)
def test_unusable_baselines_are_refused(tmp_path, text):
    path = tmp_path / "b.json"
    path.write_text(text)
    with pytest.raises(ConfigError):
        baseline_file.load(str(path))


def test_unknown_metric_in_a_baseline_is_refused(tmp_path):
    path = tmp_path / "b.json"
    path.write_text(
        json.dumps(
            {"schema": baseline_file.SCHEMA, "fingerprint": {}, "tests": {"t": {"figures": {"tpto.mean": 1}}}}
        )
    )
    with pytest.raises(ConfigError, match=r"tpto\.mean"):
        baseline_file.load(str(path))


def test_missing_baseline_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="does not exist"):
        baseline_file.load(str(tmp_path / "none.json"))


def test_round_trip_leaves_out_invalid_tests(tmp_path):
    test = {
        "id": "t",
        "method": "tencent",
        "word": "PASSED",
        "metrics": GOOD | {"qpm": 3.0},
        "workload": {"input_len": 3500},
        "plan": {},
        "reasons": [],
        "checks": [],
    }
    document = saved("run", "2026", IDENTITY, ["SIMULATED"], [test, test | {"id": "u", "word": "INVALID"}])
    path = tmp_path / "b.json"
    baseline_file.save(str(path), document)
    back = baseline_file.load(str(path))
    assert set(back.tests) == {"t"}
    assert back.tests["t"].means == {"tpot.mean": 40.0}
    assert document["tests"]["t"]["information"]["qpm"] == 3.0
    assert compared(GOOD, back).state == "compared"


def test_overall_word():
    assert overall([Outcome.PASSED, Outcome.INVALID, Outcome.FAILED]) is Outcome.FAILED
    assert overall([Outcome.PASSED, Outcome.INVALID]) is Outcome.INVALID
    assert overall([]) is None


UNJUDGED = Case({"tpot.mean": 503.3}, {"tpot": 8}, OK, shown=("tpot.mean",))
UNKNOWN = comparison.Comparison(
    "prod.json", comparison.ComparisonState.NO_BASELINE, reasons=(reasons.Reason.NO_BASELINE,)
)


def test_a_test_that_nothing_judges_says_so():
    found = judge(UNJUDGED)
    assert (found.word, found.reasons) == (Outcome.PASSED, ("NOTHING_JUDGED",))
    assert found.absent == ("NO_FLOOR", "NO_BASELINE")
    assert found.headline == (
        "NOTHING_JUDGED: no objective, floor or comparison applies to this test. Measured: tpot mean 503.30 "
        "ms. Give an objective (--slo='METRIC<=LIMIT'), or a baseline that has this test."
    )


@pytest.mark.parametrize("gate", ["--baseline", "--baseline-url", "--baseline-launch", "--strict-validity"])
@pytest.mark.parametrize("comparison", [None, UNKNOWN])
def test_under_a_gate_it_is_invalid(gate, comparison):
    found = judge(replace(UNJUDGED, gate=gate, comparison=comparison))
    assert found.word is Outcome.INVALID
    assert (
        "NOTHING_JUDGED" in found.reasons
        and found.headline.startswith("NOTHING_JUDGED: ")
        and gate in found.headline
    )
    assert ("prod.json has no entry for it" in found.headline) == (comparison is not None)


def test_that_answers_are_answers_is_no_verdict_of_speed():
    """--answers=gate can make a test FAILED; by it alone none is PASSED under a gate."""
    sane, one_token = (objectives({"answers.one_token": share, "completed": 8.0}) for share in (0.0, 1.0))
    gated = replace(UNJUDGED, gate="--baseline", comparison=UNKNOWN)
    found = judge(replace(gated, answers=sane))
    assert (found.word, found.reasons) == (Outcome.INVALID, ("NOTHING_JUDGED",))
    assert judge(replace(gated, answers=one_token)).word is Outcome.FAILED
    assert judge(replace(gated, answers=sane, slos=(slo("tpot", "mean", "<=", 600),))).word is Outcome.PASSED


def test_what_applies_is_judged_and_not_called_nothing():
    """An objective, a floor, a floor of the baseline's, one without a baseline entry, a requirement."""
    objective, floor = slo("tpot", "mean", "<=", 600), slo("tpot", "mean", "<=", 500)
    for more, word in (
        ({"slos": (objective,)}, Outcome.PASSED),
        ({"floors": (floor,)}, Outcome.FAILED),
        (
            {
                "comparison": replace(
                    UNKNOWN, state=comparison.ComparisonState.COMPARED, reasons=(), floors=(floor,)
                )
            },
            Outcome.FAILED,
        ),
        ({"slos": (objective,), "comparison": UNKNOWN}, Outcome.PASSED),
        ({"comparison": UNKNOWN, "require_baseline": True}, Outcome.FAILED),
        ({"comparison": UNKNOWN.refused(Message("text", text="hardware.gpu"))}, Outcome.INVALID),
    ):
        found = judge(replace(UNJUDGED, gate="--baseline", **more))
        assert found.word is word, more
        assert "NOTHING_JUDGED" not in found.reasons
    assert judge(replace(UNJUDGED, gate="--baseline", comparison=UNKNOWN, require_baseline=True)).reasons == (
        "NO_BASELINE",
    )


def test_an_invalid_run_is_invalid_for_its_own_reason():
    bad = Check("completed", CheckStatus.INVALID, "1 of 8 requests failed.")
    found = judge(replace(UNJUDGED, checks=(bad,), gate="--baseline"))
    assert found.headline == "completed: 1 of 8 requests failed." and "NOTHING_JUDGED" not in found.reasons


def test_what_a_gate_could_not_judge_is_still_a_baseline():
    """The run was valid: it is how a baseline for a new test comes to be."""
    test = {
        "id": "t", "method": "serving", "metrics": {}, "workload": {}, "plan": {},
        "word": "INVALID", "reasons": ["NOTHING_JUDGED"], "checks": [OK[0].as_dict()],
    }  # fmt: skip
    assert entry(test).valid
    assert not entry(test | {"checks": [OK[0].as_dict() | {"state": "invalid"}]}).valid


def test_what_failed_is_the_first_reason():
    found = verdict(BAD, floors=(slo("output_throughput", "", ">=", 200),), comparison=compared(BAD))
    assert found.word is Outcome.FAILED
    assert found.reasons[:3] == ("SLO:tpot.mean", "FLOOR:output_throughput", "BASELINE:tpot.mean")
    assert not any(code.startswith(("SLO:", "FLOOR:", "BASELINE:")) for code in verdict().reasons)
    assert "UNDEFINED:ttft.mean" in verdict(slos=(slo("ttft", "mean", "<=", 5),)).reasons


def test_reasons_are_explained_where_they_stand():
    assert reasons.in_words(["completed", "SLO:tpot.mean", "UNDEFINED:tpot.p99", "NO_FLOOR"]) == (
        "completed, SLO:tpot.mean (objective does not hold), UNDEFINED:tpot.p99 (no value in this run), "
        "NO_FLOOR (no floor is stored for this test)"
    )


def test_run_json_keeps_each_sentence_by_id_and_arguments():
    found = verdict(
        BAD, comparison=compared(BAD), advice=("A sentence.", Message("advice.tpot_exceeds", **TUNING))
    )
    stored = json.loads(json.dumps(found.as_dict()))
    assert (stored["word"], stored["reasons"]) == ("FAILED", list(found.reasons))
    assert stored["headline_message"]["id"] == "verdict.objectives"
    assert str(from_dict(stored["headline_message"])) == stored["headline"]
    assert [str(from_dict(message)) for message in stored["advice_messages"]] == stored["advice"]
    assert [message["id"] for message in stored["advice_messages"]] == ["text", "advice.tpot_exceeds"]
    assert [objective["message"]["id"] for objective in stored["objectives"]] == [
        "objective.result",
        "comparison.worse",
        "comparison.holds",
    ]
    for objective in stored["objectives"]:
        assert str(from_dict(objective["message"])) == objective["text"]


@pytest.mark.parametrize(
    ("case", "id"),
    [
        (UNJUDGED, "verdict.nothing_judged"),
        (replace(UNJUDGED, checks=BROKEN), "verdict.invalid_more"),
        (replace(UNJUDGED, checks=BROKEN[:1]), "verdict.invalid"),
        (replace(UNJUDGED, slos=(slo("ttft", "mean", "<=", 5),)), "verdict.undefined"),
        (replace(UNJUDGED, require_baseline=True), "verdict.no_baseline"),
        (replace(UNJUDGED, slos=(slo("tpot", "mean", "<=", 600),)), "objective.result"),
        (replace(UNJUDGED, slos=(slo("tpot", "mean", "<=", 5),)), "verdict.objectives"),
    ],
)
def test_each_case_has_its_message(case, id):
    assert judge(case).message.id == id
