"""A metric's value of each request: what a percentile is taken of is what its statistics are taken of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from slabench.methods import SERVING
from slabench.metrics.classic import compute_classic
from slabench.metrics.compute import compute
from slabench.reported_records import ReportedRequest, ReportedRun
from slabench.session.evaluate import percentiles_of
from slabench.session.measurement import NEW, Evaluated, Measured, Trial
from slabench.session.request_values import request_values
from slabench.verdict.sla import parse, preset
from tests.unit.factories import answer, run_of

RUN = run_of(
    *(
        answer(k, arrivals=((110 + k, 1), (120 + 3 * k, 2), (140 + 5 * k, 4)), end=150 + 5 * k)
        for k in range(120)
    )
)


@pytest.mark.parametrize("name", ["tpot", "ttft", "ttft_due", "e2el", "e2el_due"])
def test_ours(name: str) -> None:
    least, most = request_values(RUN, f"{name}.p99")
    assert least == most and len(least) == 120
    assert np.percentile(least, 99) == pytest.approx(compute(RUN)[f"{name}.p99"])


@pytest.mark.parametrize("name", ["tpot", "ttft", "e2el"])
def test_bench_serving_s_definitions(name: str) -> None:
    least, most = request_values(RUN, f"classic.{name}.p99")
    assert least == most
    assert np.percentile(least, 99) == pytest.approx(compute_classic(RUN)[f"classic.{name}.p99"])


def test_failed_requests_have_none() -> None:
    failed = replace(RUN.requests[0], error="http", error_text="HTTP 500")
    run = replace(RUN, requests=(failed, *RUN.requests[1:]))
    assert len(request_values(run, "ttft.p99")[0]) == 119


def test_the_requests_of_all_loads_certify_a_percentile_together() -> None:
    rules = (parse("e2el.p95<=700"), parse("ttft.mean<=9"), parse("itl.p99<=9"), *preset("mlperf-server"))
    loads = [
        Evaluated(Measured(RUN, SERVING, None, trial=Trial(NEW, k, 2)), {}, {}, (), None) for k in (1, 2)
    ]
    found = percentiles_of(rules, loads)
    # a mean and a percentile of tokens are no percentiles over requests
    assert list(found) == [rules[0], *rules[3:]]
    e2el = found[rules[0]]
    # E2EL is 130 + 5 k ms, twice for each k of 0 to 119: above 700 are 115 to 119
    assert (e2el.n, e2el.over, e2el.level) == (240, 10, 0.95)
    # ranks 222 and 234 of 240 by scipy.stats.binom
    assert (e2el.low, e2el.high) == (680.0, 710.0)
    assert found[rules[3]].level == 0.99 and found[rules[3]].high is None


def test_another_client_s_file() -> None:
    """TTFT 100 ms, then gaps of 20 and 30 ms: TPOT 25 ms, E2EL 150 ms. The second one has an error."""
    request = ReportedRequest(0, 8, 3, 8, 3, 0.1, (0.02, 0.03), has_text=True, error="")
    run = replace(
        RUN, requests=(), reported=ReportedRun("c", 2, (request, replace(request, error="HTTP 500")))
    )
    found = {name: request_values(run, f"classic.{name}.p99")[0] for name in ("ttft", "tpot", "e2el")}
    assert found == {"ttft": [100.0], "tpot": [pytest.approx(25.0)], "e2el": [pytest.approx(150.0)]}
