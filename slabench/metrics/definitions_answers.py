"""The metrics of what the answers hold: of the load's own (answers.py), of both servers' as both score them
(verdict/same_answers.py), of those to questions (verdict/accuracy.py). No comparison of repeats takes them;
docs/answers.md has their limits.
"""

from __future__ import annotations

from slabench.metrics.declaration import Metric

_BOTH = "/generate with return_logprob, both servers"
_SHIFT = "mean over answers of the tokens' mean absolute change of the log-probability"

_OWN = "the load's answers: output_ids, else the text"

OF_ANSWERS: tuple[Metric, ...] = (
    Metric(
        "answers.one_token", "share", "none",
        "answers of 8 tokens or more that are one token again and again, or no text", _OWN,
    ),
    Metric(
        "answers.alike", "share", "none",
        "answers of 8 tokens or more that are the same as the answer to another prompt", _OWN,
    ),
    Metric(
        "answers.logprob_shift", "nats", "none",
        f"{_SHIFT}: the old server's answers, as the new one and as the old one reads them", _BOTH,
    ),
    Metric(
        "answers.top1_agreement", "share", "none",
        "places of these answers at which both find the same token most probable", _BOTH,
    ),
    Metric(
        "answers.token_shift", "nats", "none",
        "largest mean change of one token's log-probability, over at least 8 places of these answers at "
        "which both have it among their 20 most probable", _BOTH,
    ),
    Metric(
        "answers.decode_shift", "nats", "none",
        f"{_SHIFT}: the new server's answers, as it decoded them and as the old one reads them", _BOTH,
    ),
    Metric(
        "answers.decode_top1", "share", "none",
        "tokens of these answers that the old server finds most probable", _BOTH,
    ),
    Metric(
        "answers.decode_token_shift", "nats", "none",
        "largest mean change of one token's log-probability, over at least 4 places, in two answers or more, "
        "at which the new server decoded it: as it decoded it against as the old one reads it", _BOTH,
    ),
    Metric(
        "answers.vocabulary_shift", "nats", "none",
        "largest mean change of one token's log-probability relative to the median token's, over the same "
        "16 places, of all tokens up to the largest id that both servers have named; masked or below -100 "
        "counts as -100", "/generate with top_logprobs_num, both servers",
    ),
    Metric(
        "answers.not_finite", "share", "none",
        "tokens whose log-probability at the new server is no number, and places of the vocabulary at which "
        "none is", _BOTH,
    ),
)  # fmt: skip

_QUESTIONS = "answers to --accuracy-file"

ACCURACY: tuple[Metric, ...] = (
    Metric("accuracy", "share", "none", "right answers / questions with an answer", _QUESTIONS),
    Metric("accuracy.low", "share", "none", "lower 95 % bound of accuracy (Clopper-Pearson)", _QUESTIONS),
    Metric("accuracy.high", "share", "none", "its upper 95 % bound", _QUESTIONS),
    Metric("accuracy.questions", "count", "none", "questions with an answer", _QUESTIONS),
)
