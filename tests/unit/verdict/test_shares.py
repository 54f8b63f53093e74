"""goodput.share: judged by exact binomial bounds, as a percentile is by those of its order statistics."""

from __future__ import annotations

from typing import Any

import pytest

from slabench.errors import ConfigError
from slabench.methods import SERVING
from slabench.plugin.forms import check_objectives
from slabench.session.evaluate import shares_of
from slabench.session.measurement import NEW, Evaluated, Measured, Trial
from slabench.verdict.judge import Case, judge
from slabench.verdict.outcome import Outcome
from slabench.verdict.reasons import Reason
from slabench.verdict.shares import GOOD, CertifiedShare, interval
from slabench.verdict.sla import needs, parse
from tests.unit.factories import answer, run_of

RULE = parse("goodput.share>=0.95")


def verdict(good: int, n: int, rule: Any = RULE) -> Any:
    """Of one load with so many requests within the limits."""
    return judge(Case({GOOD: good / n}, {}, (), slos=(rule,), certified={rule: CertifiedShare(good, n)}))


@pytest.mark.parametrize(("limit", "least"), [(0.9, 29), (0.95, 59), (0.99, 299), (0.5, 5), (0.0, 1)])
def test_as_many_good_requests_as_hold_it_and_no_fewer(limit: float, least: int) -> None:
    rule = parse(f"goodput.share>={limit}")
    assert needs(rule) == (1, least)
    assert verdict(least, least, rule).word is Outcome.PASSED
    if least > 1:
        assert verdict(least - 1, least - 1, rule).word is Outcome.INVALID


def test_the_words() -> None:
    held, open_one, failed = verdict(59, 59), verdict(63, 64), verdict(40, 64)
    assert str(held.message) == "goodput share 1.00 >= 0.95 (+5 %, n=59, 95 % bounds 0.95 and 1.00)"
    assert open_one.word is Outcome.INVALID and Reason.INCONCLUSIVE in open_one.reasons
    assert str(open_one.message) == (
        "INCONCLUSIVE: goodput share 0.984 may be below 0.95 (95 % bounds 0.928 and 0.999, n=64): within the "
        "limits are 63 of 64 requests; about 208 requests would probably decide"
    )
    assert failed.word is Outcome.FAILED and "n=64" in str(failed.message)
    at_the_limit = verdict(95, 100)
    assert "with such a share no number of requests would decide" in str(at_the_limit.message)


def test_the_ends_are_exact() -> None:
    """By the binomial distribution: at its own bound a result as extreme has a probability of 5 %."""
    from scipy.stats import binom

    low, high = interval(63, 64)
    assert binom.sf(62, 64, low) == pytest.approx(0.05)
    assert binom.cdf(63, 64, high) == pytest.approx(0.05)


def test_too_few_are_refused_before_a_load_and_of_all_repeats_together() -> None:
    form = SERVING.replaced(num_prompts=20)
    words = r"needs 59 requests for a lower bound at 95 %, and t would send 20\. Send more"
    with pytest.raises(ConfigError, match=words):
        check_objectives([("t", form)], [RULE])
    with pytest.raises(ConfigError, match="needs 59 requests"):
        check_objectives([("t", form.replaced(num_prompts=1))], [parse("goodput.share>=0.95")])
    check_objectives([("t", form)], [RULE], 3)


def test_that_all_are_good_can_never_be_shown() -> None:
    with pytest.raises(ConfigError, match=r"no number of requests shows that all .* such as 0\.99"):
        parse("goodput.share>=1")


def test_the_requests_of_all_loads_certify_it_together() -> None:
    run = run_of(*(answer(k, arrivals=((110, 1), (120, 2)), end=150) for k in range(40)))

    def load(number: int, share: float | None) -> Evaluated:
        metrics = {} if share is None else {GOOD: share}
        return Evaluated(Measured(run, SERVING, None, trial=Trial(NEW, number, 2)), metrics, {}, (), None)

    found = shares_of((RULE, parse("ttft.p99<=9")), [load(1, 1.0), load(2, 39 / 40)])
    assert found == {RULE: CertifiedShare(79, 80)}
    assert shares_of((RULE,), [load(1, 1.0), load(2, None)]) == {}  # TPOT that is known within bounds only
