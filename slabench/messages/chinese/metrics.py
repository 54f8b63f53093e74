"""首 token 时间由什么组成，期间有多少请求在运行和排队。"""

MESSAGES = {
    "ttft.sentences": "{sentences:sentences}",
    "ttft.parts": (
        "TTFT 均值 {ttft:number} ms：服务端排队 {queue:number} ms（按服务端对每个请求的上报），prefill {prefill:number} ms，服务端之外 {outside:number} ms。"
    ),
    "ttft.tokenizer": "其中 prefill 部分有 {tokenizer:number} ms（{share:.0%}）用于分词。",
    "ttft.retracted": "被 retract 的请求（{retracted} 个）不计入以上拆分：服务端会重新计算它们的排队时间。",
    "ttft.all_retracted": (
        "TTFT 均值 {ttft:number} ms；无法拆分，因为全部 {retracted} 个请求都被 retract，服务端会重新计算它们的排队时间。"
    ),
    "ttft.not_reported": "TTFT 均值 {ttft:number} ms；服务端没有上报排队时间：请以 --enable-metrics 启动服务。",
    "ttft.server_queue": (
        "TTFT 均值 {ttft:number} ms；按服务端的 /metrics，其中排队 {queue:number} ms（其响应上报的排队时间为 0，不能算作测量值）。"
    ),
    "ttft.ran": "在部署日志 {lines} 条 Decode 行所处的时刻，最多同时运行 {ran} 个请求，没有排队。",
    "ttft.queued": (
        "在部署日志 {lines} 条 Decode 行所处的时刻，最多同时运行 {ran} 个请求；其中 {queued_lines} 条显示排队，最多排队 {queued} 个。"
    ),
    "ttft.by_client": "按客户端观察，最多有 {ran:.0f} 个请求同时 decode；最多有 {queued:.0f} 个在等待首 token。",
}
