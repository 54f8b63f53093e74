"""施压之前就能知道的内容：会话开始时，以及 `slabench doctor`。"""

LOG_FILES = "（每个节点一个文件，逗号分隔）"
SERVER = "SGLang {version}，地址 {url}{router}：{roles}，模型 {model}，{gpus}。"

MESSAGES = {
    "preflight.unreachable": "INVALID：{why}没有运行任何测试。",
    "preflight.baseline_server": "基线服务：{text}",
    "preflight.sentence": "{parts:sentences}",
    "preflight.more": "（另有 {more} 项：{tests}）",
    "preflight.refused": "{check}：{parts:sentences}没有施压。",
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
    "reference_client.there": "由 {name} 施压。",
    "open_files.few": "{problem}",
    "open_files.limit": "客户端的 ulimit -n 为 {most}，而 {streams} 个在途请求大约需要 {files}。",
    "open_files.few.remedy": "请调大启动 slabench 的 shell 的 ulimit -n。",
    "open_files.enough": "本机允许打开的文件数足够 {streams} 个在途请求使用。",
    "local_ports.few": "{streams} 个在途请求需要同样多的本地端口，而本机只有 {ports} 个。",
    "local_ports.few.remedy": "请用 sysctl net.ipv4.ip_local_port_range 扩大范围，或调低 --max-concurrency。",
    "local_ports.waiting": (
        "--connections=per-request 为 {requests} 个请求各占用一个本地端口，而本机只有 {ports} 个，用过的端口一分钟后才会释放。"
    ),
    "local_ports.waiting.remedy": "请去掉 --connections=per-request，或扩大 net.ipv4.ip_local_port_range。",
    "local_ports.enough": "{ports} 个本地端口，足够 {streams} 个在途请求使用。",
    "server.unknown_version": "（版本未知）",
    "server.router": "（经由 {kind}）",
    "server.answers": SERVER,
    "server.partly": SERVER + "router 后面的服务没有全部问到。",
    "server.partly.remedy": "请在能访问这些服务的机器上运行，并给出 --prefill-gpu-num 和 --decode-gpu-num。",
    "server.other_version": SERVER + "基准版本是 0.5.7：本次运行将标注 NOT_REFERENCE。",
    "server.unknown_gpus": SERVER + "每 GPU 的指标需要知道 GPU 数。",
    "server.unknown_gpus.remedy": "请给出 --decode-gpu-num。",
    "comparable.same": "该服务可与 {baseline} 比较：模型、硬件和参数一致。",
    "launch_spread.stored": "{file} 有每个测试的启动离散程度。",
    "launch_spread.missing": (
        "仅 --launches={launches} 不足以看出各次启动之间的差异（需要 {least} 次），而 {file} 没有这个测试的启动离散程度。"
    ),
    "launch_spread.missing.remedy": (
        "请用已接受的版本以 --launches=8 测一次，然后 {slabench} baseline launches RUN -o FILE。"
    ),
    "earlier_launches.valid": "之前的 {launches} 次启动中每个测试都有有效的结果。",
    "request_fits.fits": "最长的请求有 {tokens} token；服务端可接受 {limit}。",
    "request_fits.context": "prompt 与输出合计 {tokens} token，而服务端的上下文长度为 {limit}。",
    "request_fits.context.remedy": "请使用更短的 prompt 和输出，或以更大的 --context-length 启动服务。",
    "request_fits.pool": "prompt 与输出合计 {tokens} token，而服务端的 KV cache 只有 {limit}。",
    "request_fits.pool.remedy": "请使用更短的 prompt 和输出，或 KV 池更大的服务。",
    "in_flight.unknown": (
        "服务端既没有上报 token 容量，也没有上报运行上限：不知道它能否同时运行 {streams} 个请求。"
    ),
    "in_flight.unknown.remedy": "请确认 server_info 有响应。",
    "in_flight.pool": "KV cache {capacity} token，每请求 {tokens}",
    "in_flight.cap": "运行上限 {cap}",
    "in_flight.queued": (
        "{test} 保持 {streams} 个在途请求，而服务端同时只能运行 {running} 个（{why}）：其余在服务端排队，排队计入 TTFT。"
    ),
    "in_flight.queued.remedy": "若要容得下的负载，请调低 --max-concurrency；tencent 的形式本就会打满服务。",
    "in_flight.by_design": (
        "{test} 保持 {streams} 个在途请求，而服务端同时只能运行 {running} 个（{why}）：该方法本就会打满服务。"
    ),
    "in_flight.runs": "{test} 保持 {streams} 个在途请求，服务端可同时运行 {running} 个。",
    "cuda_graph.off": "服务端没有使用 CUDA graph：decode 每步更慢。",
    "cuda_graph.off.remedy": "启动时请不要加 --disable-cuda-graph。",
    "cuda_graph.unknown": "服务端没有上报最大的 CUDA graph。",
    "cuda_graph.unknown.remedy": "给出 --deploy-log 的运行中，检查 graph 会指出没有使用 CUDA graph 的 batch。",
    "cuda_graph.beyond": "batch 最大会到 {size}，而最大的 CUDA graph 只到 {limit}：超出后 decode 每步更慢。",
    "cuda_graph.beyond.remedy": "请以 --cuda-graph-max-bs={size} 启动服务。",
    "cuda_graph.covers": "最大的 CUDA graph 为 {limit}，最大的 batch 为 {size}。",
    "data_set.none": "没有指定数据集：prompt 为 {name}。",
    "data_set.few": "{path} 有 {count} 段对话，而要求 {prompts} 条 prompt。{broken}",
    "data_set.few.remedy": "请使用完整的 ShareGPT_V3 文件，或减少 prompt 数。",
    "data_set.enough": "{path} 有 {count} 段对话，足够 {prompts} 条 prompt 使用。{broken}",
    "client_speed.not_asked": "客户端不校准：使用了 --calibrate=off、其他客户端或内置模拟服务。",
    "client_speed.unknown": "{streams} 个在途请求时，客户端自身误差未知。{why}",
    "client_speed.unknown.remedy": "请在有空闲 CPU 核的机器上运行 slabench。",
    "client_speed.exact": (
        "{streams} 路流、合计 {rate:.0f} token/s 时，客户端自身误差：TPOT {tpot_pct:+.2f}%，TTFT {ttft_ms:+.2f} ms。"
    ),
    "client_speed.inexact": (
        "{streams} 路流、合计 {rate:.0f} token/s 时，客户端自身误差为 TPOT {tpot_pct:+.2f}%，超过 {limit_pct:g}%；TTFT "
        "{ttft_ms:+.2f} ms。"
    ),
    "client_speed.inexact.remedy": "请在有空闲 CPU 核的机器上运行 slabench，或使用更多的核（--load-workers）。",
    "log.no_answer": "本应由日志记录的请求失败了：{error}。",
    "log.no_answer.remedy": "请查看服务端日志。",
    "log.still": (
        "服务端应答了一个请求，但 3 s 内没有 batch 行写入 {paths}{start}：它不是该服务的日志，或写入有延迟。"
    ),
    "log.still.remedy": ("请用 --deploy-log 给出该服务当前输出到的文件，且不带缓冲（PYTHONUNBUFFERED=1）。"),
    "log.start": "（其开头是端口 {port} 上、模型为 {model} 的服务）",
    "log.other_model": "{paths} 开头的模型是 {logged}，而服务端是 {model}。",
    "log.other_model.remedy": "请用 --deploy-log 给出该服务的日志。",
    "log.partly": "服务端应答时，{paths} 没有写入 batch 行（共给出 {logs} 个日志）。",
    "log.partly.remedy": "请去掉没有调度器的节点的日志；给出负责 prefill 和 decode 的节点的日志。",
    "log.other_lines": "日志在增长，但没有 Prefill 行带有所发请求的 {tokens} token。",
    "log.other_lines.remedy": "请确认它是该服务的日志，且没有其他客户端使用该服务。",
    "log.grows": "{logs} 个日志都记录了所发的请求。",
    "idle.busy": "服务端有其他客户端的 {running} 个请求在运行或等待。",
    "idle.busy.remedy": "请测量没有其他用户的服务：停掉其他客户端。",
    "idle.none": "服务端没有其他客户端的请求在运行。",
    "metrics.log": "部署日志能显示其他客户端的请求。",
    "metrics.off": "服务端没有 /metrics，也没有给出日志：无法发现其他客户端的请求。",
    "metrics.off.remedy": "请以 --enable-metrics 启动服务，或给出 --deploy-log=FILE。",
    "metrics.on": "/metrics 页面统计所有客户端的请求。",
    "clock.unknown": "服务端没有上报时间。本机用于施压的时钟是单调的，步长 {resolution_ns:.0f} ns。",
    "clock.differs": (
        "服务端时钟与本机相差 {ahead_s:+.0f} s；其 Date 头的分辨率最多 {limit_s:g} s。没有指标用到它，但日志的时间戳无法与本机对照。"
    ),
    "clock.differs.remedy": "请用 NTP 校准两者。",
    "clock.agrees": (
        "服务端时钟与本机相差在 {limit_s:g} s 之内；本机用于施压的时钟是单调的，步长 {resolution_ns:.0f} ns。"
    ),
    "tokenizer.none": "此处没有可读的 tokenizer：prompt 为小于 1000 的 id，响应的文本不计数。",
    "tokenizer.none.remedy": "请用 --tokenizer=DIR 给出该模型的 tokenizer 文件。",
    "tokenizer.failed": "一段短文本没有得到应答：{error}",
    "tokenizer.failed.remedy": "请查看服务端日志，并检查 --backend。",
    "tokenizer.uncounted": "服务端没有上报 prompt_tokens，无法核对 tokenizer。",
    "tokenizer.uncounted.remedy": "请使用会上报 usage 的接口。",
    "tokenizer.differs": (
        "{texts} 段文本中有 {wrong} 段，服务端的计数与此处的 tokenizer 不同（有一段此处为 {own} token，服务端为 {server}）。"
    ),
    "tokenizer.differs.remedy": "请用 --tokenizer=DIR 给出服务端所用模型的 tokenizer。",
    "tokenizer.agrees": "服务端对 {texts} 段文本的计数与此处的 tokenizer 相同，共 {tokens} token。",
    "flush_works.not_asked": "--no-flush-cache：prefix cache 中若有先前的内容，测试会是 INVALID。",
    "flush_works.not_asked.remedy": "请去掉该选项，或以 --disable-radix-cache 启动服务。",
    "flush_works.running": "服务端上报有 {running} 个请求在运行或等待：请停掉其他客户端。",
    "flush_works.busy": "没有尝试刷新缓存：服务端有 {running} 个请求在运行或等待。",
    "flush_works.busy.remedy": "请停掉其他客户端：它们存在时，运行结果为 INVALID。",
    "flush_works.idle": "服务端上报没有运行中的请求，却仍然拒绝：请查看其日志，并重启服务。",
    "gpu_telemetry.no_exporter": "--gpu-telemetry 处没有 DCGM exporter 应答：{why}。",
    "gpu_telemetry.no_exporter.remedy": "请给出 exporter 的 URL，例如 http://HOST:9400/metrics，或去掉 --gpu-telemetry。",
    "gpu_telemetry.missing": "DCGM exporter 有 {gpus} 个 GPU，但没有 {fields}。",
    "gpu_telemetry.missing.remedy": "由这些数据得出的内容将缺失；请把它们加入其 --collectors 的列表。",
    "gpu_telemetry.answers": "DCGM exporter 提供 {gpus} 个 GPU 的能耗、时钟及其原因。",
    "doctor.ready": "就绪：没有检查阻止本次运行。警告：{warnings} 个。",
    "doctor.stops": "未就绪：以上各行指出了什么会阻止本次运行或其中的测试。阻止：{stops} 项，警告：{warnings} 项。",
    "doctor.tests": "测试：{tests}{more}。",
    "doctor.more_tests": "，另有 {more} 个",
}
