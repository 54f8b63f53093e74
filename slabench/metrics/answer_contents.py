"""Whether a load's answers are answers: not one token again and again, not the same to every prompt.

A model that was not trained, or is asked random ids, may repeat a few tokens soon; but it does not begin with
one token and never leave it, prompt after prompt, and it does not answer different prompts alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from slabench.records import RequestRecord

LEAST_TOKENS, LEAST_ANSWERS = 8, 4
LONGEST_UNIT = 16  # characters that a token's text has at most, where only the text is known


@dataclass(frozen=True, slots=True)
class Contents:
    """answers: that are long enough and whose content is known; one_token, alike: how many of them are so.

    different: answers to different prompts, of which alike is a part.
    """

    answers: int = 0
    one_token: int = 0
    different: int = 0
    alike: int = 0

    @property
    def metrics(self) -> dict[str, float]:
        """Shares; of fewer than LEAST_ANSWERS nothing is concluded."""
        shares = {}
        if self.answers >= LEAST_ANSWERS:
            shares["answers.one_token"] = self.one_token / self.answers
        if self.different >= LEAST_ANSWERS:
            shares["answers.alike"] = self.alike / self.different
        return shares


def contents(requests: Sequence[RequestRecord], shared: Sequence[int] = ()) -> Contents:
    """shared: tokens that each prompt shares at its beginning with another; empty: not known."""
    known = [
        (record, content)
        for record in requests
        if record.ok and long_enough(record) and (content := _content(record)) is not None
    ]
    own = [
        content
        for record, (_, content) in known
        if record.index >= len(shared) or shared[record.index] < record.input_len
    ]
    counts = Counter(own)
    return Contents(
        len(known),
        sum(repeats for _, (repeats, _) in known),
        len(own),
        sum(count for count in counts.values() if count > 1),
    )


def long_enough(record: RequestRecord) -> bool:
    return (record.output_tokens or 0) >= LEAST_TOKENS


def _content(record: RequestRecord) -> tuple[bool, Hashable] | None:
    """(whether it is one token, what is equal for equal answers); None: not known."""
    if record.content is not None:
        return record.content
    text = record.counted_text
    if text is None or record.counted_tokens < LEAST_TOKENS:
        return None
    return not text or _repeats(text), text


def _repeats(text: str) -> bool:
    """Whether it is a short piece again and again."""
    return 0 < (text + text).find(text, 1) <= min(LONGEST_UNIT, len(text) // 2)
