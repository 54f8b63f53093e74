"""The turns of a test's loads, and what several loads say together."""

from __future__ import annotations

from dataclasses import replace

from slabench.messages import Message
from slabench.methods import SERVING
from slabench.records import ClientRecord, RunRecord
from slabench.session.measurement import (
    BASELINE,
    NEW,
    Evaluated,
    Measured,
    Trial,
    on_average_only,
    turns,
    worst,
)
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.sla import parse


def test_abba() -> None:
    found = list(turns(4, both=True))
    assert "".join("A" if one.side == BASELINE else "B" for one in found) == "ABBAABBA"
    assert [one.repeat for one in found] == [1, 1, 2, 2, 3, 3, 4, 4]
    assert list(turns(2, both=False)) == [Trial(NEW, 1, 2), Trial(NEW, 2, 2)]
    assert list(turns(1, both=False)) == [Trial()]


def test_what_drifts_evenly_hits_both_alike() -> None:
    """Load k is slower by k; over an even number of repeats both sides have the same sum."""
    times = {NEW: 0, BASELINE: 0}
    for k, one in enumerate(turns(6, both=True)):
        times[one.side] += k
    assert times[NEW] == times[BASELINE]


def test_turns_in_words() -> None:
    assert Trial().told == ""
    assert Trial(NEW, 2, 4).told == "repeat 2 of 4"
    assert Trial(BASELINE, 2, 4).told == "baseline server, repeat 2 of 4"
    assert Trial(BASELINE).told == "baseline server"


def looked(turn: Trial, *checks: Check) -> Evaluated:
    run = RunRecord((), 0, 0.0, {}, {}, ClientRecord(1.0, None, None, None, None))
    return Evaluated(Measured(run, SERVING, {}, (), "", None, True, turn=turn), {}, {}, checks, None)


def test_one_bad_load_is_enough_and_is_named() -> None:
    good, bad = (
        Check("flush", CheckStatus.OK, "Flushed."),
        Check("flush", CheckStatus.INVALID, "Not flushed.", "Flush."),
    )
    beside = Check("client", CheckStatus.FINDING, "Late.")
    loads = [
        looked(Trial(BASELINE, 1, 2), good, beside),
        looked(Trial(NEW, 1, 2), good),
        looked(Trial(NEW, 2, 2), replace(beside, state=CheckStatus.OK), good),
        looked(Trial(BASELINE, 2, 2), bad),
    ]
    load = Message("load.baseline_repeat", repeat=2, repeats=2)
    flush, client = worst(loads)
    assert flush == replace(bad, message=Message("load.check", load=load, check="Not flushed.", more=None))
    assert flush.text == "baseline server, repeat 2 of 2: Not flushed."
    assert client.state is CheckStatus.FINDING
    assert client.text == "baseline server, repeat 1 of 2: Late."
    assert worst([loads[3], loads[3]])[0].text.endswith("Not flushed. (and in 1 more of 2 loads)")
    assert worst(loads[:1]) == (good, beside)


def repeat(number: int, **figures: float) -> Evaluated:
    found = looked(Trial(NEW, number, 3))
    return replace(found, figures=figures)


def test_an_objective_that_one_repeat_does_not_hold_says_which() -> None:
    loads = [
        repeat(1, qpm=30.0, gap_max=5.0),
        repeat(2, qpm=12.0, gap_max=6.0),
        repeat(3, qpm=30.0, gap_max=4.0),
    ]
    figures = {"qpm": 24.0, "gap_max": 6.0}
    (said,) = on_average_only(loads, [parse("qpm>=20"), parse("gap_max<=100"), parse("ttft<=3")], figures)
    assert (said.name, said.state) == ("every_repeat", CheckStatus.FINDING)
    assert said.text == "qpm holds qpm>=20 on average only: repeat 2 of 3 has 12.00 req/min."
    assert on_average_only(loads, [parse("qpm>=25")], figures) == ()  # that is FAILED, and says so itself
