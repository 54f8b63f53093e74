"""The real sglang 0.5.7 scores its own answers: the endpoint's form, and nothing differs from itself.

Its weights are dummy ones: every token has nearly the same logit. What the check finds between servers with
seeded weights is measured by benchmarks/bench_answers.py.
"""

from __future__ import annotations

import math
import random

import pytest

from slabench.answer_records import Scored
from slabench.server.http import Http
from slabench.server.scoring import TOP, Scorer
from slabench.session.answers import LEAST, prompts_of, score_both
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.same_answers import Compared, check
from tests.integration.real_sglang import RealServer

pytestmark = pytest.mark.sglang


def test_a_server_gives_its_own_answers(sglang_cpu_server: RealServer) -> None:
    dice = random.Random(7)
    prompts = prompts_of([[dice.randrange(300, 1000) for _ in range(24)] for _ in range(4)])
    scorer = Scorer(Http(sglang_cpu_server.url), {})
    scored = score_both(scorer, scorer, prompts, 16)
    assert isinstance(scored, Scored), str(scored)
    assert len(scored.old) == LEAST and {len(answer.ids) for answer in scored.old} == {16}
    assert all(math.isfinite(value) for score in scored.old_by_new for value in score.logprobs)
    assert {len(place) for score in scored.old_by_new for place in score.top} == {TOP}
    compared = Compared.of(scored)
    assert check(compared).state is CheckStatus.OK, check(compared).text
    assert compared.metrics["answers.top1_agreement"] == 1
