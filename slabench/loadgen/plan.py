"""When each request is due, and how many may be in flight."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.units import NS_PER_S


@dataclass(frozen=True, slots=True)
class Plan:
    """Due times in ns from the plan's zero, one a request, never falling; cap: most requests in flight, None:
    no limit.

    Requests over the cap wait in plan order, as behind bench_serving's semaphore, and their due time stays.
    In a closed loop a request is due when the slot that it takes becomes free.
    """

    kind: str  # at_once | closed_loop | open_loop
    offsets_ns: tuple[int, ...]
    request_rate: float = math.inf
    cap: int | None = None
    arrivals: str = "at_once"  # at_once | poisson | constant

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ConfigError(Message("test_code.plan_count", count=self.count))
        if self.cap is not None and self.cap < 1:
            raise ConfigError(Message("test_code.plan_cap", cap=self.cap))

    @property
    def count(self) -> int:
        return len(self.offsets_ns)

    @property
    def closed(self) -> bool:
        return self.kind == "closed_loop"

    @classmethod
    def at_once(cls, count: int) -> Plan:
        return cls("at_once", (0,) * count)

    @classmethod
    def closed_loop(cls, count: int, concurrency: int) -> Plan:
        """A fixed number in flight: in bench_serving, request rate inf and a cap."""
        return cls("closed_loop", (0,) * count, cap=concurrency)

    @classmethod
    def open_loop(
        cls,
        count: int,
        rate: float,
        *,
        arrivals: str = "poisson",
        cap: int | None = None,
        unit_gaps: Sequence[float] | None = None,
    ) -> Plan:
        """rate requests/s, whatever the server does; with cap, as bench_serving combines rate and
        concurrency.

        unit_gaps: count draws of the standard exponential distribution (mean 1). Request 0 is due at 0, each
        later one a gap after its predecessor, so the last draw is not used: bench_serving draws it too.
        """
        if math.isnan(rate) or rate <= 0:
            raise ConfigError(Message("test_code.plan_rate", rate=rate))
        if math.isinf(rate):
            return cls.at_once(count) if cap is None else cls.closed_loop(count, cap)
        if arrivals == "constant":
            offsets = tuple(round(k / rate * NS_PER_S) for k in range(count))
            return cls("open_loop", offsets, rate, cap, arrivals)
        if arrivals != "poisson":
            raise ConfigError(Message("test_code.plan_arrivals", arrivals=arrivals))
        if unit_gaps is None or len(unit_gaps) < count:
            raise ValueError(f"poisson arrivals of {count} requests need as many gaps")
        scale = 1.0 / rate  # numpy multiplies its draw by the scale: the same product here, bit for bit
        starts = itertools.accumulate((gap * scale for gap in unit_gaps[: count - 1]), initial=0.0)
        return cls(
            "open_loop", tuple(round(start * NS_PER_S) for start in starts)[:count], rate, cap, arrivals
        )

    def describe(self) -> Mapping[str, Any]:
        """Built-in types, for the run document; an infinite rate is the text bench_serving prints."""
        return {
            "kind": self.kind,
            "count": self.count,
            "request_rate": "inf" if math.isinf(self.request_rate) else self.request_rate,
            "max_concurrency": self.cap,
            "arrivals": self.arrivals,
        }
