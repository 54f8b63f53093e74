"""Checks about the prompts: were they read as they were sent, and what does their content do to the figures?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from slabench.records import RequestRecord
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity.context import CheckContext, ok, unreported
from slabench.verdict.validity.registry import ONE_SERVER, Registration, Stage

OTHER_TOKENIZER_SHARE = 0.25  # where nobody counted the texts here: more than any text is known to drift by
# of the prompt tokens meant: text that is decoded and encoded again changes its length
DRIFT_SHARE_LIMIT = 0.01
_EXPERTS = re.compile(
    r"moe|mixtral|deepseek_?v[234]|deepseekv[234]|gptoss|gpt_oss|grok|dbrx|arctic|kimi|llama4", re.I
)


def distorted(
    dataset: str, speculative: str | None, architectures: Sequence[str] | None, info: Mapping[str, Any] | None
) -> tuple[str, ...]:
    """What of a server random ids distort, as far as it is known."""
    if dataset != "random-ids":
        return ()
    found = []
    known = speculative or (info or {}).get("speculative_algorithm")
    if isinstance(known, str) and known.lower() != "none":
        found.append(f"speculative decoding ({known})")
    experts = [name for name in architectures or () if _EXPERTS.search(name)]
    if experts:
        found.append(f"expert routing ({experts[0]})")
    return tuple(found)


@Registration(
    Stage.WORKLOAD,
    evidence="data set, server_info, model_info",
    invalid="the prompts are random ids and the server decodes speculatively or routes to experts: a finding",
    why="random ids are no language: drafts are accepted, and experts chosen, otherwise than for text",
)
def random_tokens(subject: CheckContext) -> Check:
    if not subject.distorted:
        return ok(
            "random_tokens",
            "Nothing is known of the server that random ids would distort, or the prompts are text.",
        )
    text = f"The prompts are random ids, which distort {' and '.join(subject.distorted)}: text gives other figures."
    remedy = "Measure with --dataset-name=sharegpt or your own conversations too; compare runs of the same data set only."
    return Check("random_tokens", CheckStatus.FINDING, text, remedy)


@Registration(
    Stage.PROMPTS,
    evidence="`prompt_tokens`",
    invalid=(
        "it is not the number of ids sent, or not our own tokenizer's count of the text sent; more than 1 % from the "
        "length that was meant is a finding"
    ),
    why=(
        "text that is decoded and encoded again drifts; the server must still see what was sent. Answers that do not say "
        "it beside others that do are INVALID: nobody can say what the server read. A chat template "
        "(`--backend=sglang-oai-chat`) may add the same number of tokens to every message; another number each is not "
        "checked"
    ),
    probe=True,
)
def prompt_length(subject: CheckContext) -> Check:
    known = [
        (record, record.prompt_tokens)
        for record in subject.run.requests
        if record.ok and record.prompt_tokens is not None
    ]
    if not known:
        text = "The server reports no prompt_tokens."
        return Check("prompt_length", CheckStatus.NOT_CHECKED, text, "Use a server that reports meta_info.")
    silent, answers = unreported(subject, lambda record: record.prompt_tokens)
    if silent:
        text = f"{silent} of {answers} answers report no prompt_tokens, the others do: nobody can say what the server read."
        return Check("prompt_length", CheckStatus.INVALID, text, ONE_SERVER)
    template = _of_the_template(subject, known)
    if isinstance(template, Check):
        return template
    if subject.exact_prompt:
        odd = [(record, record.input_len, seen) for record, seen in known if seen != record.input_len]
        sent, remedy = "ids", "The server may cut prompts (--allow-auto-truncate); turn that off."
    else:
        counts = subject.counted
        odd = [
            (record, counts[record.index], seen)
            for record, seen in known
            if counts and seen - template != counts[record.index]
        ]
        sent, remedy = (
            "tokens of text",
            "Give the server's own tokenizer with --tokenizer=DIR; the server must not cut or wrap prompts.",
        )
    if odd:
        record, wanted, seen = odd[0]
        first = f"request {record.index}: {wanted} {sent}, {seen} there"
        text = f"{len(odd)} of {len(known)} prompts have another length at the server ({first}); none may."
        return Check("prompt_length", CheckStatus.INVALID, text, remedy)
    if subject.exact_prompt:
        return ok("prompt_length", f"prompt_tokens equals the ids sent for all {len(known)} answers.")
    meant, seen_sum = sum(record.input_len for record, _ in known), sum(seen - template for _, seen in known)
    drift = (seen_sum - meant) / meant if meant else 0.0
    own = f", as our tokenizer does for each of the {len(known)} texts" if subject.counted else ""
    beside = f", and {template} more of its chat template in each," if template else ""
    text = f"The server counts {seen_sum} prompt tokens{own}{beside} where {meant} were meant ({drift:+.1%})"
    if abs(drift) > OTHER_TOKENIZER_SHARE and not subject.counted:
        remedy = "Give the tokenizer of the model that the server runs (--tokenizer=DIR), or send exact ids with --prompt-form=ids."
        return Check(
            "prompt_length", CheckStatus.INVALID, f"{text}, more than {OTHER_TOKENIZER_SHARE:.0%}.", remedy
        )
    if abs(drift) > DRIFT_SHARE_LIMIT:
        remedy = (
            "Text that is decoded and encoded again changes its length; --prompt-form=ids sends exact ids."
        )
        return Check(
            "prompt_length",
            CheckStatus.FINDING,
            f"{text}; more than {DRIFT_SHARE_LIMIT:.0%} is said.",
            remedy,
        )
    return ok("prompt_length", f"{text}.")


def _of_the_template(subject: CheckContext, known: Sequence[tuple[RequestRecord, int]]) -> int | Check:
    """Tokens that the server's chat template adds to each message: the same number to all, since it is the
    same text around them.

    0 for other endpoints, and where a prompt has fewer tokens at the server than were sent, which no template
    brings about.
    """
    if subject.run.plan.get("backend") != "sglang-oai-chat" or not subject.counted:
        return 0
    more = {seen - subject.counted[record.index] for record, seen in known}
    if min(more) < 0:
        return 0
    if len(more) > 1:
        text = (
            f"The server counts {min(more)} to {max(more)} tokens more a prompt than the message has: its chat template adds some, "
            "and how many is not known."
        )
        return Check(
            "prompt_length",
            CheckStatus.NOT_CHECKED,
            text,
            "--backend=sglang and sglang-oai send prompts as they are.",
        )
    return more.pop()
