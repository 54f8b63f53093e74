"""The rows of bench_gate.py for pairs that are added until it is decided (--repeats=auto).

A run of the gate is POINTS decode tests of one curve; it is FAILED if a point is, PASSED if all are, else
INCONCLUSIVE. The noise of a pair's ratio is what two equal servers on an H200 showed (0.6B, five pairs of
one second each): 0.72 % in TPOT and 1.7 % in output throughput. A share of its variance is the same for
pair k of every point.

The real path has it as each run's own factor, with what the throughput has beyond TPOT's as a factor of its
own, and measures, checks and judges in virtual time. The fitted rows draw both ratios from the covariance
that the real path's pairs show, and take what compare_metrics() decides.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtr

from slabench.session.measurement import BASELINE, NEW, Trial
from slabench.session.pairs import stop_reason
from slabench.verdict.comparison import Comparison, ComparisonState
from slabench.verdict.looks import DEFAULT_LOOKS, StopReason
from slabench.verdict.outcome import Outcome
from slabench.verdict.regression import ALPHA, compare_metrics
from tests.unit.verdict.virtual_gate import Run, gate_until_decided, run

TPOT, THROUGHPUT = "tpot.mean", "output_throughput"
TPOT_NOISE, THROUGHPUT_NOISE = 0.0072, 0.017  # sd of the ln of a pair's ratio
POINTS = 3
SHARED = (0.0, 0.5, 1.0)
SLOWDOWNS = (0.0, 0.01, 0.03, 0.05)
CHECKED = 60  # points of each fitted cell that compare_metrics() decides too
# at the noise that was measured, and of equal servers at most 1 % FAILED
TARGETS = {0.0: ("PASSED", 0.95), 0.03: ("FAILED", 0.80), 0.05: ("FAILED", 0.95)}


@dataclass(frozen=True, slots=True)
class Said:
    """What a number of gates said. pairs: the mean of a point."""

    words: Counter[str]
    pairs: float

    def share(self, word: str) -> float:
        return self.words[word] / self.words.total()

    def __str__(self) -> str:
        percent = " / ".join(f"{self.share(word) * 100:.1f}" for word in ("PASSED", "INCONCLUSIVE", "FAILED"))
        return f"{percent} ({self.pairs:.1f})"


def overall(words: Sequence[str]) -> str:
    return next((word for word in ("FAILED", "INCONCLUSIVE") if word in words), "PASSED")


class Noise:
    """One gate's factors, by pair and side; the same for every point as far as they are shared."""

    def __init__(self, dice: random.Random, shared: float, scale: float) -> None:
        self.dice, self.shared = dice, shared
        # of one side: two of them make a pair's ratio
        beyond = math.sqrt(THROUGHPUT_NOISE**2 - TPOT_NOISE**2)
        self.spreads = [scale * spread / math.sqrt(2) for spread in (TPOT_NOISE, beyond)]
        self.common: dict[tuple[str, int], tuple[float, float]] = {}

    def of(self, trial: Trial) -> list[float]:
        """ln of (the time's factor, the throughput's own)."""
        key = trial.side, trial.repeat
        drawn = self.dice.gauss(0, 1), self.dice.gauss(0, 1)
        common = self.common.setdefault(key, (self.dice.gauss(0, 1), self.dice.gauss(0, 1)))
        parts = math.sqrt(self.shared), math.sqrt(1 - self.shared)
        return [
            spread * (parts[0] * both + parts[1] * own)
            for spread, both, own in zip(self.spreads, common, drawn, strict=True)
        ]


def real_run(seed: int, time: float, throughput: float, *, tpot_alone: bool) -> Run:
    made = run(seed, math.exp(time) - 1, prompt=64, output=64, run_spread=0.0, step_spread=0.01)
    figures = dict(made.figures)
    if tpot_alone:
        del figures[THROUGHPUT]
    else:
        figures[THROUGHPUT] *= math.exp(throughput)
    return replace(made, figures=figures)


def real(trials: int, slowdown: float, shared: float, scale: float, *, tpot_alone: bool, seed: int) -> Said:
    dice, words, used = random.Random(seed), Counter[str](), 0
    for _ in range(trials):
        noise, found = Noise(dice, shared, scale), []
        for _ in range(POINTS):

            def measure(trial: Trial, noise: Noise = noise) -> Run:
                time, throughput = noise.of(trial)
                time += math.log1p(slowdown) if trial.side == NEW else 0.0
                return real_run(dice.getrandbits(31), time, throughput, tpot_alone=tpot_alone)

            verdict, pairs = gate_until_decided(measure, siblings=POINTS)
            open_ = verdict.word is Outcome.INVALID and "INCONCLUSIVE" in verdict.reasons
            found.append("INCONCLUSIVE" if open_ else verdict.word.value)
            used += pairs
        words[overall(found)] += 1
    return Said(words, used / trials / POINTS)


def fit(pairs: int = 2000) -> np.ndarray:
    """The covariance of the ln of TPOT's and throughput's ratios: the real path's pairs of equal servers at
    the measured noise, of one point, with nothing shared.
    """
    dice = random.Random(99)
    noise, logs = Noise(dice, 0.0, 1.0), []
    for k in range(pairs):
        sides = [
            real_run(dice.getrandbits(31), *noise.of(Trial(side, k)), tpot_alone=False).figures
            for side in (NEW, BASELINE)
        ]
        logs.append([math.log(sides[0][key] / sides[1][key]) for key in (TPOT, THROUGHPUT)])
    return np.asarray(np.cov(np.array(logs).T))


def fitted(
    trials: int,
    slowdown: float,
    covariance: np.ndarray,
    shared: float,
    scale: float,
    *,
    tpot_alone: bool,
    seed: int,
) -> Said:
    dice, keys = np.random.default_rng(seed), (TPOT,) if tpot_alone else (TPOT, THROUGHPUT)
    root, mean = np.linalg.cholesky(covariance) * scale, np.array([1.0, -1.0]) * math.log1p(slowdown)
    shape = DEFAULT_LOOKS.last, 2
    common, own = dice.standard_normal((trials, 1, *shape)), dice.standard_normal((trials, POINTS, *shape))
    drawn = math.sqrt(shared) * common + math.sqrt(1 - shared) * own
    logs = (mean + drawn @ root.T)[..., : len(keys)]
    points = logs.reshape(trials * POINTS, *logs.shape[2:])
    words, pairs = decisions(points)
    for k, ratios in enumerate(100 * np.exp(points[:CHECKED])):
        assert (str(words[k]), int(pairs[k])) == _by_the_gate(ratios, keys)
    counts = Counter(overall([str(word) for word in gate]) for gate in words.reshape(trials, POINTS))
    return Said(counts, float(pairs.mean()))


def decisions(logs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(word, pairs used) of many points at once; logs: point x pair x metric, TPOT and then the throughput.

    What compare_metrics() decides, in numpy for thousands of points; held against it for CHECKED a cell.
    """
    points, last, metrics = logs.shape
    signs = np.array([1.0, -1.0])[:metrics]  # larger is worse, smaller is worse
    limits = np.array([math.log1p(0.02), math.log1p(-0.02)])[:metrics]
    words, used = np.full(points, "INCONCLUSIVE", dtype="<U12"), np.full(points, last)
    open_ = np.ones(points, bool)
    for pairs in range(DEFAULT_LOOKS.first, last + 1):
        seen = logs[:, :pairs]
        error = seen.std(axis=1, ddof=1) / math.sqrt(pairs)
        t = signs * (seen.mean(axis=1) - limits) / error
        within = (stdtr(pairs - 1, t) <= DEFAULT_LOOKS.level(ALPHA)).all(axis=1)
        # Holm rejects something if and only if the smallest p-value is below alpha by all metrics
        worse = stdtr(pairs - 1, -t).min(axis=1) <= DEFAULT_LOOKS.level(ALPHA / POINTS / metrics)
        for word, decided in (("FAILED", worse), ("PASSED", within & ~worse)):
            words[open_ & decided], used[open_ & decided] = word, pairs
        open_ &= ~(worse | within)
    return words, used


WORDS_SHOWN = "PASSED / INCONCLUSIVE / FAILED in % (mean pairs of a point)"
WORDS = {StopReason.WORSE: "FAILED", StopReason.DECIDED: "PASSED", None: "INCONCLUSIVE"}


def _by_the_gate(ratios: np.ndarray, keys: Sequence[str]) -> tuple[str, int]:
    for pairs in range(DEFAULT_LOOKS.first, DEFAULT_LOOKS.last + 1):
        new = {key: ratios[:pairs, column].tolist() for column, key in enumerate(keys)}
        old = {key: [100.0] * pairs for key in keys}
        metrics = compare_metrics(new, old, tolerance=0.02, pairs=True, siblings=POINTS, looks=DEFAULT_LOOKS)
        stopped = stop_reason(Comparison("old", ComparisonState.COMPARED, metrics=metrics))
        if stopped is not None:
            break
    return WORDS[stopped], pairs


def table(trials: int, many: int, say: Callable[[str], None]) -> bool:
    """Prints the tables; whether the real path and the fitted noise agree, and the fitted cells reach the
    targets at the measured noise.
    """
    covariance = fit()
    spread = np.sqrt(np.diag(covariance)) * 100
    say(f"fitted noise of a pair: TPOT {spread[0]:.2f} %, output throughput {spread[1]:.2f} %")
    good = True
    for tpot_alone in (True, False):
        for scale in (1.0, 2.0):
            gated = "TPOT alone" if tpot_alone else "TPOT and output throughput"
            say(f"\n{gated}, {scale:g} x the measured noise, {WORDS_SHOWN}\n")
            names = ["equal" if not slowdown else f"{slowdown:.0%} slower" for slowdown in SLOWDOWNS]
            say(f"| shared | path | {' | '.join(names)} |\n|---|---{'|---' * len(names)}|")
            for shared in SHARED:
                drawn, measured = {}, {}
                for seed, slowdown in enumerate(SLOWDOWNS, 1000):
                    drawn[slowdown] = fitted(
                        many,
                        slowdown,
                        covariance,
                        shared,
                        scale,
                        tpot_alone=tpot_alone,
                        seed=seed,
                    )
                    if scale == 1 and slowdown in TARGETS:
                        measured[slowdown] = real(
                            trials, slowdown, shared, scale, tpot_alone=tpot_alone, seed=seed
                        )
                say(_row(shared, "fitted", drawn))
                if scale == 1:
                    say(_row(shared, "real", measured))
                    lines = [line for slowdown, cell in drawn.items() for line in _missed(slowdown, cell)]
                    lines += [
                        line for slowdown, cell in measured.items() for line in _unlike(cell, drawn[slowdown])
                    ]
                    for line in lines:
                        say(line)
                    good = good and not lines
    return good


def _row(shared: float, path: str, cells: Mapping[float, Said]) -> str:
    shown = [str(cells[slowdown]) if slowdown in cells else "" for slowdown in SLOWDOWNS]
    return f"| {shared:.0%} | {path} | {' | '.join(shown)} |"


def _unlike(first: Said, other: Said) -> Iterator[str]:
    """A word whose shares differ by more than four standard errors."""
    counts = [each.words.total() for each in (first, other)]
    for word in ("PASSED", "FAILED"):
        share = (first.words[word] + other.words[word]) / sum(counts)
        error = math.sqrt(share * (1 - share) * sum(1 / count for count in counts))
        if abs(first.share(word) - other.share(word)) > 4 * error:
            yield f"NOT ALIKE: {word} {first.share(word):.1%}, {other.share(word):.1%}"


def _missed(slowdown: float, said: Said) -> Iterator[str]:
    word, least = TARGETS.get(slowdown, ("PASSED", 0.0))
    if said.share(word) < least or (slowdown == 0 and said.share("FAILED") > 0.01):
        yield f"BELOW THE TARGET: {slowdown:.0%} slower, {said}"
