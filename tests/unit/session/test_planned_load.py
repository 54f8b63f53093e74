"""A test's body with recorders: its loads and objectives are known, nothing is sent, and it ends where a
result is read.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from slabench.errors import ConfigError
from slabench.methods import ALI_DECODE, TENCENT, Form
from slabench.session.planned_load import PlannedLoad, Recorders, Repeats, follow
from slabench.session.settings import Settings
from slabench.verdict.sla import slo
from tests.unit.plugin.test_plugin_options import given

FORM = Form("serving", 100, 20, num_prompts=32, max_concurrency=8)
RULE = slo("tpot", "mean", "<=", 50)


def test_the_load_and_its_objectives_are_recorded() -> None:
    def body(parts: Recorders) -> None:
        run = parts.run_load(ALI_DECODE.replaced(num_prompts=8), point={"n": 1}, labels=("R",), batch_size=8)
        parts.judge(run, RULE, shown=("qpm",), goodput={"ttft": 100})

    test = follow("t", body)
    (load,) = test.loads
    assert (load.form.num_prompts, load.point, load.labels, load.batch_size) == (8, {"n": 1}, ("R",), 8)
    assert (test.rules, test.shown, test.goodput, test.judged) == ((RULE,), ("qpm",), {"ttft": 100}, True)
    assert test.ended is None and not test.curve


def test_what_is_in_flight_at_once() -> None:
    capped, at_once = PlannedLoad(FORM), PlannedLoad(ALI_DECODE.replaced(num_prompts=8))
    assert (capped.in_flight, capped.request_tokens) == (8, 120)
    assert (at_once.in_flight, at_once.request_tokens) == (8, 4096 + 1536)
    assert PlannedLoad(TENCENT.replaced(num_prompts=3)).in_flight == 3


@pytest.mark.parametrize(
    ("reads", "ended"),
    [
        (lambda parts, run: run.run.requests, "reads run.run, which only a run has"),
        (lambda parts, run: parts.server.url, "reads server.url, which only a run has"),
        (lambda parts, run: parts.run_load.deployment, "reads run_load.deployment, which only a run has"),
        (lambda parts, run: len(run), "raises TypeError: object of type 'NotMeasured' has no len()"),
    ],
)
def test_a_body_ends_where_it_reads_a_result(reads: Any, ended: str) -> None:
    def body(parts: Recorders) -> None:
        run = parts.run_load(FORM, point={})
        with suppress(AttributeError):
            reads(parts, run)
        parts.judge(run, RULE)

    test = follow("t", body)
    assert (len(test.loads), test.judged, test.ended) == (1, False, ended)


def test_a_wrong_call_is_refused_as_in_a_run() -> None:
    with pytest.raises(ConfigError, match="needs point="):
        follow("t", lambda parts: parts.run_load(FORM))
    with pytest.raises(ConfigError, match="where it reads what run_load"):
        follow("t", lambda parts: parts.judge(None, RULE))
    with pytest.raises(ConfigError, match="as an objective"):
        follow("t", lambda parts: parts.judge(parts.run_load(FORM, point={}), "tpot.mean<=50"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (lambda parts: [parts.run_load(FORM, point={}) for _ in range(2)], "run_load"),
        (lambda parts: (parts.run_load(FORM, point={}), parts.find_capacity(TENCENT, RULE)), "run_load"),
        (lambda parts: [parts.judge(parts.server, RULE) for _ in range(2)], "judge"),
    ],
)
def test_a_second_load_or_verdict_is_refused(body: Any, what: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{what}\(\) is called a second time in one test"):
        follow("t", body)


def test_a_search_and_a_curve() -> None:
    search = follow("t", lambda parts: parts.judge(parts.find_capacity(TENCENT, RULE), RULE))
    assert search.loads == (PlannedLoad(TENCENT, search=True),) and search.rules == (RULE,)
    curve = follow("t", lambda parts: parts.judge_curve())
    assert curve.curve and curve.judged and not curve.loads


def test_repeats_and_servers() -> None:
    alone = Settings.of(given(base_url=["http://a:1"], repeats=3), {})
    assert Repeats.of(alone) == Repeats(3, 3, 1)
    both = Settings.of(given(base_url=["http://a:1"], baseline_url="http://b:1", repeats=2), {})
    assert Repeats.of(both) == Repeats(2, 2, 2) and Repeats.of(both).each == ((2, 2), (2, 2))
