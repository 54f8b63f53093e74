"""What a capacity search measured, why it measured that, and how it ended."""

MESSAGES = {
    "capacity.sentences": "{sentences:sentences}",
    "capacity.load.concurrency": "{load:,.0f} in flight",
    "capacity.load.rate": "{load:.4g} requests/s",
    "capacity.point": "{load} (its probes: {metrics:; })",
    "capacity.point_early": "{load} (probe ended early)",
    "capacity.metric": "{key:metric} {value:number} {unit}, 95 % interval {low:number} to {high:number}",
    "capacity.objective": (
        "{key:metric} {value:number} {unit}, 95 % interval {low:number} to {high:number}, limit {limit:g}"
    ),
    # how it ended
    "capacity.best": "Best load within all objectives: {point}.",
    "capacity.server_limit": (
        "Loads up to {highest} were measured and give no more total tokens/s: the server is the limit, not "
        "an objective."
    ),
    "capacity.fails": "The next measured load violates an objective: {point}.",
    "capacity.range_end": "This is the end of --capacity-range, so the capacity may be higher.",
    "capacity.none_holds": "No load holds all objectives, not even the lowest: {point}.",
    "capacity.unresolved": "The search has no answer: {detail}.",
    "capacity.best_so_far": "Best load so far: {point}.",
    "capacity.budget.seconds": (
        "the --capacity-budget of {budget_s:g} s does not last for the next probe, of {load:g}, which would "
        "take about {cost_s:.1f} s (spent: {spent_s:.1f} s, probes: {probes})"
    ),
    "capacity.budget.probes": "{probes} probes ({spent_s:.0f} s of load) did not decide it",
    "capacity.changed": "one probe of {load:g} was far inside the limits and another far beyond them",
    "capacity.undefined": "{key} is not defined in every probe; a probe may have too few requests for it",
    "capacity.too_near": "no load is within its limits by its whole interval",
    "capacity.probe_invalid": (
        "Probe {number} at {load} is INVALID, so the search stopped. {check}: {problem}"
    ),
    "capacity.few_prompts": "the data set has fewer prompts than one wave of the probe needs.",
    "capacity.still_running": (
        "Probe {number} was not sent: {running} requests still run or wait at the server, which was to flush "
        "its cache for 30 s. They are of the probe before it, which was cut off, or of other clients: see to "
        "the server's log, and measure a server without other users."
    ),
    "capacity.interrupted": (
        "interrupted: {signal} during the capacity search; its finished probes, {probes}, are kept"
    ),
    # what to do
    "capacity.remedy.range_end": "Raise HI of --capacity-range to find the limit.",
    "capacity.remedy.none_holds": (
        "Lower LO of --capacity-range if it is above 1; otherwise this deployment cannot reach these "
        "objectives."
    ),
    "capacity.remedy.budget": (
        "Raise --capacity-budget or --capacity-step, or search --capacity-range={low:g},{high:g} only."
    ),
    "capacity.remedy.changed": (
        "Warm the server up (--warmup-requests=batch), check that it has no other load, and search again."
    ),
    "capacity.remedy.intervals": "Raise --capacity-waves or --random-output-len for narrower intervals.",
    # what the server reports
    "capacity.mark.pool": (
        "The server's KV pool of {tokens:,} tokens holds {fits} requests of {length:,} tokens at once."
    ),
    "capacity.mark.running_cap": "The server runs at most {cap} requests at once (--max-running-requests).",
    "capacity.mark.graph": (
        "The server's largest CUDA graph is for a batch of {size} (--cuda-graph-max-bs)."
    ),
    # why a load was measured
    "capacity.why.grid": "named by --capacity-grid",
    "capacity.why.first": "first load of the search",
    "capacity.why.reported": "largest load within the limits that the server reports",
    "capacity.why.jump": "repeated: far from the load below it",
    "capacity.why.near": "repeated: too close to the limit",
    "capacity.why.rival": "repeated: another load gives about the same throughput",
    "capacity.why.none_holds": "no load held before this one",
    "capacity.why.below": "below the lowest measured load",
    "capacity.why.cliff": "first load beyond the largest CUDA graph",
    "capacity.why.above_queue": "above the load at which requests begin to queue",
    "capacity.why.queue": "where requests begin to queue",
    "capacity.why.all_hold": "all loads held before this one",
    "capacity.why.between": "between two measured loads, where throughput may be higher",
    "capacity.why.limit": "where the limit is expected",
    # the judged run against its probes
    "capacity_agrees.none_held": (
        "No load held all objectives in the search, but this run at {load:g} does: the server changed "
        "meanwhile."
    ),
    "capacity_agrees.differs": (
        "{key:metric} is {value:number} {unit} in this run; the probes of this load allow {low:number} to "
        "{high:number}."
    ),
    "capacity_agrees.ok": "This run agrees with the probes of its load.",
}
