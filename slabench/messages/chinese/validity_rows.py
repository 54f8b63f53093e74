"""对其他客户端的负载的检查：由它施压的运行，以及它留下的结果行。"""

MESSAGES = {
    "completed.client_failure": "{failure}",
    "completed.client_failure.remedy": "请用相同的选项手工运行它，查看其输出。",
    "completed.counted": ("{client} 计得 {requests} 个请求中有 {counted} 个完成；必须全部成功。{example}"),
    "completed.no_count": "未知数量",
    "completed.no_number": "未知数量的",
    "completed.no_text": (
        "{requests} 个响应中有 {silent} 个没有文本（第一个：请求 {index}）；{client} 把流内错误也计为这样的成功。"
    ),
    "completed.no_text.remedy": "请使用 --client=slabench，它能区分错误和空文本。",
    "completed.row_failed": "{requests} 个请求中有 {completed} 个计为完成；必须全部成功。{example}",
    "completed.row_no_text": ("{answers} 个响应中有 {silent} 个没有文本，流内错误在结果行中就是这个样子。"),
    "completed.row_little_text": (
        "响应的文本为 {text:g} 个 token，而计数为 {counted:g} 个（预期至少 {limit:.0%}）：有些响应可能没有文本。"
    ),
    "completed.row_number_unknown": "完成了 {completed} 个请求；结果行没有上报发送了多少。",
    "completed.row_number_unknown.remedy": "请用 --output-details 保留各请求的详情。",
    "output_length.as_requested": "服务端不给计数时，{client} 保存的是要求的长度。",
    "output_length.row_empty": "{answers} 个响应中有 {empty} 个没有 token；必须全部达到要求的数量。",
    "output_length.row_unknown": "结果行没有同时上报要求的 token 数和生成的 token 数。",
    "output_length.row_other": (
        "要求 {requested} 个 token，实际生成 {tokens:g} 个（{answers} 个请求，每个 {length:g}）。"
    ),
    "output_length.row_other.remedy": "请确认服务端遵守 max_new_tokens 和 ignore_eos。",
    "output_length.row_range": "{least} ~ {most}",
    "output_length.row_as_requested": (
        "上报的 token 数与要求的相同；对 backend {backend}，无论是否真的生成，结果行都写要求的数量。"
    ),
    "output_length.row_requested": "生成的 token 数与要求的相同。",
    "prompt_length.not_planned": (
        "{client} 发送的 prompt 与计划不同（请求 {index}：{sent} 个 token，计划 {planned} 个）。"
    ),
    "prompt_length.not_planned.remedy": "请使用本次运行的数据集、tokenizer 和版本。",
    "prompt_length.planned": "{client} 上报的 prompt 与计划一致；它不保存服务端的 prompt_tokens。",
    "prompt_length.row_few": "发送了 {sent:g} 个 prompt token，而要求至少 {requested} 个。",
    "prompt_length.row_few.remedy": "请确认 prompt 没有在上下文长度处被截断。",
    "prompt_length.row_requested": "结果行中是要求的 prompt 长度，而不是服务端计得的长度。",
    "batch_reached.never_in_a_second": ("从未达到 batch size {size}：任一秒内最多有 {peak:g} 个请求在途。"),
    "batch_reached.never_in_a_second.remedy": (
        "请增大 --decode-output-len，或使用服务端容得下的 --batch-sizes。"
    ),
    "batch_reached.unknown": "{client} 没有上报请求的开始时刻，因此不知道有多少请求同时运行。",
    "row_figures.agree": "结果行的各项指标互相一致。",
    "row_figures.contradiction": "结果行的指标互相矛盾：{reason}。",
    "row_figures.contradiction.remedy": "请传入客户端原样写出的文件。",
    "row_figures.alike": "全部 {requests:g} 个请求的 {metric} 完全相同，直到最后一位",
    "row_figures.duration": "时长为 {duration:g} s",
    "row_figures.rate": "{rate} 为 {reported:g}，但按其 {duration:g} s 内的计数应为 {computed:g}",
    "row_figures.order": "{high} {more:g} 小于 {low} {less:g}",
    "row_figures.twice": "该负载的第 {first} 行和第 {second} 行是同一次运行，会被计两次。",
    "row_figures.twice.remedy": "请去掉其中一行。",
}
