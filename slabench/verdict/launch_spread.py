"""How launches of one version differ: its spread from several of them, and what it adds to a comparison.

Repeats at one server process do not show what the next launch of the same version would give. Where the sd of
launches, s of ln(metric) with f degrees of freedom, was measured once, a comparison of L new and M old
launches adds s^2 (1/L + 1/M) to the variance v of its log ratio, 2 s^2 / L where both sides are launched
L times. Two forms of the sum, of which the one with the wider interval counts at each level:

    s at its upper 80 % bound, s^2 f / (the 20 % quantile of chi-square with f), taken as known: it is what
    decides at levels up to about 99.5 %;
    s as measured, with its f degrees of freedom: far in the tail, where Holm's correction leaves 99.9 %, the
    first form alone would err more often than its level.

The degrees of freedom of each sum are Satterthwaite's, (v + u)^2 / (v^2 / f_v + u^2 / f_u), where a part that
is taken as known has none of the denominator (F. E. Satterthwaite, Biometrics Bulletin 2, 1946, 110-114; the
bound of s: the chi-square interval of a normal variance, NIST/SEMATECH e-Handbook 7.2.3.1).
tools/launch_power.py simulates how often that errs.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slabench.messages import Message

UPPER = 0.8  # the level of the bound of s that is used
LEAST_STORED = 8  # launches that a stored spread is of: its upper bound is 1.35 s with 7 degrees of freedom
# A comparison whose only evidence of launches are its own: with fewer, equal servers are seldom within 2 %.
LEAST_OWN = 6


@dataclass(frozen=True, slots=True)
class LaunchPart:
    """What the spread of launches adds to the variance of a log ratio, with the freedom of its s^2."""

    sd: float  # of ln(metric) from launch to launch, as measured
    freedom: int
    variance: float  # s^2 (1/L + 1/M)

    def added_to(self, error: float, freedom: float) -> tuple[tuple[float, float], ...]:
        """Both forms of the sum: (standard error, degrees of freedom)."""
        v, u = error**2, self.variance
        upper = u * upper_factor(self.freedom) ** 2
        known = (v + upper) ** 2 / (v**2 / freedom)
        measured = (v + u) ** 2 / (v**2 / freedom + u**2 / self.freedom)
        return (math.sqrt(v + upper), known), (math.sqrt(v + u), measured)


@dataclass(frozen=True, slots=True)
class LaunchSpread:
    """Of one test of an accepted version. sd: by metric, of ln(metric), so about a share of it."""

    sd: Mapping[str, float]
    launches: int

    @property
    def freedom(self) -> int:
        return self.launches - 1


@dataclass(frozen=True, slots=True)
class Launches:
    """What a comparison knows of launches. new, old: how many the samples of each side are of.

    source: the file of the spread. own: each sample is the mean of a launch, so that their
    spread is that of the samples. in_samples: each sample of the old side is of a launch of its own.
    """

    spread: LaunchSpread = field(default_factory=lambda: LaunchSpread({}, 0))
    new: int = 1
    old: int = 1
    source: str | None = None
    own: bool = False
    in_samples: bool = False
    unused: Message | None = None  # why a spread that was named is not used

    def part(self, key: str) -> LaunchPart | None:
        """None: no spread of this metric is stored, or none is needed."""
        sd = None if self.own or self.in_samples else self.spread.sd.get(key)
        if sd is None:
            return None
        return LaunchPart(sd, self.spread.freedom, sd**2 * (1 / self.new + 1 / self.old))

    def message(self, without: Sequence[str]) -> Message | None:
        """What is known of launches, and how to know more; without: metrics whose interval has no spread of
        launches. None: nothing is to be said.
        """
        if self.own:
            return Message("launches.own", launches=self.new)
        if self.in_samples:
            return None
        if without:
            metrics = Message("launches.of", metrics=tuple(without)) if self.spread.sd else ""
            unused = "" if self.unused is None else Message("launches.unused", why=self.unused)
            return Message("launches.one", metrics=metrics, unused=unused)
        spread = self.spread
        return Message(
            "launches.stored",
            launches=spread.launches,
            freedom=spread.freedom,
            source=self.source or "",
        )

    def as_dict(self, without: Sequence[str]) -> dict[str, Any]:
        """As run.json has it; without: as in message()."""
        evidence = "own" if self.own else "samples" if self.in_samples else "stored"
        evidence = "none" if without else evidence
        stored: dict[str, Any] = {"new": self.new, "old": self.old, "evidence": evidence, "text": ""}
        if self.spread.sd:
            stored |= {"spread_from": self.source, "spread_launches": self.spread.launches}
        message = self.message(without)
        return stored if message is None else stored | {"text": str(message), "message": message.as_dict()}


ONE_LAUNCH = Launches()  # of each side, and nothing is known of others


def upper_factor(freedom: int) -> float:
    """The upper bound of a standard deviation at UPPER, as a multiple of the measured one: 1.353 with 7."""
    from scipy.special import chdtri

    return math.sqrt(freedom / float(chdtri(freedom, UPPER)))


def spread_of(launches: Sequence[float]) -> float:
    """The sd of ln(metric) between launches; launches: one mean a launch, above 0, two of them or more."""
    return statistics.stdev(map(math.log, launches))
