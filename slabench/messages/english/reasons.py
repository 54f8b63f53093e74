"""What a verdict's reason codes mean, in the few words that stand beside them."""

MESSAGES = {
    "reason.joined": "{reasons}",
    "reason.explained": "{code} ({meaning})",
    "reason.no_floor": "no floor is stored for this test",
    "reason.no_baseline": "no older run to compare with",
    "reason.not_comparable": "the baseline is of another model, hardware, server or workload",
    "reason.inconclusive": (
        "the repeats differ too much for the allowed difference, or a percentile is of too few requests"
    ),
    "reason.single_run": "one run on a side: its spread is not known, so at least 5 % is allowed",
    "reason.no_spread": "the repeats of a side do not differ",
    "reason.not_interleaved": "old and new were not measured alternately",
    "reason.one_launch": "how launches of one version differ is not in the interval",
    "reason.not_measured": "the baseline has a metric that this run lacks",
    "reason.reduced": "smaller than the published form",
    "reason.not_judged": "a quick gate only compares; objectives and floors are those of --gate=full",
    "reason.own_slo": "an objective is looser than the method's own",
    "reason.simulated": "the embedded server, not a GPU",
    "reason.not_reference": "not sglang 0.5.7",
    "reason.bench_serving": "driven by sglang.bench_serving",
    "reason.allowed_in_baseline": "the baseline was made with findings that --allow permits",
    "reason.crashed": "an error of slabench",
    "reason.test_error": "the test's own code raised it",
    "reason.assertion": "an assertion of the test's own does not hold",
    "reason.unrecorded": "one side does not report something that is compared",
    "reason.undefined": "no value in this run",
    "reason.objective": "objective does not hold",
    "reason.floor": "floor does not hold",
    "reason.comparison": "comparison does not hold",
    "reason.answers": "the answers are not the old server's",
}
