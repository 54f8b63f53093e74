"""What the gate says of servers that are 0 to 10 % slower, in virtual time through the real metrics, checks
and verdict.

Run by hand: python benchmarks/bench_gate.py [--comparisons 200] [--repeats 1,2,3,4,5,6,8,10]. Prints the
tables of docs/gate-statistics.md and ends with 1 if five repeats do not do what is promised there: of 200
comparisons of equal servers at most 2 FAILED and at least 180 PASSED, of 200 with a server that is 5 % slower
at least 190 FAILED. The noise is described in tests/unit/verdict/virtual_gate.py.

--repeats auto prints the tables of pairs that are added until it is decided (gate_until_decided.py) instead,
and ends with 1 if one is below its target: equal servers PASSED in 95 % and FAILED in at most 1 %, 5 % slower
ones FAILED in 95 %, 3 % slower ones in 80 %.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import gate_until_decided  # noqa: E402
from slabench.session.settings import DEFAULT_PAIRS  # noqa: E402
from slabench.verdict.outcome import Outcome  # noqa: E402
from tests.unit.verdict.virtual_gate import RUN_SPREAD, Run, gate, run  # noqa: E402

SLOWDOWNS = (0.0, 0.01, 0.02, 0.03, 0.05, 0.10)
Draw = Callable[[int], list[Run]]  # as many runs as asked for, none of them twice in one comparison


def said(
    comparisons: int, repeats: int, new: Draw, old: Draw, *, pairs: bool, siblings: int = 1
) -> Counter[str]:
    """How often which outcome; INCONCLUSIVE apart from other INVALID ones, which should not occur here."""
    found: Counter[str] = Counter()
    for _ in range(comparisons):
        verdict = gate(new(repeats), old(repeats), pairs=pairs, siblings=siblings)
        open_ = verdict.word is Outcome.INVALID and "INCONCLUSIVE" in verdict.reasons
        found["INCONCLUSIVE" if open_ else verdict.word.value] += 1
    return found


def pool(slowdown: float, size: int, first_seed: int, run_spread: float) -> Draw:
    """Independent runs, made once; a comparison draws from them without putting back."""
    runs = [run(first_seed + k, slowdown, run_spread=run_spread) for k in range(size)]
    dice = random.Random(first_seed)
    return lambda count: dice.sample(runs, count)


def cell(found: Counter[str]) -> str:
    return f"{found['PASSED']} / {found['INCONCLUSIVE']} / {found['FAILED']}"


def table(title: str, given: argparse.Namespace, run_spread: float, *, pairs: bool) -> None:
    old = pool(0.0, given.pool, 1_000_000, run_spread)
    new = {
        slowdown: pool(slowdown, given.pool, 2_000_000 + k * 100_000, run_spread)
        for k, slowdown in enumerate(SLOWDOWNS)
    }
    print(f"\n{title}: PASSED / INCONCLUSIVE / FAILED of {given.comparisons}\n")
    print(
        f"| repeats | {' | '.join('equal' if share == 0 else f'{share:.0%} slower' for share in SLOWDOWNS)} |"
    )
    print(f"|---{'|---' * len(SLOWDOWNS)}|")
    for repeats in given.repeats:
        cells = [said(given.comparisons, repeats, new[slower], old, pairs=pairs) for slower in SLOWDOWNS]
        print(f"| {repeats} | {' | '.join(map(cell, cells))} |", flush=True)


def promise(given: argparse.Namespace) -> bool:
    """At the default, every run of every comparison an independent one."""
    seeds = iter(range(5_000_000, 9_000_000))

    def fresh(slowdown: float) -> Draw:
        return lambda count: [run(next(seeds), slowdown) for _ in range(count)]

    kept = True
    for slowdown, siblings in ((0.0, 1), (0.05, 1), (0.0, 14), (0.05, 14)):
        found = said(
            given.comparisons, DEFAULT_PAIRS, fresh(slowdown), fresh(0.0), pairs=True, siblings=siblings
        )
        share = {word: count / given.comparisons for word, count in found.items()}
        good = (
            share.get("FAILED", 0) >= 0.95
            if slowdown
            else share.get("FAILED", 0) <= 0.01 and share.get("PASSED", 0) >= 0.9
        )
        kept = kept and good
        points = "" if siblings == 1 else f", one of {siblings} points of a curve"
        what = "equal servers" if not slowdown else f"{slowdown:.0%} slower"
        print(
            f"{DEFAULT_PAIRS} pairs, {what}{points}: {dict(found)} {'ok' if good else 'NOT AS PROMISED'}",
            flush=True,
        )
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comparisons", type=int, default=200)
    parser.add_argument(
        "--repeats",
        type=lambda text: [] if text == "auto" else [int(part) for part in text.split(",")],
        default=[1, 2, 3, 4, 5, 6, 8, 10],
    )
    parser.add_argument("--pool", type=int, default=300, help="independent runs for each column of a table")
    parser.add_argument("--run-spread", type=float, default=0.01, help="of the second table's hosts (0.01)")
    parser.add_argument("--fitted", type=int, default=4000, help="comparisons of a cell from fitted noise")
    given = parser.parse_args()
    if not given.repeats:
        return int(not gate_until_decided.table(given.comparisons, given.fitted, partial(print, flush=True)))
    kept = promise(given)
    table("pairs, the H200's noise", given, RUN_SPREAD, pairs=True)
    table("a stored baseline, the H200's noise", given, RUN_SPREAD, pairs=False)
    table(f"pairs, runs that differ by {given.run_spread:.1%} besides", given, given.run_spread, pairs=True)
    return int(not kept)


if __name__ == "__main__":
    sys.exit(main())
