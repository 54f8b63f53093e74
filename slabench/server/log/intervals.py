"""merge.samples() as columns: what a curve asks of every decode line of a deployment's logs, in arrays.

The rules are those of merge.py, where they are written line by line; a test holds the two together.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import starmap
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from slabench.records import LogSpan
from slabench.server.log.block import Columns, Scan
from slabench.server.log.columns import BLOCK, ColumnReader
from slabench.server.log.merge import CAUSES, SLACK_S, Merged, Since, cause_of, counts_once
from slabench.server.log.moulds import Floats
from slabench.server.log.reader import read_bytes
from slabench.server.log.tags import Rank
from slabench.server.log.values import EventKind, Rejected

HANDOVER_S = 0.001
_UNDISTURBED = len(CAUSES)
_CODE = {cause: code for code, cause in enumerate(CAUSES)}


class Intervals(NamedTuple):
    """Decode lines of one or several schedulers; those of one scheduler are in order."""

    running: npt.NDArray[np.int64]
    gen_throughput: Floats
    graph: npt.NDArray[np.int8]  # -1: not said
    previous_running: npt.NDArray[np.int64]  # -1: none
    cause: npt.NDArray[np.int64]  # the first that applies, into merge.CAUSES; len(CAUSES): none


@dataclass(slots=True)
class _Scheduler:
    """As in merge.py, with -1 and nan for None, and one cause, the first in the order of CAUSES."""

    lines: int = 0
    running: int = -1
    cause: int = _CODE[Since.FIRST]
    stamp: float = math.nan
    gap: float = math.nan


def intervals(parts: Sequence[str | LogSpan], merged: Merged | None = None, *, size: int = BLOCK) -> Iterator[Intervals]:
    """The decode lines of several logs, or parts of them, block by block. ConfigError if one cannot be read."""
    notes = Merged() if merged is None else merged
    speaker: dict[int | None, int | None] = {}
    for part in parts:
        span = LogSpan(part, 0, -1) if isinstance(part, str) else part
        reader = ColumnReader()
        reader.counts = notes.counts.setdefault(span.path, reader.counts)
        one = _Part(span, reader, notes, speaker)
        blocks = read_bytes(span.path, span.begin, None if span.end < 0 else span.end, size)
        for scan in _ahead(starmap(reader.scan, blocks)):
            yield from one.block(reader.read(scan))
        yield from one.block(reader.rest())
        for dp, state in one.known.items():
            if state.lines:
                notes.schedulers[(span.path, dp)] += state.lines


def _ahead(scans: Iterator[Scan]) -> Iterator[Scan]:
    """The same, each one made in a thread while its user is busy with the one before it. The file is read there too."""
    done: SimpleQueue[Scan | Exception | None] = SimpleQueue()
    room = Semaphore(0)
    given_up = False

    def work() -> None:
        try:
            for scan in scans:
                done.put(scan)
                room.acquire()
                if given_up:
                    return
            done.put(None)
        except Exception as error:  # noqa: BLE001 - it belongs to the thread that asked
            done.put(error)

    thread = Thread(target=work, daemon=True)
    before = sys.getswitchinterval()
    # After each array operation a thread waits for the interpreter as long as this: 5 ms, the default, is a block's whole time.
    sys.setswitchinterval(min(before, HANDOVER_S))
    thread.start()
    try:
        while (scan := done.get()) is not None:
            if isinstance(scan, Exception):
                raise scan
            room.release()
            yield scan
    finally:
        given_up = True
        room.release()
        thread.join()
        sys.setswitchinterval(before)


class _Part:
    """One part of one file."""

    def __init__(self, span: LogSpan, reader: ColumnReader, notes: Merged, speaker: dict[int | None, int | None]) -> None:
        self.path, self.reader, self.notes, self.speaker = span.path, reader, notes, speaker
        self.earliest = -math.inf if span.began is None else span.began - SLACK_S
        self.latest = math.inf if span.ended is None else span.ended + SLACK_S
        self.known: dict[int | None, _Scheduler] = {}

    def block(self, found: Columns) -> Iterator[Intervals]:
        """A block's lines; a restart cuts it, because nothing before it is remembered after it."""
        inside = np.isnan(found.stamp) | ((found.stamp >= self.earliest) & (found.stamp <= self.latest))
        self.notes.outside += int(len(inside) - inside.sum())
        begin = 0
        touches: list[tuple[int, int, int | None, bool]] = []  # (place, cause, data-parallel rank, whether only this one)
        for place, line in found.between:
            if isinstance(line, Rejected):  # whose line it was is not known
                touches.append((place, _CODE[Since.REJECTED], None, False))
                continue
            if line.stamp is not None and not self.earliest <= line.stamp <= self.latest:
                self.notes.outside += 1
                continue
            if not counts_once(line, self.speaker, self.notes):
                continue
            self.notes.events.append((self.path, line))
            cause = cause_of(line)
            if line.kind is EventKind.START:
                yield from self._stretch(found, inside, begin, place, touches)
                begin, touches = place, []
                for state in self.known.values():
                    state.cause = min(state.cause, _CODE[Since.RESTART])
                    state.running, state.stamp, state.gap = -1, math.nan, math.nan
            elif cause is not None:
                alone = line.rank.dp is not None and cause in (Since.FLUSH, Since.RETRACTION)
                touches.append((place, _CODE[cause], line.rank.dp, alone))
        yield from self._stretch(found, inside, begin, len(inside), touches)

    def _stretch(
        self,
        found: Columns,
        inside: npt.NDArray[np.bool_],
        begin: int,
        end: int,
        touches: list[tuple[int, int, int | None, bool]],
    ) -> Iterator[Intervals]:
        """The lines [begin, end) of a block, scheduler by scheduler."""
        notes, ranks = self.notes, self.reader.ranks
        places = np.flatnonzero(inside[begin:end]) + begin
        decode, rank = found.decode[places], found.rank[places]
        present = np.flatnonzero(np.bincount(rank, minlength=len(ranks))).tolist()
        speaking = set(np.flatnonzero(np.bincount(rank[decode], minlength=len(ranks))).tolist())
        groups: dict[int | None, list[int]] = {dp: [] for dp in self.known}
        for number in present:
            one: Rank = ranks[number]
            if number in speaking:
                notes.dp_ranks |= {one.dp} - {None}  # type: ignore[arg-type]
                notes.pp_ranks |= {one.pp} - {None}  # type: ignore[arg-type]
            if one.copy:
                notes.copies += int((rank == number).sum())
            else:
                groups.setdefault(one.dp, []).append(number)
        for dp, numbers in groups.items():
            state = self.known.setdefault(dp, _Scheduler())
            own = np.isin(rank, numbers) if len(present) > 1 else np.full(len(rank), bool(numbers))
            prefill = places[own & ~decode]
            notes.prefill_lines += len(prefill)
            notes.new_tokens += int(found.new_token[prefill].sum())
            notes.cached_tokens += int(found.cached_token[prefill].sum())
            mine = [(place, cause) for place, cause, whose, alone in touches if not alone or whose == dp]
            yield _one(found, places[own & decode], prefill, mine, state)


def _one(
    found: Columns,
    lines: npt.NDArray[np.int64],
    prefill: npt.NDArray[np.int64],
    touches: Sequence[tuple[int, int]],
    state: _Scheduler,
) -> Intervals:
    """The decode lines of one scheduler, no restart among them."""
    count = len(lines)
    cause = np.full(count + 1, _UNDISTURBED)  # the last place: what the next line will have to say
    cause[np.searchsorted(lines, prefill)] = _CODE[Since.PREFILL]
    cause[0] = min(int(cause[0]), state.cause)
    for place, code in touches:
        following = int(np.searchsorted(lines, place))
        cause[following] = min(int(cause[following]), code)
    running, stamp = found.running[lines], found.stamp[lines]
    previous = np.concatenate(([state.running], running))
    gaps = np.diff(np.concatenate(([state.stamp], stamp)))
    state.gap = _idle(gaps, cause, state.gap)
    state.cause = int(cause[count])
    if count:
        state.lines += count
        state.running, state.stamp = int(running[-1]), float(stamp[-1])
    return Intervals(running, found.gen_throughput[lines], found.graph[lines], previous[:count], cause[:count])


def _idle(gaps: Floats, cause: npt.NDArray[np.int64], gap: float) -> float:
    """Mark the gaps out of proportion to the last undisturbed one, and give back that.

    First as if none were: a gap is then compared with the one before it. This is right up to the first mark, and again from the
    first unmarked gap behind it, so that only the stretches between are gone through one by one.
    """
    known = np.flatnonzero((cause[:-1] == _UNDISTURBED) & ~np.isnan(gaps))
    usual = np.concatenate(([gap], gaps[known]))
    marked = np.flatnonzero(usual[1:] > 3 * usual[:-1] + 2).tolist()
    if not marked:
        return float(usual[-1])
    last, right_from = gap, 0
    for first in marked:
        if first < right_from:
            continue
        last, at = float(usual[first]), first + 1
        while at < len(usual) and usual[at] > 3 * last + 2:
            # The end of the stretch is looked for in ever larger steps: most are short, some go on and on.
            step = 2 * (at - first)
            calm = np.flatnonzero(~(usual[at : at + step] > 3 * last + 2))
            at += int(calm[0]) if len(calm) else step
        at = min(at, len(usual))
        cause[known[first : at - 1]] = _CODE[Since.IDLE]
        right_from = at
    return float(last if right_from >= len(usual) else usual[-1])
