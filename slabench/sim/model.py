"""The embedded server's model: what it answers to a prompt, and how probable it finds each token.

A prompt has a seed of 64 bits, its 16 digits are the answer's words, again and again. A token's
log-probability depends on its distance from the right one: it is the same whether it was just generated or is
read as part of a prompt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

WORDS = [word.encode() for word in " ka lo mi re su ta ve zo bin dar fel gor hum jan kel lim".split()]
FIRST_ID = 100
ZERO = b"!"  # the text of token 0, as of many vocabularies
_LIKELY, _STEP, _OTHER = -0.5, 1.0, -20.0  # log-probabilities: of the right token, a word further, of no word
RAISED = 7  # the id whose logit is too large with fault=one_logit
_BY = 2.0


def seed_of(ids: npt.NDArray[np.int64] | Sequence[int], model: int = 0) -> int:
    """model: another one answers otherwise."""
    data = np.asarray(ids, dtype=np.int64).tobytes()
    return int.from_bytes(hashlib.blake2b(data, digest_size=8, salt=b"%d" % model).digest())


def word(seed: int, place: int) -> int:
    """Index of the answer's word at a place from 0."""
    return (seed >> 4 * (place % 16)) & 15


def logprob(seed: int, place: int, token: int) -> float:
    if not FIRST_ID <= token < FIRST_ID + len(WORDS):
        return _OTHER
    return _LIKELY - _STEP * ((token - FIRST_ID - word(seed, place)) % len(WORDS))


def top(seed: int, place: int, count: int) -> list[list[Any]]:
    """The most probable words there, as meta_info has them."""
    first = word(seed, place)
    return [
        [_LIKELY - _STEP * further, FIRST_ID + (first + further) % len(WORDS), None]
        for further in range(min(count, len(WORDS)))
    ]


def whole(seed: int, place: int, count: int, raised: int | None = None) -> list[list[Any]]:
    """Of the whole vocabulary, which ends with the words. raised: the id whose logit is too large."""
    others = sorted(range(FIRST_ID), key=lambda id: id != raised)
    rest = [[_OTHER + (_BY if id == raised else 0.0), id, None] for id in others]
    return [*top(seed, place, count), *rest][:count]


def with_logprobs(
    meta: dict[str, Any],
    prompt: Sequence[int],
    produced: Sequence[int],
    start: int,
    count: int,
    model: int = 0,
    raised: int | None = None,
) -> None:
    """Add to meta_info what return_logprob asks for: of the tokens that were produced, and of the prompt's
    from place `start` on, each with `count` of the most probable ones. raised: as in whole().
    """
    seed = seed_of(prompt, model)
    meta["output_token_logprobs"] = [
        [logprob(seed, place, token), token, None] for place, token in enumerate(produced)
    ]
    if count:
        meta["output_top_logprobs"] = [whole(seed, place, count, raised) for place in range(len(produced))]
    if start < 0:
        return
    # what follows the token at `start` is taken for an answer to the tokens up to there
    seed, read = seed_of(prompt[: start + 1], model), prompt[start + 1 :]
    known = [[logprob(seed, place, token), token, None] for place, token in enumerate(read)]
    meta["input_token_logprobs"] = [[None, prompt[start], None], *known]
    if count:
        meta["input_top_logprobs"] = [None, *(top(seed, place, count) for place in range(len(read)))]
