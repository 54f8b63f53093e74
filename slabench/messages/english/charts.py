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
    "chart.timeline.requests": "Requests over the load",
    "chart.timeline.speed": "Tokens per second over the load",
    "chart.timeline.log": (
        "By the deploy log and the client; load {repeat} of the test, {duration:.1f} s. Most log lines are "
        "stamped with whole seconds."
    ),
    "chart.timeline.first_line": (
        "By the deploy log and the client; load {repeat} of the test, {duration:.1f} s. The log's clock is "
        "not known, so its seconds are counted from its first line."
    ),
    "chart.timeline.client": (
        "By the client alone; load {repeat} of the test, {duration:.1f} s. With --deploy-log the server's "
        "running and queued requests are here too."
    ),
    "chart.distribution.ttft": "TTFT of the requests",
    "chart.distribution.tpot": "TPOT of the requests",
    "chart.distribution.itl": "ITL of the tokens",
    "chart.distribution.caption": (
        "Share of the values that are at most x, over {loads} loads; percentiles are the mean of the loads'."
    ),
    # axes
    "chart.axis.batch_size": "batch size",
    "chart.axis.itl": "ITL",
    "chart.axis.output_per_gpu": "output per GPU",
    "chart.axis.output_rate": "output",
    "chart.axis.output_unknown_gpus": "output, number of GPUs not known",
    "chart.axis.prefill_rate": "prefill",
    "chart.axis.requests": "requests",
    "chart.axis.running": "running requests",
    "chart.axis.seconds": "since the load began",
    "chart.axis.share": "share of the values",
    "chart.axis.tpot": "TPOT",
    "chart.axis.ttft": "TTFT",
    # series
    "chart.series.all_lines": "all lines",
    "chart.series.baseline": "baseline",
    "chart.series.baseline_of": "baseline {name}",
    "chart.series.classic": "classic",
    "chart.series.clean_lines": "clean lines",
    "chart.series.decode": "decode, by the log",
    "chart.series.full_batch": "full batch",
    "chart.series.in_flight": "in flight, by the client",
    "chart.series.log": "deploy log",
    "chart.series.old_values": "baseline (n={n:,})",
    "chart.series.output": "output, by the client",
    "chart.series.percentiles": "percentiles",
    "chart.series.prefill": "prefill, by the log",
    "chart.series.published": "published: {model}, {gpus} x {gpu}",
    "chart.series.quartiles": "clean lines, quartiles",
    "chart.series.queued": "queued, by the log",
    "chart.series.running": "running, by the log",
    "chart.series.values": "this run (n={n:,})",
    "chart.series.waiting": "without a first token, by the client",
    # limits, events and notes
    "chart.mark.limit": "{key:metric} {limit:g} {unit}",
    "chart.note.lines": "{n} lines",
    "chart.note.percentile": "p{percent} {value:number} ms: {above:,} of {n:,} are above it",
    "chart.event.failed": "{count} failed",
    "chart.event.flush_refused": "flush refused",
    "chart.event.flushed": "cache flushed",
    "chart.event.gap": "nothing arrived",
    "chart.event.jit": "kernel compiled ({count})",
    "chart.event.retraction": "retraction ({count})",
    "chart.event.stall": "client stalled",
    "chart.event.start": "server started",
    "chart.event.stop": "server stopped",
}
