"""The judged run beside the probes of its search: the same server, or no verdict is possible."""

from __future__ import annotations

import pytest

from slabench.messages import Message
from slabench.verdict.estimate import Estimate
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.sla import parse
from slabench.verdict.validity.capacity import SearchEvidence, capacity_agrees
from slabench.verdict.validity.policy import names

RULES = (parse("tpot.mean<=50"), parse("ttft.mean<=2000"))


def check(probes: float, metrics: dict[str, float], *, none_held: bool = False) -> Check:
    """probes: their mean TPOT, known to 1 ms."""
    estimates = {
        "tpot.mean": Estimate(probes, probes - 1, probes + 1, 9),
        "ttft.mean": Estimate(500, 400, 600, 9),
    }
    outcome = capacity_agrees(SearchEvidence(2.0, none_held, RULES, estimates, metrics))
    assert outcome.name in names()
    return outcome


@pytest.mark.parametrize(
    ("tpot", "wanted"),
    [
        (40.0, CheckStatus.OK),
        (35.0, CheckStatus.OK),
        (47.0, CheckStatus.OK),
        (33.0, CheckStatus.INVALID),
        (47.2, CheckStatus.INVALID),
    ],
)
def test_the_probes_of_its_load(tpot: float, wanted: CheckStatus) -> None:
    """39 to 41, and 15 % on either side: 33.15 to 47.15."""
    assert check(40, {"tpot.mean": tpot, "ttft.mean": 500}).state is wanted


def test_the_message_has_the_metric_and_what_the_probes_allow() -> None:
    outcome = check(40, {"tpot.mean": 60.0, "ttft.mean": 500})
    assert outcome.text == "tpot mean is 60.00 ms in this run; the probes of this load allow 33.15 to 47.15."
    assert outcome.remedy_message == Message("capacity.remedy.changed")


def test_a_queue_at_the_start_is_in_a_whole_run_s_ttft_and_in_no_probe_s() -> None:
    assert check(40, {"tpot.mean": 40.0, "ttft.mean": 1900}).state is CheckStatus.OK


def test_no_load_held_and_now_everything_does() -> None:
    outcome = check(80, {"tpot.mean": 5.0, "ttft.mean": 500}, none_held=True)
    assert (outcome.state, outcome.message) == (
        CheckStatus.INVALID,
        Message("capacity_agrees.none_held", load=2.0),
    )
    # FAILED, as the search had it
    assert check(80, {"tpot.mean": 80.0, "ttft.mean": 500}, none_held=True).state is CheckStatus.OK


def test_without_a_metric_of_the_objectives_it_is_by_the_probes() -> None:
    outcome = check(80, {"tpot.mean": 5.0}, none_held=True)
    assert isinstance(outcome.message, Message) and outcome.message.id == "capacity_agrees.differs"
