"""The evidence for the checks of the decode curve, and the GPUs that its throughput is divided by."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from slabench.messages import Message
from slabench.metrics.curve import Curve


@dataclass(frozen=True, slots=True)
class Scale:
    """The deployment's size from the command line, server_info and the log; None or empty: not reported."""

    option_gpus: int | None = None  # --decode-gpu-num
    reported_gpus: int | None = None  # server_info, of all servers that decode
    reported_source: Message | str = ""
    reported_dp: int | None = None  # of one server
    servers: int = 1  # that decode; each numbers its ranks from 0
    reported_pp: int | None = None
    logged_dp: Collection[int] = ()  # ranks that the log's decode lines name
    logged_pp: Collection[int] = ()

    @property
    def ranks(self) -> int:
        """Data-parallel ranks, each a scheduler with decode lines of its own."""
        return self.servers * self.ranks_of_one

    @property
    def ranks_of_one(self) -> int:
        """Of one server."""
        return max(self.reported_dp or 1, max(self.logged_dp, default=0) + 1)

    @property
    def gpus(self) -> int | None:
        return self.option_gpus or self.reported_gpus

    @property
    def fits(self) -> bool:
        """False: the ranks that the log names cannot be on these GPUs: there are more than the server with
        these GPUs has, or the GPUs do not divide into their pipeline stages.
        """
        stages = max(self.reported_pp or 1, max(self.logged_pp, default=0) + 1)
        sizes = ((self.reported_dp, self.logged_dp), (self.reported_pp, self.logged_pp))
        more = any(size is not None and max(logged, default=-1) >= size for size, logged in sizes)
        if more and self.option_gpus is None:
            return False
        return self.gpus is None or self.gpus % (self.ranks * stages) == 0

    @property
    def gpus_per_line(self) -> float | None:
        """GPUs of one decode line: those of one data-parallel rank, with all its pipeline stages.

        None where that is not known: a log of ranks that cannot be on these GPUs is of others.
        """
        return None if self.gpus is None or not self.fits else self.gpus / self.ranks


@dataclass(frozen=True, slots=True)
class CurveEvidence:
    """The decode tests before the curve, and the log lines of their time."""

    points: Sequence[tuple[int, str]]  # batch size and outcome of each decode test
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
    refused: Sequence[int] = ()  # batch sizes whose decode tests were refused before load
    engines: int = 1  # servers that write to the logs at once, as their lines show
    mixed: bool = False  # one scheduler's lines hold tokens that cannot be one server's
