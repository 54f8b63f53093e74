"""What the checks about the server around a run say."""

CACHE_REMEDY = (
    "{leave_out}Flush the cache before the run, use distinct prompts, or start the server with "
    "--disable-radix-cache."
)
META_INFO = "Use a server that reports meta_info."
COUNTS_IN_META_INFO = "sglang 0.5.4 and newer report them in meta_info."
EVERY_LOG = "Pass the log of every server with --deploy-log."
ALONE = (
    "Measure a server that has no other users: stop other clients, and health probes that generate tokens."
)

MESSAGES = {
    "prefix_cache.not_reported": "The server does not report cached_tokens.",
    "prefix_cache.not_reported.remedy": META_INFO,
    "prefix_cache.partly_reported": (
        "{without} of {answers} answers do not report cached_tokens, so the share of cached tokens is "
        "unknown; all must, or none."
    ),
    "prefix_cache.cached": (
        "{cached} of {total} prompt tokens ({share:.1%}) came from the prefix cache; at most {limit:.0%} "
        "may{unflushed}."
    ),
    "prefix_cache.cached.remedy": CACHE_REMEDY,
    "prefix_cache.cached_before": (
        "{prompts} of {answers} prompts had more cached tokens than they share with the other prompts of "
        "this run (request {index}: {cached} cached, at most {shared} shared){unflushed}."
    ),
    "prefix_cache.cached_before.remedy": CACHE_REMEDY,
    "prefix_cache.no_flush": ": it was not flushed (--no-flush-cache)",
    "prefix_cache.leave_out": "Leave out --no-flush-cache. ",
    "prefix_cache.flush_refused": ": its flush before the run was answered with HTTP {status}",
    "prefix_cache.ok": "{cached} of {total} prompt tokens came from the prefix cache.",
    "flush.not_requested": "No cache flush was requested.",
    "flush.not_requested.remedy": "Leave out --no-flush-cache.",
    "flush.refused": "The cache flush was answered with HTTP {status}{workers}; it must be 200.",
    "flush.refused.remedy": (
        "{cause} --no-flush-cache measures without a flush; earlier contents of the cache then make the "
        "test INVALID."
    ),
    "flush.workers": " ({flushed} of {servers} servers flushed)",
    "flush.busy": (
        "The server refuses while requests run or wait: stop other clients. If there are none, its log has "
        "the reason."
    ),
    "flush.some_busy": (
        "Requests were still running on some servers: stop other clients, so that all are idle between two "
        "tests."
    ),
    "flush.admin_key": (
        "The server requires its admin key for /flush_cache: start it without --admin-api-key, or pass that "
        "key."
    ),
    "flush.not_found": (
        "Nothing answers /flush_cache at this address: use the address of the SGLang server, or of a "
        "gateway that forwards it."
    ),
    "flush.see_log": "Look at the server's log.",
    "flush.ranks_missing": (
        "The log confirms the cache flush of {lines} of {ranks} data-parallel ranks, after the status 200; "
        "all must."
    ),
    "flush.ranks_missing.remedy": (
        "Pass the log of every node with --deploy-log, and check that it is this server's."
    ),
    "flush.first_rank": (
        "The status 200 is of the first of {ranks} data-parallel ranks; only the log reports the others."
    ),
    "flush.confirmed": "The server confirmed the cache flush.",
    "flush.confirmed_by_log": "Status and log confirm the cache flush.",
    "flush.confirmed_by_logs": "The logs confirm the cache flush of all {ranks} schedulers.",
    "flush.confirmed_by_router": "The router reports that all {servers} servers flushed their cache.",
    "flush.router_ranks": (
        "The router reports a flush of {flushed} of {servers} servers, but of the {ranks} data-parallel "
        "ranks the status covers only the first of each server."
    ),
    "flush.router_ranks.remedy": EVERY_LOG,
    "flush.mini_lb": (
        "mini_lb forwards the flush to every server and answers 200 whatever the servers answer."
    ),
    "flush.mini_lb.remedy": EVERY_LOG,
    "flush.other_servers": (
        "The status 200 is of one server; whether the other servers of the deployment flushed is not "
        "reported."
    ),
    "flush.other_servers.remedy": EVERY_LOG,
    "retraction.not_reported": "The server's answers do not count retractions.",
    "retraction.not_reported.remedy": COUNTS_IN_META_INFO,
    "retraction.partly_reported": (
        "{without} of {answers} answers do not count retractions; all must, or none."
    ),
    "retraction.negative": (
        "{negative} of {answers} answers count a negative number of retractions (the smallest is "
        "{smallest:g})."
    ),
    "retraction.negative.remedy": (
        "Do not rely on this server's count of retractions; look for them in its log."
    ),
    "retraction.retracted": (
        "The server retracted {retracted} of {answers} requests, {times:.0f} times in total; none may be: "
        "its KV pool was full."
    ),
    "retraction.retracted.remedy": "Lower the concurrency, or give the server a larger KV pool.",
    "retraction.none": "None of {answers} requests was retracted.",
    "queueing.no_log": "Whether requests were queued at the server is not known.",
    "queueing.no_steady_line": "The log contains no Decode line without a prefill before it.",
    "queueing.no_steady_line.remedy": "Start the server with a smaller --decode-log-interval.",
    "queueing.queued": (
        "Up to {most} requests were queued in {queued} of {lines} undisturbed Decode lines, while at most "
        "{running} ran; none may be queued."
    ),
    "queueing.queued.remedy": (
        "Lower the batch size or concurrency to what runs at once ({running}), or give the server a larger "
        "KV pool or running cap."
    ),
    "queueing.none": "No request was queued in {lines} undisturbed Decode lines.",
    "graph.not_used": "This server uses no CUDA graphs.",
    "graph.no_line": "Whether the server decoded with CUDA graphs is not known.",
    "graph.off": (
        "{off} of {lines} Decode lines at captured batch sizes ran without their CUDA graph; at most half "
        "may."
    ),
    "graph.off.remedy": "See the reason in the server's log: memory, LoRA, or a return of hidden states.",
    "graph.above": (
        "{above} Decode lines had more requests than the largest captured CUDA graph, and ran without one."
    ),
    "graph.above.remedy": "Start the server with a larger --cuda-graph-max-bs.",
    "graph.on": "{on} of {lines} Decode lines ran with their CUDA graph.",
    "other_clients.log": (
        "The log has {logged} prompt tokens in {sequences} sequences, this run's answers report {tokens} in "
        "{requests}"
    ),
    "other_clients.ok": "{counts}.",
    "other_clients.retractions_uncounted": (
        "The log reports {retractions} retractions, but {without} of {answers} answers do not count theirs, "
        "so recomputed requests cannot be distinguished from another client's."
    ),
    "other_clients.retractions_uncounted.remedy": COUNTS_IN_META_INFO,
    "other_clients.failed": (
        "{counts}: {failed} of them failed, and the server may have computed nothing for those."
    ),
    "other_clients.failed.remedy": "Look at the failed requests first.",
    "other_clients.part_of_log": "{counts}: the log does not contain all of this server.",
    "other_clients.part_of_log.remedy": "Pass the log of every node with --deploy-log.",
    "other_clients.others": (
        "{counts}: {more:.0f} requests and {beyond:.0f} tokens more than this run explains; another client "
        "used the server."
    ),
    "other_clients.others.remedy": ALONE,
    "other_clients.unknown": "Whether other clients used the server during the run is not known.",
    "other_clients.unknown.remedy": (
        "Pass the server's log with --deploy-log=FILE, let slabench start the server with --launch=CMD, or "
        "start it with --enable-metrics."
    ),
    "other_clients.uncounted": (
        "{without} of {answers} answers have no token counts to compare with the server's."
    ),
    "other_clients.counters": (
        "The server's counters grew by {served_requests:.0f} requests and {served_tokens:.0f} tokens, this "
        "run's are {requests} and {tokens}"
    ),
    "other_clients.none_counted": "{counts}: something else answered.",
    "other_clients.none_counted.remedy": (
        "Measure the server itself, not a gateway that caches answers, or that shows the /metrics of another "
        "server than the one it sends requests to."
    ),
    "other_clients.part_of_counters": "{counts}: they do not count all of this server.",
    "other_clients.more_tokens": ("{counts}: more than {limit:.0%} beyond this run's is another client."),
    "other_clients.more_tokens.remedy": ALONE,
    "other_clients.more_requests": "{counts}: probes, or a small client.",
    "other_clients.more_requests.remedy": ALONE,
}
