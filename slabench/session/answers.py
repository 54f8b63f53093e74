"""After a test's loads: both servers answer some of its prompts, and both score the answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slabench.answer_records import Answer, Score, Scored
from slabench.errors import ServerError
from slabench.messages import Message
from slabench.methods import Form
from slabench.run_document.answers import AnswersEntry, AnswersMetric
from slabench.server.info import ServerInfo
from slabench.server.parallel import in_parallel
from slabench.server.scoring import Scorer
from slabench.session.deployment import Deployment
from slabench.session.measurement import BASELINE, NEW
from slabench.session.stored_answers import keep, stored
from slabench.session.vocabularies import FILE as VOCABULARY
from slabench.session.vocabularies import against_the_stored, keep_vocabulary, vocabulary_of
from slabench.verdict.answer_estimate import LIMITS
from slabench.verdict.same_answers import NOT_KEPT, Compared

if TYPE_CHECKING:
    from slabench.session.campaign import Campaign
    from slabench.session.trial import TestParts

LEAST, MOST = 16, 64  # answers
PROMPT_TOKENS = 65_536  # of all prompts together, where that leaves LEAST of them
SHORTEST, LONGEST = 16, 64  # tokens of an answer
# A server computes the logits of all places that it scores in one forward: 4 x 64 places of a vocabulary of
# 150,000 take 150 MB in float32, some times over.
SCORED_AT_ONCE = 4


def prompts_of(loads_prompts: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """The load's first prompts. Where it has fewer than LEAST, they are rotated as well: other prompts of the
    same lengths.
    """
    prompts = [tuple(prompt) for prompt in loads_prompts if len(prompt) > 1]
    if not prompts:
        return []
    turns = -(-LEAST // len(prompts))
    turned = [
        prompt[at:] + prompt[:at]
        for turn in range(turns)
        for prompt in prompts
        for at in (turn * len(prompt) // turns,)
    ]
    return list(dict.fromkeys(turned))[: _most(max(map(len, turned)))]


def _most(longest: int) -> int:
    """Answers, with prompts of at most so many tokens."""
    return max(LEAST, min(MOST, PROMPT_TOKENS // longest))


def answer_tokens(output_len: int) -> int:
    return max(SHORTEST, min(LONGEST, output_len))


def asked_of(form: Form) -> tuple[int, int]:
    """(answers, tokens of each) that a server is asked for after the loads."""
    turned = form.num_prompts * -(-LEAST // form.num_prompts)
    return min(turned, _most(form.input_len)), answer_tokens(form.output_len)


def scorer_of(deployment: Deployment, body: Mapping[str, Any]) -> Scorer:
    """body: of --extra-request-body; sampling is by the most probable token whatever it says."""
    return Scorer(deployment.http, {name: value for name, value in body.items() if name != "sampling_params"})


def answers_of(scorer: Scorer, prompts: Sequence[Sequence[int]], tokens: int) -> list[Answer]:
    """All at once, as a load has them. ServerError as soon as one fails."""
    return in_parallel(lambda prompt: scorer.answer(prompt, tokens), prompts, len(prompts))


def scores_of(scorer: Scorer, answers: Sequence[Answer]) -> list[Score]:
    return in_parallel(scorer.score, answers, SCORED_AT_ONCE)


def score_both(old: Scorer, new: Scorer, prompts: Sequence[Sequence[int]], tokens: int) -> Scored | Message:
    """A message: why there is nothing to compare."""
    if not prompts:
        return Message("same_answers.no_prompts")
    try:
        by_old, by_new = (answers_of(server, prompts, tokens) for server in (old, new))
        scored = Scored(
            old=by_old,
            old_by_old=scores_of(old, by_old),
            old_by_new=scores_of(new, by_old),
            new=by_new,
            new_by_old=scores_of(old, by_new),
        )
        # without an old server the answers are for --keep-answers
        return scored if old is new else replace(scored, vocabulary=vocabulary_of(old, new, scored))
    except ServerError as error:
        return error.as_message()


def score_stored(folder: Path, test_id: str, new: Scorer) -> Scored | Message:
    """The old server's answers of an earlier run: it has ended, so it cannot score the new ones."""
    old, by_old = stored(folder, test_id)
    if not old:
        return Message("same_answers.not_stored")
    try:
        own = answers_of(new, [answer.prompt for answer in old], max(len(answer.ids) for answer in old))
        scored = Scored(old=old, old_by_old=by_old, old_by_new=scores_of(new, old), new=own)
        return replace(scored, vocabulary=against_the_stored(folder, test_id, new, scored))
    except ServerError as error:
        return error.as_message()


def after_the_loads(campaign: Campaign, test: TestParts, form: Form) -> Scored | Message | None:
    """Of the first repeat's prompts. None: there is no old server, or --answers=off. A message: why nothing
    is compared, or stored.
    """
    options, servers, before = campaign.settings.options, campaign.servers, campaign.before
    kept = options.keep_answers
    alone = servers.baseline is None and before is None
    if options.answers == "off" or (alone and kept == "no"):
        return None
    sides = [side for side in (servers.new, servers.baseline) if side is not None]
    if (why := next(filter(None, map(_unsafe, sides)), None)) is not None:
        return Message(NOT_KEPT, why=why) if alone else why
    test.progress.prepare(test.test_id, Message("live.answers"), None)
    new = scorer_of(servers.new, campaign.settings.body)
    if before is not None:
        return score_stored(Path(before.name), test.test_id, new)
    prompts = prompts_of(test.prompts.workload(form, test.test_id).own_ids)
    tokens = answer_tokens(form.output_len)
    if servers.baseline is None:
        why = _keep_own(campaign, test.test_id, new, score_both(new, new, prompts, tokens))
        return None if why is None else Message(NOT_KEPT, why=why)
    scored = score_both(scorer_of(servers.baseline, campaign.settings.body), new, prompts, tokens)
    if kept != "no" and isinstance(scored, Scored):
        keep(campaign.files.answers, test.test_id, BASELINE, scored.old, scored.old_by_old, kept)
        keep(campaign.files.answers, test.test_id, NEW, scored.new, scored.new_by_old, kept)
    return scored


def _keep_own(campaign: Campaign, test_id: str, server: Scorer, scored: Scored | Message) -> Message | None:
    """For a later run against this one. A message: why there is nothing, or not the vocabulary."""
    if isinstance(scored, Message):
        return scored
    files, how = campaign.files, campaign.settings.options.keep_answers
    keep(files.answers, test_id, NEW, scored.old, scored.old_by_old, how)
    try:
        keep_vocabulary(files.folder, test_id, server, scored.old, scored.old_by_old)
    except OSError as error:
        files.lose(VOCABULARY, error.strerror or str(error))
    except ServerError as error:
        return error.as_message()
    return None


def _unsafe(side: Deployment) -> Message | None:
    """Why the server could end when it is asked for log-probabilities. None: it is asked."""
    if side.roles.disaggregated:
        return Message("same_answers.disaggregated")
    if any(_ends_by_eagle3(worker.info) for worker in side.roles.workers):
        return Message("same_answers.eagle3")
    return None


def _ends_by_eagle3(info: ServerInfo) -> bool:
    """Also where the version or the scheduler is not reported."""
    version = tuple(map(int, re.findall(r"\d+", info.version or "")[:3]))
    overlapped = info.raw.get("disable_overlap_schedule") is not True
    return info.speculative_algorithm == "EAGLE3" and overlapped and version < (0, 5, 12)


def answers_entry(compared: Compared) -> AnswersEntry:
    """As run.json has it."""
    parted = compared.difference
    return AnswersEntry(
        answers=compared.answers,
        tokens=compared.tokens,
        identical=None if parted is None else parted.same,
        first_difference=None if parted is None else parted.median,
        metrics=tuple(
            AnswersMetric(
                metric=each.metric,
                value=each.value,
                low=each.low,
                high=each.high,
                op=LIMITS[each.metric].op,
                limit=LIMITS[each.metric].limit,
                holds=each.holds,
                n=each.n,
                token=each.token,
            )
            for each in compared.estimates
        ),
    )
