"""Titles, captions, axes and series of the report's charts. A caption says what to see in its chart."""

MESSAGES = {
    "chart.decode_tpot.title": "TPOT by batch size",
    "chart.decode_tpot.caption": (
        "Classic is the mean over whole answers, as published; full batch is the part in which all requests "
        "decode; log is by the server's Decode lines. Hollow points are INVALID."
    ),
    "chart.decode_curve.title": "Decode throughput by running requests",
    "chart.decode_curve.caption": (
        "Medians of the deploy log's Decode lines: of all lines, as published, and of those with nothing but "
        "decoding between them."
    ),
    "chart.several.tpot_caption": "Mean TPOT of each run, the first one dashed. Hollow points are INVALID.",
    "chart.several.curve_caption": (
        "Medians of all Decode lines of each run's deploy log, the first run dashed. A throughput is per GPU "
        "where all runs have their number."
    ),
    "chart.timeline.requests": "Requests over the load",
    "chart.timeline.speed": "Tokens per second over the load",
    "chart.timeline.log": (
        "By the deploy log and the client; load {repeat} of the test, {duration:.1f} s. Lines stamped "
        "with whole seconds stand in the middle of their second."
    ),
    "chart.timeline.first_line": (
        "By the deploy log and the client; load {repeat} of the test, {duration:.1f} s. The log's clock is "
        "not known, so its seconds are counted from its first line."
    ),
    "chart.timeline.client": (
        "By the client alone; load {repeat} of the test, {duration:.1f} s. With --deploy-log the server's "
        "running and queued requests are here too."
    ),
    "chart.timeline.gpu": "GPU power and clock over the load",
    "chart.timeline.gpu-heat": "GPU temperature over the load",
    "chart.timeline.by_gpus": (
        "By --gpu-telemetry; load {repeat} of the test, {duration:.1f} s. Power of all GPUs together, clock "
        "of the slowest, temperature of the hottest."
    ),
    "chart.distribution.ttft": "TTFT of the requests",
    "chart.distribution.tpot": "TPOT of the requests",
    "chart.distribution.itl": "ITL of the tokens",
    "chart.distribution.caption": (
        "Share of the values that are at most x; loads: {loads}. A percentile is the mean of the loads'."
    ),
    "chart.frontier.title": "Output throughput per GPU against per user",
    "chart.frontier.caption": (
        "Per user is 1000 / mean TPOT. A TPOT limit holds to the right of its line. The curve is decoding "
        "alone, by the log; tests and probes have prefill in their throughput."
    ),
    "chart.prefill.title": "Prefill throughput by prompt length",
    "chart.prefill.caption": (
        "Prompts sent as text pass the server's tokenizer, ids do not: compare like with like. Published "
        "values are of text."
    ),
    "chart.comparisons.title": "Change from old to new",
    "chart.comparisons.caption": (
        "Each metric's change with its interval; the new side is worse where the whole interval is beyond "
        "what is allowed."
    ),
    "chart.capacity.throughput": "Total throughput by load",
    "chart.capacity.tpot": "Mean TPOT by load",
    "chart.capacity.caption": "Each probe of the search with its 95 % interval, and the run that was judged.",
    "chart.ttft.title": "TTFT in its parts, in the order of sending",
    "chart.ttft.caption": (
        "Means of requests that were sent one after another. Queue is the server's queue_time, outside is "
        "client, network and HTTP, prefill is the rest."
    ),
    # axes
    "chart.axis.batch_size": "batch size",
    "chart.axis.change": "change",
    "chart.axis.clock": "SM clock",
    "chart.axis.concurrency": "requests in flight",
    "chart.axis.input_per_gpu": "input per GPU",
    "chart.axis.input_unknown_gpus": "input, number of GPUs not known",
    "chart.axis.itl": "ITL",
    "chart.axis.metric": "metric",
    "chart.axis.order_of_sending": "requests in the order of sending",
    "chart.axis.output_per_gpu": "output per GPU",
    "chart.axis.output_rate": "output",
    "chart.axis.output_unknown_gpus": "output, number of GPUs not known",
    "chart.axis.per_user": "output per user",
    "chart.axis.power": "power",
    "chart.axis.prefill_rate": "prefill",
    "chart.axis.prompt_tokens": "prompt tokens",
    "chart.axis.rate": "requests per second",
    "chart.axis.requests": "requests",
    "chart.axis.running": "running requests",
    "chart.axis.seconds": "since the load began",
    "chart.axis.share": "share of the values",
    "chart.axis.temperature": "temperature",
    "chart.axis.total": "total throughput",
    "chart.axis.tpot": "TPOT",
    "chart.axis.ttft": "TTFT",
    # series
    "chart.series.all_lines": "all lines",
    "chart.series.allowed": "allowed",
    "chart.series.as_ids": "sent as ids",
    "chart.series.as_text": "sent as text",
    "chart.series.baseline": "baseline",
    "chart.series.baseline_of": "baseline {name}",
    "chart.series.classic": "classic",
    "chart.series.clean_lines": "clean lines",
    "chart.series.decode": "decode, by the log",
    "chart.series.decode_curve": "decode curve",
    "chart.series.ended_early": "probes that ended early: at most",
    "chart.series.full_batch": "full batch",
    "chart.series.gpu_clock": "SM clock of the slowest GPU",
    "chart.series.gpu_power": "power of all GPUs",
    "chart.series.gpu_temperature": "hottest GPU",
    "chart.series.holds": "holds",
    "chart.series.in_flight": "in flight, by the client",
    "chart.series.inconclusive": "inconclusive",
    "chart.series.judged": "judged run",
    "chart.series.log": "deploy log",
    "chart.series.old_values": "baseline (n={n:,})",
    "chart.series.output": "output, by the client",
    "chart.series.outside": "outside the server",
    "chart.series.percentiles": "percentiles",
    "chart.series.prefill_time": "prefill",
    "chart.series.probes": "probes",
    "chart.series.prefill": "prefill, by the log",
    "chart.series.published": "published: {model}, {gpus} x {gpu}",
    "chart.series.quartiles": "clean lines, quartiles",
    "chart.series.queue": "queue",
    "chart.series.queued": "queued, by the log",
    "chart.series.running": "running, by the log",
    "chart.series.tests": "tests",
    "chart.series.tiers": "published tiers: DeepSeek-R1, H20-96G",
    "chart.series.values": "this run (n={n:,})",
    "chart.series.waiting": "without a first token, by the client",
    "chart.series.worse": "worse",
    # limits, events, rows and notes
    "chart.mark.answer": "best load: {load:g}",
    "chart.mark.no_change": "no change",
    "chart.mark.tier": "{name}: {limit:g} ms",
    "chart.row.higher": "{test} {metric} (higher is better)",
    "chart.row.lower": "{test} {metric} (lower is better)",
    "chart.mark.limit": "{key:metric} {limit:g} {unit}",
    "chart.note.ended_early": "probe {number}",
    "chart.note.lines": "{n} lines",
    "chart.note.probe": "probe {number}, {load:g}: {standing}",
    "chart.note.running": "running requests: {n}",
    "chart.note.tier": "{name}: {size} requests per GPU",
    "chart.note.percentile": "p{percent} {value:number} ms: {above:,} of {n:,} are above it",
    "chart.event.failed": "requests failed: {count}",
    "chart.event.flush_refused": "flush refused",
    "chart.event.flushed": "cache flushed",
    "chart.event.gap": "nothing arrived",
    "chart.event.jit": "kernels compiled: {count}",
    "chart.event.retraction": "retractions: {count}",
    "chart.event.stall": "client stalled",
    "chart.event.start": "server started",
    "chart.event.throttled": "a GPU was slowed",
    "chart.event.stop": "server stopped",
}
