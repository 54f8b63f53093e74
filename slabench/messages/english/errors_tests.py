"""What a benchmark test's own code is refused for."""

MESSAGES = {
    "test_code.plan_count": "The plan has {count} requests; it needs at least 1.",
    "test_code.plan_cap": "The concurrency is {cap}; it must be at least 1.",
    "test_code.plan_rate": "The request rate is {rate}; it must be above 0, or inf for all requests at once.",
    "test_code.plan_arrivals": "The arrivals are {arrivals!r}; they must be poisson or constant.",
    "test_code.form_method": (
        'Form(method={method!r}): its first argument names the method, such as "serving".'
    ),
    "test_code.form_count": "Form({name}={value!r}): give a whole number of at least 1{beside}.",
    "test_code.form_rate": (
        'Form(request_rate={rate!r}): give requests/s above 0, or float("inf") for all at once.'
    ),
    "test_code.mark_not_callable": "{test}: {expected}; this one cannot be called ({why}).",
    "test_code.mark_returned": "{test}: {expected}; this one returned a {kind}.",
    "test_code.at": "{test}: {why}",
    "test_code.run_load_arguments": "run_load() takes a Form, then by name {names}; this call has {extra}.",
    "test_code.no_questions": "ask_questions asks the questions of --accuracy-file=FILE; name one.",
    "curve.no_decode_run": (
        "no_decode_run: no ali decode test ran in this session before the curve; run "
        "tests/ali/test_decode.py with it."
    ),
    "curve.no_deploy_log": (
        "no_deploy_log: the curve is made from the server's log; give it with --deploy-log=FILE (one "
        "per node, comma separated), or let slabench start the server with --launch=CMD."
    ),
    "curve.no_baseline_log": (
        "no_deploy_log: baseline server: its curve is made from its log; give it with "
        "--baseline-deploy-log=FILE, or let slabench start that server with --baseline-launch=CMD."
    ),
    "test_code.run_load_form": (
        'run_load() was given {kind} where it reads a Form: write run_load(Form("serving", '
        "input_len=8000, output_len=100, num_prompts=16), point={{}})."
    ),
    "test_code.run_load_point": (
        "run_load() needs point=: what distinguishes this test from others of its kind in tables and "
        'reports, such as point={{"workload": "long"}}, or point={{}} where nothing does.'
    ),
    "test_code.point_no_dict": (
        'run_load(point={point}) is no dict with names as keys; write point={{"workload": "long"}}, or {{}}.'
    ),
    "test_code.point_value": "run_load(point=...): {named} is {kind}; a point holds texts and numbers.",
    "test_code.labels": 'run_load(labels={labels}) is no tuple of texts; write labels=("REDUCED: why",).',
    "test_code.batch_size": (
        "run_load(batch_size={batch_size}): give a whole number of at least 1, or leave it out."
    ),
    "test_code.batch_size_prompts": (
        "run_load(batch_size={batch_size}) is more than its Form's {num_prompts} prompts: the batch "
        "would never be full."
    ),
    "test_code.judge_rule": "judge() was given {kind} as an objective; write {slo_form}.",
    "test_code.judge_shown": (
        'judge(shown={shown}) is no tuple of metrics; write shown=("tpot.mean", "ttft.mean").'
    ),
    "test_code.judge_unknown": "judge(shown=...) names {name!r}, which is no known metric.{hint}",
    "test_code.second_load": (
        "run_load() is called a second time in one test, whose outcome is of one load: write a test for each "
        "load, with @pytest.mark.parametrize."
    ),
    "test_code.second_verdict": (
        "judge() is called a second time in one test, which has one outcome: give one judge() all objectives."
    ),
    "test_code.judge_run": (
        "judge() was given {kind} where it reads what run_load() returned: write run = run_load(...), "
        'then judge(run, slo("tpot", "mean", "<=", 50)).'
    ),
    "test_code.unread": (
        "{test} does not read {options}: it sends the Form in its file. from_options(FORM, options) "
        "puts the command line's values over it (docs/writing-a-benchmark.md)."
    ),
}
