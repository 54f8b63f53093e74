"""Why the client's own error is not known, and that it is being measured."""

MESSAGES = {
    "calibration.at_host": "load host {host}: {why}",
    "calibration.not_driven": "the embedded null server could not be driven: {problem}",
    "calibration.requests_failed": (
        "{failed} of {requests} requests to the null server failed; first: {problem}"
    ),
    "calibration.unknown_answers": (
        "the null server has records of {known} of {requests} requests as complete answers"
    ),
    "calibration.ceiling": (
        "the null server could not keep {rate:,.0f} tokens/s on this machine: its writes were "
        "{late_ms:.1f} ms late at p99, and it reached {reached:.0%} of the rate"
    ),
    "calibration.begins": (
        "Calibrating the client for some seconds: {streams} streams, one token each every {itl_ms:g} ms."
    ),
}
