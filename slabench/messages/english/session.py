"""What a test's trials together report, and what of the command line does not apply to a test."""

MESSAGES = {
    "every_repeat.average_only": (
        "{key:metric} holds {slo} on average only: {load} has {value:number} {unit}."
    ),
    "every_repeat.average_only.remedy": "Look at that repeat; run.json has the metrics of each.",
    "slo_applies": "{parts:sentences}",
    "slo_applies.one_token": (
        "{slos} is not evaluated in this test: an answer of one token has no time between tokens."
    ),
    "slo_applies.no_batch": "{slos} is not evaluated in this test: it is not a batch-size test.",
}
