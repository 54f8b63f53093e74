"""基准测试自身代码被拒绝的原因。"""

MESSAGES = {
    "test_code.plan_count": "发送计划有 {count} 个请求；至少需要 1 个。",
    "test_code.plan_cap": "并发为 {cap}；至少为 1。",
    "test_code.plan_rate": "请求速率为 {rate}；必须大于 0，或用 inf 表示同时发出全部请求。",
    "test_code.plan_arrivals": "到达方式为 {arrivals!r}；必须是 poisson 或 constant。",
    "test_code.form_method": 'Form(method={method!r})：第一个参数是方法名，例如 "serving"。',
    "test_code.form_count": "Form({name}={value!r})：请给出不小于 1 的整数{beside}。",
    "test_code.form_rate": (
        'Form(request_rate={rate!r})：请给出大于 0 的请求速率（请求/s），或用 float("inf") 表示同时发出'
        "全部请求。"
    ),
    "test_code.mark_not_callable": "{test}：{expected}；这一个无法调用（{why}）。",
    "test_code.mark_returned": "{test}：{expected}；这一个返回了 {kind}。",
    "test_code.at": "{test}：{why}",
    "test_code.run_load_arguments": (
        "run_load() 的第一个参数是 Form，其余按名称给出：{names}；而这次调用有 {extra}。"
    ),
    "test_code.no_questions": "ask_questions 提出 --accuracy-file=FILE 中的问题；请给出文件。",
    "curve.no_decode_run": (
        "no_decode_run：本次会话在曲线之前没有运行 ali 的 decode 测试；请一并运行 tests/ali/test_decode.py。"
    ),
    "curve.no_deploy_log": (
        "no_deploy_log：曲线由服务的日志得出；请用 --deploy-log=FILE 给出（每个节点一个，逗号分隔），或"
        "让 slabench 用 --launch=CMD 启动服务。"
    ),
    "curve.no_baseline_log": (
        "no_deploy_log：基线服务：它的曲线由它的日志得出；请用 --baseline-deploy-log=FILE 给出，或让 "
        "slabench 用 --baseline-launch=CMD 启动该服务。"
    ),
    "test_code.run_load_form": (
        'run_load() 需要 Form，而得到的是 {kind}：请写 run_load(Form("serving", input_len=8000, '
        "output_len=100, num_prompts=16), point={{}})。"
    ),
    "test_code.run_load_point": (
        "run_load() 需要 point=：在表格和报告中把这个测试与同类测试区分开的内容，例如 point={{"
        '"workload": "long"}}，没有区别时写 point={{}}。'
    ),
    "test_code.point_no_dict": (
        'run_load(point={point}) 不是以名称为键的字典；请写 point={{"workload": "long"}} 或 {{}}。'
    ),
    "test_code.point_value": "run_load(point=...)：{named} 是 {kind}；point 中只能是文本和数字。",
    "test_code.labels": 'run_load(labels={labels}) 不是文本的元组；请写 labels=("REDUCED: why",)。',
    "test_code.batch_size": "run_load(batch_size={batch_size})：请给出不小于 1 的整数，或去掉它。",
    "test_code.batch_size_prompts": (
        "run_load(batch_size={batch_size}) 大于其 Form 的 {num_prompts} 个 prompt：batch 永远不会满。"
    ),
    "test_code.judge_rule": "judge() 的目标参数是 {kind}；请写 {slo_form}。",
    "test_code.judge_shown": ('judge(shown={shown}) 不是指标的元组；请写 shown=("tpot.mean", "ttft.mean")。'),
    "test_code.judge_unknown": "judge(shown=...) 中的 {name!r} 不是已知的指标。{hint}",
    "test_code.second_load": (
        "同一个测试第二次调用了 run_load()，而一个测试的结论只针对一次负载：请用 @pytest.mark.parametrize 为每个负载写一个测试。"
    ),
    "test_code.second_verdict": "同一个测试第二次调用了 judge()，而一个测试只有一个结论：请把所有目标交给同一个 judge()。",
    "test_code.judge_run": (
        "judge() 需要 run_load() 的返回值，而得到的是 {kind}：请写 run = run_load(...)，然后 judge(run,"
        ' slo("tpot", "mean", "<=", 50))。'
    ),
    "test_code.unread": (
        "{test} 不读取 {options}：它按自己文件中的 Form 发送。from_options(FORM, options) 会用命令行的"
        "值覆盖它（docs/writing-a-benchmark.md）。"
    ),
}
