"""The real sglang 0.5.7 scores its own answers: the endpoint's form, and nothing differs from itself.

Its weights are dummy ones: every token has nearly the same logit. What the check finds between servers with
seeded weights is measured by benchmarks/bench_answers.py.
"""

from __future__ import annotations

import math
import random

import pytest

from slabench.answer_records import Scored, Vocabulary
from slabench.server.http import Http
from slabench.server.scoring import TOP, Scorer
from slabench.session.answers import LEAST, PLACES, prompts_of, score_both
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.same_answers import Compared, check
from tests.integration.real_sglang import RealServer

pytestmark = pytest.mark.sglang


def test_a_server_gives_its_own_answers(sglang_cpu_server: RealServer) -> None:
    dice = random.Random(7)
    prompts = prompts_of([[dice.randrange(300, 1000) for _ in range(24)] for _ in range(4)])
    old, new = (Scorer(Http(sglang_cpu_server.url), {}) for _ in range(2))
    scored = score_both(old, new, prompts, 16)
    assert isinstance(scored, Scored), str(scored)
    assert len(scored.old) == LEAST and {len(answer.ids) for answer in scored.old} == {16}
    assert all(math.isfinite(value) for score in scored.old_by_new for value in score.logprobs)
    assert {len(place) for score in scored.old_by_new for place in score.top} == {TOP}
    assert isinstance(scored.vocabulary, Vocabulary), str(scored.vocabulary)
    size = 1 + max(id for score in scored.old_by_old for place in score.top for _, id in place)
    assert [len(row) for row in scored.vocabulary.old] == [size] * PLACES
    # what is left of a vocabulary that is whole: all probabilities together are 1
    assert sum(map(math.exp, scored.vocabulary.new[0])) == pytest.approx(1, abs=0.05)
    compared = Compared.of(scored)
    assert check(compared).state is CheckStatus.OK, check(compared).text
    assert compared.metrics["answers.top1_agreement"] == 1
    assert compared.metrics["answers.vocabulary_shift"] < 0.05
