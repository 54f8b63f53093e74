"""对 token 到达时刻的检查：streamed、one_read。"""

_DIRECT = "请直接测量服务，不要经过会缓冲流的网关。"

MESSAGES = {
    "streamed.one_token": "没有响应多于一个 token，因此不存在被扣留的可能。",
    "streamed.not_probed": "没有探测空闲时的服务{failure}，因此不知道响应是否会被扣留到全部完成。",
    "streamed.not_probed.remedy": "请确认空闲时的服务能应答一个 64 token 的请求。",
    "streamed.probe_failure": "（{failure}）",
    "streamed.first_tokens": (
        "空闲时，输出 1 个 token 的请求首 token 在 {short_ms:.1f} ms 到达，输出 {tokens} 个的在 {long_ms:.1f} ms 到达"
    ),
    "streamed.idle": "{times}。",
    "streamed.held_back": (
        "{times}（上限 {factor:g} 倍且晚 {limit_ms:g} ms，{probes} 次探测均超出）：响应被扣留到全部完成，因此其 token 的时刻不是服务端的时刻。"
    ),
    "streamed.held_back.remedy": _DIRECT,
    "streamed.empty_first": (
        "空闲时，首个计数事件在 {first_ms:.1f} ms 到达却没有文本，首段文本晚了 {gap_ms:.0f} ms，而后续事件间隔为 {later_ms:.1f} ms（上限为其 "
        "{factor:g} 倍且 {limit_ms:g} ms，{probes} 次探测均超出）：TTFT 不是某个 token 的时刻。"
    ),
    "streamed.empty_first.remedy": _DIRECT,
    "streamed.early_first": (
        "空闲时，首个计数事件在 {first_ms:.1f} ms 到达，下一个晚了 {gap_ms:.0f} ms，而后续事件间隔为 {later_ms:.1f} ms（上限为其 {factor:g} 倍且 "
        "{limit_ms:g} ms，{probes} 次探测均超出）：TTFT 可能不是某个 token 的时刻。"
    ),
    "streamed.early_first.remedy": _DIRECT,
    "streamed.faster_than_idle": (
        "{answers} 个响应中有 {fast} 个的事件间隔为 {client_ms:.2f} ms，比空闲服务处理单个请求时（{server_ms:.2f} ms）快 {factor:g} 倍以上；"
        "最多允许 {share:.0%}。它们可能被扣留过。"
    ),
    "streamed.faster_than_idle.remedy": _DIRECT,
    "streamed.faster_than_made": (
        "{answers} 个响应中有 {fast} 个以每 token {client_ms:.2f} ms 到达，比服务端的生成速度（按 meta_info 的 decode_throughput 为 "
        "{server_ms:.2f} ms，均为中位数）快 {factor:g} 倍以上；最多允许 {share:.0%}。它们被扣留过。"
    ),
    "streamed.faster_than_made.remedy": _DIRECT,
    "streamed.faster_than_log": (
        "响应以每 token {client_ms:.2f} ms 到达（{answers} 个的中位数），比部署日志中九成的 Decode 行（{step_ms:.2f} ms）快 {factor:g} "
        "倍以上：它们被扣留过。"
    ),
    "streamed.faster_than_log.remedy": f"{_DIRECT}并确认 --deploy-log 属于该服务。",
    "one_read.bursts": (
        "{answers} 个响应中有 {at_once} 个在一次读取中全部到达，另有 {gathered} 个在末尾几次读取中到达；这样成批到达的响应最多允许 {limit:.0%}。"
    ),
    "one_read.bursts.remedy": (
        "其 token 没有各自的时刻：请在有空闲 CPU 核的机器上运行客户端，并绕过会攒积流的代理。"
    ),
}
