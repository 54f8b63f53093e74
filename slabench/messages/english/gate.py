"""What a gate says before its first load: its points, and what is left out."""

MESSAGES = {
    "gate.quick": "Quick gate: {parts:; }. Only comparisons are judged; options that you gave are kept.",
    "gate.decode": "decode at {sizes} with {lengths} tokens in/out, by TPOT alone",
    "gate.prefill": "prefill of {prompts} prompts of {lengths} tokens",
    "gate.sla": "tencent's load with {prompts} prompts of {lengths} tokens in/out",
    "gate.batch_size": "batch size {sizes}",
    "gate.batch_sizes": "batch sizes {sizes}",
    "gate.left": "Left to --gate=full: {without:; }.",
    "gate.left_curve": "the decode curve",
    "gate.left_length": "prompt length {lengths}",
    "gate.left_lengths": "prompt lengths {lengths}",
    "gate.left_sla": "tencent's {prompts} prompts of {lengths}",
    "gate.left_rules": "the methods' objectives and floors",
    "gate.probe": "Asking the server for its speed by some short loads, for the gate's lengths and times.",
    "gate.no_probe": "The server's speed is not known, so a quick gate has its usual lengths: {why}",
    "gate.nothing_left": (
        "No test is left in a quick gate, which has no decode curve; add --gate=full for what was selected."
    ),
    "gate.budget": (
        "Time budget {budget}: {tests} with at most {most} pairs each, which take {time} at most by the plan."
    ),
    "gate.budget_again": (
        "Time budget {budget} for {tests} tests that are left of the run's choice, with at most {most} pairs "
        "each."
    ),
    "gate.budget_left": "Left out, since it would take longer: {tests}.",
    "gate.methods_left": (
        "Nothing is measured of {methods}, so this run is not PASSED; --time-budget={needed} has room for a "
        "test of each method."
    ),
    "gate.methods_unknown": (
        "Nothing is measured of {methods}, so this run is not PASSED; how long these tests take is not "
        "known: measure them without --time-budget."
    ),
    "gate.budget_all": "Every test fits.",
    "gate.budget_unknown": (
        "Time budget {budget}: how long the tests take is not known, so all of them begin; those that the "
        "clock ends are INVALID."
    ),
    "gate.budget_too_small": (
        "--time-budget={budget} is too short for {pairs} pairs of any test of this run; give it more, or "
        "shorter loads."
    ),
    "gate.sees": (
        "With {pairs} pairs a metric that is worse by this much is FAILED four times in five: {metrics}."
    ),
    "gate.sees_metric": "{metric:metric} {share:.1%} (if pairs differ by {noise:.1%})",
    "gate.no_pair": (
        "time_budget: --time-budget={budget} was over before the first pair of this test was complete; give "
        "it more, or select fewer tests."
    ),
    "gate.full": "Full gate: by the plan its loads take {least} to {most}; --gate=quick is shorter.",
    "gate.full_unknown": "Full gate: how long it takes is not known; --gate=quick is shorter.",
}
