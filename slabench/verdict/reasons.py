"""What a verdict's reason codes mean, in the few words that stand beside them; docs/validity.md has the same
table.

NOTHING_JUDGED is not here: the line of such a test explains it.
"""

from __future__ import annotations

from collections.abc import Sequence

from slabench.verdict.outcome import Objective

REASONS = {
    "NO_FLOOR": "no least value is stored for this test",
    "NO_BASELINE": "no older run to compare with",
    "NOT_COMPARABLE": "the baseline is of another model, hardware, server or workload",
    "INCONCLUSIVE": "the repeats spread too much for the difference that is allowed",
    "SINGLE_RUN": "one run on a side, so its spread is not known",
    "NO_SPREAD": "a side has no spread of repeats",
    "NOT_INTERLEAVED": "old and new were not measured in turns",
    "NOT_MEASURED": "the baseline has a figure that this run lacks",
    "REDUCED": "smaller than the published form",
    "OWN_SLO": "an objective is looser than the method's own",
    "SIMULATED": "the embedded server, not a GPU",
    "NOT_REFERENCE": "not sglang 0.5.7",
    "BENCH_SERVING": "driven by sglang.bench_serving",
    "ALLOWED_IN_BASELINE": "the baseline was made with findings that --allow permits",
    "CRASHED": "an error of slabench",
    "TEST_ERROR": "the test's own code raised it",
    "ASSERTION": "an assertion of the test's own does not hold",
    "UNTOLD": "one side does not report something that is compared",
}  # fmt: skip
# kind of objective -> what it is called
FAILED = {"slo": "objective", "floor": "floor", "baseline": "comparison"}


def failed(objectives: Sequence[Objective]) -> list[str]:
    """`SLO:tpot.mean`: a code for each objective that does not hold."""
    return [f"{one.kind.upper()}:{one.metric}" for one in objectives if not one.holds]


def in_words(reasons: Sequence[str]) -> str:
    """`SLO:tpot.mean (objective does not hold), NO_FLOOR (no least value ...)`; the names of checks speak for
    themselves.
    """
    return ", ".join(f"{one} ({words})" if (words := _words(one)) else one for one in reasons)


def _words(code: str) -> str:
    kind, sign, metric = code.partition(":")
    if sign and kind.lower() in FAILED:
        return f"{FAILED[kind.lower()]} does not hold"
    if sign and kind == "UNDEFINED":
        return f"{metric} has no value in this run"
    return REASONS.get(code, "")
