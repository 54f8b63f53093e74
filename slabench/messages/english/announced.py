"""What a command or a run announces while it works, and why a bisection ends early."""

MESSAGES = {
    "bisect.continuing": "Continuing {state}, with {probes} probes that it holds.",
    "bisect.starting": "Starting the oldest, {version}, which stays up.",
    "bisect.measuring": "Measuring the oldest, {version}, with {repeats} repeats.",
    "bisect.oldest_unmeasured": "The oldest, {version}, could not be measured ({line}); its run is {run}.",
    "bisect.oldest_ended": (
        "The oldest, {oldest}, ended while {version} was measured against it, so that probe does not "
        "count; the same command continues.\n{log_end}"
    ),
    "bisect.nothing_to_find": (
        "There is nothing to find: the newest, {version}, is not slower than {against} ({line})."
    ),
    "bisect.oldest_slower": (
        "The oldest, {version}, is slower than {against} already ({line}): begin with an older version."
    ),
    "bisect.cannot_begin": (
        "The {which}, {version}, is {standing} against {against} ({line}), so the search cannot begin; "
        "{remedy}."
    ),
    "launches.starting": "Launch {number} of {of}; its output goes to {console}.",
    "launches.no_test": "Launch {number} measured no test; the whole of it is in {console}.",
    "launches.no_further": "Launch {number} has a test without a valid result: no further launch is needed.",
    "launches.last": "Launch {launches} of {launches}, in this run.",
    "plan.invalid": "INVALID: {why}",
    "console.baseline_first": "Measuring the baseline server first; its output goes to {output}.",
    "console.baseline_unmeasured": "The baseline server was not measured; the whole of it is in {console}.",
    "bisect.probe": "Probe {number}: {version} is {standing} ({repeats} repeats a side): {line}",
    "append.not_finished": (
        "Nothing was appended to {target}: the run did not end by itself; --resume continues it."
    ),
    "append.none_valid": "Nothing was appended to {target}: no test of this run was valid.",
    "append.done": "{tests} tests of version {version} appended to {target}{more}.",
    "append.left_out": "; {tests} that were INVALID were left out",
    "launch.no_port": (
        "{option} has no {{port}}: its server is waited for at sglang's own port {port}, up to {limit_s:g} s "
        "(--launch-timeout)."
    ),
    "timeout.mark": "the mark timeout({seconds:g})",
    "timeout.ini": "{setting} of the ini file",
    "timeout.stopped": "stopped by {by}: the test was not over; raise the limit, or leave it out",
    "timeout.stopped_kept": (
        "stopped by {by}: the test was not over; raise the limit, or leave it out ({kept})"
    ),
}
