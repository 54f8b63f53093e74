"""Times in which requests were in flight and nothing arrived from the whole server, longer than the run's own
pace explains.

One answer that pauses (a retraction) is no such time, since the others go on. Neither is a prefill that takes
as long as other prefills of this run do, however long that is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slabench.records import RequestRecord
from slabench.units import NS_PER_MS

if TYPE_CHECKING:
    import numpy as np

LEAST_NS = 250_000_000  # below it a pause may be a busy machine's
TIMES_EXPECTED = 3.0  # a step of one run may take twice as long as another one
TOGETHER_NS = 50_000_000  # first tokens that come so shortly after a pause, at most, were computed in it
TOGETHER_SHARE = 0.02  # of the pause


@dataclass(frozen=True, slots=True)
class Pause:
    """begin_ns, end_ns: clock readings. expected_ns: what the prefills that ended it, and a decode step, take
    at the run's pace.
    """

    begin_ns: int
    end_ns: int
    expected_ns: float
    in_flight: int
    early: bool  # it began before a quarter of the requests had their first token

    @property
    def lasted_ns(self) -> int:
        return self.end_ns - self.begin_ns

    @property
    def lost_ns(self) -> float:
        return self.lasted_ns - self.expected_ns


def _whole(records: Sequence[RequestRecord]) -> list[tuple[RequestRecord, int, tuple[int, int]]]:
    """(record, sent, its first and last token) of the answers that came back whole."""
    return [
        (record, record.sent_ns, span)
        for record in records
        if record.ok and record.sent_ns is not None and (span := record.span_ns) is not None
    ]


class _Run:
    """The whole answers of a run as columns."""

    def __init__(self, records: Sequence[RequestRecord]) -> None:
        import numpy as np

        rows = [
            (sent, *span, record.input_len if record.prompt_tokens is None else record.prompt_tokens)
            for record, sent, span in _whole(records)
        ]
        self.records = records
        self.sent, self.first, self.last, self.prompt = np.array(rows, dtype=np.int64).reshape(-1, 4).T
        self.step_ns = _decode_step_ns(records)
        self.busy_ns = _union_ns(self.sent, self.last)

    def waiting(self, inside: np.ndarray, before: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """(when its next token came, tokens to prefill) of each in flight that was not decoding when the
        pause began.

        Before their first token, or retracted: those had stopped earlier, and what they had generated is
        prefilled again.
        """
        import numpy as np

        waiting = [
            (int(self.first[k]), int(self.prompt[k])) for k in np.flatnonzero(inside & (self.first >= end))
        ]
        for k in np.flatnonzero(inside & (self.first <= before)).tolist():
            stamps = self.records[k].arrival_ns
            place = bisect_right(stamps, before)
            if before - stamps[place - 1] > max(TOGETHER_NS, TIMES_EXPECTED * self.step_ns):
                done = self.records[k].arrival_tokens[place - 1]
                waiting.append((stamps[place], int(self.prompt[k]) + done))
        comes, work = np.array(waiting, dtype=np.int64).reshape(-1, 2).T
        return comes, work


def pauses(requests: Sequence[RequestRecord]) -> tuple[list[Pause], int]:
    """(pauses in their order, ns in which at least one request was in flight).

    The pace of prefill is that of all other prompts over all other time in flight: decoding is in it, so that
    it is rather too slow, and a pause rather too short to be one. A prompt longer than the mean may take
    longer a token in the same measure. Where all prompts ended together there is no other one to compare
    with, and so no pause before them.
    """
    import numpy as np

    records = [record for record, _, _ in _whole(requests)]
    # /v1 without counts: tokens have no times of their own
    if not records or not all(record.arrival_ns for record in records):
        return [], 0
    run = _Run(records)
    # sorted, with what is there twice: numpy's unique takes a hundred times as long
    stamps = np.sort(
        np.concatenate([run.sent.min(keepdims=True), *(each.arrival_ns[: each.grown] for each in records)])
    )
    stamps = stamps[stamps >= run.sent.min()]
    quarter = np.sort(run.first)[(len(records) - 1) // 4]
    lasting = []
    for place in np.flatnonzero(np.diff(stamps) > LEAST_NS):
        before, end = int(stamps[place]), int(stamps[place + 1])
        inside = (run.sent < end) & (run.last >= end)
        if not inside.any():  # what came was sent at that moment, by its stamps
            continue
        begin = max(before, int(run.sent[inside].min()))
        if end - begin <= LEAST_NS:
            continue
        expected = _expected_ns(run, inside, before, end, end - begin)
        if expected is not None and end - begin > TIMES_EXPECTED * expected:
            lasting.append(Pause(begin, end, expected, int(inside.sum()), bool(begin < quarter)))
    return lasting, run.busy_ns


def _expected_ns(run: _Run, inside: np.ndarray, before: int, end: int, lasted: int) -> float | None:
    """What the work that ended a pause takes at the pace of the rest; None: there is no rest."""
    comes, work = run.waiting(inside, before, end)
    expected = run.step_ns if bool((inside & (run.first <= before)).any()) else 0.0
    if not len(work):
        return expected
    together = comes <= end + min(TOGETHER_NS, TOGETHER_SHARE * lasted)
    # A decoding token ended it: part of one long prompt may have been computed, since whole ones would have
    # answered.
    done = work[together] if together.any() else work.max(keepdims=True)
    others, time = int(run.prompt.sum()) - int(done.sum()), run.busy_ns - lasted
    if others <= 0 or time <= 0:
        return None
    longer = max(1.0, float(done.max()) / float(run.prompt.mean()))
    return expected + int(done.sum()) * time / others * longer


def _decode_step_ns(records: Sequence[RequestRecord]) -> float:
    """Median over the answers of the mean time between two of their events; 0 where no answer has two."""
    steps = sorted(
        (last - first) / (record.grown - 1)
        for record, _, (first, last) in _whole(records)
        if record.grown > 1
    )
    return steps[len(steps) // 2] if steps else 0.0


def _union_ns(begins: np.ndarray, ends: np.ndarray) -> int:
    """Length of the union of intervals."""
    import numpy as np

    order = np.argsort(begins)
    begins, ends = begins[order], np.maximum.accumulate(ends[order])
    gaps = np.maximum(begins[1:] - ends[:-1], 0)
    return int(ends[-1] - begins[0] - gaps.sum())


@dataclass(frozen=True, slots=True)
class FirstRequests:
    """Of one-token answers, those sent before anything had come back. Times in ms; share: lost, of the time
    of all requests.
    """

    requests: int
    slower: int  # of them, than any later one
    longest_ms: float
    later_longest_ms: float
    lost_share: float


def first_requests(requests: Sequence[RequestRecord]) -> FirstRequests | None:
    """What the first requests took longer than any later one.

    None where an answer has more than one token, since a queue of long answers makes the first ones wait, and
    where the later requests are fewer than the first, or none was first: a client that stalls may stamp all
    as sent when they were answered.
    """
    done = _whole(requests)
    if any((record.output_tokens or 0) > 1 for record, _, _ in done):
        return None
    began = min((first for _, _, (first, _) in done), default=0)
    early = [(first - sent) / NS_PER_MS for _, sent, (first, _) in done if sent < began]
    late = [(first - sent) / NS_PER_MS for _, sent, (first, _) in done if sent >= began]
    if not early or len(late) < len(early):
        return None
    longest = max(late)
    lost = sum(max(0.0, ttft - longest) for ttft in early)
    slower = sum(ttft > longest for ttft in early)
    return FirstRequests(len(early), slower, max(early), longest, lost / (sum(early) + sum(late)))
