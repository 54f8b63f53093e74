"""与公开方法不同的运行的标签，以及对 prompt 和预热的说明。"""

MESSAGES = {
    "methods.differs": "{key} 为 {own}（公开方法为 {published}）",
    "methods.no_limit": "不限",
    "methods.one_of": "{others} 或 {last}",
    "methods.reduced": "REDUCED：{differences:；}",
    "label.not_judged": "NOT_JUDGED：快速门禁中方法自身的目标{rules}与下限，由 --gate=full 判定",
    "label.not_judged_rules": "（{rules}）",
    "label.own_slo": "OWN_SLO：{rules:；}",
    "label.rule_instead": "{rule}（方法自身为 {own}）",
    "label.bench_serving": "BENCH_SERVING：由 {client} 施压{judged}",
    "label.classic_rules": "；目标按它自己的指标判定：{renamed}",
    "label.renamed": "{ours} 用 {classic}",
    "label.repeated": "REPEATED：插件把该测试运行了 {attempts} 次；以最差的结论为准",
    "prompts.too_few": "数据集只能提供 {wanted} 条 prompt 中的 {prompts} 条。",
    "prompts.random_ids": (
        "prompt 是小于 {vocabulary} 的随机 token id{unknown}；用 --dataset-path 可像公开方法那样使用文本。"
    ),
    "prompts.unknown_vocabulary": "（因为此处不知道词表大小，可用 --tokenizer 或 --vocab-size 指定）",
    "entry.broken": "第 {number} 条，{why}",
    "entry.no_json": "该行不是 JSON 对象",
    "entry.no_object": "不是 ShareGPT 的格式：是 JSON {kind}，不是对象",
    "entry.no_conversations": "不是 ShareGPT 的格式：既没有 conversations 也没有 messages",
    "entry.no_list": "不是 ShareGPT 的格式：其 {key} 是 JSON {kind}，不是列表",
    "entry.no_turn": "不是 ShareGPT 的格式：有一轮是 JSON {kind}，不是对象",
    "entry.lacks": "不是 ShareGPT 的格式：有一轮缺少 '{key}'",
    "entry.no_text": "不是 ShareGPT 的格式：有一轮的 {key} 不是文本",
    "entry.half_character": "有文本含半个字符",
    "prompts.one_broken": "数据集中有 1 条损坏的记录被跳过（{first}）；剩余 {left} 段对话。",
    "prompts.broken": "数据集中有 {broken} 条损坏的记录被跳过（第一条：{first}）；剩余 {left} 段对话。",
    "warmup.failed": "{requests} 个预热请求中有 {failed} 个失败。",
    "session.no_verdict": "no_verdict：测试结束时没有调用 judge()",
    "session.interrupted": "已中断：收到 {signal}，{kept}",
    "session.kept": "{load}已完成 {done}/{requests} 个请求；其记录均已保留{again}",
    "session.again": "，--resume 会重新测量该测试的所有负载",
    "session.all_kept": "已完成 {loads} 次完整的施压，正在向服务端询问响应；其记录均已保留{again}",
    "session.of_load": "{load}：",
    "session.bench_serving_interrupted": (
        "已中断：sglang.bench_serving 运行时收到 {signal}；它在结束之前不保留任何负载数据"
    ),
}
