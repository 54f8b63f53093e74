"""Comparisons with a baseline, and why one is not possible."""

MESSAGES = {
    # one metric
    "comparison.holds": (
        "{metric:metric} {observed:number} {unit} is within {allowed} of baseline {baseline:number} {unit} "
        "({change})"
    ),
    "comparison.better": (
        "{metric:metric} {observed:number} {unit} is better than baseline {baseline:number} {unit} "
        "({change}; up to {allowed} worse is allowed)"
    ),
    "comparison.not_worse": (
        "{metric:metric} {observed:number} {unit} is not worse by more than {allowed} of baseline "
        "{baseline:number} {unit} ({change})"
    ),
    "comparison.worse": (
        "{metric:metric} {observed:number} {unit} is worse by more than {allowed} of baseline "
        "{baseline:number} {unit} ({change})"
    ),
    "comparison.inconclusive": (
        "{metric:metric} {observed:number} {unit} may be worse by more than {allowed} of baseline "
        "{baseline:number} {unit} ({change})"
    ),
    "comparison.floor": "{floor:number} {unit} ({share})",
    "comparison.change_single": "{change}{n}",
    "comparison.n": ", n={n}",
    "comparison.change_no_spread": "{change}, no spread between the repeats",
    "comparison.change_interval": "{change_pct:+.1f} %, interval {low} to {high}, {samples}",
    "comparison.pairs": "{pairs}{most} pairs",
    "comparison.pairs_of_launches": "{pairs} pairs of {launches} launches",
    "comparison.launches": "{launches} launches",
    "comparison.runs": "{new}{most} and {old} runs",
    "comparison.at_most": " of at most {most}",
    "comparison.repeats_decide": "--repeats={repeats} would probably decide",
    "comparison.baseline_repeats": (
        "the baseline's repeats are too few ({old}): more of this run alone would not decide; save it anew "
        "with --repeats={repeats}, and compare with as many"
    ),
    "comparison.repeats_too_many": (
        "more than {most} repeats would be needed: with this noise the difference is too close to the "
        "allowed limit"
    ),
    "comparison.launches_differ": ": launches of one version differ by {sd_pct:.2g} % (sd)",
    "comparison.launches_decide": "--launches={launches} would probably decide{spread}",
    "comparison.launches_in_turns": (
        "--launches={launches} of both servers in turns (--launch and --baseline-launch) would probably "
        "decide{spread}"
    ),
    "comparison.launches_too_many": (
        "more than {most} launches would be needed, so the difference is too close to the allowed "
        "limit{spread}"
    ),
    "comparison.runs_decide": (
        "the accepted runs differ too much from each other for the allowed difference: more of them, or both "
        "servers in turns (--baseline-url), would decide"
    ),
    # one test
    "comparison.time_budget": "--time-budget ended after {pairs} of its pairs: give it more",
    "comparison.undecided": "INCONCLUSIVE: {metric}; {remedy}",
    "comparison.same_prompts": (
        "; repeats have prompts of their own, which differ too: --same-prompts on both sides leaves that out"
    ),
    "comparison.undecided_metrics": "{metrics:; }{same_prompts}",
    "comparison.not_comparable": "NOT_COMPARABLE: {why}",
    "comparison.difference": "{key}: {current}, {baseline} in the baseline",
    "comparison.differences": "{differences:; }{hint} (--allow-diff={allow:,} compares anyway)",
    "comparison.unknown_here": "unknown here",
    "comparison.none": "none",
    "comparison.none_here": "none here",
    "comparison.prompts_as_text": (
        "; prompts sent as text are tokenized by the server: --prompt-form=text sends them so"
    ),
    "comparison.measured_with_allow": "{check}: {text}",
    "comparison.allowed_checks": (
        "{baseline} was measured with --allow={checks:; } (--allow={names:,} compares anyway)"
    ),
    "comparison.strict_unrecorded": (
        "{baseline} does not record {keys}, so {keys} cannot be compared (--strict-validity; "
        "--allow-diff={keys:,} compares anyway)"
    ),
    "comparison.missing": "{sides: and }, so it cannot be compared with {baseline}",
    "comparison.missing_here": "this run has no {metrics}",
    "comparison.missing_in_baseline": "the baseline has no {metrics}",
    "comparison.lacking": "{metric} in {repeats}",
    "comparison.too_few": "{metric} to be compared by ({n} samples, it needs {least})",
    "comparison.no_metric": (
        "the baseline's entry names no metric that has a better direction, so it cannot be compared with "
        "{baseline}"
    ),
    "comparison.no_ratio": (
        "{metric} has a value that is not above 0, or sides of different length: {new}, {old}"
    ),
    "comparison.baseline_server_unmeasured": "baseline server: it did not measure this test",
    "comparison.baseline_server_invalid": "baseline server: {why}",
    "comparison.history_too_few": (
        "{file} has {runs} runs of the accepted version {version} of this test, and the spread from run to "
        "run needs {least}; append more with --history={file}, and accept {version} again"
    ),
    # beside the verdict
    "comparison.note_history": (
        "compared with the last {runs} accepted runs of {version}, {first} to {last}, {processes}; a run is "
        "one sample, and the interval is that of a further run, with {freedom} degrees of freedom"
    ),
    "comparison.processes": "of {processes} server processes",
    "comparison.processes_unknown": "of an unknown number of server processes",
    "comparison.note_queued": (
        "past this hardware's knee{load}: requests were queued on {queued} of {steady} Decode lines without "
        "a prefill before them, up to {most}; there TTFT and throughput follow the queue, and a small change "
        "of speed is magnified"
    ),
    "comparison.note_beyond": (
        "past this hardware's knee{load}: up to {peak} requests were in flight, and {holds} are the most "
        "that {limit}; there TTFT and throughput follow the queue, and a small change of speed is magnified"
    ),
    "comparison.holds_pool": "fit in the KV pool at their whole length ({capacity} tokens, {tokens} each)",
    "comparison.holds_running": "the server runs at once",
    "comparison.at_baseline": " at the baseline server",
    "comparison.note_allowed": "the baseline was measured with --allow={check}: {text}",
    "comparison.note_unrecorded": "the baseline does not record {keys}, so {keys} was not compared",
    "comparison.note_versions": (
        "a version may choose or name these arguments otherwise, so they were not compared: {differences:; }"
    ),
    "comparison.note_smaller_pool": (
        "the KV pool holds {tokens} tokens, {were} in the baseline ({change_pct:+.1f} %): fewer requests run "
        "at once, which a load that does not fill the pool cannot show"
    ),
    "comparison.note_accept_length": (
        "accept length {baseline} in the baseline, {current} here{change}: TPOT and throughput of "
        "speculative decoding depend on it"
    ),
    "comparison.accept_length": "{tokens:.2f}",
    "comparison.accept_length_change": " ({change_pct:+.1f} %)",
}
