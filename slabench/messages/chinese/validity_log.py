"""对一次运行的部署日志的检查。"""

NO_LINES = "请确认 --deploy-log 就是该服务写入的日志，并且写入期间可在此处读取。"
LOWER_INTERVAL = "请以更小的 --decode-log-interval 启动服务，或增大 --decode-output-len。"

MESSAGES = {
    "log_lines.none": "部署日志中没有本次运行的 batch 行；至少应有一条。",
    "log_lines.none.remedy": NO_LINES,
    "log_lines.left_out": "{parts:；}；它们已从 {lines} 条 Decode 行中剔除。",
    "log_lines.left_out.remedy": "请确认只有一个服务写入该日志，且没有东西延迟或拆分日志行。",
    "log_lines.rejected": "日志中有 {rejected} 条 batch 行无法读取（{reasons}）",
    "log_lines.outside": "{outside} 行的时间戳不在本次运行之内",
    "log_lines.no_decode": "部署日志中没有本次运行的 Decode 行。",
    "log_lines.no_decode.remedy": f"请确认 --deploy-log 就是该服务写入的日志。{LOWER_INTERVAL}",
    "log_lines.ok": "部署日志中有本次运行的 {lines} 条 Decode 行；没有被拒绝的行。",
    "log_retraction.retracted": "部署日志显示本次运行期间发生 {retractions} 次 retract：KV 池已满。",
    "log_retraction.retracted.remedy": "请降低并发，或给服务更大的 KV 池。",
    "log_retraction.none": "部署日志没有显示 retract。",
    "log_disturbed.disturbed": "部署日志显示本次运行期间有 {events:和}；不得出现。",
    "log_disturbed.disturbed.remedy": (
        "请重新运行测试：已编译的内容现已缓存。更充分的预热（--warmup-requests）会提前完成编译。"
    ),
    "log_disturbed.compilations": "{jit} 次 kernel 编译",
    "log_disturbed.starts": "{restarts} 次服务启动",
    "log_disturbed.none": "部署日志没有显示编译或重启。",
    "log_agrees.no_clean_line": (
        "部署日志中没有 batch size {batch_size} 的无干扰 Decode 行，因此无法核对其 TPOT。"
    ),
    "log_agrees.no_clean_line.remedy": LOWER_INTERVAL,
    "log_agrees.no_client_tpot": "客户端没有 TPOT，因此无法与日志核对。",
    "log_agrees.no_client_tpot.remedy": "请增大 --decode-output-len。",
    "log_agrees.more_running": (
        "本次运行有 Decode 行显示 {running} 个运行请求，但客户端最多只有 {batch_size} 个在途。"
    ),
    "log_agrees.more_tokens": (
        "本次运行的无干扰 Decode 行对应 {tokens:.0f} 个 token，但客户端只收到 {received:.0f} 个。"
    ),
    "log_agrees.agrees": "{comparison}。",
    "log_agrees.same_batch": (
        "{comparison}。两者测的是同一 batch，原因多半在客户端、网络，或日志属于另一个服务。"
    ),
    "log_agrees.same_batch.remedy": (
        "请查看检查项 client 中客户端的延迟，绕过代理测量，并确认 --deploy-log 属于该服务。"
    ),
    "log_agrees.differs": "{comparison}。{cause}",
    "log_agrees.differs.remedy": (
        "该 batch size 请使用 full_batch.tpot 或 decode 曲线；增大 --decode-output-len 可提高满批占比。"
    ),
    "log_agrees.comparison": (
        "日志在 batch size {batch_size} 时为每 token {log_tpot:number} ms（n={samples} 条无干扰行），客户端平均 TPOT 为 "
        "{mean_tpot:number} ms（{mean_off:+.1%}），{full}"
    ),
    "log_agrees.full": "其满批时段内为 {full_tpot:number} ms（{full_off:+.1%}{share}）",
    "log_agrees.full_share": "，占全程 {share:.0%}",
    "log_agrees.never_full": "而客户端从未达到满批",
    "log_agrees.waves": "原因多半是分波：在客户端看来，这些请求从未全部同时 decode。",
    "log_agrees.prefill_stalls": (
        "原因多半是 prefill 造成的停顿：每个响应的 TPOT 都包含其后到达的请求的 prefill。"
    ),
    "log_agrees.first_prefill_stalls": (
        "原因多半是 prefill 造成的停顿：最先的响应的 TPOT 包含其他请求的 prefill。"
    ),
    "log_agrees.smaller_batch": "原因多半是分波：每个响应有一部分是在更小的 batch 中 decode 的。",
    "log_agrees.mostly_smaller_batch": "原因多半是分波：每个响应的大部分是在更小的 batch 中 decode 的。",
    "remedy.one_writer": (
        "请确认 --deploy-log 是 --base-url 处服务的日志，只有该服务写入，且没有其他客户端使用该服务。"
    ),
}
