"""What every output says of a run as a whole."""

MESSAGES = {
    "run.passed_but": "{word} ({parts})",
    "run.nothing_judged_part": "NOTHING_JUDGED in {tests} of {of} tests",
    "run.left_out_part": "LEFT_OUT: {left} of {of} tests",
    "run.left_out": (
        "LEFT_OUT: {left} of {of} tests were not measured, since --time-budget={budget} has no room for "
        "them: {tests}."
    ),
    "run.without_tests_part": "{tests} tests of the baseline file not run",
    "run.no_word": "nothing was judged",
    "run.labels": "This run is {labels}.",
    "run.interrupted": (
        "The run was interrupted by {signal}. Tests that had ended, and are kept: {kept} of {planned}; one "
        "that had not is measured again from its first load, with all its repeats and pairs. To measure the "
        "rest: {command}"
    ),
    "run.either_signal": "Ctrl-C or SIGTERM",
    "run.resumed": "Resumed at {utc}{server}: {kept} finished tests were kept.",
    "run.resumed_server": ", {server}",
    "run.allowed": "Checks that --allow makes findings of: {checks}.",
    "run.unreachable": "No test was tried: {why}",
    "run.doctor": "To look at the server without load: {command}",
    "run.failed_besides": (
        "FAILED in pytest beside the verdicts: {tests} (another test, or a part or the teardown of one)."
    ),
    "run.deselected": "{tests} live tests were deselected (-k, -m, --lf): the verdict is of the others.",
    "run.baseline_not_run": "Tests of the baseline file that were not selected: {tests}.",
    "run.not_saved": "NOT_SAVED: {output}; the verdicts stand on the console.",
    "run.unjudged": "NOTHING_JUDGED: no objective, floor or comparison applies to {tests}: measured only.",
    "run.prompts_from": "Prompts: {name} from {dataset}, sent as {form}.",
    "run.prompts": "Prompts: {name}, sent as {form}, no data set.",
    "run.servers": (
        "Tests were spread over {servers} servers that report the same version, arguments, hardware and "
        "model (their speed was not compared): {names}."
    ),
    "run.servers_alike": "They may be one process: {why}, and nothing shows that they are several.",
    "run.server": "Server: sglang {version}, {model}, {gpus}.",
    "run.unknown_version": "of unknown version",
    "run.unknown_gpus": "number of GPUs not known, so there is no metric per GPU",
    "run.not_reference": (
        "This is not the reference environment, sglang 0.5.7, which the published tables are of."
    ),
    "run.baseline_server": (
        "Baseline server: sglang {version} at {url}, {model}; both servers were measured in turns, on the "
        "same prompts."
    ),
    "run.not_interleaved": (
        "NOT_INTERLEAVED: the baseline server was measured first and the new one after it; drift between the "
        "two is part of the ratios."
    ),
    "run.compared_with": "Compared with {baselines}.",
    "run.line": "run {run_id}, slabench {version}, exit status {status}",
    "run.title": "slabench: {verdict}",
    # --save-baseline
    "saved.nothing": "No baseline was written to {target}: no test of this run was valid.",
    "saved.one": "Baseline of {tests} test written to {target}{more}.",
    "saved.several": "Baseline of {tests} tests written to {target}{more}.",
    "saved.kept": ", {kept} that it held already were kept",
    "saved.allowed": "{test} was measured with --allow={checks:,}; compare with it under the same --allow.",
    "saved.lacking": "{test} lacks {metrics} in some repeat, so nothing can be compared with it.",
    "saved.removed": (
        "Removed from {target}, since they are of other hardware, another model or server: {tests}."
    ),
    # slabench compare
    "compare.old": "old: {side}",
    "compare.new": "new: {side}",
    "compare.version": "{side}, sglang {version}",
    "compare.unchecked": "{side}; rows of another client: what they do not show was not checked",
    "compare.labels": "{side}; {labels}",
    "compare.tolerance": (
        "tolerance {pct:g} %: how much worse than the old run a metric may be; the column allowed has "
        "what that is for each metric"
    ),
    "compare.single": (
        "without repeats that show a spread (SINGLE_RUN, NO_SPREAD) at least {pct:g} % is allowed: one run a "
        "side does not show how far two equal runs differ"
    ),
    "compare.not_in_old": "{side} has no such test, so it is not compared.",
    "compare.not_in_new": "{side} has no such test.",
    "compare.of_side": "{side}: {line}",
    "compare.two_searches": (
        "two searches that ended at different loads ({loads:; }): shown, but not a gate"
    ),
    "compare.several": "{tests} tests",
    "compare.test": "{word} {test}{side}: {line}",
    "compare.left_out": "Left out by --common, only in {side}: {tests}.",
    "compare.no_test": "INVALID: there is no test that both sides have, so nothing was compared.",
    "compare.finding": "finding {check} ({side}): {text}",
    "compare.not_checked": "not checked: {checks}; a row does not show it (INVALID under --strict-validity)",
    "compare.verdict": "Verdict: {word}",
    "compare.title": "slabench compare: {word}",
}
