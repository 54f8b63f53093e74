"""The order of a test's trials, and the checks over several loads together."""

from __future__ import annotations

from dataclasses import replace

from slabench.messages import Message
from slabench.methods import SERVING
from slabench.records import ClientRecord, RunRecord
from slabench.session.measurement import BASELINE, NEW, Evaluated, Measured, Trial, trials
from slabench.session.trial_checks import on_average_only, worst
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.sla import parse


def test_abba() -> None:
    order = list(trials(4, both=True))
    assert "".join("A" if trial.side == BASELINE else "B" for trial in order) == "ABBAABBA"
    assert [trial.repeat for trial in order] == [1, 1, 2, 2, 3, 3, 4, 4]
    assert list(trials(2, both=False)) == [Trial(NEW, 1, 2), Trial(NEW, 2, 2)]
    assert list(trials(1, both=False)) == [Trial()]


def test_what_drifts_evenly_hits_both_alike() -> None:
    """Load k is slower by k; over an even number of repeats both sides have the same sum."""
    times = {NEW: 0, BASELINE: 0}
    for k, trial in enumerate(trials(6, both=True)):
        times[trial.side] += k
    assert times[NEW] == times[BASELINE]


def test_trials_have_a_name() -> None:
    assert str(Trial().message) == "new server"
    assert str(Trial(NEW, 2, 4).message) == "repeat 2 of 4"
    assert str(Trial(BASELINE, 2, 4).message) == "baseline server, repeat 2 of 4"
    assert str(Trial(BASELINE).message) == "baseline server"


def test_a_trial_that_may_be_the_last_says_how_many_there_are_at_most() -> None:
    order = list(trials(10, both=True, until_decided=True))
    assert [str(trial.message) for trial in order[4:7]] == [
        "baseline server, pair 3 of at most 10",
        "pair 3 of at most 10",
        "pair 4 of at most 10",
    ]
    alone = list(trials(10, both=False, until_decided=True))
    assert str(alone[2].message) == "repeat 3 of at most 10"


def evaluated(trial: Trial, *checks: Check) -> Evaluated:
    run = RunRecord((), 0, 0.0, {}, {}, ClientRecord(1.0, None, None, None, None))
    return Evaluated(Measured(run, SERVING, None, trial=trial), {}, {}, checks, None)


def test_one_bad_load_is_enough_and_is_named() -> None:
    good, bad = (
        Check("flush", CheckStatus.OK, "Flushed."),
        Check("flush", CheckStatus.INVALID, "Not flushed.", "Flush."),
    )
    beside = Check("client", CheckStatus.FINDING, "Late.")
    loads = [
        evaluated(Trial(BASELINE, 1, 2), good, beside),
        evaluated(Trial(NEW, 1, 2), good),
        evaluated(Trial(NEW, 2, 2), replace(beside, state=CheckStatus.OK), good),
        evaluated(Trial(BASELINE, 2, 2), bad),
    ]
    flush, client = worst(loads)
    load = Message("load.baseline_repeat", repeat=2, repeats=2)
    assert flush == replace(bad, message=Message("load.check", load=load, check="Not flushed.", more=None))
    assert flush.text == "baseline server, repeat 2 of 2: Not flushed."
    assert (client.name, client.state) == ("client", CheckStatus.FINDING)
    assert client.text == "baseline server, repeat 1 of 2: Late."
    twice = worst([loads[3], loads[3]])[0].text
    assert twice == "baseline server, repeat 2 of 2 (and 1 more of 2 loads): Not flushed."
    assert worst(loads[:1]) == (good, beside)


def repeat(number: int, **metrics: float) -> Evaluated:
    return replace(evaluated(Trial(NEW, number, 3)), metrics=metrics)


def test_an_objective_that_one_repeat_does_not_hold_says_which() -> None:
    loads = [
        repeat(1, qpm=30.0, gap_max=5.0),
        repeat(2, qpm=12.0, gap_max=6.0),
        repeat(3, qpm=30.0, gap_max=4.0),
    ]
    metrics = {"qpm": 24.0, "gap_max": 6.0}
    (finding,) = on_average_only(loads, [parse("qpm>=20"), parse("gap_max<=100"), parse("ttft<=3")], metrics)
    assert (finding.name, finding.state) == ("every_repeat", CheckStatus.FINDING)
    assert finding.text == "qpm holds qpm>=20 on average only: repeat 2 of 3 has 12.00 req/min."
    assert (
        on_average_only(loads, [parse("qpm>=25")], metrics) == ()
    )  # that is FAILED, and its objective says it
