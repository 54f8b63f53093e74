"""The logs of one deployment, one or several per node, as one set of samples: each event and batch counts
once.

Pipeline stages and attention-context-parallel ranks repeat the batch lines of another rank, and every
tensor-parallel rank logs a retraction: the repeats are dropped here, and so is a file that is a copy of
another.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from slabench.records import LogSpan
from slabench.server.log.forms import base
from slabench.server.log.line_prefix import DAY_S, Rank
from slabench.server.log.line_types import DecodeLine, Event, EventKind, PrefillLine, Reason, Rejected
from slabench.server.log.reader import Counts, LogReader, read_blocks
from slabench.server.log.schedulers import Extent, Name, engines
from slabench.server.log.twins import without_twins


class Since(StrEnum):
    """What happened between a decode line and the previous one of the same scheduler, so that its speed is
    not the batch's own.
    """

    FIRST = "first"  # there is no previous one in this part of the log
    PREFILL = "prefill"
    IDLE = "idle"
    FLUSH = "flush"
    RETRACTION = "retraction"
    JIT = "jit"
    RESTART = "restart"
    REJECTED = "rejected"  # a line that could not be read


class Sample(NamedTuple):
    """One decode line for the curve."""

    running: int
    gen_throughput: float
    queue: int
    graph: bool | None
    previous_running: int | None  # of the previous decode line, same scheduler; None: there is none
    since: frozenset[Since]
    scheduler: Name  # nodes of one deployment have different ranks
    stamp: float | None
    accept_len: float | None
    token: int | None = None


@dataclass(slots=True)
class Merged:
    """What was counted and dropped on the way; complete once samples() is exhausted."""

    counts: dict[str, Counts] = field(default_factory=dict)  # by path, over all its parts
    twins: dict[str, str] = field(default_factory=dict)  # a path whose lines are all another's -> that one
    outside: int = 0  # lines whose stamp is outside the time of their part
    dp_ranks: set[int] = field(default_factory=set)  # ranks of decode lines, copies included
    pp_ranks: set[int] = field(default_factory=set)
    copies: int = 0  # batch lines of later pipeline stages and attention-context-parallel ranks
    repeats: int = 0  # retraction lines of further tensor-parallel ranks
    events: list[tuple[str, Event]] = field(default_factory=list)  # with the path, repeats left out
    prefill_lines: int = 0
    prefill_shapes: Counter[tuple[int, int]] = field(default_factory=Counter)  # their (#new-seq, #new-token)
    # these lines, each with the name of its scheduler; None: they are not kept
    prefills: list[tuple[Name, PrefillLine]] | None = None
    new_tokens: int = 0
    cached_tokens: int = 0
    extents: dict[Name, Extent] = field(default_factory=dict)  # each scheduler's decode lines
    interval: float | None = None  # decode steps between two Decode lines, by the last start in the logs
    steps: int = 0  # pairs of decode lines between which only one batch was decoded
    steps_back: int = (
        0  # of those, with fewer tokens in the second line: a batch only grows from step to step
    )

    @property
    def schedulers(self) -> Counter[Name]:
        """Decode lines of each."""
        return Counter({name: extent.lines for name, extent in self.extents.items()})

    @property
    def engines(self) -> int:
        """Servers that write at the same time, as far as the lines show it."""
        return engines(self.extents)

    @property
    def mixed(self) -> bool:
        """Whether the lines of one scheduler are of several servers: their tokens fall again and again, or
        they cover more time than has passed.
        """
        falls = self.steps_back >= 3 and self.steps_back > 0.2 * self.steps
        return falls or any(extent.too_long for extent in self.extents.values())

    def events_of(self, kind: EventKind) -> list[Event]:
        """The events of one kind, in the order of the files."""
        return [event for _, event in self.events if event.kind is kind]

    def rejected(self) -> Counter[Reason]:
        """Batch lines that could not be read, by reason, over all files; a mention in other text is none."""
        rejected = sum((counts.rejected for counts in self.counts.values()), Counter[Reason]())
        del rejected[Reason.PROSE]
        return rejected


@dataclass(slots=True)
class _Scheduler:
    name: Name
    extent: Extent
    running: int | None = None
    since: set[Since] = field(default_factory=lambda: {Since.FIRST})
    stamp: float | None = None
    token: int | None = None
    gap: float | None = None  # seconds between the last two undisturbed lines


# Stamps are whole seconds, written a moment later, by a clock that may be off by the 3 s of log_window.py.
SLACK_S = 5.0
_NONE: frozenset[Since] = frozenset()
_EVENTS = {
    EventKind.FLUSHED: Since.FLUSH,
    EventKind.RETRACTION: Since.RETRACTION,
    EventKind.JIT: Since.JIT,
    EventKind.START: Since.RESTART,
}
_Known = dict[tuple[str, int | None], _Scheduler]  # by writer and data-parallel rank


def samples(parts: Sequence[str | LogSpan], merged: Merged | None = None) -> Iterator[Sample]:
    """The decode lines of several logs, or parts of them, file after file. ConfigError if one cannot be read.

    Counts go into merged. Parts of one path (a rotated log) follow each other without memory across them.
    """
    notes = Merged() if merged is None else merged
    # data-parallel rank -> the tensor-parallel rank whose retractions count
    speaker: dict[int | None, int | None] = {}
    spans = [LogSpan(part, 0, -1) if isinstance(part, str) else part for part in parts]
    for span in without_twins(spans, notes.twins):
        reader = LogReader()
        reader.counts = notes.counts.setdefault(span.path, reader.counts)
        yield from _part(span, reader, notes, speaker)


def _part(
    span: LogSpan, reader: LogReader, notes: Merged, speaker: dict[int | None, int | None]
) -> Iterator[Sample]:
    path = span.path
    earliest = -math.inf if span.began is None else span.began - SLACK_S
    latest = math.inf if span.ended is None else span.ended + SLACK_S
    bound = span.began is not None or span.ended is not None
    known: _Known = {}
    # of the previous decode line: mostly the next one's too, which saves the look-up
    rank: Rank | None = None
    state: _Scheduler | None = None  # its scheduler; None: its lines repeat another rank's
    for block in read_blocks(path, reader, span.begin, None if span.end < 0 else span.end):
        for line in block:
            if isinstance(line, Rejected):
                if line.reason is not Reason.PROSE:  # which loses no data
                    for scheduler in known.values():  # whose line it was is not known
                        scheduler.since.add(Since.REJECTED)
            elif (
                bound and line.stamp is not None and line.stamp >= 0 and not earliest <= line.stamp <= latest
            ):
                notes.outside += 1
            elif isinstance(line, DecodeLine):
                if line.rank is not rank:
                    rank = line.rank
                    state = _state(path, rank, known, notes)
                if state is None:
                    notes.copies += 1
                else:
                    yield _sample(line, state, notes)
            elif isinstance(line, PrefillLine):
                if line.rank.copy:
                    notes.copies += 1
                    continue
                notes.prefill_lines += 1
                notes.prefill_shapes[line.new_seq, line.new_token] += 1
                notes.new_tokens += line.new_token
                notes.cached_tokens += line.cached_token
                own = _scheduler(path, line.rank, known, notes)
                if notes.prefills is not None:
                    notes.prefills.append((own.name, line))
                for scheduler in _of(line.rank, known):
                    scheduler.since.add(Since.PREFILL)
            elif counts_once(line, speaker, notes):
                notes.events.append((path, line))
                if line.kind is EventKind.START:
                    notes.interval = dict(line.details).get("decode_log_interval")
                cause = _EVENTS.get(line.kind)
                if cause is not None:
                    _touch(line.rank, cause, known)


def _scheduler(path: str, rank: Rank, known: _Known, notes: Merged) -> _Scheduler:
    key = (rank.writer, rank.dp)
    if key not in known:
        name = (f"{path} ({rank.writer})" if rank.writer else path, rank.dp)
        known[key] = _Scheduler(name, notes.extents.setdefault(name, Extent(path)))
    return known[key]


def _of(rank: Rank, known: _Known) -> list[_Scheduler]:
    """The schedulers that a line of this rank may concern: those of its writer, whatever the form of their
    Decode lines, or all.
    """
    same = {key: scheduler for key, scheduler in known.items() if rank.dp is None or key[1] == rank.dp}
    own = [scheduler for (writer, _), scheduler in same.items() if base(writer) == base(rank.writer)]
    return own or list(same.values())


def _state(path: str, rank: Rank, known: _Known, notes: Merged) -> _Scheduler | None:
    """The scheduler of a decode line of this rank; None for a copy."""
    if rank.dp is not None:
        notes.dp_ranks.add(rank.dp)
    if rank.pp is not None:
        notes.pp_ranks.add(rank.pp)
    return None if rank.copy else _scheduler(path, rank, known, notes)


def _sample(line: DecodeLine, state: _Scheduler, notes: Merged) -> Sample:
    stamp, since = line.stamp, state.since
    gap = None
    if stamp is not None and state.stamp is not None:
        gap = stamp - state.stamp
        if gap < -DAY_S / 2 and stamp < 0:  # midnight, by stamps without a date
            gap += DAY_S
        if notes.interval and not since and state.running == line.running and line.gen_throughput > 0:
            state.extent.took += (
                notes.interval * line.running * (line.accept_len or 1.0) / line.gen_throughput
            )
        # An idle scheduler prints nothing, so idleness shows as a long gap; stamps are whole seconds by
        # default.
        if state.gap is not None and gap > 3 * state.gap + 2:
            since.add(Since.IDLE)
    sample = Sample(
        line.running,
        line.gen_throughput,
        line.queue,
        line.graph,
        state.running,
        frozenset(since) if since else _NONE,
        state.name,
        stamp,
        line.accept_len,
        line.token,
    )
    if since:
        since.clear()
    else:
        if gap is not None:
            state.gap = gap
        # A disaggregated decode server takes in requests without a Prefill line of its own.
        steady = state.running == line.running and line.prealloc is None
        if steady and line.token is not None and state.token is not None:
            notes.steps += 1
            notes.steps_back += line.token < state.token
    state.running, state.stamp, state.token = line.running, stamp, line.token
    state.extent.add(stamp)
    return sample


def counts_once(event: Event, speaker: dict[int | None, int | None], notes: Merged) -> bool:
    """False for the repeats: every tensor-parallel rank logs a retraction or a flush, the first one of its
    group counts.
    """
    if event.kind in (EventKind.RETRACTION, EventKind.FLUSHED) and (
        event.rank.copy or speaker.setdefault(event.rank.dp, event.rank.tp) != event.rank.tp
    ):
        notes.repeats += 1
        return False
    return True


def _touch(rank: Rank, cause: Since, known: _Known) -> None:
    own = cause in (Since.FLUSH, Since.RETRACTION) or rank.dp is None
    for state in _of(rank if own else rank._replace(dp=None), known):
        state.since.add(cause)
        if cause is Since.RESTART:
            state.running = state.stamp = state.gap = state.token = None
