"""What the default gate says of a server that became slower for one known cause, and by which metric, on the
profile r1-fp8-tp8 in virtual time.

Run by hand: python benchmarks/bench_gate_causes.py [--trials 200]. Both servers are the embedded one; the new
one has one cause (CAUSES) of some share. The gate chooses its tests for the new server (bench_gate_time.py);
every load is run by the scheduler in virtual time, its records go through the real metrics and checks, and
pairs are added, compared and judged by the gate itself until it is decided. A run's metrics have the noise of
bench_gate_time.py on them, each metric its own.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.bench_gate_time import NOISES, PROFILE, Timed, noise_of, quick_gate  # noqa: E402
from slabench.metrics.compute import compute, sample_sizes  # noqa: E402
from slabench.metrics.full_batch import full_batch  # noqa: E402
from slabench.records import GpuCounts  # noqa: E402
from slabench.session.measurement import NEW, Trial  # noqa: E402
from slabench.session.plan_models import lengths_of  # noqa: E402
from slabench.sim.profiles import Profile, read_profile  # noqa: E402
from slabench.units import NS_PER_S  # noqa: E402
from slabench.verdict.outcome import Outcome  # noqa: E402
from slabench.verdict.validity import CheckContext, examine  # noqa: E402
from tests.unit.verdict.virtual import SEED, load  # noqa: E402
from tests.unit.verdict.virtual_gate import Run, gate_until_decided  # noqa: E402

SHARES = (0.03, 0.05, 0.1, 0.2)
ROOMY = 1_000_000  # tokens of a KV pool that tencent's 128 requests do not fill
Settings = Mapping[str, float]  # of a profile


@dataclass(frozen=True, slots=True)
class Cause:
    """old: settings of both servers; change: the old one and a share -> settings of the new one beside."""

    name: str
    change: Callable[[Profile, float], Settings]
    old: Settings


def slower_decode(old: Profile, share: float) -> Settings:
    times = ("decode_base_ms", "decode_request_ms", "decode_context_ms")
    return {name: getattr(old, name) * (1 + share) for name in times}


def fewer_at_once(old: Profile, share: float) -> Settings:
    """A lower cap on the requests that run at once in tencent's load, so that more of them wait."""
    (tencent,) = (test for test in quick_gate(text(PROFILE, {})) if test.form.method == "tencent")
    at_once = old.pool_tokens // (tencent.form.input_len + tencent.form.output_len)
    return {"max_running": math.floor(at_once * (1 - share))}


CAUSES = (
    Cause("none: equal servers", lambda old, share: {}, {}),
    Cause(
        "slower prefill",
        lambda old, share: {"prefill_tokens_per_s": round(old.prefill_tokens_per_s / (1 + share))},
        {},
    ),
    Cause("slower decode", slower_decode, {}),
    Cause("more queueing: fewer requests run at once", fewer_at_once, {}),
    Cause("less KV", lambda old, share: {"pool_tokens": int(old.pool_tokens * (1 - share))}, {}),
    Cause(
        "less KV, of a pool that the load does not fill",
        lambda old, share: {"pool_tokens": int(old.pool_tokens * (1 - share))},
        {"pool_tokens": ROOMY},
    ),
)


def text(name: str, settings: Settings) -> str:
    return f"{name}?{'&'.join(f'{key}={value}' for key, value in settings.items())}"


def measured(profile: Profile, test: Timed) -> Run:
    """One load of a test, in virtual time."""
    workload, plan = test.load
    due = [offset / NS_PER_S for offset in plan.offsets_ns]
    observed = load(profile, list(lengths_of(workload)), due, plan.cap)
    count = len(observed.requests)
    batch_size = count if test.form.method == "ali-decode" else None
    figures = compute(observed, GpuCounts.alike(profile.tp))
    if batch_size is not None:
        figures |= full_batch(observed.requests, batch_size, figures["duration"])
    context = CheckContext(
        run=observed,
        exact_prompt=True,
        planned=count,
        batch_size=batch_size,
        token_capacity=profile.pool_tokens,
        max_running=profile.max_running,
        identity_before=SEED,
        identity_after=SEED,
        shared=(0,) * count,
    )
    return Run(figures, sample_sizes(observed), examine(context, test.form.method))


def gate(
    dice: random.Random, sides: Sequence[tuple[Timed, Run, Run]], noise: Mapping[str, float]
) -> tuple[str, set[str]]:
    """(the whole gate's word, the metrics that were surely worse). sides: each test's load, new and old."""
    words, worse = set[str](), set[str]()
    for test, new, old in sides:

        def measure(trial: Trial, test: Timed = test, new: Run = new, old: Run = old) -> Run:
            run = new if trial.side == NEW else old
            noisy = {
                key: run.figures[key] * math.exp(dice.gauss(0, noise_of(key, noise) / math.sqrt(2)))
                for key in test.metrics
            }
            return replace(run, figures={**run.figures, **noisy})

        verdict, _ = gate_until_decided(measure, siblings=test.siblings, method=test.form.method, quick=True)
        undecided = verdict.word is Outcome.INVALID and "INCONCLUSIVE" in verdict.reasons
        words.add("INCONCLUSIVE" if undecided else verdict.word.value)
        codes = [code.partition(":")[2] for code in verdict.reasons if code.startswith("BASELINE:")]
        worse |= {f"{test.name} {key}" for key in codes}
    return next(word for word in ("FAILED", "INVALID", "INCONCLUSIVE", "PASSED") if word in words), worse


def cell(cause: Cause, share: float, trials: int, noise: Mapping[str, float]) -> tuple[str, str]:
    """(words, by which metrics it was seen)."""
    old = read_profile(text(PROFILE, cause.old))
    new_text = text(PROFILE, {**cause.old, **cause.change(old, share)})
    new, dice = read_profile(new_text), random.Random(11)
    sides = [(test, measured(new, test), measured(old, test)) for test in quick_gate(new_text)]
    words, seen = Counter[str](), Counter[str]()
    for _ in range(trials):
        word, worse = gate(dice, sides, noise)
        words[word] += 1
        seen.update(worse)
    shown = " / ".join(f"{words[word] / trials:.1%}".removesuffix("%") for word in WORDS)
    assert not words["INVALID"], "no check of a clean load is INVALID"
    return shown, ", ".join(f"{name} {count / trials:.0%}" for name, count in seen.most_common())


WORDS = ("PASSED", "INCONCLUSIVE", "FAILED")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--noise", choices=list(NOISES), action="append", default=None)
    given = parser.parse_args()
    for name in given.noise or NOISES:
        print(f"\n{name}: {' / '.join(WORDS)} in %\n")
        print("| cause | share | the gate | seen by |\n|---|---|---|---|")
        for cause in CAUSES:
            for share in SHARES if cause is not CAUSES[0] else (0.0,):
                words, seen = cell(cause, share, given.trials, NOISES[name])
                print(f"| {cause.name} | {share:.0%} | {words} | {seen} |", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
