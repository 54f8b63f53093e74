"""What is known before a load is sent: at the start of a session, and by `slabench doctor`."""

LOG_FILES = "(one file per node, comma separated)"
SERVER = "SGLang {version} at {url}{router}: {roles}, model {model}, {gpus}."

MESSAGES = {
    "preflight.baseline_server": "The baseline server: {text}",
    "preflight.more": " (and {more} more: {tests})",
    "preflight.refused": "{check}: {text} {remedy} No load was sent.",
    "preflight.not_comparable": "{text}; no load was sent",
    "preflight.gate": (
        "no_load: under {gate} no load is sent in a run with a test that cannot be measured "
        "({test}: {check}: {text})"
    ),
    "preflight.usage": "{text} No load was sent.",
    "preflight.usage_gate": "{text} Under {gate} it would be INVALID, so no load was sent.",
    "preflight.will_be": "{text} It will be INVALID.",
    "preflight.says": "INVALID {tests}: {check}: {text}{others} No load is sent.",
    "preflight.says_not_comparable": "INVALID: {text}: no load is sent.",
    "deploy_log.missing": (
        "{test} is made from the server's log, and none is given: add {options} " + LOG_FILES + ", or leave "
        "the test out with --deselect={test}."
    ),
    "deploy_log.none": (
        "No deploy log is given: what only the log shows (queueing, CUDA graphs) will not be checked."
    ),
    "deploy_log.none.remedy": "Add {option} " + LOG_FILES + ".",
    "deploy_log.given": "Every server has its log.",
    "open_files.few": "{problem}",
    "open_files.few.remedy": "Raise `ulimit -n` of the shell that starts slabench.",
    "open_files.enough": "This machine allows enough open files for {streams} requests in flight.",
    "local_ports.few": (
        "{streams} requests in flight need as many local ports, and this machine has {ports}."
    ),
    "local_ports.few.remedy": (
        "Widen them with sysctl net.ipv4.ip_local_port_range, or lower --max-concurrency."
    ),
    "local_ports.waiting": (
        "--connections=per-request takes a local port for each of {requests} requests, this machine has "
        "{ports}, and a port that was used is not free again for a minute."
    ),
    "local_ports.waiting.remedy": (
        "Leave out --connections=per-request, or widen net.ipv4.ip_local_port_range."
    ),
    "local_ports.enough": "{ports} local ports for {streams} requests in flight.",
    "server.router": " behind {kind}",
    "server.answers": SERVER,
    "server.partly": SERVER + " Not every server behind the router could be asked.",
    "server.partly.remedy": (
        "Run where the servers can be reached, and give --prefill-gpu-num and --decode-gpu-num."
    ),
    "server.other_version": SERVER + " The reference is 0.5.7: the run will be labelled NOT_REFERENCE.",
    "server.unknown_gpus": SERVER + " Metrics per GPU need the number of GPUs.",
    "server.unknown_gpus.remedy": "Give --decode-gpu-num.",
    "comparable.same": "The server may be compared with {baseline}: model, hardware and arguments agree.",
    "request_fits.fits": "The longest request has {tokens} tokens; the server takes {limit}.",
    "request_fits.context": (
        "Prompt and answer together have {tokens} tokens, and the server's context length is {limit}."
    ),
    "request_fits.context.remedy": (
        "Use shorter prompts and answers, or start the server with a larger --context-length."
    ),
    "request_fits.pool": (
        "Prompt and answer together have {tokens} tokens, and the server's KV cache holds {limit}."
    ),
    "request_fits.pool.remedy": "Use shorter prompts and answers, or a server with a larger KV pool.",
    "in_flight.unknown": (
        "The server reports neither token capacity nor running cap: whether it runs {streams} requests at "
        "once is not known."
    ),
    "in_flight.unknown.remedy": "Check that server_info answers.",
    "in_flight.queued": (
        "{test} keeps {streams} requests in flight, and the server runs {running} at once (KV cache "
        "{capacity} tokens at {tokens} a request, running cap {cap}): the others wait in its queue, which "
        "is part of TTFT."
    ),
    "in_flight.queued.remedy": (
        "For a load that fits, lower --max-concurrency; tencent's form fills the server by design."
    ),
    "in_flight.runs": "{streams} requests in flight, and the server runs {running} at once.",
    "cuda_graph.off": "The server runs without CUDA graphs: decode steps are slower.",
    "cuda_graph.off.remedy": "Start it without --disable-cuda-graph.",
    "cuda_graph.unknown": "The server does not report its largest CUDA graph.",
    "cuda_graph.unknown.remedy": "The check `graph` of a run with --deploy-log reports batches without one.",
    "cuda_graph.beyond": (
        "Batches of up to {size} run, and the largest CUDA graph is of {limit}: above it every decode step "
        "is slower."
    ),
    "cuda_graph.beyond.remedy": "Start the server with --cuda-graph-max-bs={size}.",
    "cuda_graph.covers": "The largest CUDA graph is of {limit}, the largest batch {size}.",
}
