"""What the prompts' content does to the figures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from slabench.verdict.validity.subject import Subject, ok
from slabench.verdict.words import Check, State

_EXPERTS = re.compile(r"moe|mixtral|deepseek_?v[234]|deepseekv[234]|gptoss|gpt_oss|grok|dbrx|arctic|kimi|llama4", re.I)


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


def random_tokens(subject: Subject) -> Check:
    """Prompts of random ids are no language: drafts are accepted at another rate, and experts chosen otherwise, than for text."""
    if not subject.distorted:
        return ok("random_tokens", "Nothing is known of the server that random ids would distort, or the prompts are text.")
    text = f"The prompts are random ids, which distort {' and '.join(subject.distorted)}: text gives other figures."
    remedy = "Measure with --dataset-name=sharegpt or your own conversations too; compare runs of the same data set only."
    return Check("random_tokens", State.FINDING, text, remedy)
