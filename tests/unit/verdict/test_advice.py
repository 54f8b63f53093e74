"""tencent's rule: more prompts while TPOT has room, less rate and concurrency when it has none, silence close
below the limit.
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
            "TPOT has room (35.98 of 50 ms): try more prompts (--num-prompts) than 128, then more rate and concurrency.",
        ),
        (
            44.99,
            "TPOT has room (44.99 of 50 ms): try more prompts (--num-prompts) than 128, then more rate and concurrency.",
        ),
        (45.0, None),
        (50.0, None),
        (
            54.18,
            "TPOT has no room (54.18 of 50 ms): try a lower --request-rate and --max-concurrency than request-rate 128.0, "
            "max-concurrency 128.",
        ),
    ],
)
def test_what_to_try_next(tpot: float, sentence: str | None) -> None:
    assert tencent([RULE], {"tpot.mean": tpot}, PLAN) == ((sentence,) if sentence else ())


def test_nothing_to_say_without_a_rule_or_a_figure() -> None:
    assert tencent([slo("ttft", "mean", "<=", 50)], {"ttft.mean": 1.0}, PLAN) == ()
    assert tencent([RULE], {}, PLAN) == ()


def test_the_rule_that_was_asked_for_speaks() -> None:
    (sentence,) = tencent(
        [slo("ttft", "p99", "<=", 9), slo("tpot", "p99", "<=", 20)], {"tpot.p99": 25.0, "ttft.p99": 1.0}, PLAN
    )
    assert sentence.startswith("TPOT has no room (25.00 of 20 ms)")


def test_more_load_is_no_advice_where_the_kv_pool_is_full() -> None:
    (sentence,) = tencent([RULE], {"tpot.mean": 13.0}, PLAN, full=True)
    assert sentence.startswith(
        "TPOT has room (13.00 of 50 ms), and the server's KV pool has none: a larger pool"
    )
    assert tencent([RULE], {"tpot.mean": 54.18}, PLAN, full=True) == tencent(
        [RULE], {"tpot.mean": 54.18}, PLAN
    )
