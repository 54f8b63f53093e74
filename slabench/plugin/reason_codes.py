"""The reason code of a test that could not be measured (docs/validity.md has their table)."""

from __future__ import annotations

from slabench.errors import InvalidRun, ServerError
from slabench.plugin.timeout_stop import StoppedByTimeout
from slabench.verdict.reasons import Reason

# whose line begins with its code
_NAMED = {
    "curve.no_decode_run": "no_decode_run",
    "curve.no_deploy_log": "no_deploy_log",
    "curve.no_baseline_log": "no_deploy_log",
}


def reason_code(error: InvalidRun | ServerError) -> str:
    """By the side at fault, unless its line has a code of its own."""
    if isinstance(error, ServerError):
        return Reason.SERVER_FAILED
    if isinstance(error, StoppedByTimeout):
        return Reason.TIMEOUT
    return _NAMED.get(error.as_message().id, Reason.NO_RESULT)
