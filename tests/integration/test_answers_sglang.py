"""The real sglang 0.5.7 scores its own answers: the endpoint's form, and nothing differs from itself.

Its weights are dummy ones: every token has nearly the same logit. What the check finds between servers with
seeded weights is measured by benchmarks/bench_answers.py.
"""

from __future__ import annotations

import math
import random
from array import array

import pytest

from slabench.answer_records import Answer, Scored, Vocabulary
from slabench.server.http import Http
from slabench.server.parallel import in_parallel
from slabench.server.scoring import TOP, Scorer
from slabench.session.answers import LEAST, prompts_of, score_both
from slabench.session.vocabularies import PLACES
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


def test_the_whole_vocabulary_is_what_the_ids_would_give_and_other_requests_do_not_disturb_it(
    sglang_cpu_server: RealServer,
) -> None:
    """token_ids_logprob names the ids, and ends SGLang from 0.5.12 on in a batch with any other request."""
    client, place, size = Http(sglang_cpu_server.url), [*range(400, 424)], 2048
    scorer = Scorer(client, {})
    body = {
        "input_ids": place,
        "return_logprob": True,
        "token_ids_logprob": list(range(size)),
        "sampling_params": {"temperature": 0.0, "max_new_tokens": 1, "ignore_eos": True},
    }
    (named,) = client.post("/generate", body, timeout=60.0).json()["meta_info"]["output_token_ids_logprobs"]
    others = [*range(500, 516)]
    asked = [lambda: scorer.vocabulary(place, size), lambda: scorer.answer(others, 16)] * 4
    got = in_parallel(lambda ask: ask(), asked, len(asked))
    for row in got[::2]:
        assert isinstance(row, array)
        assert list(row) == pytest.approx([value for value, *_ in named], abs=0.1)
    assert {len(answer.ids) for answer in got[1::2] if isinstance(answer, Answer)} == {16}
