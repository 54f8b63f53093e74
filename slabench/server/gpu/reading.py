"""What a source of GPU telemetry is, for the sampler that reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from slabench.gpu_records import GpuSample


class SourceError(Exception):
    """Nothing can be read, in one sentence without its full stop."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU's names. mig: split into instances."""

    index: int
    uuid: str
    name: str
    mig: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reading has of one GPU; None: not read, or not supported."""

    energy: tuple[int, int] | None = None  # (when, mJ)
    sample: GpuSample | None = None
    processes: Sequence[int] | None = None


class Source(Protocol):
    """gpus: those found when it was opened. period_s: between two readings. every: each so many of them is a
    whole one. after: readings after a load, so that the counter's values enclose its end.
    """

    @property
    def gpus(self) -> Sequence[Gpu]: ...
    @property
    def period_s(self) -> float: ...
    @property
    def every(self) -> int: ...
    @property
    def after(self) -> int: ...

    def read(self, *, whole: bool) -> Mapping[int, Reading]:
        """By index. whole: more than the energy. SourceError: nothing was read this time."""
