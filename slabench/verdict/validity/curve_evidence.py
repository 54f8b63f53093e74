"""What the checks of the decode curve look at, and who divides its throughput."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from slabench.metrics.curve import Curve


@dataclass(frozen=True, slots=True)
class Scale:
    """What the command line, server_info and the log say of the deployment's size; None or empty: says
    nothing.
    """

    given_gpus: int | None = None  # --decode-gpu-num
    told_gpus: int | None = None  # server_info, of all servers that decode
    told_source: str = ""
    told_dp: int | None = None  # of one server
    servers: int = 1  # that decode; each numbers its ranks from 0
    told_pp: int | None = None
    seen_dp: Collection[int] = ()  # ranks that the log's decode lines name
    seen_pp: Collection[int] = ()

    @property
    def ranks(self) -> int:
        """Data-parallel ranks, each a scheduler with decode lines of its own."""
        return self.servers * self.ranks_of_one

    @property
    def ranks_of_one(self) -> int:
        """Of one server."""
        return max(self.told_dp or 1, max(self.seen_dp, default=0) + 1)

    @property
    def gpus(self) -> int | None:
        return self.given_gpus or self.told_gpus

    @property
    def fits(self) -> bool:
        """False: the ranks that the log names cannot be on these GPUs: there are more of them than the server
        that the GPUs are of has, or no whole number of GPUs is left to each of their pipeline stages."""
        stages = max(self.told_pp or 1, max(self.seen_pp, default=0) + 1)
        if self.given_gpus is None and (
            self._more(self.told_dp, self.seen_dp) or self._more(self.told_pp, self.seen_pp)
        ):
            return False
        return self.gpus is None or self.gpus % (self.ranks * stages) == 0

    @staticmethod
    def _more(told: int | None, seen: Collection[int]) -> bool:
        return told is not None and max(seen, default=-1) + 1 > told

    @property
    def gpus_per_line(self) -> float | None:
        """GPUs that one decode line speaks of: those of one data-parallel rank, all its pipeline stages
        included.

        None where that is not known: a log of ranks that cannot be on these GPUs is of other ones.
        """
        return None if self.gpus is None or not self.fits else self.gpus / self.ranks


@dataclass(frozen=True, slots=True)
class CurveEvidence:
    """The decode tests before the curve, and the log lines they wrote."""

    points: Sequence[tuple[int, str]]  # batch size and word of each decode test
    lines: int  # Decode lines, copies left out
    copies: int
    rejected: Mapping[str, int]
    outside: int
    files: int
    classic: Curve
    clean: Curve
    scale: Scale
    # batch size: the client's and the log's, full batch, ms
    tpots: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    # the client's alone, of every decode test that has it
    clients: Mapping[int, float] = field(default_factory=dict)
    tokens: Mapping[int, tuple[float, float]] = field(
        default_factory=dict
    )  # batch size: what its lines stand for, what was received
    engines: int = 1  # servers that write to the logs at once, as their lines show
    mixed: bool = False  # one scheduler's lines hold tokens that cannot be one server's
