"""客户端的时钟与服务端自己的时钟的核对。"""

MESSAGES = {
    "server_agrees.no_metrics": "不知道服务端自己的时间：它没有提供带计数的 /metrics。",
    "server_agrees.no_metrics.remedy": "请以 --enable-metrics 启动服务。",
    "server_agrees.other_requests": (
        "服务端的 /metrics 计得 {counted:number} 个请求，而本次运行发送了 {sent} 个：其平均时间不属于同一批请求。"
    ),
    "server_agrees.decoding_time": "decode 时间",
    "server_agrees.pair": "{metric:metric} {client:number} ms，服务端为 {server:number} ms",
    "server_agrees.ok": "客户端与服务端一致：{pairs:；}（n={n}）。",
    "server_agrees.shorter": (
        "客户端的 {metrics:和} 比服务端自己的还短：{pairs:；}（n={n}）。客户端不可能在 token 生成之前就看到它。"
    ),
    "server_agrees.shorter.remedy": (
        "请查找会扣留首 token 的代理、该地址后面的另一个服务，或被调整过的时钟；并直接测量服务。"
    ),
    "server_agrees.decoding_differs": (
        "客户端的 decode 时间与服务端自己的相差超过 {limit:.0%}：{pairs:；}（n={n}）。"
    ),
    "server_agrees.decoding_differs.remedy": (
        "服务端与客户端之间有东西延迟了 token：请在服务所在的机器上、绕过代理测量。"
    ),
    "server_agrees.ttft_longer": (
        "TTFT 比服务端自己的时钟所计长 {late:number} ms（该时钟从其 tokenizer 收到请求时开始）：{pairs:；}（n={n}）。"
    ),
    "server_agrees.ttft_longer.remedy": (
        "一批长 prompt 会在服务端的 HTTP 进程中等待；否则请检查网络是否缓慢，或是否有会缓冲的代理。"
    ),
}
