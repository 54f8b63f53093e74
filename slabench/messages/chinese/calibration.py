"""客户端自身误差为何未知，以及正在校准。"""

MESSAGES = {
    "calibration.at_host": "施压主机 {host}：{why}",
    "calibration.not_driven": "无法对内置的 null server 施压：{problem}",
    "calibration.requests_failed": "发往 null server 的 {requests} 个请求中有 {failed} 个失败；第一个错误：{problem}",
    "calibration.unknown_answers": "null server 只把 {requests} 个请求中的 {known} 个记为完整响应",
    "calibration.ceiling": (
        "null server 在本机上达不到 {rate:,.0f} token/s：写出时刻在 p99 上晚 {late_ms:.1f} ms，只达到目标速率的 {reached:.0%}"
    ),
    "calibration.begins": "正在校准客户端，需要几秒：{streams} 路流，每路每 {itl_ms:g} ms 一个 token。",
}
