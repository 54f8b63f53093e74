"""Does the new server give the old one's answers? By teacher forcing: both score the same tokens.

Two correct servers do not answer alike: at temperature 0 a difference in the last bit of a logit changes a
token sooner or later, and all that follow. So answers are not compared; both servers read the same answers,
and it is compared how probable they find each token. The old answers, read by both, show what the new server
computes of a prompt; the new ones, with the log-probabilities of their decoding, what it computes then.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from slabench.answer_records import Answer, Score, Scored, Token
from slabench.messages import Message
from slabench.verdict.answer_estimate import Estimate, mean_of
from slabench.verdict.outcome import Check, Objective, finding, invalid, not_checked, ok
from slabench.verdict.vocabulary_shift import METRIC, lost_places, vocabulary_shift

LEAST_PLACES = 8  # at which a token has to be among the most probable ones, for answers.token_shift
# At which it has to be decoded, for answers.decode_token_shift: with 8 answers.decode_shift finds as much.
LEAST_DECODED = 4
NEW_ALONE = "vocabulary.new_alone"  # the old server answers what the new one does not
NOT_KEPT = "same_answers.not_kept"  # of a run at one server, which has nothing to compare
TIE = 1e-6  # nats: tokens that are so near have the same logit


def estimates(scored: Scored) -> tuple[Estimate, ...]:
    """Of the metrics that are defined; none where the old server has no number either."""
    of_old = list(zip(scored.old_by_old, scored.old_by_new, strict=True))
    of_new = list(zip(scored.new, scored.new_by_old, strict=False))  # the old server may have ended
    values: dict[str, list[list[float]]] = {
        "answers.logprob_shift": [_shift(by_new.logprobs, by_old.logprobs) for by_old, by_new in of_old],
        "answers.top1_agreement": [
            [float(_agree(old, new)) for old, new in zip(by_old.top, by_new.top, strict=True) if _known(old)]
            for by_old, by_new in of_old
        ],
        "answers.decode_shift": [_shift(answer.logprobs, by_old.logprobs) for answer, by_old in of_new],
        "answers.decode_top1": [
            [float(_chosen(id, old)) for id, old in zip(answer.ids, by_old.top, strict=True) if _known(old)]
            for answer, by_old in of_new
        ],
    }
    known = [estimate for name, rows in values.items() if (estimate := _of_answers(name, rows)) is not None]
    tokens = (_token_shift(of_old), _decode_token_shift(of_new), vocabulary_shift(scored.vocabulary))
    return (*_not_finite(scored), *known, *(each for each in tokens if each is not None))


def _not_finite(scored: Scored) -> tuple[Estimate, ...]:
    """Each of them counts: no correct server has any."""
    rows = [*(score.logprobs for score in scored.old_by_new), *(answer.logprobs for answer in scored.new)]
    numbers = [value for row in rows for value in row]
    # a place of the vocabulary at which it has none at all is one more
    numbers += [math.nan if lost else 0.0 for lost in lost_places(scored.vocabulary)]
    if not numbers:
        return ()
    share = sum(map(math.isnan, numbers)) / len(numbers)
    return (Estimate("answers.not_finite", share, share, share, len(scored.old)),)


def _shift(new: Sequence[float], old: Sequence[float]) -> list[float]:
    """Absolute differences, of tokens for which both servers have a number."""
    changes = (abs(first - second) for first, second in zip(new, old, strict=True))
    return [change for change in changes if not math.isnan(change)]


def _agree(old: Sequence[Token], new: Sequence[Token]) -> bool:
    """Whether the most probable token is the same, or as probable as the other server's."""
    return bool(new) and (_chosen(new[0][1], old) or _chosen(old[0][1], new))


def _known(top: Sequence[Token]) -> bool:
    """The old server's: without a number there is nothing to compare with."""
    return bool(top) and not math.isnan(top[0][0])


def _chosen(token: int, top: Sequence[Token]) -> bool:
    return any(known == token and value >= top[0][0] - TIE for value, known in top)


def _of_answers(metric: str, rows: Iterable[Sequence[float]]) -> Estimate | None:
    """The mean over answers: the tokens of one depend on each other."""
    return mean_of(metric, [statistics.fmean(row) for row in rows if row])


def _token_shift(pairs: Sequence[tuple[Score, Score]]) -> Estimate | None:
    """Of the token whose log-probability changes most on average, over the places where both servers have it
    among the most probable ones: a logit that is wrong for one token moves it by the same wherever it stands.
    """
    changes: dict[int, list[float]] = defaultdict(list)
    for by_old, by_new in pairs:
        for token, change in _changes(by_old, by_new):
            changes[token].append(change)
    return _largest(
        (token, mean_of("answers.token_shift", values))
        for token, values in changes.items()
        if len(values) >= LEAST_PLACES
    )


def _decode_token_shift(pairs: Sequence[tuple[Answer, Score]]) -> Estimate | None:
    """Of the token whose log-probability changes most on average, over the places where the new server chose
    it: a token that it makes too probable is seldom in the old answers and often in these. A token of one
    answer alone is left out: its places may all be one loop, and nothing spreads.
    """
    changes: dict[int, list[list[float]]] = defaultdict(list)  # token: of each answer that has it
    for answer, by_old in pairs:
        own: dict[int, list[float]] = defaultdict(list)
        for token, new, old in zip(answer.ids, answer.logprobs, by_old.logprobs, strict=True):
            if not math.isnan(new - old):
                own[token].append(new - old)
        for token, values in own.items():
            changes[token].append(values)
    return _largest(
        (token, _of_answers("answers.decode_token_shift", rows))
        for token, rows in changes.items()
        if len(rows) > 1 and sum(map(len, rows)) >= LEAST_DECODED
    )


def _largest(means: Iterable[tuple[int, Estimate | None]]) -> Estimate | None:
    """In either direction."""
    known = (mean.of_token(token) for token, mean in means if mean is not None)
    return max(known, key=lambda mean: mean.value, default=None)


def _changes(by_old: Score, by_new: Score) -> Iterator[tuple[int, float]]:
    for old, new in zip(by_old.top, by_new.top, strict=True):
        values = {token: value for value, token in new}
        for value, token in old:
            change = values.get(token, math.nan) - value
            if not math.isnan(change):
                yield token, change


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the servers' own answers part: shown, and never judged."""

    answers: int
    same: int  # answers without a difference
    median: float | None  # tokens before the first different one, over the others
    first: tuple[int, int, int, int] | None  # of the one that parts first: answer, place, old id, new id

    @property
    def message(self) -> Message:
        if self.first is None:
            return Message("answers.no_difference", answers=self.answers)
        answer, place, old, new = self.first
        return Message(
            "answers.difference",
            same=self.same,
            answers=self.answers,
            median=self.median,
            answer=answer,
            place=place,
            old=old,
            new=new,
        )


def difference(old: Sequence[Answer], new: Sequence[Answer]) -> Difference | None:
    """None: the new server's own answers are not known."""
    if not new:
        return None
    parted = []
    for number, (before, after) in enumerate(zip(old, new, strict=True)):
        pairs = enumerate(zip(before.ids, after.ids, strict=False))
        place = next((place for place, (first, second) in pairs if first != second), None)
        if place is not None:
            parted.append((place, number, before.ids[place], after.ids[place]))
    if not parted:
        return Difference(len(old), len(old), None, None)
    place, number, first, second = min(parted)
    median = statistics.median(place for place, *_ in parted)
    return Difference(len(old), len(old) - len(parted), median, (number, place, first, second))


@dataclass(frozen=True, slots=True)
class Compared:
    """What the answers of both servers show."""

    answers: int
    tokens: int  # of the longest
    estimates: tuple[Estimate, ...]
    difference: Difference | None
    no_vocabulary: Message | None = None  # why answers.vocabulary_shift is not among the estimates

    @classmethod
    def of(cls, scored: Scored) -> Compared:
        longest, known, why = max(len(answer.ids) for answer in scored.old), estimates(scored), None
        if all(each.metric != METRIC for each in known):
            vocabulary = scored.vocabulary
            why = vocabulary if isinstance(vocabulary, Message) else Message("vocabulary.no_numbers")
        return cls(len(scored.old), longest, known, difference(scored.old, scored.new), why)

    @property
    def metrics(self) -> dict[str, float]:
        return {each.metric: each.value for each in self.estimates}

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """For --answers=gate."""
        return tuple(each.objective for each in self.estimates)


def check(compared: Compared | Message, *, gate: bool = False) -> Check:
    """same_answers, registered in validity/whole_test.py. A message: why no answers could be scored.

    gate: what cannot be checked is INVALID.
    """
    unknown = invalid if gate else not_checked
    if isinstance(compared, Message):
        if compared.id == NOT_KEPT:
            return not_checked(NOT_KEPT, why=compared.arguments["why"])
        return unknown("same_answers.unscored", why=compared)
    broken, why = [each for each in compared.estimates if not each.holds], compared.no_vocabulary
    if not broken and gate and why is not None and why.id == NEW_ALONE:
        return unknown("same_answers.unscored", why=why)
    if not broken and "answers.logprob_shift" not in compared.metrics:
        return unknown("same_answers.no_numbers", answers=compared.answers)
    return (finding if broken else ok)(
        "same_answers.other" if broken else "same_answers.same",
        answers=compared.answers,
        tokens=compared.tokens,
        estimates=[each.message for each in broken or compared.estimates],
        vocabulary=None if why is None else Message("answers.no_vocabulary", why=why),
        difference=None if compared.difference is None else compared.difference.message,
    )
