"""A rate that the cap did not let through is a finding with what was reached; one that came through, or has
no cap, is none.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity import CheckContext, examine
from slabench.verdict.validity.policy import settle
from slabench.verdict.validity.rate import rate_reached
from tests.unit.factories import answer, run_of

PLAN = {"kind": "open_loop", "request_rate": 10.0, "max_concurrency": 2, "arrivals": "constant"}


def context(sent: list[int], plan: dict[str, object] | None = None) -> CheckContext:
    """Requests due every 100 ms, sent at these ms; each answer's first token comes 10 ms after that."""
    records = [
        answer(k, due=100 * k, sent=at, arrivals=((at + 10, 1), (at + 40, 4)), end=at + 41)
        for k, at in enumerate(sent)
    ]
    return CheckContext(
        run=replace(run_of(*records), plan=PLAN if plan is None else plan),
        exact_prompt=True,
        planned=len(records),
    )


def test_the_rate_that_was_reached_and_both_ttfts() -> None:
    # 5 requests due within 400 ms: 10/s. Sent within 2000 ms: 2/s, a fifth. Waited 0, 400, 800, 1200, 1600
    # ms: 800 on average.
    found = rate_reached(context([0, 500, 1000, 1500, 2000]))
    assert found.state is CheckStatus.FINDING
    assert found.text == (
        "The client sent 2 requests/s; by the plan 10 requests/s were due (--request-rate=10). "
        "--max-concurrency=2 held the sent rate at 20 % of the planned one (limit 90 %, n=5). TTFT is 10.0 "
        "ms on average from when a request was sent, 810.0 ms from when it was due."
    )
    assert "ttft_due" in found.remedy


@pytest.mark.parametrize(
    ("sent", "plan"),
    [
        ([0, 100, 200, 300, 400], None),
        ([0, 100, 200, 300, 440], None),  # 91 % of it
        ([0, 500, 1000, 1500, 2000], {**PLAN, "max_concurrency": None}),
        ([0, 500, 1000, 1500, 2000], {"kind": "closed_loop", "request_rate": "inf", "max_concurrency": 2}),
        ([0, 500, 1000, 1500, 2000], {"kind": "at_once", "request_rate": "inf", "max_concurrency": None}),
        ([0], None),
    ],
)
def test_a_rate_that_came_through_or_was_not_asked_for(
    sent: list[int], plan: dict[str, object] | None
) -> None:
    assert rate_reached(context(sent, plan)).state is CheckStatus.OK


def test_just_below_nine_tenths_is_said() -> None:
    assert rate_reached(context([0, 100, 200, 300, 450])).state is CheckStatus.FINDING  # 89 %


def test_tencent_s_own_form_has_its_cap_below_its_rate_and_stays_valid_under_strict_validity() -> None:
    found = Check("rate_reached", CheckStatus.FINDING, "x")
    assert settle(found, "tencent", strict=True).state is CheckStatus.FINDING
    assert settle(found, "serving", strict=True).state is CheckStatus.INVALID
    assert settle(found, "serving").state is CheckStatus.FINDING
    states = {
        check.name: check.state
        for check in examine(context([0, 500, 1000, 1500, 2000]), "tencent", strict=True)
    }
    assert states["rate_reached"] is CheckStatus.FINDING
