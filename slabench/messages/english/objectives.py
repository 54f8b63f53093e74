"""Objectives, floors, and the first line of a verdict."""

MESSAGES = {
    "objective.result": "{metric:metric} {observed} {sign} {limit:g}{unit} ({details})",
    "objective.value": "{value:number}{unit}",
    "objective.exact_value": "{value}{unit}",
    "objective.range": "{low:number} to {high:number}{unit}",
    "objective.distance": "{distance_pct:+.0f} %",
    "objective.no_distance": "no distance from 0",
    "objective.n": "n={n}",
    "objective.remedy_slo": (
        "Lower the load (request rate, concurrency, batch size), or find the cause in the server's log."
    ),
    "objective.remedy_alone": (
        "One request alone does not hold it, so no lower load does: look at the server's settings and log, "
        "or at the limit."
    ),
    "objective.remedy_throughput": (
        "Find in the server's log and settings what limits it; a load that is too small for it needs more "
        "prompts in flight."
    ),
    "objective.remedy_floor": (
        "Compare the server's version, arguments and log with those of the floor; if the change is intended, "
        "change the floor in the baseline file."
    ),
    "objective.remedy_answers": (
        "Compare weights, quantisation, kernels and arguments of both servers: docs/answers.md has what "
        "harmless changes show and what harmful ones do."
    ),
    "objective.remedy_degenerate": (
        "Look at the server's answers: kernels that return NaN, weights that were not loaded or a broken "
        "cache answer so, and fast."
    ),
    "objective.remedy_baseline": (
        "Compare version, arguments and log of both servers; if the change is intended, raise --tolerance or "
        "save a new baseline."
    ),
    "objective.remedy_server": (
        "Compare version, arguments and log of both servers; if the change is intended, raise --tolerance."
    ),
    "objective.remedy_history": (
        "Compare version, arguments and log with those of the accepted runs; if the change is intended, "
        "raise --tolerance or accept the new version."
    ),
    # between a line and its remedy
    "headline.stop": ".",
    "headline.complete": "{line}{stop} {remedy}",
    "objective.tpot_bounded": "TPOT_BOUNDED",
    "objective.bounds": "{level_pct:g} % bounds {ends: and }",
    "objective.no_bound": "none",
    "objective.inconclusive": (
        "INCONCLUSIVE: {metric:metric} {observed} may be above {limit:g}{unit} ({interval}, n={n}): "
        "above it are {over}, allowed are {share_pct:g} %; {remedy}"
    ),
    "objective.share_inconclusive": (
        "INCONCLUSIVE: {metric:metric} {observed} may be below {limit:g} ({interval}, n={n}): within the "
        "limits are {good} of {n} requests; {remedy}"
    ),
    "objective.no_number_share": "with such a share no number of requests would decide",
    "objective.requests_decide": "about {requests:,} requests would probably decide",
    "objective.no_number": "with as many above it no number of requests would decide",
    "objective.undecided": (
        "TPOT_BOUNDED: {metric:metric} {low:number} to {high:number} {unit}, and the limit of {limit:g} "
        "{unit} is between the two, so no verdict on {objective} is possible (n={n}). {remedy}."
    ),
    "bounded.count_events": (
        "Measure with --backend=sglang (/generate counts every event), or with a server or gateway that "
        "passes on stream_options.continuous_usage_stats: sglang 0.5.5 and newer do, SGLang's own gateway "
        "sums up at the end of a stream"
    ),
    "bounded.label": (
        "TPOT_BOUNDED: the server counts tokens only at the end of each stream, so the number of tokens in "
        "the first event is known within bounds only, and so is TPOT. {remedy}."
    ),
    # a verdict's first line
    "verdict.objectives": "{objectives:; }",
    "verdict.more_hold": "{objective} (and {more} more hold)",
    "verdict.invalid": "{check}: {text}",
    "verdict.invalid_more": "{check}: {text} (and {more} more: {others})",
    "verdict.undefined": (
        "{metric} is not defined for this run{why}, so no verdict on {objective} is possible"
    ),
    "verdict.undefined_check": "{undefined}: {text} {remedy}",
    "verdict.too_few": " ({statistic} needs {least} {unit}, there are {n})",
    "verdict.no_text": (
        " (it is taken at each answer's first text, and {without} of {answers} answers contain no text)"
    ),
    "verdict.no_baseline": (
        "no baseline for this test, and --require-baseline requires one; save one with --save-baseline=FILE"
    ),
    "verdict.nothing_judged": (
        "NOTHING_JUDGED: no objective, floor or comparison applies to this test{baseline}{gate}.{measured} "
        "Give an objective (--slo='METRIC<=LIMIT'), or a baseline that has this test."
    ),
    "verdict.not_in_baseline": ", and the baseline {baseline} has no entry for it",
    "verdict.gate": "; {gate} asks for a verdict",
    "verdict.measured": " Measured: {metrics}.",
    "verdict.metric": "{metric:metric} {value:number} {unit}",
    "verdict.requests": "requests",
    "verdict.tokens": "tokens after the first",
}
