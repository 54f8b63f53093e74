"""对运行前后服务状态的检查。"""

CACHE_REMEDY = "{leave_out}请在运行前清空缓存，使用互不相同的 prompt，或以 --disable-radix-cache 启动服务。"
META_INFO = "请使用会上报 meta_info 的服务。"
COUNTS_IN_META_INFO = "sglang 0.5.4 及以上会在 meta_info 中上报。"
EVERY_LOG = "请用 --deploy-log 传入每个服务的日志。"
ALONE = "请测量没有其他用户的服务：停掉其他客户端，以及会生成 token 的健康探测。"

MESSAGES = {
    "prefix_cache.not_reported": "服务端没有上报 cached_tokens。",
    "prefix_cache.not_reported.remedy": META_INFO,
    "prefix_cache.partly_reported": (
        "{answers} 个响应中有 {without} 个没有上报 cached_tokens，因此缓存命中率未知；必须全部上报或全不上报。"
    ),
    "prefix_cache.cached": (
        "{total} 个 prompt token 中有 {cached} 个（{share:.1%}）命中 prefix cache；最多允许 {limit:.0%}{unflushed}。"
    ),
    "prefix_cache.cached.remedy": CACHE_REMEDY,
    "prefix_cache.cached_before": (
        "{answers} 条 prompt 中有 {prompts} 条命中缓存的 token 多于它与本次运行其他 prompt 共享的部分（请求 {index}：命中 {cached}，最多共享 "
        "{shared}）{unflushed}。"
    ),
    "prefix_cache.cached_before.remedy": CACHE_REMEDY,
    "prefix_cache.no_flush": "：缓存没有清空（--no-flush-cache）",
    "prefix_cache.leave_out": "请去掉 --no-flush-cache。",
    "prefix_cache.flush_refused": "：运行前清空缓存的请求返回了 HTTP {status}",
    "prefix_cache.ok": "{total} 个 prompt token 中有 {cached} 个命中 prefix cache。",
    "flush.not_requested": "没有要求清空缓存。",
    "flush.not_requested.remedy": "请去掉 --no-flush-cache。",
    "flush.refused": "清空缓存的请求返回 HTTP {status}{workers}；必须为 200。",
    "flush.refused.remedy": (
        "{cause}--no-flush-cache 可不清空就测量；但缓存中若有先前的内容，测试会是 INVALID。"
    ),
    "flush.workers": "（{servers} 个服务中有 {flushed} 个已清空）",
    "flush.busy": "当时仍有请求在运行：请停掉其他客户端，使服务在两个测试之间空闲。",
    "flush.some_busy": "当时某些服务上仍有请求在运行：请停掉其他客户端，使所有服务在两个测试之间空闲。",
    "flush.admin_key": ("服务的 /flush_cache 需要 admin key：启动时不要加 --admin-api-key，或传入该 key。"),
    "flush.not_found": ("该地址没有 /flush_cache：请使用 SGLang 服务的地址，或会转发它的网关地址。"),
    "flush.see_log": "请查看服务端日志。",
    "flush.ranks_missing": (
        "返回 200 之后，日志只确认 {ranks} 个 DP rank 中有 {lines} 个清空了缓存；必须全部清空。"
    ),
    "flush.ranks_missing.remedy": "请用 --deploy-log 传入每个节点的日志，并确认它们属于该服务。",
    "flush.first_rank": "状态码 200 只代表 {ranks} 个 DP rank 中的第一个；其余只有日志中才能看到。",
    "flush.confirmed": "服务端确认已清空缓存。",
    "flush.confirmed_by_log": "状态码和日志都确认已清空缓存。",
    "flush.confirmed_by_logs": "日志确认全部 {ranks} 个调度器已清空缓存。",
    "flush.confirmed_by_router": "router 上报全部 {servers} 个服务已清空缓存。",
    "flush.router_ranks": (
        "router 上报 {servers} 个服务中有 {flushed} 个已清空，但在 {ranks} 个 DP rank 中，状态码只覆盖每个服务的第一个。"
    ),
    "flush.router_ranks.remedy": EVERY_LOG,
    "flush.mini_lb": "mini_lb 会把清空请求转发给每个服务，但无论它们如何应答都返回 200。",
    "flush.mini_lb.remedy": EVERY_LOG,
    "flush.other_servers": "状态码 200 只代表一个服务；该部署的其他服务是否清空没有上报。",
    "flush.other_servers.remedy": EVERY_LOG,
    "retraction.not_reported": "服务端的响应没有统计 retract 次数。",
    "retraction.not_reported.remedy": COUNTS_IN_META_INFO,
    "retraction.partly_reported": (
        "{answers} 个响应中有 {without} 个没有统计 retract 次数；必须全有或全无。"
    ),
    "retraction.negative": "{answers} 个响应中有 {negative} 个的 retract 次数为负（最小 {smallest:g}）。",
    "retraction.negative.remedy": "请不要使用该服务上报的 retract 次数；请在其日志中查找。",
    "retraction.retracted": (
        "服务端 retract 了 {answers} 个请求中的 {retracted} 个，共 {times:.0f} 次；不得出现：KV 池已满。"
    ),
    "retraction.retracted.remedy": "请降低并发，或给服务更大的 KV 池。",
    "retraction.none": "{answers} 个请求都没有被 retract。",
    "queueing.no_log": "不知道请求是否在服务端排队。",
    "queueing.no_steady_line": "日志中没有前面无 prefill 的 Decode 行。",
    "queueing.no_steady_line.remedy": "请以更小的 --decode-log-interval 启动服务。",
    "queueing.queued": (
        "{lines} 条无干扰 Decode 行中有 {queued} 条显示排队，最多排队 {most} 个，而最多运行 {running} 个；不得排队。"
    ),
    "queueing.queued.remedy": (
        "请把 batch size 或并发降到可同时运行的数量（{running}），或给服务更大的 KV 池或运行上限。"
    ),
    "queueing.none": "{lines} 条无干扰 Decode 行中没有请求排队。",
    "graph.not_used": "该服务不使用 CUDA graph。",
    "graph.no_line": "不知道服务端 decode 时是否使用了 CUDA graph。",
    "graph.off": (
        "在已捕获的 batch size 上，{lines} 条 Decode 行中有 {off} 条没有使用 CUDA graph；最多允许一半。"
    ),
    "graph.off.remedy": "原因请看服务端日志：显存、LoRA，或需要返回 hidden states。",
    "graph.above": "有 {above} 条 Decode 行的请求数超过最大的已捕获 CUDA graph，因而没有使用。",
    "graph.above.remedy": "请以更大的 --cuda-graph-max-bs 启动服务。",
    "graph.on": "{lines} 条 Decode 行中有 {on} 条使用了 CUDA graph。",
    "other_clients.log": (
        "日志中有 {sequences} 个序列、{logged} 个 prompt token，本次运行的响应上报 {requests} 个请求、{tokens} 个"
    ),
    "other_clients.ok": "{counts}。",
    "other_clients.retractions_uncounted": (
        "日志显示 {retractions} 次 retract，但 {answers} 个响应中有 {without} 个没有统计，因此无法区分重算的请求与其他客户端的请求。"
    ),
    "other_clients.retractions_uncounted.remedy": COUNTS_IN_META_INFO,
    "other_clients.failed": "{counts}：其中 {failed} 个失败，服务端可能没有为它们做任何计算。",
    "other_clients.failed.remedy": "请先查看失败的请求。",
    "other_clients.part_of_log": "{counts}：该日志没有包含服务的全部内容。",
    "other_clients.part_of_log.remedy": "请用 --deploy-log 传入每个节点的日志。",
    "other_clients.others": (
        "{counts}：比本次运行能解释的多出 {more:.0f} 个请求、{beyond:.0f} 个 token；有其他客户端使用了该服务。"
    ),
    "other_clients.others.remedy": ALONE,
    "other_clients.unknown": "不知道运行期间是否有其他客户端使用该服务。",
    "other_clients.unknown.remedy": (
        "请用 --deploy-log=FILE 传入服务日志，用 --launch=CMD 让 slabench 启动服务，或以 --enable-metrics 启动服务。"
    ),
    "other_clients.uncounted": "{answers} 个响应中有 {without} 个没有 token 计数可与服务端对照。",
    "other_clients.counters": (
        "服务端计数器增加了 {served_requests:.0f} 个请求、{served_tokens:.0f} 个 token，本次运行为 {requests} 个请求、{tokens} 个 token"
    ),
    "other_clients.none_counted": "{counts}：是别的东西作的应答。",
    "other_clients.none_counted.remedy": (
        "请直接测量服务：会缓存响应的网关，或把请求发给另一个服务而展示这个服务的 /metrics 的网关，都不是它。"
    ),
    "other_clients.part_of_counters": "{counts}：计数器没有覆盖服务的全部。",
    "other_clients.more_tokens": "{counts}：超出本次运行 {limit:.0%} 以上即说明有其他客户端。",
    "other_clients.more_tokens.remedy": ALONE,
    "other_clients.more_requests": "{counts}：可能是探测请求，或某个小客户端。",
    "other_clients.more_requests.remedy": ALONE,
}
