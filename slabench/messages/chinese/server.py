"""关于服务及其部署日志的说明。"""

MESSAGES = {
    "gpus.all": "{gpus} 个 GPU（{source}）",
    "gpus.of_role": "{gpus} 个 {role} GPU（{source}）",
    "gpus.sides": "{sides:；}",
    "gpus.servers": "{servers} 个服务端：{source}",
    "gpus.layout": "server_info 上报 {layout}",
    "gpus.dp_attention": "server_info 上报 {layout}（dp {dp} 在 tp 之内：dp-attention）",
    "gpus.by_loads": "/v1/loads 上报 {ranks} 个数据并行 rank，每个 {each} 个",
    "gpus.cpu": "设备为 cpu：本机按一个设备计",
    "gpus.no_tp": "server_info 中没有 tp_size",
    "gpus.none_decodes": "应答的是 prefill 服务端，没有负责 decode 的",
    "gpus.unknown": "GPU 数量未知，因此没有每 GPU 的指标：请给出 {option}",
    "gpus.unknown_prefill": "prefill GPU 数量未知{known}，因此没有每 GPU 的输入 tok/s：请给出 {option}",
    "gpus.unknown_decode": "decode GPU 数量未知{known}，因此没有每 GPU 的输出 tok/s：请给出 {option}",
    "gpus.silent": "（{servers} 个 {role} 服务端中有 {silent} 个未上报）",
    "gpus.one_of_role": "（一个 {role} 服务端应答，{layouts}，且未上报其他服务端）",
    "server.no_answer": "{url}：{why}",
    "server.refused": "连接被拒绝，{where} 上没有服务在监听。请确认服务正在运行，以及该地址的端口。",
    "server.timeout": "服务在 {limit_s:g} s 内没有响应。请确认它正在运行并能响应，且中间没有防火墙。",
    "server.closed": "服务没有应答就关闭了连接。请确认它正在运行，并检查 http:// 与 https://。",
    "server.no_http": ("{where} 的应答不是 HTTP。请检查主机、端口和路径：它必须是 SGLang 服务自身的地址。"),
    "log_window.gone": "部署日志 {path} 不见了（{reason}）；无法从中读取本次运行的内容。",
    "log_window.replaced": "部署日志 {path} 在运行期间被替换；之前的部分已丢失。",
    "log_window.rotated": "部署日志 {path} 在运行期间被轮转；之前的部分从 {older} 读取。",
    "log_window.cut": "部署日志 {path} 在运行期间从 {before} 字节被截断到 {after} 字节；丢失了一部分。",
    "gpu.not_read": "未能读取 GPU：{why}。缺少能耗和时钟数据。",
    "gpu.readings_failed": "负载期间失败的 GPU 读数：{failed}；最后一次的原因：{why}。",
    "gpu.not_there": "--gpu-index 或 --baseline-gpu-index 指定的 GPU 不存在；不报告能耗和时钟。",
    "gpu.two_servers": "无法确定哪些 GPU 属于两个服务中的哪一个，因此不报告能耗和时钟。请用 --gpu-index 和 --baseline-gpu-index 指定。",
    "gpu.other_count": "正在使用的 GPU：{in_use}；服务报告自己有 {count} 个，因此不报告能耗和时钟。请用 --gpu-index 指定它的 GPU（旧服务用 --baseline-gpu-index）。",
    "server.short_body": "应答在 {size} 字节后中断。请确认服务正在运行。",
    "server.no_host": "主机名 {host!r} 无法解析（{why}）。请检查地址中的主机。",
    "server.certificate": "证书不受信任（{why}）。请给出正确的 CA 文件，或检查主机名。",
    "server.tls": "TLS 失败（{why}）。如果 {where} 上的服务使用普通 http，请用 http://。",
    "server.no_handshake": (
        "{where} 接受了连接，但在 {limit_s:g} s 内没有回应 TLS 握手。使用普通 http 的服务会这样：若是如"
        "此请用 http://，否则请确认它能响应。"
    ),
    "server.failed": "请求失败（{error}：{why}）。{check}",
    "server.busy": (
        "{url} 应答 {status}：只有没有请求运行时才能清空前缀缓存，而{running}。将在 {limit_s:g} s 内反"
        "复清空；请停止其他客户端。"
    ),
    "server.not_busy": (
        "{url} 应答 {status}：只有没有请求运行时才能清空前缀缓存，而服务上报没有请求。将在 {limit_s:g} "
        "s 内反复清空。"
    ),
}
