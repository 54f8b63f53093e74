"""对负载的检查：prompt、请求速率、batch size、节奏，以及服务端上报的时间。"""

_BATCH = "请增大 --decode-output-len，或使用服务端容得下的 --batch-sizes。"
_WARM_UP = "请预热服务：--warmup-requests 保持默认（与在途请求数相同）或调大，并在同一服务进程上重新测试。"
_STOPPED = "请在服务端日志的相应时刻查找编译、重启或机器挂起，然后重新运行。"

MESSAGES = {
    "random_tokens.none": "prompt 是文本，或服务端没有已知会受随机 id 影响的特性。",
    "random_tokens.distorted": "prompt 是随机 id，会影响{distorted:和}：文本会得到不同的指标。",
    "random_tokens.distorted.remedy": (
        "请同时用 --dataset-name=sharegpt 或自己的对话数据测量；只比较使用相同数据集的运行。"
    ),
    "random_tokens.speculative": "投机解码（{algorithm}）",
    "random_tokens.experts": "专家路由（{architecture}）",
    "prompt_length.none": "服务端没有上报 prompt_tokens。",
    "prompt_length.none.remedy": "请使用会上报 meta_info 的服务。",
    "prompt_length.mixed": (
        "{answers} 个响应中有 {silent} 个没有上报 prompt_tokens，其余有，因此不知道服务端实际读入了什么。"
    ),
    "prompt_length.ids": "全部 {answers} 个响应的 prompt_tokens 与发送的 id 数相同。",
    "prompt_length.other_ids": (
        "{answers} 条 prompt 中有 {other} 条在服务端长度不同（请求 {index}：发送 {sent} 个 id，读入 {read} 个）；必须一致。"
    ),
    "prompt_length.other_ids.remedy": "服务端可能截断 prompt（--allow-auto-truncate）；请关闭。",
    "prompt_length.other_text": (
        "{answers} 条 prompt 中有 {other} 条在服务端长度不同（请求 {index}：发送的文本为 {sent} 个 token，读入 {read} 个）；必须一致。"
    ),
    "prompt_length.other_text.remedy": (
        "请用 --tokenizer=DIR 传入服务端自己的 tokenizer；服务端不得截断或包装 prompt。"
    ),
    "prompt_length.drift": (
        "服务端计得 {read} 个 prompt token{counted}{template}，而负载要求 {meant} 个（{drift:+.1%}；超过 {limit:.0%} 即为提示）。"
    ),
    "prompt_length.counted": "（对 {texts} 条文本逐条与我们的 tokenizer 一致）",
    "prompt_length.template": "，其中每条另有 chat template 的 {added} 个",
    "prompt_length.drift.remedy": ("文本经解码再编码后长度会变化；用 --prompt-form=ids 可发送精确的 id。"),
    "prompt_length.other_tokenizer": (
        "服务端计得 {read} 个 prompt token，而负载要求 {meant} 个（{drift:+.1%}，上限 {limit:.0%}）。"
    ),
    "prompt_length.other_tokenizer.remedy": (
        "请传入服务端所用模型的 tokenizer（--tokenizer=DIR），或用 --prompt-form=ids 发送精确的 id。"
    ),
    "prompt_length.varying_template": (
        "服务端对每条 prompt 的计数比消息多 {least} ~ {most} 个 token：chat template 增加了一些，具体多少未知。"
    ),
    "prompt_length.varying_template.remedy": "--backend=sglang 和 sglang-oai 会原样发送 prompt。",
    "rate_reached.no_cap": "请求速率与服务之间没有并发上限。",
    "rate_reached.at_once": "所有请求应在同一时刻发送。",
    "rate_reached.reached": (
        "客户端实际发送 {reached:.3g} 请求/s；按计划应为 {offered:.3g} 请求/s（--request-rate={rate:g}，n={requests}）。"
    ),
    "rate_reached.capped": (
        "客户端实际发送 {reached:.3g} 请求/s；按计划应为 {offered:.3g} 请求/s（--request-rate={rate:g}）。--max-concurrency={cap} "
        "把发送速率压到计划的 {share:.0%}（下限 {limit:.0%}，n={requests}）。{ttft}"
    ),
    "rate_reached.capped.remedy": (
        "请把这些指标看作并发 {cap}（--max-concurrency）下的指标，若等待也要计入，请以 ttft_due 判定："
        "--request-rate 只有低于 {reached:.3g} 时才起作用。"
    ),
    "rate_reached.ttft": "TTFT 从实际发送起平均 {sent_ms:,.1f} ms，从计划时刻起平均 {due_ms:,.1f} ms。",
    "batch_fits.fits": "batch size {size} 需要 {needed} token 的 KV cache，共有 {capacity}。",
    "batch_fits.tokens": "batch size {size} 需要 {needed} token 的 KV cache，服务端只有 {capacity}。",
    "batch_fits.tokens.remedy": "{use}，或使用 KV 池更大的服务。",
    "batch_fits.running": "batch size {size} 超过服务端的运行请求上限 {max_running}。",
    "batch_fits.running.remedy": "{use}，或调大 --max-running-requests。",
    "batch_fits.largest": "请把 --batch-sizes 控制在 {fits} 以内",
    "batch_fits.shorter": "请使用更短的 prompt 和输出",
    "batch_fits.unknown": "服务端没有上报 token 容量。",
    "batch_fits.unknown.remedy": "请确认 server_info 有响应。",
    "batch_fits.unknown_of_several": "并非所有 decode 服务都上报了 token 容量。",
    "batch_fits.unknown_of_several.remedy": "请使用会列出其服务的 router，并在能访问这些服务的机器上运行。",
    "batch_reached.reached": "已达到 batch size {size}。",
    "batch_reached.in_log": (
        "日志中有 {lines} 条 Decode 行达到 batch size {size}；客户端观察到最多 {peak} 个请求同时 decode。"
    ),
    "batch_reached.never": "从未达到 batch size {size}：最多 {peak} 个请求同时 decode。",
    "batch_reached.never.remedy": _BATCH,
    "batch_held.share": (
        "{tokens} 个 token 中有 {held:.0f} 个（{share:.0%}）是在全部 {size} 个请求同时 decode 时生成的{log}；至少要求 {limit:.0%}。"
    ),
    "batch_held.share.remedy": _BATCH,
    "batch_held.lines": "；日志的 {lines} 条 Decode 行中有 {at_size} 条为该 batch size",
    "batch_held.no_token": "没有 token 到达，因此没有保持住任何 batch。",
    "batch_held.no_token.remedy": "请先查看失败的请求。",
    "first_run.lost": "{cause}（上限 {limit:.0%}，超过 {finding:.0%} 为提示）花在首次执行的工作上。",
    "first_run.lost.remedy": _WARM_UP,
    "first_run.taken_in": (
        "{cause}。其中 {taken_in_s:.1f} s 发生在这些响应的服务端自身计时开始之前：服务在接收请求，或其前面有环节扣住了请求。"
    ),
    "first_run.taken_in.remedy": (
        "这属于吞吐的一部分；更多或更长的 prompt（--prefill-prompts、--prefill-lens）会减小其占比。"
    ),
    "first_run.pause": "开头 {pause}：占全程的 {share:.0%}",
    "first_run.requests": (
        "前 {requests} 个请求中有 {slower} 个等待时间超过之后的任何一个，最长 {longest_ms:.0f} ms，而之后最多 {later_ms:.0f} ms："
        "占全部等待时间的 {share:.0%}"
    ),
    "first_run.no_batch": "运行开头与之后一样快。",
    "first_run.never_full": "从未达到 batch size {size}，因此不比较其开头。",
    "first_run.too_short": "满批的前后两半中每个请求不到 {tokens} 个 token：太少，无法比较。",
    "first_run.waves": (
        "第一波每 token {first_ms:.2f} ms，之后的 {later} 波为 {later_ms:.2f} ms（{slower:+.0%}）"
    ),
    "first_run.halves": "满批开始时每 token {first_ms:.2f} ms，结束时 {later_ms:.2f} ms（{slower:+.0%}）",
    "first_run.even": "运行开头与之后一样快：{compared:；}。",
    "first_run.slower": "运行开头比之后慢超过 {limit:.0%}：{compared:；}。有些工作是首次执行的。",
    "first_run.slower.remedy": "请让 --warmup-requests 保持默认，或调大。",
    "stall.pause": (
        "有 {in_flight} 个请求在途，却在 {lasted_s:.1f} s 内没有任何数据到达（从 {after_s:.1f} s 处起），按其余时间的节奏预期为 "
        "{expected_s:.2f} s"
    ),
    "stall.server": "整个服务停顿：{pause}；上限 {limit_s:g} s（--stall-limit）。",
    "stall.server.remedy": _STOPPED,
    "stall.server_often": "整个服务停顿的时间占全程的 {share:.0%}（上限 {limit:.0%}）；最长的一次：{pause}。",
    "stall.server_often.remedy": _STOPPED,
    "stall.answers": (
        "{answers} 个响应中有 {stalled} 个停顿超过 {limit_s:g} s（--stall-limit），最长 {longest_s:.1f} s（请求 {index}）。"
    ),
    "stall.answers.remedy": ("请在日志中查找 retract、编译或 prefill；--stall-limit=S 可允许更长的停顿。"),
    "stall.none": "{answers} 个响应都没有停顿超过 {limit_s:g} s。",
    "stall.no_gap": "没有响应有两次以上的数据到达。",
    "stall.never_full": "从未达到 batch size {size}，因此其间的停顿没有定义。",
    "reported_times.none": "响应没有上报服务端自己的时间。",
    "reported_times.none.remedy": "请以 --enable-metrics 启动服务。",
    "reported_times.agree": "{answers} 个响应上报的时间和计数与客户端一致。",
    "reported_times.impossible": (
        "{answers} 个响应中有 {wrong} 个上报了不可能的时间或计数（请求 {index}：{reason}）。"
    ),
    "reported_times.impossible.remedy": (
        "请不要使用服务端在本次运行中上报的时间和计数；并确认其时钟在服务期间没有被调整。"
    ),
    "reported_times.negative": "{name} 为 {value:g}",
    "reported_times.too_long": "{name} 为 {value:g} s，客户端测得 {client_s:.3g} s",
}
