"""Samples of a decode curve as arrays: sorted by what they are good for and counted, a few hundred thousand at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
AT_ONCE = 1 << 18  # samples: 12 MB of columns
_VALUE_BITS = 40


class CurveColumns(Protocol):
    """Many samples; slabench.server.log.intervals.Intervals is one."""

    @property
    def running(self) -> Whole: ...
    @property
    def gen_throughput(self) -> Reals: ...
    @property
    def graph(self) -> npt.NDArray[np.int8]: ...  # -1: not said
    @property
    def previous_running(self) -> Whole: ...  # -1: none
    @property
    def cause(self) -> Whole: ...  # the first that applies, into curve.CAUSES; len(CAUSES): none


class Tally(NamedTuple):
    """What CurveBuilder.add() would have noted of the samples. Counted: running, throughput, how often."""

    lines: int
    no_batch: int
    largest_graph: int | None
    causes: list[int]  # lines by cause, in the order of curve.CAUSES
    batch_changed: int
    clean: Iterator[tuple[int, float, int]]
    graph_off: Iterator[tuple[int, float, int]]
    disturbed: Iterator[tuple[int, float, int]]


def tally(columns: Sequence[CurveColumns], causes: int) -> Tally:
    """Count one or more sets of samples; causes is the number of causes there are."""
    running = np.concatenate([one.running for one in columns])
    value = np.concatenate([one.gen_throughput for one in columns])
    graph = np.concatenate([one.graph for one in columns])
    same = np.concatenate([one.previous_running for one in columns]) == running
    cause = np.concatenate([one.cause for one in columns])
    batch = (running >= 1) & np.isfinite(value)
    lines = len(running)
    if not batch.all():
        running, value, graph, same, cause = running[batch], value[batch], graph[batch], same[batch], cause[batch]
    undisturbed = cause == causes
    clean, off = undisturbed & same, graph == 0
    captured = running[graph == 1]
    return Tally(
        lines,
        lines - len(running),
        int(captured.max()) if len(captured) else None,
        np.bincount(cause, minlength=causes)[:causes].tolist(),
        int((undisturbed & ~same).sum()),
        *(_counted(running[own], value[own]) for own in (clean & ~off, clean & off, ~clean)),
    )


def _counted(running: Whole, value: Reals) -> Iterator[tuple[int, float, int]]:
    """Equal pairs, counted. Two decimals make a value a whole number of hundredths, and one integer a pair sorts fastest."""
    hundredths = np.rint(value * 100)
    small = (hundredths / 100 == value) & (hundredths >= 0) & (hundredths < 1 << _VALUE_BITS) & (running < 1 << 20)
    for batch, one in zip(running[~small].tolist(), value[~small].tolist(), strict=True):
        yield batch, one, 1
    keys = np.sort((running[small] << _VALUE_BITS) | hundredths[small].astype(np.int64))
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    counts = np.diff(first, append=len(keys))
    for key, count in zip(keys[first].tolist(), counts.tolist(), strict=True):
        yield key >> _VALUE_BITS, (key & ((1 << _VALUE_BITS) - 1)) / 100, count
