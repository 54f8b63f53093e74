"""一个测试的各轮合起来说明什么，命令行的哪些部分不适用于该测试。"""

MESSAGES = {
    "every_repeat.average_only": "{key:metric} 只在平均意义上满足 {slo}：{load} 为 {value:number} {unit}。",
    "every_repeat.average_only.remedy": "请查看那一轮；run.json 中有每一轮的指标。",
    "slo_applies": "{parts:sentences}",
    "slo_applies.one_token": "该测试不评估 {slos}：只有一个 token 的响应没有 token 间隔。",
    "slo_applies.no_batch": "该测试不评估 {slos}：它不是 batch size 测试。",
}
