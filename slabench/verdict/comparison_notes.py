"""What the two sides differ in, beside the verdict of a comparison."""

from __future__ import annotations

from slabench.messages import Message
from slabench.verdict.differences import Sections


def accept_lengths(new: float | None, old: float | None) -> list[Message]:
    """A note on both sides' accept lengths, the tokens per step of speculative decoding: TPOT depends on
    them.
    """
    if new is None and old is None:
        return []
    baseline, current = (
        Message("comparison.none") if tokens is None else Message("comparison.accept_length", tokens=tokens)
        for tokens in (old, new)
    )
    change = (
        Message("comparison.accept_length_change", change_pct=(new / old - 1) * 100) if new and old else ""
    )
    return [Message("comparison.note_accept_length", baseline=baseline, current=current, change=change)]


def smaller_pool(new: Sections, old: Sections, tolerance: float) -> list[Message]:
    """A note on a KV pool that holds fewer tokens by more than tolerance, a share; new, old: fingerprints.

    A load that does not fill the pool shows nothing of it.
    """
    tokens, were = (side.get("server", {}).get("token_capacity") for side in (new, old))
    if not tokens or not were or tokens >= were * (1 - tolerance):
        return []
    change_pct = (tokens / were - 1) * 100
    return [Message("comparison.note_smaller_pool", tokens=tokens, were=were, change_pct=change_pct)]
