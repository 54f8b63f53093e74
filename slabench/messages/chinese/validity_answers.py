"""对响应的检查：completed、resent、finish_reason、output_length、token_counts、tpot_defined。"""

_PLAIN_STREAM = "请直接测量服务：代理可能打乱或缓冲流。"

MESSAGES = {
    "completed.all": "全部 {requests} 个请求成功。",
    "completed.too_few_prompts": "计划 {planned} 个请求，只生成了 {requests} 个：数据集没有更多 prompt。",
    "completed.too_few_prompts.remedy": "请使用更大的数据集，或减少 prompt 数。",
    "completed.failed": "{requests} 个请求中有 {failed} 个失败，错误：{errors}；必须全部成功。{example}",
    "error.count": "{error}（{count} 个）",
    "error.example": "第一个错误：{text}",
    "error.no_files": "客户端机器上没有空闲的文件描述符",
    "error.no_ports": "客户端机器上没有空闲的本地端口",
    "error.connect": "无法建立连接",
    "error.reset": "连接中断",
    "error.http_status": "HTTP {status}",
    "error.not_a_stream": "响应不是事件流",
    "error.in_stream": "流内错误",
    "error.malformed": "响应格式错误",
    "error.truncated": "响应被截断",
    "error.no_tokens": "响应中没有可计数的 token",
    "error.first_byte_timeout": "首字节超时",
    "error.idle_timeout": "响应中途超时",
    "error.total_timeout": "整个响应超时",
    "error.not_sent": "运行结束时尚未发送",
    "error.interrupted": "运行结束时响应尚未完成",
    "error.no_end": "响应没有结束",
    "remedy.other_endpoint": (
        "--base-url 处的服务不提供该接口：请用 --backend 选择另一个。worker 使用 gRPC 的网关（smg）可能没有 /generate：请用 "
        "--backend=sglang-oai。"
    ),
    "remedy.more_files": (
        "请把启动 slabench 的 shell 的 ulimit -n 提高到 {files}（在途请求 {in_flight} 个，另加 {spare} 个）；若已足够高，请调大机器的 "
        "fs.file-max。原因不在服务端。"
    ),
    "remedy.more_ports": (
        "请使用 --connections=keep-alive（连接关闭后端口仍会占用一分钟），或把 net.ipv4.ip_local_port_range 扩大到超过 {in_flight} "
        "个在途请求。原因不在服务端。"
    ),
    "remedy.report_usage": (
        "响应没有上报 usage：请使用支持 stream_options.include_usage 的服务或网关，或使用 --backend=sglang，其 /generate 对每个事件计数。"
    ),
    "remedy.count_events": (
        "请用 --backend=sglang 测量（/generate 对每个事件计数），或使用会透传 stream_options.continuous_usage_stats 的服务或网关："
        "sglang 0.5.5 及以上支持，SGLang 自己的网关只在流结束时汇总。"
    ),
    "resent.none": "没有请求被重发。",
    "resent.some": (
        "{sent} 个请求中有 {resent} 个因服务端关闭了空闲连接而在新连接上重发（上限 {limit:.0%}）；其时间从首次发送起算。"
    ),
    "resent.some.remedy": "请使用 --connections=per-request，或让服务端把空闲连接保持更久。",
    "finish_reason.length": "全部 {answers} 个响应的 finish_reason 均为 length。",
    "finish_reason.other": "{answers} 个响应中有 {other} 个的 finish_reason 不是 length（{reasons}）；必须全部是。",
    "finish_reason.other.remedy": "请确认服务端遵守 ignore_eos，且没有中止请求。",
    "finish_reason.count": "{reason} {count} 个",
    "output_length.requested": "全部 {answers} 个响应的长度符合要求。",
    "output_length.other": (
        "{answers} 个响应中有 {other} 个长度不符合要求（请求 {index}：要求 {requested} 个 token，实际 {tokens} 个）；必须全部符合。"
    ),
    "output_length.other.remedy": "请确认服务端遵守 max_new_tokens 和 ignore_eos。",
    "token_counts.grow": "全部 {answers} 个流的 token 计数都有效，并递增到 completion_tokens。",
    "token_counts.unusable": "请求 {index} 的 token 计数不可用：{reason}。",
    "token_counts.unusable.remedy": _PLAIN_STREAM,
    "token_counts.none": "没有事件对 token 计数",
    "token_counts.not_positive": "有计数不是正数",
    "token_counts.falls": "计数在流中变小",
    "token_counts.repeats": "{events} 个事件中有 {repeats} 个与前一个计数相同（上限 {limit}）",
    "token_counts.too_early": "有 token 早于请求发送时刻到达，或早于它前面的 token 到达",
    "token_counts.after_done": "有 token 在 [DONE] 之后到达",
    "token_counts.other_total": "流中计到 {counted} 个 token，最后一个事件上报 {reported} 个",
    "token_counts.at_end": "服务端只在每个流结束时给出 token 数：TPOT 只知道上下界，ITL 未知。",
    "token_counts.mixed": (
        "{answers} 个响应中有 {uncounted} 个没有在流中对 token 计数（第一个：请求 {index}），其余有；必须全有或全无。"
    ),
    "token_counts.mixed.remedy": "请只测量一个服务，而不是多种服务的混合。{count_events}",
    "tpot_defined.all": "全部 {answers} 个多于一个 token 的响应都有 TPOT。",
    "tpot_defined.few_behind_first": (
        "{answers} 个响应中有 {few} 个（上限 {limit:.0%}）首个事件之后的 token 不到 {share:.0%}（请求 {index}：{tokens} 个中有 {first} "
        "个在首个事件里）：它们的 TPOT 不能代表整个响应。"
    ),
    "tpot_defined.counted_at_end": (
        "服务端只在每个流结束时给出 token 数，{answers} 个响应中有 {undefined} 个的首个事件可能已包含全部 token（请求 {index}："
        "{tokens} 个），因此 TPOT 没有上界。"
    ),
    "tpot_defined.undefined": (
        "{answers} 个多于一个 token 的响应中有 {undefined} 个没有 TPOT（第一个：请求 {index}）：首个事件之后没有 token，均值只覆盖其余 "
        "{others} 个。"
    ),
    "tpot_defined.few_behind_first.remedy": "请以更小的 --stream-interval 启动服务，并绕过代理测量。",
    "tpot_defined.undefined.remedy": "请以更小的 --stream-interval 启动服务，并绕过代理测量。",
}
