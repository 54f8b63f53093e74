"""`--plan` 在运行前给出的内容：每个测试断言什么、什么容不下、时间从何而来。"""

MESSAGES = {
    "plan.title": "计划：{tests}，每个负载 {each} 遍，{servers}：",
    "plan.one_test": "{tests} 个测试",
    "plan.tests": "{tests} 个测试",
    "plan.one_server": "1 个服务",
    "plan.two_servers": "2 个服务",
    "plan.head.loads": "施压次数",
    "plan.head.requests": "请求数",
    "plan.head.tokens_in": "输入 token",
    "plan.head.tokens_out": "输出 token",
    "plan.head.a_load": "单次用时",
    "plan.head.all_loads": "总用时",
    "plan.at_least": "至少 {time}",
    "plan.in_all": "合计",
    "plan.server.new": "新服务",
    "plan.server.old": "旧服务",
    "plan.by_server": "各服务的施压时间：{spans:；}",
    "plan.asserted": "除每次运行须有效（docs/validity.md）之外，还断言：",
    "plan.asserts": "{test}{more}：{asserts}",
    "plan.asserts_tests": "（{tests} 个测试）",
    "plan.no_live_test": "选中的测试中没有对服务施压的测试，因此没有可计划的内容。",
    "plan.kept": "{run} 中已完成、续跑时保留的测试：{tests} 个。",
    "plan.written": "计划已写入 {file}。",
    # 每个测试断言什么
    "plan.slos": "{slos}",
    "plan.not_judged": "快速门禁中 {rules} 为 NOT_JUDGED",
    "plan.floors": "基线的下限：{floors}",
    "plan.old_server": "与旧服务比较：{metrics}，容差 {tolerance:g}%",
    "plan.file": "与 {file} 比较：{metrics}，容差 {tolerance:g}%",
    "plan.questions": "{questions} 个问题",
    "plan.accuracy_floor": "正确率不低于 {floor:.1%}，按其区间判断",
    "plan.accuracy_server": "答案与旧服务比较，容差 {points:g} 个百分点",
    "plan.accuracy_file": "答案与 {file} 中的比较，容差 {points:g} 个百分点",
    "plan.no_baseline": "基线中没有该测试：不比较",
    "plan.no_baseline_failed": "基线中没有该测试：按 --require-baseline 为 FAILED",
    "plan.nothing": "没有目标：运行有效即 PASSED",
    "plan.nothing_gate": "没有目标：使用 {gate} 时为 INVALID（NOTHING_JUDGED）",
    "plan.ended": "该测试{ended}：其后的内容不在本计划中",
    "plan.refused": "不施压",
    "plan.gate": "使用 {gate} 时，只要有一个测试无法测量，任何测试都不会施压：请去掉该测试，或修改它。",
    "plan.source.profile": "时间取自 profile {profile}，在虚拟时间中得出。",
    "plan.source.baseline": "时间取自 {file} 中相同测试的时间。",
    "plan.source.probe": (
        "时间由模型得出，模型按对服务的 {loads} 次施压探测（{seconds:.0f} s）拟合：{length:,} token 时 prefill {prefill:,.0f} tok/s；"
        "decode 每步 {steps}。"
    ),
    "plan.source.probe_noisy": (
        "这些时间只是粗略估计：探测到的各步时间互相矛盾，说明服务或本机正忙于别的工作。请停掉它，再做一次计划。"
    ),
    "plan.source.step": "batch size {size} 时 {ms:.2f} ms",
    "plan.source.none": (
        "时间未知：没有询问任何服务。请指定 profile（--plan=r1-fp8-tp8；docs/sim.md），给出相同测试的 --baseline=FILE，或用 --plan=probe "
        "对服务做一次短探测。"
    ),
    "plan.unlike": "{tests}：时间未知，因为{why}。",
    "plan.unlike.baseline": "基线中没有该负载下的这些测试",
    "plan.unlike.sharegpt": "数据集中的对话长度各不相同",
    "plan.unlike.never": "它们容不下",
    "plan.search": (
        "{test}：容量搜索，探测最多用 --capacity-budget={budget_s:g} s，之后还有被判定的运行；请求数取决于搜索结果。"
    ),
    "plan.launch": "{servers}的启动时间不计在内：每次启动最多 --launch-timeout={timeout_s:g} s。",
    "plan.launches": "每个服务启动 {launches} 次；上面的负载是每次启动中每个测试 {repeats} 次。",
    "plan.spread": "测试由 {servers} 个服务分担（-n）：总时间最少为所列的 {share}。",
    "plan.limits_unknown": "不知道服务端的 KV 池，就不知道各 batch 能否容下：--plan=probe 或 profile 可以给出。",
}
