"""What is known before a load is sent: at the start of a session, and by `slabench doctor`."""

LOG_FILES = "(one file per node, comma separated)"
SERVER = "SGLang {version} at {url}{router}: {roles}, model {model}, {gpus}."

MESSAGES = {
    "preflight.unreachable": "INVALID: {why} No test was tried.",
    "preflight.baseline_server": "The baseline server: {text}",
    "preflight.sentence": "{parts:sentences}",
    "preflight.more": " (and {more} more: {tests})",
    "preflight.refused": "{check}: {parts:sentences} No load was sent.",
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
    "reference_client.there": "{name} sends the load.",
    "open_files.few": "{problem}",
    "open_files.limit": (
        "ulimit -n of the client is {most}, and {streams} requests in flight need about {files}."
    ),
    "open_files.few.remedy": "Raise ulimit -n of the shell that starts slabench.",
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
    "server.unknown_version": "of unknown version",
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
    "launch_spread.stored": "{file} has the spread of launches of each test.",
    "launch_spread.missing": (
        "--launches={launches} alone shows too little of how launches differ, which takes {least}, and "
        "{file} has no spread of launches of this test."
    ),
    "launch_spread.missing.remedy": (
        "Measure it once with --launches=8 of the accepted version, and {slabench} baseline launches RUN -o "
        "FILE."
    ),
    "earlier_launches.valid": "The {launches} earlier launches have a valid result of each test.",
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
    "in_flight.pool": "KV cache {capacity} tokens at {tokens} a request",
    "in_flight.cap": "running cap {cap}",
    "in_flight.queued": (
        "{test} keeps {streams} requests in flight, and the server runs {running} at once ({why}): the "
        "others wait in its queue, which is part of TTFT."
    ),
    "in_flight.queued.remedy": "For a load that fits, lower --max-concurrency.",
    "in_flight.by_design": (
        "{test} keeps {streams} requests in flight, and the server runs {running} at once ({why}): this "
        "method fills a server by design."
    ),
    "in_flight.runs": "{test} keeps {streams} requests in flight, and the server runs {running} at once.",
    "cuda_graph.off": "The server runs without CUDA graphs: decode steps are slower.",
    "cuda_graph.off.remedy": "Start it without --disable-cuda-graph.",
    "cuda_graph.unknown": "The server does not report its largest CUDA graph.",
    "cuda_graph.unknown.remedy": "The check graph of a run with --deploy-log reports batches without one.",
    "cuda_graph.beyond": (
        "Batches of up to {size} run, and the largest CUDA graph is of {limit}: above it every decode step "
        "is slower."
    ),
    "cuda_graph.beyond.remedy": "Start the server with --cuda-graph-max-bs={size}.",
    "cuda_graph.covers": "The largest CUDA graph is of {limit}, the largest batch {size}.",
    "data_set.none": "No data set is named: prompts are {name}.",
    "data_set.few": "{path} has {count} conversations, and {prompts} prompts are asked for. {broken}",
    "data_set.few.remedy": "Use the whole ShareGPT_V3 file, or fewer prompts.",
    "data_set.enough": "{path} has {count} conversations for {prompts} prompts. {broken}",
    "client_speed.not_asked": (
        "The client is not calibrated: --calibrate=off, another client, or the embedded server."
    ),
    "client_speed.unknown": "The client's own error at {streams} requests in flight is not known. {why}",
    "client_speed.unknown.remedy": "Run slabench on a machine with free cores.",
    "client_speed.exact": (
        "The client's own error at {streams} streams of {rate:.0f} tokens/s in all: TPOT {tpot_pct:+.2f} %, "
        "TTFT {ttft_ms:+.2f} ms."
    ),
    "client_speed.inexact": (
        "The client's own error at {streams} streams of {rate:.0f} tokens/s in all is TPOT {tpot_pct:+.2f} "
        "%, above {limit_pct:g} %; TTFT {ttft_ms:+.2f} ms."
    ),
    "client_speed.inexact.remedy": (
        "Run slabench on a machine with free cores, or with more of them (--load-workers)."
    ),
    "log.no_answer": "The request that the log should report failed: {error}.",
    "log.no_answer.remedy": "Look at the server's log.",
    "log.still": (
        "The server answered a request, and no batch line came into {paths} within 3 s{start}: it is not "
        "this server's log, or it is written late."
    ),
    "log.still.remedy": (
        "Give the file that this server's output goes to now with --deploy-log, unbuffered "
        "(PYTHONUNBUFFERED=1)."
    ),
    "log.start": " (it begins with a server on port {port} of model {model})",
    "log.other_model": "{paths} begins with model {logged}, and the server has {model}.",
    "log.other_model.remedy": "Give the log of this server with --deploy-log.",
    "log.partly": "{paths} got no batch line while the server answered ({logs} logs are given).",
    "log.partly.remedy": (
        "Leave out logs of nodes that run no scheduler; give those that prefill and those that decode."
    ),
    "log.other_lines": (
        "The log grows, and no Prefill line of it has the {tokens} tokens of the request that was sent."
    ),
    "log.other_lines.remedy": (
        "Check that it is this server's log and that no other client uses the server."
    ),
    "log.grows": "{logs} of {logs} logs report the request that was sent.",
    "idle.busy": "{running} requests of other clients run or wait at the server.",
    "idle.busy.remedy": "Measure a server that has no other users: stop other clients.",
    "idle.none": "No other client's request runs at the server.",
    "metrics.log": "The deploy log would show requests of other clients.",
    "metrics.off": (
        "The server has no /metrics, and no log is given: requests of other clients are not noticed."
    ),
    "metrics.off.remedy": "Start it with --enable-metrics, or give --deploy-log=FILE.",
    "metrics.on": "The page /metrics counts the requests of all clients.",
    "clock.unknown": (
        "The server reports no time. This machine's clock for a load is monotonic, with steps of "
        "{resolution_ns:.0f} ns."
    ),
    "clock.differs": (
        "The server's clock is {ahead_s:+.0f} s off this machine's; up to {limit_s:g} s is the resolution of "
        "its Date header. No metric uses it: the log's stamps cannot be compared with this machine's."
    ),
    "clock.differs.remedy": "Set both by NTP.",
    "clock.agrees": (
        "The server's clock is within {limit_s:g} s; this machine's clock for a load is monotonic, with "
        "steps of {resolution_ns:.0f} ns."
    ),
    "tokenizer.none": (
        "No tokenizer is readable here: prompts are ids below 1000, and answers' texts are not counted."
    ),
    "tokenizer.none.remedy": "Give --tokenizer=DIR with the model's tokenizer files.",
    "tokenizer.failed": "A short text was not answered: {error}",
    "tokenizer.failed.remedy": "Look at the server's log; check --backend.",
    "tokenizer.uncounted": "The server reports no prompt_tokens to compare the tokenizer by.",
    "tokenizer.uncounted.remedy": "Use an endpoint that reports usage.",
    "tokenizer.differs": (
        "The server counts {wrong} of {texts} texts otherwise than the tokenizer here (one of {own} tokens "
        "has {server} there)."
    ),
    "tokenizer.differs.remedy": "Give the tokenizer of the server's model with --tokenizer=DIR.",
    "tokenizer.agrees": "The server counts {texts} texts as the tokenizer here does, {tokens} tokens.",
    "flush_works.not_asked": "--no-flush-cache: earlier contents of the prefix cache make tests INVALID.",
    "flush_works.not_asked.remedy": "Leave it out, or start the server with --disable-radix-cache.",
    "flush_works.running": "The server reports {running} requests that run or wait: stop other clients.",
    "flush_works.busy": "The flush was not tried: {running} requests run or wait at the server.",
    "flush_works.busy.remedy": "Stop other clients: a run would be INVALID while they are there.",
    "flush_works.idle": (
        "The server reports no running request and refuses all the same: look at its log, and restart it."
    ),
    "gpu_telemetry.no_exporter": "No DCGM exporter answers at --gpu-telemetry: {why}.",
    "gpu_telemetry.no_exporter.remedy": (
        "Give the exporter's URL, such as http://HOST:9400/metrics, or leave --gpu-telemetry out."
    ),
    "gpu_telemetry.missing": "The DCGM exporter has {gpus} GPUs, and no {fields}.",
    "gpu_telemetry.missing.remedy": (
        "What is made of them is left out; add them to the list of its --collectors."
    ),
    "gpu_telemetry.answers": "The DCGM exporter has energy, clocks and their reasons of {gpus} GPUs.",
    "doctor.ready": "Ready: no check stops this run. Warnings: {warnings}.",
    "doctor.stops": (
        "Not ready: the lines above name what stops the run, or tests of it. Stops: {stops}, warnings: "
        "{warnings}."
    ),
    "doctor.tests": " Tests: {tests}{more}.",
    "doctor.more_tests": " and {more} more",
}
