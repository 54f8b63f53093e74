"""A capacity search in run.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slabench.messages import Message
from slabench.run_document.field import optional


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityMark:
    """A load that the server's own description names."""

    load: float  # in load_kind's unit
    text: str  # what it is: the KV pool, the running cap, the largest CUDA graph
    message: Message | None = optional()  # text as id and arguments


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityPoint:
    """What is known of one load."""

    load: float  # in load_kind's unit
    standing: str  # holds, fails, unsure or ruled out


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalEntry:
    """A metric of a probe with its confidence interval, in the metric's unit."""

    value: float  # the estimate
    low: float  # lower end
    high: float  # upper end
    n: int  # requests behind it


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityProbe:
    """One measurement of the search."""

    number: int  # from 1
    load: float  # in load_kind's unit
    standing: str  # holds, fails, unsure or ruled out
    why: str  # why the search asked for it
    waves: int  # waves of requests that ended
    first_wave_only: bool = False  # its intervals are of the first wave
    stopped: bool  # the client ended it as soon as the answer was known
    at_most: float | None = None  # ended inside its first wave: total tokens/s that it cannot exceed
    seconds: float  # how long it took, s
    intervals: Mapping[str, IntervalEntry]  # by metric key
    metrics: Mapping[str, float]  # as the entry's
    why_message: Message | None = optional()  # why as id and arguments


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """The search of --find-capacity."""

    load_kind: str  # concurrency (requests in flight) or rate (requests/s)
    range: tuple[float, ...]  # lowest and highest load searched
    rules: tuple[str, ...]  # objectives that have to hold: `tpot.mean<=50`
    outcome: str | None  # FOUND, SERVER_LIMIT, RANGE_END, NONE_HOLDS, UNRESOLVED; null: the search is on
    load: float | None  # the answer, in load_kind's unit
    best_so_far: float | None  # the answer by what was measured, from the first probe on
    text: str  # the answer in sentences
    message: Message | None = optional()  # the same as id and arguments
    fails: float | None  # the lowest load above it that does not hold
    highest: float | None  # the highest measured load that holds
    marks: tuple[CapacityMark, ...]  # loads that the server's description names
    seconds: float  # of all probes, s
    points: tuple[CapacityPoint, ...]  # each load by what is known of it
    probes: tuple[CapacityProbe, ...]  # in the order they were made


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTest:
    """A capacity search that is on."""

    id: str  # the test
    method: str  # as the entry's
    capacity: Capacity | None = optional()  # what was measured so far
