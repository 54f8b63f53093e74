"""Objectives and limits that cannot be read."""

MESSAGES = {
    "slo.no_batch_test": (
        "--slo={slo} is of a batch-size point, which tests/ali/test_decode.py measures and no test of "
        "this run."
    ),
    "slo.few_requests": (
        "--slo={slo} needs {least} requests{each}{bound}, and {test} would send {count}{more}. Ask for "
        "the mean, send more prompts, or leave such tests out with -k."
    ),
    "slo.few_for_a_share": (
        "--slo={slo} needs {least} requests{each}{bound}, and {test} would send {count}{more}. Send more "
        "prompts, ask for a smaller share, or leave such tests out with -k."
    ),
    "slo.share_of_one": (
        "The objective {objective}: no number of requests shows that all of those that come will be within "
        "the limits. Ask for a smaller share, such as 0.99, or for the largest value, such as ttft.max<=2000."
    ),
    "slo.retokenize": "--slo={slo} counts the answers' tokens again, which needs --retokenize.",
    "slo.goodput_empty": "--goodput={text!r} names no limit: write {form}.",
    "slo.goodput_part": "--goodput={text!r}: {part!r} is no METRIC:MS; write {form}.",
    "slo.goodput_twice": "--goodput names {name} twice; a request has one limit of it.",
    "slo.goodput_kind": (
        '{source} is {limits!r}; it reads limits in ms by metric, such as {{"ttft": 2000, "tpot": 50}}.'
    ),
    "slo.goodput_unknown": "{source} names {name!r}; a request has {known}.{hint}",
    "slo.goodput_limit": "{source} limits {name} to {limit!r}; it must be milliseconds above 0.",
    "slo.goodput_needed": (
        "{where}The objective {objective} counts the requests within per-request limits, but no limit "
        "is set: add {form}, whose limits are each request's own, or take the mean of all with "
        "--slo='ttft.mean<=2000'."
    ),
    "slo.arguments": "{call} does not have the four arguments of a rule: write {rewritten}.",
    "slo.call_operator": "{call} compares with {op!r}, but an objective uses <= or >=: write {slo_form}.",
    "slo.call_limit": "{call} has a limit that is not a number: write {slo_form}.",
    "slo.no_limit": (
        "--slo={text!r} has no limit; if the shell took < as a redirection, quote the option: "
        "'--slo=tpot.mean<=50'."
    ),
    "slo.no_objective": (
        "--slo={text!r} is not an objective: write METRIC.STATISTIC<=NUMBER, such as tpot.mean<=50, or "
        "METRIC>=NUMBER, such as total_throughput>=1800; times are in ms, without a unit (2000, not 2s)"
        "."
    ),
    "slo.operator": "--slo={text!r} compares with {op}, but an objective uses <= or >=; write {signs}.",
    "slo.unknown": "The objective {objective} {why}",
    "slo.below_zero": "The objective {objective} has a limit below 0, which {name} never reaches.",
    "slo.above_one": "The objective {objective}: {name} is a share, between 0 and 1.{meant}",
    "slo.did_you_mean_share": " Did you mean {share:g}?",
    "slo.upside_down": (
        "The objective {objective} is upside down: for {name} {better} is better, so write {wanted}."
    ),
    "slo.on_curve": (
        "The objective {objective} is on the decode curve, which has no objectives: put the limit "
        'under "floors" in a baseline file (docs/baselines.md).'
    ),
    "slo.goodput_form": (
        "--slo={text!r} is not an objective: METRIC:MS is the form of --goodput, for {known}; write <= or >=."
    ),
    "slo.two_meanings": (
        "--slo={text!r} could mean the mean or each request: write --slo='{name}.mean<={limit}' for "
        "the mean, or --goodput={metric}:{limit} for a limit of each request, with --slo='goodput.share"
        ">=0.95' for the share of requests within it."
    ),
}
