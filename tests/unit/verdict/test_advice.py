"""tencent's rule: more prompts while TPOT is well below its limit, a lower rate and concurrency when it
exceeds it, nothing close below it.
"""

from __future__ import annotations

import pytest

from slabench.verdict.advice import tencent
from slabench.verdict.sla import slo

RULE = slo("tpot", "mean", "<=", 50)
PLAN = {"count": 128, "request_rate": 128.0, "max_concurrency": 128}


@pytest.mark.parametrize(
    ("tpot", "sentence"),
    [
        (
            35.98,
            "TPOT is 72 % of the 50 ms limit (35.98 ms): try more prompts (--num-prompts, now 128), then a "
            "higher --request-rate and --max-concurrency.",
        ),
        (
            54.18,
            "To bring TPOT from 54.18 ms below the limit of 50 ms, try a lower --request-rate (now 128.0) "
            "and --max-concurrency (now 128).",
        ),
    ],
)
def test_what_to_try_next(tpot: float, sentence: str) -> None:
    (message,) = tencent([RULE], {"tpot.mean": tpot}, PLAN)
    assert str(message) == sentence


@pytest.mark.parametrize(
    ("tpot", "id"),
    [(44.99, "advice.tpot_below"), (45.0, None), (50.0, None), (50.01, "advice.tpot_exceeds")],
)
def test_close_below_the_limit_is_the_aim(tpot: float, id: str | None) -> None:
    assert [message.id for message in tencent([RULE], {"tpot.mean": tpot}, PLAN)] == ([id] if id else [])


def test_one_request_alone_cannot_be_helped_by_less_load() -> None:
    (message,) = tencent([RULE], {"tpot.mean": 61.2}, PLAN | {"max_concurrency": 1})
    assert message.id == "advice.tpot_alone"
    (message,) = tencent([RULE], {"tpot.mean": 61.2}, PLAN | {"max_concurrency": 2})
    assert message.id == "advice.tpot_exceeds"


def test_no_advice_without_a_rule_or_a_metric() -> None:
    assert tencent([slo("ttft", "mean", "<=", 50)], {"ttft.mean": 1.0}, PLAN) == ()
    assert tencent([RULE], {}, PLAN) == ()


def test_the_rule_on_tpot_decides() -> None:
    (message,) = tencent(
        [slo("ttft", "p99", "<=", 9), slo("tpot", "p99", "<=", 20)], {"tpot.p99": 25.0, "ttft.p99": 1.0}, PLAN
    )
    assert message.id == "advice.tpot_exceeds"
    assert (message.arguments["limit"], message.arguments["observed"]) == (20, 25.0)


def test_more_load_is_no_advice_where_the_kv_pool_is_full() -> None:
    (message,) = tencent([RULE], {"tpot.mean": 13.0}, PLAN, full=True)
    assert str(message).startswith(
        "TPOT is 26 % of the 50 ms limit (13.00 ms), but the server's KV pool was full: use a larger KV pool"
    )
    assert tencent([RULE], {"tpot.mean": 54.18}, PLAN, full=True) == tencent(
        [RULE], {"tpot.mean": 54.18}, PLAN
    )
