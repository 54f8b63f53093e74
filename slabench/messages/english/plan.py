"""What `--plan` shows before a run: what each test asserts, what cannot fit, and what carries the times."""

MESSAGES = {
    "plan.title": "Plan of {tests}, each load {each} x at {servers}:",
    "plan.one_test": "{tests} test",
    "plan.tests": "{tests} tests",
    "plan.one_server": "1 server",
    "plan.two_servers": "2 servers",
    "plan.head.loads": "loads",
    "plan.head.requests": "requests",
    "plan.head.tokens_in": "tokens in",
    "plan.head.tokens_out": "tokens out",
    "plan.head.a_load": "a load",
    "plan.head.all_loads": "all loads",
    "plan.at_least": "at least {time}",
    "plan.in_all": "in all",
    "plan.server.new": "new server",
    "plan.server.old": "old server",
    "plan.by_server": "Loads by server: {spans:; }",
    "plan.asserted": "What is asserted, beside that each run is valid (docs/validity.md):",
    "plan.asserts": "{test}{more}: {asserts}",
    "plan.asserts_tests": " ({tests} tests)",
    "plan.no_live_test": "There is no live test among those selected, so there is nothing to plan.",
    "plan.kept": "Tests that are finished in {run}, and that a continued run keeps: {tests}.",
    "plan.written": "The plan was written to {file}.",
    # what each test asserts
    "plan.slos": "{slos}",
    "plan.not_judged": "{rules} NOT_JUDGED in a quick gate",
    "plan.floors": "floors of the baseline: {floors}",
    "plan.old_server": "compared with the old server: {metrics}, tolerance {tolerance:g} %",
    "plan.file": "compared with {file}: {metrics}, tolerance {tolerance:g} %",
    "plan.questions": "{questions} questions",
    "plan.accuracy_floor": "accuracy at least {floor:.1%}, by its interval",
    "plan.accuracy_server": "answers compared with the old server's, tolerance {points:g} points",
    "plan.accuracy_file": "answers compared with those in {file}, tolerance {points:g} points",
    "plan.no_baseline": "the baseline does not have this test: no comparison",
    "plan.no_baseline_failed": "the baseline does not have this test: FAILED by --require-baseline",
    "plan.nothing": "no objective: PASSED if the run is valid",
    "plan.nothing_gate": "no objective: INVALID under {gate} (NOTHING_JUDGED)",
    "plan.ended": "the test {ended}: what follows in it is not part of this plan",
    # what cannot be measured as asked
    "plan.refused": "no load",
    "plan.gate": (
        "Under {gate} no test is sent a load while one cannot be measured: leave it out, or change it."
    ),
    # where the times are from
    "plan.source.profile": "Times are those of the profile {profile}, in virtual time.",
    "plan.source.baseline": "Times are those that {file} has of the same tests.",
    "plan.source.probe": (
        "Times are a model's, fitted to a probe of {loads} loads at the server ({seconds:.0f} s): prefill "
        "{prefill:,.0f} tok/s at {length:,} tokens; decode step {steps}."
    ),
    "plan.source.probe_noisy": (
        "These times are rough: the probe's steps do not agree, so that the server or this machine was busy "
        "with something else. Stop that, and plan again."
    ),
    "plan.source.step": "{ms:.2f} ms at batch size {size}",
    "plan.source.none": (
        "Times are not known: no server was asked. Name a profile (--plan=r1-fp8-tp8; docs/sim.md), give "
        "--baseline=FILE of the same tests, or let a short probe ask the server: --plan=probe."
    ),
    "plan.unlike": "{tests}: no time is known, since {why}.",
    "plan.unlike.baseline": "the baseline does not have them with this load",
    "plan.unlike.sharegpt": "the data set's conversations have lengths of their own",
    "plan.unlike.never": "they do not fit",
    "plan.search": (
        "{test}: a capacity search, up to --capacity-budget={budget_s:g} s of probes and the judged run "
        "after them; the number of requests depends on the answer."
    ),
    "plan.launch": (
        "The start of {servers} is not in the times: each may take up to --launch-timeout={timeout_s:g} s."
    ),
    "plan.launches": (
        "Each server is started {launches} times; the loads above are {repeats} of each test a launch."
    ),
    "plan.spread": "{servers} servers share the tests (-n): at best the whole takes a share of {share}.",
    "plan.limits_unknown": (
        "Whether batches fit is not known without the server's KV pool: --plan=probe or a profile has it."
    ),
}
