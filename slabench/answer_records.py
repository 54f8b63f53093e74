"""Answers as token ids, and what a server finds of them; asked for after a load (server/scoring.py)."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from slabench.messages import Message

_NOT_ASKED = Message("vocabulary.not_stored")
Token = tuple[float, int]  # (log-probability in nats, id); nan where the server has no number


@dataclass(frozen=True, slots=True)
class Answer:
    """One server's own answer. logprobs: as it computed them while decoding."""

    prompt: Sequence[int]
    ids: Sequence[int]
    logprobs: Sequence[float]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """What a server finds of an answer that it reads, a value a token. top: its most probable tokens there,
    best first.
    """

    logprobs: Sequence[float]
    top: Sequence[Sequence[Token]]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The log-probabilities of the next token at the same places by both servers: a float32 for every id
    below a common size, a row a place; nan where a server has no number.
    """

    old: Sequence[array[float]]
    new: Sequence[array[float]]


@dataclass(frozen=True, slots=True)
class Scored:
    """Both servers' answers to the same prompts, and the scores of both.

    new_by_old is empty where the old server has ended before the new one was started. vocabulary: a message
    says why it is not known.
    """

    old: Sequence[Answer]
    old_by_old: Sequence[Score]
    old_by_new: Sequence[Score]
    new: Sequence[Answer] = ()
    new_by_old: Sequence[Score] = ()
    vocabulary: Vocabulary | Message = _NOT_ASKED
