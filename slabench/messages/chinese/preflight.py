"""施压之前就能知道的内容：会话开始时，以及 `slabench doctor`。"""

LOG_FILES = "（每个节点一个文件，逗号分隔）"
SERVER = "SGLang {version}，地址 {url}{router}：{roles}，模型 {model}，{gpus}。"

MESSAGES = {
    "preflight.baseline_server": "基线服务：{text}",
    "preflight.more": "（另有 {more} 项：{tests}）",
    "preflight.refused": "{check}：{text}{remedy}没有施压。",
    "preflight.not_comparable": "{text}；没有施压",
    "preflight.gate": "no_load：使用 {gate} 时，只要有测试无法测量，就不施压（{test}：{check}：{text}）",
    "preflight.usage": "{text}没有施压。",
    "preflight.usage_gate": "{text}使用 {gate} 时它会是 INVALID，因此没有施压。",
    "preflight.will_be": "{text}它将为 INVALID。",
    "preflight.says": "INVALID {tests}：{check}：{text}{others}不会施压。",
    "preflight.says_not_comparable": "INVALID：{text}：不会施压。",
    "deploy_log.missing": (
        "{test} 取自服务端日志，而没有给出日志：请加 {options}"
        + LOG_FILES
        + "，或用 --deselect={test} 略去该测试。"
    ),
    "deploy_log.none": "没有给出部署日志：只有日志中才能看到的内容（排队、CUDA graph）将不检查。",
    "deploy_log.none.remedy": "请加 {option}" + LOG_FILES + "。",
    "deploy_log.given": "每个服务都有日志。",
    "open_files.few": "{problem}",
    "open_files.few.remedy": "请调大启动 slabench 的 shell 的 `ulimit -n`。",
    "open_files.enough": "本机允许打开的文件数足够 {streams} 个在途请求使用。",
    "local_ports.few": "{streams} 个在途请求需要同样多的本地端口，而本机只有 {ports} 个。",
    "local_ports.few.remedy": "请用 sysctl net.ipv4.ip_local_port_range 扩大范围，或调低 --max-concurrency。",
    "local_ports.waiting": (
        "--connections=per-request 为 {requests} 个请求各占用一个本地端口，而本机只有 {ports} 个，用过的端口一分钟后才会释放。"
    ),
    "local_ports.waiting.remedy": "请去掉 --connections=per-request，或扩大 net.ipv4.ip_local_port_range。",
    "local_ports.enough": "{ports} 个本地端口，足够 {streams} 个在途请求使用。",
    "server.router": "（经由 {kind}）",
    "server.answers": SERVER,
    "server.partly": SERVER + "router 后面的服务没有全部问到。",
    "server.partly.remedy": "请在能访问这些服务的机器上运行，并给出 --prefill-gpu-num 和 --decode-gpu-num。",
    "server.other_version": SERVER + "基准版本是 0.5.7：本次运行将标注 NOT_REFERENCE。",
    "server.unknown_gpus": SERVER + "每 GPU 的指标需要知道 GPU 数。",
    "server.unknown_gpus.remedy": "请给出 --decode-gpu-num。",
    "comparable.same": "该服务可与 {baseline} 比较：模型、硬件和参数一致。",
    "request_fits.fits": "最长的请求有 {tokens} token；服务端可接受 {limit}。",
    "request_fits.context": "prompt 与输出合计 {tokens} token，而服务端的上下文长度为 {limit}。",
    "request_fits.context.remedy": "请使用更短的 prompt 和输出，或以更大的 --context-length 启动服务。",
    "request_fits.pool": "prompt 与输出合计 {tokens} token，而服务端的 KV cache 只有 {limit}。",
    "request_fits.pool.remedy": "请使用更短的 prompt 和输出，或 KV 池更大的服务。",
    "in_flight.unknown": (
        "服务端既没有上报 token 容量，也没有上报运行上限：不知道它能否同时运行 {streams} 个请求。"
    ),
    "in_flight.unknown.remedy": "请确认 server_info 有响应。",
    "in_flight.queued": (
        "{test} 保持 {streams} 个在途请求，而服务端同时只能运行 {running} 个（KV cache {capacity} token，每请求 {tokens}，运行上限 "
        "{cap}）：其余在服务端排队，排队计入 TTFT。"
    ),
    "in_flight.queued.remedy": "若要容得下的负载，请调低 --max-concurrency；tencent 的形式本就会打满服务。",
    "in_flight.runs": "{streams} 个在途请求，服务端可同时运行 {running} 个。",
    "cuda_graph.off": "服务端没有使用 CUDA graph：decode 每步更慢。",
    "cuda_graph.off.remedy": "启动时请不要加 --disable-cuda-graph。",
    "cuda_graph.unknown": "服务端没有上报最大的 CUDA graph。",
    "cuda_graph.unknown.remedy": "给出 --deploy-log 的运行中，检查 `graph` 会指出没有使用 CUDA graph 的 batch。",
    "cuda_graph.beyond": "batch 最大会到 {size}，而最大的 CUDA graph 只到 {limit}：超出后 decode 每步更慢。",
    "cuda_graph.beyond.remedy": "请以 --cuda-graph-max-bs={size} 启动服务。",
    "cuda_graph.covers": "最大的 CUDA graph 为 {limit}，最大的 batch 为 {size}。",
}
