"""The texts of answers without ids, counted by our own tokenizer: evidence for token_counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from slabench.errors import ConfigError
from slabench.records import RequestRecord
from slabench.verdict.validity.context import Texts

if TYPE_CHECKING:
    from slabench.session.deployment import Campaign

MOST = 256  # answers: their sum is known well enough by then


def texts(requests: Sequence[RequestRecord], campaign: Campaign) -> Texts | None:
    """None where every answer has ids, or nobody can say that its text is whole."""
    known = [
        record
        for record in requests
        if record.ok and record.counted_text is not None and record.counted_tokens > 0
    ]
    known = known[:: -(-len(known) // MOST) or 1]
    if not known:
        return None
    words = [record.counted_text or "" for record in known]
    try:
        tokenizer = campaign.tokenizer()
    except ConfigError:
        tokenizer = None
    tokens = (
        None
        if tokenizer is None
        else sum(len(tokenizer.encode(text, add_special_tokens=False)) for text in words)
    )
    return Texts(len(known), sum(record.counted_tokens for record in known), tokens, sum(map(len, words)))
