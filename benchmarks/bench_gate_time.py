"""How long the default gate takes on DeepSeek-R1 (the profile r1-fp8-tp8), and what it says, in virtual time.

Run by hand: python benchmarks/bench_gate_time.py [--trials 200]. Points, lengths and the seconds of each load
are the quick gate's own (gate_choice.py, plan_time.py). Pairs are drawn with a noise and decided by the gate
itself (compare_metrics(), until_decided()), so a trial's time is the sum over its loads at both servers. Ends
with 1 if the mean of equal servers is above 60 minutes or that of 5 % slower ones above 45.

The noise of a pair's ratio is what the H200 showed (docs/gate-statistics.md): of two equal servers in loads
of one second 0.72 % in TPOT and 1.7 % in output throughput, with TTFT's 3.4 % of batches sent at once; of
loads of 10 to 50 seconds in one server process 0.10 % and 0.22 %, with TTFT's 0.78 % of tencent's base case.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from slabench.loadgen import Plan  # noqa: E402
from slabench.methods import ALI_BATCH_SIZES, ALI_DECODE, ALI_PREFILL, TENCENT, Form  # noqa: E402
from slabench.options.table import OPTIONS  # noqa: E402
from slabench.session.gate_choice import Sizing, chosen_points, needed  # noqa: E402
from slabench.session.gate_quick import PREFILL_LENS, QuickSizes  # noqa: E402
from slabench.session.measurement import BASELINE, NEW, Trial, trials  # noqa: E402
from slabench.session.pairs import stop_reason, until_decided  # noqa: E402
from slabench.session.plan_knowledge import offline  # noqa: E402
from slabench.session.plan_time import KnownCalibrations, ServerTime, planned_workload  # noqa: E402
from slabench.session.planned_load import PlannedLoad, PlannedTest  # noqa: E402
from slabench.session.settings import DEFAULT_PAIRS, Settings  # noqa: E402
from slabench.verdict.comparison import Comparison, ComparisonState  # noqa: E402
from slabench.verdict.gated_metrics import gating  # noqa: E402
from slabench.verdict.looks import DEFAULT_LOOKS, StopReason  # noqa: E402
from slabench.verdict.regression import compare_metrics  # noqa: E402
from slabench.workloads import Workload  # noqa: E402

PROFILE = "r1-fp8-tp8"
SLOWDOWNS = (0.0, 0.03, 0.05)
MOST_MINUTES = {0.0: 60.0, 0.05: 45.0}
# sd of the ln of a pair's ratio, by the metric's name
NOISES: Mapping[str, Mapping[str, float]] = {
    "loads of 10 to 50 s": {"tpot": 0.0010, "throughput": 0.0022, "ttft": 0.0078},
    "TPOT's of loads of 1 s": {"tpot": 0.0072, "throughput": 0.0072, "ttft": 0.034},
    "loads of 1 s": {"tpot": 0.0072, "throughput": 0.017, "ttft": 0.034},
}


@dataclass(frozen=True, slots=True)
class Timed:
    """A test of the gate. first_s, further_s: of a load with what is beside it."""

    name: str
    form: Form
    load: tuple[Workload, Plan]
    metrics: tuple[str, ...]
    siblings: int
    first_s: float
    further_s: float


def quick_gate(profile: str = PROFILE) -> list[Timed]:
    """The default gate's tests, as a run would choose them; profile: of the new server, as --plan has it."""
    options = Namespace(**{option.dest: option.default for option in OPTIONS})
    options.base_url, options.baseline_url, options.plan = ["http://new"], "http://old", profile
    options.calibrate = "off"
    settings = Settings.of(options, {})
    tests = planned(QuickSizes())
    knowledge = offline(settings, tests)
    models = [model for model in knowledge.models if model is not None]
    sizes = Sizing(settings, models).sizes(tests, needed(tests, ()), QuickSizes())
    tests = planned(sizes)
    stopped = {test_id for stop in offline(settings, tests).stops or () for test_id in stop.tests}
    kept = chosen_points(tests, settings, stopped)
    tests = [test for test in tests if test.test_id in kept]
    server, calibrations = ServerTime("new", models[0], settings), KnownCalibrations(settings)
    found = []
    for test in tests:
        form = test.loads[0].form
        made = planned_workload(settings, form)
        assert made is not None, "lengths do not come from conversations"
        first, further = (server.load(test.test_id, *made, calibrations) for _ in range(2))
        assert first is not None and further is not None, "it fits"
        names = tuple(
            f"{metric.name}.mean" if metric.spread else metric.name
            for metric in gating(form.method, quick=True)
        )
        siblings = sum(load.form.method == form.method for other in tests for load in other.loads)
        found.append(Timed(test.test_id, form, made, names, siblings, first.whole_s, further.whole_s))
    return found


def planned(sizes: QuickSizes) -> list[PlannedTest]:
    prefill = sizes.form(ALI_PREFILL).replaced(input_len=PREFILL_LENS[0])
    decode = [sizes.form(ALI_DECODE).replaced(num_prompts=size) for size in ALI_BATCH_SIZES]
    return [
        PlannedTest("tencent", (PlannedLoad(sizes.form(TENCENT)),)),
        *(
            PlannedTest(f"bs{form.num_prompts}", (PlannedLoad(form, batch_size=form.num_prompts),))
            for form in decode
        ),
        PlannedTest("prefill", (PlannedLoad(prefill),)),
    ]


def noise_of(metric: str, noise: Mapping[str, float]) -> float:
    return noise.get(metric.partition(".")[0], noise["throughput"])


def one_test(
    dice: random.Random, test: Timed, slowdown: float, noise: Mapping[str, float], *, pairs: bool
) -> tuple[StopReason, float]:
    """(why it ended, seconds at both servers). Without pairs the old side is five loads, measured before."""
    seconds = 0.0
    sides: dict[str, dict[str, list[float]]] = {
        side: {key: [] for key in test.metrics} for side in (NEW, BASELINE)
    }

    def measure(trial: Trial) -> Trial:
        nonlocal seconds
        new = trial.side == NEW
        seconds += (test.first_s if trial.repeat == 1 else test.further_s) * (1 + slowdown * new)
        for key, values in sides[trial.side].items():
            way = -1 if "throughput" in key else 1
            values.append(
                100
                * math.exp(dice.gauss(way * math.log1p(slowdown) * new, noise_of(key, noise) / math.sqrt(2)))
            )
        return trial

    def look(repeat: Sequence[Trial]) -> StopReason | None:
        if repeat[0].repeat < DEFAULT_LOOKS.first:
            return None
        metrics = compare_metrics(
            sides[NEW],
            sides[BASELINE],
            tolerance=0.02,
            pairs=pairs,
            siblings=test.siblings,
            looks=DEFAULT_LOOKS,
        )
        return stop_reason(Comparison("old", ComparisonState.COMPARED, metrics=metrics))

    if not pairs:
        for repeat in range(1, DEFAULT_PAIRS + 1):
            measure(Trial(BASELINE, repeat))
    planned_trials = trials(DEFAULT_LOOKS.last, both=pairs, until_decided=True)
    return until_decided(planned_trials, measure, look)[1], seconds


def word(reasons: Sequence[StopReason]) -> str:
    if StopReason.WORSE in reasons:
        return "FAILED"
    return "INCONCLUSIVE" if StopReason.MOST_REPEATS in reasons else "PASSED"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    count = parser.parse_args().trials
    tests, good = quick_gate(), True
    for test in tests:
        print(
            f"{test.name}: {test.further_s:.0f} s a load, {test.first_s:.0f} s the first; "
            f"{', '.join(test.metrics)}"
        )
    for pairs in (True, False):
        how = "in turns" if pairs else "one after the other"
        print(f"\n{how}: PASSED / INCONCLUSIVE / FAILED in %; minutes of both servers\n")
        names = ["equal" if not slowdown else f"{slowdown:.0%} slower" for slowdown in SLOWDOWNS]
        print(f"| noise | {' | '.join(names)} |\n|---{'|---' * len(names)}|")
        for name, noise in NOISES.items():
            cells = []
            for slowdown in SLOWDOWNS:
                dice, words, minutes = random.Random(7), Counter[str](), list[float]()
                for _ in range(count):
                    ended = [one_test(dice, test, slowdown, noise, pairs=pairs) for test in tests]
                    words[word([reason for reason, _ in ended])] += 1
                    minutes.append(sum(seconds for _, seconds in ended) / 60)
                shares = " / ".join(
                    f"{words[each] / count:.1%}".removesuffix("%")
                    for each in ("PASSED", "INCONCLUSIVE", "FAILED")
                )
                mean = statistics.fmean(minutes)
                good = good and mean <= MOST_MINUTES.get(slowdown, 60.0)
                cells.append(f"{shares}; mean {mean:.0f}, most {max(minutes):.0f}")
            print(f"| {name} | {' | '.join(cells)} |", flush=True)
    return int(not good)


if __name__ == "__main__":
    raise SystemExit(main())
