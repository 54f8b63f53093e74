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
    "bisect.effort": "{probes} probes, {launches} launches of {versions} versions",
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
}
