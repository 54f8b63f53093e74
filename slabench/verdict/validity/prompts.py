"""Checks of the prompts: whether the server read what was sent, and whether their content distorts the
metrics."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from slabench.loadgen.backends import backend_of
from slabench.messages import Message, Sentence, messages_of
from slabench.records import RequestRecord
from slabench.verdict.outcome import Check, CheckStatus, check, finding, invalid, not_checked, ok
from slabench.verdict.validity.context import CheckContext, unreported
from slabench.verdict.validity.registry import ONE_SERVER, Registration, Stage

OTHER_TOKENIZER_SHARE = 0.25  # where the texts were not counted here: more than any text is known to drift by
# of the prompt tokens meant: text that is decoded and encoded again changes its length
DRIFT_SHARE_LIMIT = 0.01
_EXPERTS = re.compile(
    r"moe|mixtral|deepseek_?v[234]|deepseekv[234]|gptoss|gpt_oss|grok|dbrx|arctic|kimi|llama4", re.I
)


def distorted(
    dataset: str, speculative: str | None, architectures: Sequence[str] | None, info: Mapping[str, Any] | None
) -> tuple[str, ...]:
    """What of a server random ids distort, as far as it is known."""
    algorithm = speculative or (info or {}).get("speculative_algorithm")
    experts = [name for name in architectures or () if _EXPERTS.search(name)]
    parts = {
        Sentence.of("random_tokens.speculative", algorithm=algorithm): isinstance(algorithm, str)
        and algorithm.lower() != "none",
        Sentence.of("random_tokens.experts", architecture="".join(experts[:1])): bool(experts),
    }
    return tuple(part for part, known in parts.items() if known and dataset == "random-ids")


@Registration(
    Stage.WORKLOAD,
    evidence="data set, server_info, model_info",
    invalid=(
        "never; a finding when the prompts are random ids and the server decodes speculatively or routes to "
        "experts"
    ),
    why=("random ids are not language: drafts are accepted, and experts chosen, differently than for text"),
)
def random_tokens(context: CheckContext) -> Check:
    if not context.distorted:
        return ok("random_tokens.none")
    distorted: Sequence[Message | str] = messages_of(context.distorted) or context.distorted
    return finding("random_tokens.distorted", distorted=tuple(distorted))


@Registration(
    Stage.PROMPTS,
    evidence="`prompt_tokens`",
    invalid=(
        "it is not the number of ids sent, or not our tokenizer's count of the text sent; or some answers "
        "report it and others do not. A finding: more than 1 % from the length that the workload asked for"
    ),
    why=(
        "the server must read what was sent; text that is decoded and encoded again changes its length. A "
        "chat template (`--backend=sglang-oai-chat`) may add the same number of tokens to every message; "
        "different numbers are not checked"
    ),
    probe=True,
)
def prompt_length(context: CheckContext) -> Check:
    known = [(record, record.prompt_tokens) for record in context.answers if record.prompt_tokens is not None]
    if not known:
        return not_checked("prompt_length.none")
    silent, answers = unreported(context, lambda record: record.prompt_tokens)
    if silent:
        return invalid("prompt_length.mixed", silent=silent, answers=answers, remedy=ONE_SERVER)
    added = _of_the_template(context, known)
    if len(added) > 1:
        return not_checked("prompt_length.varying_template", least=min(added), most=max(added))
    (template,) = added
    return _exact(context, known, template) or _meant(context, known, template)


def _exact(context: CheckContext, known: Sequence[tuple[RequestRecord, int]], template: int) -> Check | None:
    """INVALID where the server read another number of tokens than the ids, or the counted text, that were
    sent; None where it is the same, or the text was not counted.
    """
    if not context.exact_prompt and not context.counted:
        return None
    lengths = [
        (record.index, record.input_len if context.exact_prompt else context.counted[record.index], read)
        for record, read in known
    ]
    added = 0 if context.exact_prompt else template
    other = [(index, sent, read) for index, sent, read in lengths if read - added != sent]
    if not other:
        return ok("prompt_length.ids", answers=len(known)) if context.exact_prompt else None
    index, sent, read = other[0]
    return invalid(
        "prompt_length.other_ids" if context.exact_prompt else "prompt_length.other_text",
        other=len(other),
        answers=len(known),
        index=index,
        sent=sent,
        read=read,
    )


def _meant(context: CheckContext, known: Sequence[tuple[RequestRecord, int]], template: int) -> Check:
    """The texts against the lengths that the workload wanted."""
    meant, read = sum(record.input_len for record, _ in known), sum(read - template for _, read in known)
    drift = (read - meant) / meant if meant else 0.0
    counted = Message("prompt_length.counted", texts=len(known)) if context.counted else None
    if abs(drift) > OTHER_TOKENIZER_SHARE and not context.counted:
        return invalid(
            "prompt_length.other_tokenizer", read=read, meant=meant, drift=drift, limit=OTHER_TOKENIZER_SHARE
        )
    return check(
        CheckStatus.FINDING if abs(drift) > DRIFT_SHARE_LIMIT else CheckStatus.OK,
        "prompt_length.drift",
        read=read,
        meant=meant,
        drift=drift,
        limit=DRIFT_SHARE_LIMIT,
        counted=counted,
        template=Message("prompt_length.template", added=template) if template else None,
    )


def _of_the_template(context: CheckContext, known: Sequence[tuple[RequestRecord, int]]) -> set[int]:
    """The different numbers of tokens that the server's chat template adds to a message: one number, since
    the same text is around each.

    0 for other endpoints, and where a prompt has fewer tokens at the server than were sent, which no template
    causes.
    """
    if not backend_of(context.run.plan).adds_template or not context.counted:
        return {0}
    added = {read - context.counted[record.index] for record, read in known}
    return added if min(added) >= 0 else {0}
