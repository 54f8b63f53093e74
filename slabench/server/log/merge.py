"""The logs of one deployment, one or several per node, as one set of samples: every event and every batch counted once.

Pipeline stages and attention-context-parallel ranks repeat the batch lines of another rank, and every tensor-parallel rank
reports a retraction: the repeats are dropped here.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from slabench.records import LogSpan
from slabench.server.log.reader import Counts, LogReader, read_blocks
from slabench.server.log.tags import Rank
from slabench.server.log.values import DecodeLine, Event, EventKind, PrefillLine, Reason, Rejected


class Since(StrEnum):
    """What came between a decode line and the one before it of the same scheduler, so that its speed is not the batch's own."""

    FIRST = "first"  # nothing came before it in this part of the log
    PREFILL = "prefill"
    IDLE = "idle"
    FLUSH = "flush"
    RETRACTION = "retraction"
    JIT = "jit"
    RESTART = "restart"
    REJECTED = "rejected"  # a line that could not be read


# The first that applies is the one that a curve counts.
CAUSES = (
    Since.FIRST,
    Since.RESTART,
    Since.RETRACTION,
    Since.FLUSH,
    Since.JIT,
    Since.REJECTED,
    Since.PREFILL,
    Since.IDLE,
)


class Sample(NamedTuple):
    """One decode line as the curve wants it."""

    running: int
    gen_throughput: float
    queue: int
    graph: bool | None
    previous_running: int | None  # of the decode line before it, same scheduler; None: there is none
    since: frozenset[Since]
    scheduler: tuple[str, int | None]  # (file, data-parallel rank); nodes of one deployment have different ranks
    stamp: float | None
    accept_len: float | None


@dataclass(slots=True)
class Merged:
    """What was dropped and seen on the way; complete once samples() is exhausted."""

    counts: dict[str, Counts] = field(default_factory=dict)  # by path, over all its parts
    outside: int = 0  # lines whose stamp says that they are of another time than their part's
    dp_ranks: set[int] = field(default_factory=set)  # ranks that decode lines name, copies included
    pp_ranks: set[int] = field(default_factory=set)
    copies: int = 0  # batch lines of later pipeline stages and attention-context-parallel ranks
    repeats: int = 0  # retraction lines of further tensor-parallel ranks
    events: list[tuple[str, Event]] = field(default_factory=list)  # with the path, repeats left out
    prefill_lines: int = 0
    prefill_shapes: Counter[tuple[int, int]] = field(default_factory=Counter)  # (#new-seq, #new-token) of those lines
    new_tokens: int = 0
    cached_tokens: int = 0
    schedulers: Counter[tuple[str, int | None]] = field(default_factory=Counter)  # decode lines of each

    def events_of(self, kind: EventKind) -> list[Event]:
        """The events of one kind, in the order of the files."""
        return [event for _, event in self.events if event.kind is kind]

    def rejected(self) -> Counter[Reason]:
        """Batch lines that could not be read, by reason, over all files."""
        return sum((counts.rejected for counts in self.counts.values()), Counter[Reason]())


@dataclass(slots=True)
class _Scheduler:
    name: tuple[str, int | None]  # file, data-parallel rank
    lines: int = 0
    running: int | None = None
    since: set[Since] = field(default_factory=lambda: {Since.FIRST})
    stamp: float | None = None
    gap: float | None = None  # seconds between the last two undisturbed lines


SLACK_S = 5.0  # stamps are whole seconds, written a moment later, by a clock that may be off by the 3 s that span.py lets pass
_NONE: frozenset[Since] = frozenset()
_EVENTS = {
    EventKind.FLUSHED: Since.FLUSH,
    EventKind.RETRACTION: Since.RETRACTION,
    EventKind.JIT: Since.JIT,
    EventKind.START: Since.RESTART,
}


def samples(parts: Sequence[str | LogSpan], merged: Merged | None = None) -> Iterator[Sample]:
    """The decode lines of several logs, or parts of them, file after file. ConfigError if one cannot be read.

    Bookkeeping goes into merged. Parts of one path (a rotated log) follow each other with no memory across them.
    """
    notes = Merged() if merged is None else merged
    speaker: dict[int | None, int | None] = {}  # data-parallel rank -> the tensor-parallel rank whose retractions count
    for part in parts:
        span = LogSpan(part, 0, -1) if isinstance(part, str) else part
        reader = LogReader()
        reader.counts = notes.counts.setdefault(span.path, reader.counts)
        yield from _one(span, reader, notes, speaker)


def _one(span: LogSpan, reader: LogReader, notes: Merged, speaker: dict[int | None, int | None]) -> Iterator[Sample]:
    path = span.path
    earliest = -math.inf if span.began is None else span.began - SLACK_S
    latest = math.inf if span.ended is None else span.ended + SLACK_S
    known: dict[int | None, _Scheduler] = {}
    rank: Rank | None = None  # of the decode line before: mostly the next one's too, and then nothing has to be looked up
    state: _Scheduler | None = None  # its scheduler; None: its lines repeat another rank's
    for block in read_blocks(path, reader, span.begin, None if span.end < 0 else span.end):
        for line in block:
            if isinstance(line, Rejected):
                for one in known.values():  # whose line it was is not known
                    one.since.add(Since.REJECTED)
            elif line.stamp is not None and not earliest <= line.stamp <= latest:
                notes.outside += 1
            elif isinstance(line, DecodeLine):
                if line.rank is not rank:
                    rank = line.rank
                    state = _state(path, rank, known, notes)
                if state is None:
                    notes.copies += 1
                else:
                    state.lines += 1
                    yield _sample(line, state)
            elif isinstance(line, PrefillLine):
                if line.rank.copy:
                    notes.copies += 1
                    continue
                notes.prefill_lines += 1
                notes.prefill_shapes[line.new_seq, line.new_token] += 1
                notes.new_tokens += line.new_token
                notes.cached_tokens += line.cached_token
                _scheduler(path, line.rank.dp, known).since.add(Since.PREFILL)
            elif counts_once(line, speaker, notes):
                notes.events.append((path, line))
                cause = cause_of(line)
                if cause is not None:
                    _touch(path, line.rank, cause, known)
    for one in known.values():
        if one.lines:
            notes.schedulers[one.name] += one.lines


def _scheduler(path: str, dp: int | None, known: dict[int | None, _Scheduler]) -> _Scheduler:
    if dp not in known:
        known[dp] = _Scheduler((path, dp))
    return known[dp]


def _state(path: str, rank: Rank, known: dict[int | None, _Scheduler], notes: Merged) -> _Scheduler | None:
    """The scheduler that a decode line of this rank speaks of; None for a copy."""
    if rank.dp is not None:
        notes.dp_ranks.add(rank.dp)
    if rank.pp is not None:
        notes.pp_ranks.add(rank.pp)
    return None if rank.copy else _scheduler(path, rank.dp, known)


def _sample(line: DecodeLine, state: _Scheduler) -> Sample:
    gap = None if line.stamp is None or state.stamp is None else line.stamp - state.stamp
    # An idle scheduler prints nothing, so idleness shows as a gap out of proportion: stamps are whole seconds by default.
    if gap is not None and state.gap is not None and gap > 3 * state.gap + 2:
        state.since.add(Since.IDLE)
    sample = Sample(
        line.running,
        line.gen_throughput,
        line.queue,
        line.graph,
        state.running,
        frozenset(state.since) if state.since else _NONE,
        state.name,
        line.stamp,
        line.accept_len,
    )
    if not state.since and gap is not None:
        state.gap = gap
    state.running, state.stamp = line.running, line.stamp
    if state.since:
        state.since.clear()
    return sample


def counts_once(event: Event, speaker: dict[int | None, int | None], notes: Merged) -> bool:
    """False for the repeats: every tensor-parallel rank reports a retraction or a flush, the first heard of its group counts."""
    if event.kind in (EventKind.RETRACTION, EventKind.FLUSHED) and (
        event.rank.copy or speaker.setdefault(event.rank.dp, event.rank.tp) != event.rank.tp
    ):
        notes.repeats += 1
        return False
    return True


def cause_of(event: Event) -> Since | None:
    """What an event is to the next decode line."""
    return _EVENTS.get(event.kind)


def _touch(path: str, rank: Rank, cause: Since, known: dict[int | None, _Scheduler]) -> None:
    if rank.dp is not None and cause in (Since.FLUSH, Since.RETRACTION):
        _scheduler(path, rank.dp, known).since.add(cause)
        return
    for state in known.values():
        state.since.add(cause)
        if cause is Since.RESTART:
            state.running = state.stamp = state.gap = None
