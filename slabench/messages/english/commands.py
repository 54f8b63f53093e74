"""What log, baseline, history and bisect print."""

MESSAGES = {
    # columns
    "column.file": "file",
    "column.tests": "tests",
    "column.repeats": "repeats",
    "column.model_hardware": "model and hardware",
    "column.source": "source",
    "column.mean": "mean",
    "column.spread": "spread",
    "column.version": "version",
    "column.runs": "runs",
    "column.first": "first",
    "column.last": "last",
    "column.failed_runs": "FAILED runs",
    "column.accepted": "accepted",
    "column.spread_of_runs": "spread of runs",
    "column.probe": "probe",
    "column.pairs": "pairs",
    "column.standing": "standing",
    "column.why": "why",
    "column.q1": "q1",
    "column.q3": "q3",
    "column.tpot_mean": "mean",
    "column.tpot": "TPOT ms",
    "column.accept_length": "accept len",
    # slabench baseline
    "baseline.no_file": "There is no *.json file in the folder {folder}, so no baseline.",
    "baseline.unreadable": "unreadable",
    "baseline.of": "{model} on {gpu}",
    "baseline.nothing_recorded": "nothing is recorded, so nothing is compared",
    "baseline.recorded": "{section}: {values}",
    "baseline.rules": "may differ: {may}; may not: {may_not}, unless {unless}.",
    "baseline.one_run": "one run",
    "baseline.missing_in": "missing in {where}",
    "baseline.every_repeat": "every repeat",
    "baseline.floor": "floor",
    "baseline.none_of_run": "No baseline was written: no test of {run} was valid.",
    "baseline.none_of_parts": "No baseline was written: no test of these runs was valid.",
    "baseline.saved": "Baseline of {tests} tests written to {file}.",
    "baseline.removed": "Removed, since they are of other hardware, another model or server: {tests}.",
    "baseline.merged": "Baseline of {tests} tests with up to {repeats} repeats written to {file}.",
    # slabench history
    "history.runs": "{file}: {runs} runs{dates}.",
    "history.dates": ", {first} to {last}",
    "history.simulated": "SIMULATED: runs of the embedded server, no GPU.",
    "history.accepted_runs": "{runs} runs",
    "history.versions": "versions",
    "history.changes": "Changes",
    "history.title": "History {file}",
    "history.failed": "FAILED, and measured validly: {runs}.",
    "baseline.failed_taken": "{run}: FAILED, and taken all the same, since the run is valid: {tests}.",
    "baseline.questions": "{questions} questions",
    "history.too_few": "No series has {least} runs yet, so changes were not looked for.",
    "history.rule": (
        "permutation test of the largest CUSUM, {series} series of at least {least} runs searched together: "
        "the chance of any false change is {alpha:.0%} (Holm)"
    ),
    "history.no_change": "No change was found ({rule}).",
    "history.changes_by": "Changes ({rule}):",
    "history.change": (
        "{test}: {metric:metric} {change_pct:+.1f} % ({way}) from run {run} on ({date}, {versions}); "
        "{before} runs before and {after} after, p = {p:.2g}"
    ),
    "history.worse": "worse",
    "history.better": "better",
    # slabench bisect
    "bisect.effort": "{probes} probes and {launches} launches, in a list of {versions} versions",
    "bisect.labels": "Its runs are {labels}.",
    "bisect.found": "{slower} is the first that is surely slower; {not_slower} is not ({effort}).",
    "bisect.unresolved": (
        "INVALID: {slower} is surely slower and {not_slower} is not; of {unresolved} between them nothing "
        "could be decided, so any of these may be the first ({effort}). Measure them with more --repeats and "
        "another --state."
    ),
    # slabench log
    "log_file.lines": "{file}: {lines} lines, {decode} Decode, {prefill} Prefill; rejected: {rejected}",
    "log_file.events": "  events: {events}",
    "log_file.example": "  rejected: {line}",
    "log_file.none": "none",
    "log_file.counted_once": "Counted once: {copies} copies of batch lines, {repeats} repeats of events.",
    "log_file.capacity": "Capacity: {sizes}",
    "log_file.left_out": "Left out of the clean columns: {causes}.",
    "log_file.schedulers": "{schedulers} schedulers",
    "log_file.seen": "Decode lines of {seen} schedulers{ranks}",
    "log_file.ranks": " ({ranks})",
    "log_file.reported": "{lines} of {schedulers} that the log's start reports",
    "log_file.at_least": "{lines}; by its number there are {schedulers} or more",
    "log_file.gpus_unknown": "{schedulers}; the number of GPUs is unknown (--decode-gpu-num).",
    "log_file.gpus": "{schedulers}; one line is of {gpus:g} {unit}{unsure}.",
    "log_file.gpu": "GPU",
    "log_file.several_gpus": "GPUs",
    "log_file.unsure": " if there are {schedulers}",
    "log_file.unreadable": (
        "No Decode line in these logs can be read; {lines} batch lines had to be left out, as shown above."
    ),
    "log_file.prefill_node": (
        "These logs have {lines} Prefill lines and no Decode line: is this the log of a prefill node? Give "
        "the decode node's."
    ),
    "log_file.no_batch": (
        "These logs are a server's, and have no batch line: it served nothing while they were written, or "
        "prints none."
    ),
    "log_file.no_server": (
        "These logs have no line of an SGLang server: see that they are a server's own output."
    ),
    "history.accepted_now": (
        "{version} is accepted in {path}: --baseline={prefix}{path} compares with its last {runs} runs "
        "until now. Later runs of it are taken when it is accepted again."
    ),
    "history.failed_accepted": (
        "FAILED, and taken all the same: {names} ({failed} runs). What a run was FAILED for is then "
        "what later runs are compared with."
    ),
    "history.no_whole_line": (
        "{named}, line {number} is no whole line ({size:,} bytes: its writer ended while it wrote it); "
        "it is left out, and that run has to be measured again."
    ),
    "history.once_more": (
        "{named}, line {number} is the run {run} once more, below the acceptance of {version} that "
        "took it: it is left out, and what was accepted stays as it was."
    ),
    "baseline.no_spread_written": (
        "No spread was written: it needs {least} launches of a test, and these runs have {most} of one "
        "that was valid."
    ),
    "baseline.no_spread": "No spread of {test}: it was valid in {valid} of {launches} launches.",
    "baseline.spread": (
        "Spread of {launches} launches written to {target}; a gate takes it: --launch-spread={target}."
    ),
    "column.test": "test",
    "column.metric": "metric",
    "column.launches": "launches",
    "column.launch_sd": "sd of launches",
    "column.launch_bound": "its 80 % bound",
    "column.launch_seen": "seen at 1 launch a side",
    "log_file.twice": "{path} is named twice; it counts once.",
    "log_file.copy": "{path} has the lines of {kept} and no others: it is a copy or a link, and counts once.",
    "log_file.several": (
        "{servers} servers write to these logs at the same time. Their lines are kept apart; the curve "
        "has those of all. For the curve of one server, give its lines alone."
    ),
    "log_file.writer": "  {name}: {decode} Decode lines, {clean} clean; {speeds:; }",
    "log_file.speed": "{running} running: median {median:.2f} tok/s{clean}",
    "log_file.speed_clean": ", clean {median:.2f}",
    "log_file.mixed": (
        "Between {back} of {of} pairs of Decode lines with nothing but decoding between them, #token "
        "falls: more than one server may write to one file without a name on its lines. Log each "
        "server to a file of its own."
    ),
    "log_file.later_stages": (
        "These logs have {copies} batch lines of {what} alone. They repeat what the first stage "
        "prints: give the log of the node with PP0."
    ),
    "log_file.stages": "later pipeline stages ({ranks})",
    "log_file.repeating": "ranks that repeat another's lines",
    "log_file.other_engine": (
        "These logs are of {names: or }, not of SGLang: they have no Decode line, from which the curve "
        "is made."
    ),
    "log_file.gpu_count": "--decode-gpu-num says {option} GPUs, the start of the server in the log {log}.",
}
