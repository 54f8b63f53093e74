"""Which version to measure next, and when the answer is known: a binary search whose test has three words.

Versions are in their order, and a version after a slower one is taken to be slower too. A version whose test
is undecided is measured again, at a new launch and with twice the pairs, and one whose run was not valid once
more; after these it is passed over for its neighbours, as is one that cannot be measured at all. So the
answer is two neighbours, or the versions between which nothing could be decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

# Runs of a version that say so, after which it is passed over: undecided ones have n, 2 n and 4 n pairs.
ATTEMPTS = {"UNDECIDED": 3, "INVALID": 2}
# Pairs that a further attempt doubles where the first one added them until the comparison was decided: twice
# as many of a fixed number have one look at a level that is not shared.
BEFORE_DOUBLED = 10


class Standing(StrEnum):
    """What a gate's run says of a version."""

    SLOWER = "SLOWER"  # a metric is surely worse
    NOT_SLOWER = "NOT_SLOWER"  # no metric can be worse
    UNDECIDED = "UNDECIDED"
    INVALID = "INVALID"  # a check of its run: a busy machine, a request that failed
    UNMEASURED = "UNMEASURED"  # it did not start, or cannot be compared: another run would not either


@dataclass(frozen=True, slots=True)
class Ask:
    """A version to measure, by its place in the list."""

    place: int
    attempt: int  # from 1
    doublings: int = 0  # of the pairs

    def repeats(self, first: int | None) -> int | str:
        """first: of the first attempt; None: as many as decide it."""
        if first is None and not self.doublings:
            return "auto"
        return (BEFORE_DOUBLED if first is None else first) << self.doublings


@dataclass(frozen=True, slots=True)
class Answer:
    """slower: the place of the first version that is surely slower; before: of the last one before it that is
    surely not. unresolved: those between, of which nothing could be decided.
    """

    before: int
    slower: int
    unresolved: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """place: of the version that leaves no question, or whose standing the search needs and does not have."""

    place: int
    standing: Standing


Standings = Mapping[int, Sequence[Standing]]  # place -> what each attempt said


def next_step(versions: int, standings: Standings, *, oldest_is_reference: bool) -> Ask | Answer | NoAnswer:
    """The newest first, since without a slower one there is nothing to find; then the oldest, unless all are
    compared with it; then halves.
    """
    newest = versions - 1
    ends = [(newest, Standing.SLOWER)] + ([] if oldest_is_reference else [(0, Standing.NOT_SLOWER)])
    for place, needed in ends:
        known = standings.get(place, ())
        if (ask := _ask(place, known)) is not None:
            return ask
        if known[-1] is not needed:
            return NoAnswer(place, known[-1])
    before, slower = 0, newest
    for place in range(1, newest):
        if Standing.NOT_SLOWER in standings.get(place, ()):
            before = max(before, place)
        elif Standing.SLOWER in standings.get(place, ()):
            slower = min(slower, place)
    between = range(before + 1, slower)
    asks = [ask for place in between if (ask := _ask(place, standings.get(place, ()))) is not None]
    begun = [ask for ask in asks if ask.attempt > 1]
    if begun:
        return begun[0]
    if not asks:
        return Answer(before, slower, tuple(between))
    middle = (before + slower) / 2
    return min(asks, key=lambda ask: abs(ask.place - middle))


def _ask(place: int, known: Sequence[Standing]) -> Ask | None:
    """None where nothing more is to be learned of it."""
    if known and known.count(known[-1]) >= ATTEMPTS.get(known[-1], 1):
        return None
    return Ask(place, len(known) + 1, known.count(Standing.UNDECIDED))
