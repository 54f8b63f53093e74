"""The load that a calibration stands for, in steps: tests that differ little share one."""

from __future__ import annotations

from dataclasses import dataclass

STREAMS = (16, 64, 256, 1024, 4096)
# One token every 20 ms is what a deployment that just holds the published 50 ms does not exceed; faster
# servers are met below it.
ITL_MS = (20.0, 10.0, 5.0, 2.0)
ONE_TOKEN_MS = 200.0  # of tests whose answers are one token: only their beginnings matter
SPAN_MS = 2000.0  # of an answer: long enough for a TPOT, short enough for a run that must begin


@dataclass(frozen=True, slots=True)
class Shape:
    """So many streams at once, a token each every itl_ms.

    More streams or more tokens a second never make a client more exact.
    """

    streams: int
    itl_ms: float

    @property
    def tokens(self) -> int:
        """Of each answer."""
        return round(SPAN_MS / self.itl_ms) + 1

    @property
    def chunks_per_s(self) -> float:
        return self.streams * 1000 / self.itl_ms

    @classmethod
    def of(cls, concurrency: int, tpot_ms: float | None = None, *, one_token: bool = False) -> Shape:
        """The next step up from a load. tpot_ms: as measured; None before anything was: the slowest step.

        Beyond the last step of streams the concurrency itself; below the last step of times the last one.
        """
        streams = next((step for step in STREAMS if step >= concurrency), concurrency)
        if one_token:
            return cls(streams, ONE_TOKEN_MS)
        itl = ITL_MS[0] if tpot_ms is None else next((step for step in ITL_MS if step <= tpot_ms), ITL_MS[-1])
        return cls(streams, itl)
