"""门禁在第一次加载之前的说明：测量哪些点，省略了什么。"""

MESSAGES = {
    "gate.quick": "快速门禁：{parts:；}。只判定比较；您给出的选项保持不变。",
    "gate.decode": "decode 的{sizes}，输入/输出 {lengths} 个 token，只比较 TPOT",
    "gate.prefill": "prefill：{prompts} 条 {lengths} token 的 prompt",
    "gate.sla": "tencent 的负载：{prompts} 条 prompt，输入/输出 {lengths} 个 token",
    "gate.batch_size": "批大小 {sizes}",
    "gate.batch_sizes": "批大小 {sizes}",
    "gate.left": "留给 --gate=full：{without:；}。",
    "gate.left_curve": "decode 曲线",
    "gate.left_length": "prompt 长度 {lengths}",
    "gate.left_lengths": "prompt 长度 {lengths}",
    "gate.left_sla": "tencent 的 {prompts} 条 {lengths} 的 prompt",
    "gate.left_rules": "方法自身的目标与下限",
    "gate.probe": "正在用若干短负载询问服务器的速度，用于确定门禁的长度与时间。",
    "gate.no_probe": "服务器的速度未知，快速门禁采用通常的长度：{why}",
    "gate.nothing_left": "快速门禁没有 decode 曲线，因此没有剩下任何测试；要测所选内容请加 --gate=full。",
    "gate.budget": "时间预算 {budget}：{tests}，每个最多 {most} 对，按计划最多需 {time}。",
    "gate.budget_again": "时间预算 {budget}，用于该运行所选测试中剩下的 {tests} 个，每个最多 {most} 对。",
    "gate.budget_left": "因时间不够而省略：{tests}。",
    "gate.methods_left": (
        "{methods} 没有任何测量，因此本次运行不是 PASSED；--time-budget={needed} 能放下每种方法的一个测试。"
    ),
    "gate.methods_unknown": (
        "{methods} 没有任何测量，因此本次运行不是 PASSED；这些测试需要多久未知：请不带 --time-budget 测量它们。"
    ),
    "gate.budget_all": "所有测试都在预算之内。",
    "gate.budget_unknown": "时间预算 {budget}：各测试的耗时未知，因此全部开始；时间用完仍未轮到的为 INVALID。",
    "gate.budget_too_small": "--time-budget={budget} 不够本次运行任何一个测试的 {pairs} 对；请给更多时间，或缩短负载。",
    "gate.sees": "以 {pairs} 对计，某个指标变差到以下程度时，五次中有四次判为 FAILED：{metrics}。",
    "gate.sees_metric": "{metric:metric} {share:.1%}（若各对相差 {noise:.1%}）",
    "gate.no_pair": "time_budget：--time-budget={budget} 在该测试的第一对完成之前已用完；请给更多时间，或少选一些测试。",
    "gate.full": "完整门禁：按计划，全部负载需要 {least} 到 {most}；--gate=quick 更短。",
    "gate.full_unknown": "完整门禁：需要多久未知；--gate=quick 更短。",
}
