"""The nominal level of each look of a sequential comparison: makes slabench/verdict/look_levels.py.

    python tools/make_look_levels.py [--check]

A comparison that adds pairs looks at its metrics after every pair from the first look to the last. Held to
alpha at each look, a true difference exactly at the limit would be called worse far more often than alpha
says. So each look is held to the same smaller level, the largest at which the chance of ever crossing is
alpha. That chance is computed by numerical integration, without simulation:

The pairs' log ratios, less the limit, are x_1, x_2, ... , independent and normal with mean 0; their unknown
scale cancels. freedom: degrees of freedom of the noise known from elsewhere (0: none), Q_0 its sum of
squares. With S_k and Q_k the sums of x and x^2, u_k = S_k / sqrt(Q_k) gives Student's t of k pairs,
t = u sqrt((freedom + k - 1) / (k - u^2)). The ratio r_k = x_(k+1) / sqrt(Q_k) is independent of u_k and of
all earlier ratios (Q_k / Q_(k+1) are independent beta variables: Lukacs 1955), and r_k sqrt(freedom + k) is
Student's t with freedom + k degrees of freedom. Since

    u_(k+1) = (u_k + r_k) / sqrt(1 + r_k^2),

u is a Markov chain in one dimension. With r = tan(phi) the step is u cos(phi) + sin(phi), phi has a density
proportional to cos(phi)^(freedom + k - 1), and a look's crossing is an interval of phi. The chance of
crossing at a later look is integrated backwards from the last look, by Gauss and Legendre's rule on a cubic
spline over asin(u / sqrt(k)). tests/unit/verdict/test_looks.py holds cells against a simulation.

Welch's t of a fixed old side and a growing new one is held to the same levels: its looks share the old
side's noise, so they differ less from each other. By simulation, with equal spreads, looks 3 to 16 and alpha
0.025, it errs 1.9 % with 3 old runs, 1.5 % with 5, 1.8 % with 8 (and 3.8 % with 2, where Welch's t itself
errs).
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq
from scipy.special import stdtr, stdtrit

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "slabench" / "verdict" / "look_levels.py"
ALPHA = 0.025
ALPHAS = tuple(ALPHA / 2**halved for halved in range(13))  # Holm's shares of it, down to 1 of 4096
FIRST, LAST = 3, 16
GRID = 481
_X, _W = np.polynomial.legendre.leggauss(200)
# On 0 to 1, dense at 0: an integrand is steep beside a look's bound.
NODES, WEIGHTS = ((_X + 1) / 2) ** 2, _W * (_X + 1) / 2
HALF = math.pi / 2

Ahead = Callable[[np.ndarray], np.ndarray]  # the chance of crossing at a later look, from u


def crossing(level: float, first: int, last: int, freedom: float = 0) -> float:
    """The chance that any look from first to last crosses its one-sided nominal level, at the limit."""
    ahead: Ahead = np.zeros_like
    for k in range(last - 1, first - 1, -1):
        ahead = _before(ahead, k, level, freedom, next_is_last=k + 1 == last)
    # At the first look t has freedom + first - 1 degrees of freedom: u = sqrt(first) sin(theta) where
    # t = sqrt(degrees) tan(theta), and theta has a density proportional to cos(theta)^(degrees - 1).
    degrees = freedom + first - 1
    top = math.asin(_bound(level, first, freedom) / math.sqrt(first))
    theta = top - (top + HALF) * NODES
    density = np.cos(theta) ** (degrees - 1) * _scale(degrees)
    return level + float((top + HALF) * (ahead(math.sqrt(first) * np.sin(theta)) * density) @ WEIGHTS)


def _bound(level: float, k: int, freedom: float) -> float:
    """u_k at which Student's t of k pairs is at the level."""
    degrees = freedom + k - 1
    t = -stdtrit(degrees, level)
    return float(t * math.sqrt(k / (degrees + t * t)))


def _scale(degrees: float) -> float:
    """1 / the integral of cos^(degrees - 1) over half a turn."""
    return math.exp(math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)) / math.sqrt(math.pi)


def _before(ahead: Ahead, k: int, level: float, freedom: float, *, next_is_last: bool) -> Ahead:
    """The chance of crossing at look k + 1 or, by `ahead`, after it; from u_k below its own bound."""
    degrees, root = freedom + k, math.sqrt(k)
    top = math.asin(_bound(level, k, freedom) / root)
    angles = top - (top + HALF) * np.linspace(1, 0, GRID) ** 2
    u = root * np.sin(angles)
    turn = np.arctan(u)
    # u cos(phi) + sin(phi) = sqrt(1 + u^2) sin(phi + turn)
    sine = np.arcsin(np.clip(_bound(level, k + 1, freedom) / np.sqrt(1 + u * u), -1, 1))
    begin, end = np.clip(sine - turn, -HALF, HALF), np.clip(np.pi - sine - turn, -HALF, HALF)
    chance = _mass(end, degrees) - _mass(begin, degrees)
    if not next_is_last:
        for bound, edge in ((begin, -HALF), (end, HALF)):
            phi = bound[:, None] + (edge - bound)[:, None] * NODES
            further = ahead(u[:, None] * np.cos(phi) + np.sin(phi)) * np.cos(phi) ** (degrees - 1)
            chance = chance + np.abs(edge - bound) * (further @ WEIGHTS) * _scale(degrees)
    spline = CubicSpline(angles, chance)
    return lambda at: np.clip(spline(np.arcsin(np.clip(at / root, -1, 1))), 0, 1)


def _mass(phi: np.ndarray, degrees: float) -> np.ndarray:
    """The chance of an angle below phi."""
    inside = np.clip(phi, -HALF + 1e-12, HALF - 1e-12)
    return np.asarray(stdtr(degrees, np.tan(inside) * math.sqrt(degrees)))


def level(first: int, last: int, freedom: float = 0, alpha: float = ALPHA) -> float:
    """The nominal level at which the chance of ever crossing is alpha."""
    if first == last:
        return alpha
    lowest = math.log(alpha / (last - first + 1)) - 0.01  # Bonferroni's, which is never above it
    return math.exp(
        brentq(
            lambda log: math.log(crossing(math.exp(log), first, last, freedom) / alpha),
            lowest,
            math.log(alpha),
            xtol=1e-5,
        )
    )


def table() -> str:
    rows = []
    for last in range(FIRST, LAST + 1):
        cells = ", ".join(f"{level(FIRST, last, alpha=alpha):.4g}" for alpha in ALPHAS)
        rows.append(f"    ({FIRST}, {last}): ({cells}),\n")
    alphas = ", ".join(f"{alpha:.10g}" for alpha in ALPHAS)
    return (
        '"""One-sided levels of each look; made by tools/make_look_levels.py, which has the method."""\n'
        "# ruff: noqa: E501\n# fmt: off\n\n"
        "from __future__ import annotations\n\n"
        "# the chance of ever crossing that each column stands for\n"
        f"ALPHAS: tuple[float, ...] = ({alphas})\n"
        "# (first look, last look): a level an alpha\n"
        f"LEVELS: dict[tuple[int, int], tuple[float, ...]] = {{\n{''.join(rows)}}}\n"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="end with 1 if the committed table differs")
    given, made = parser.parse_args(), table()
    if given.check:
        return int(TABLE.read_text(encoding="utf-8") != made)
    TABLE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
