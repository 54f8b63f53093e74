"""The one list of checks, and what a method, `--allow` and `--strict-validity` make of their outcomes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from slabench.verdict.validity.batch import batch_fits, batch_held, batch_reached
from slabench.verdict.validity.client import client, client_error, one_read
from slabench.verdict.validity.contents import first_token, stream_end
from slabench.verdict.validity.identity import same_server
from slabench.verdict.validity.log import LogCheck, log_agrees, log_disturbed, log_lines, log_retraction
from slabench.verdict.validity.pace import first_run, stall
from slabench.verdict.validity.prompts import random_tokens
from slabench.verdict.validity.rate import rate_reached
from slabench.verdict.validity.reported import reported_times
from slabench.verdict.validity.requests import (
    completed,
    finish_reason,
    output_length,
    prompt_length,
    request_ids,
    resent,
    token_counts,
    tpot_defined,
)
from slabench.verdict.validity.server import flush, graph, other_clients, prefix_cache, queueing, retraction
from slabench.verdict.validity.streamed import streamed
from slabench.verdict.validity.subject import GIVE_LOG, LogEvidence, Subject
from slabench.verdict.words import Check, State

Judge = Callable[[Subject], Check]

CHECKS: tuple[Judge, ...] = (
    completed,
    resent,
    finish_reason,
    output_length,
    token_counts,
    tpot_defined,
    first_token,
    stream_end,
    streamed,
    request_ids,
    reported_times,
    prompt_length,
    prefix_cache,
    flush,
    same_server,
    batch_fits,
    batch_reached,
    batch_held,
    first_run,
    stall,
    retraction,
    queueing,
    graph,
    other_clients,
    client,
    client_error,
    one_read,
    rate_reached,
    random_tokens,
)
LOG_CHECKS: tuple[LogCheck, ...] = (log_lines, log_retraction, log_disturbed, log_agrees)
BATCH_CHECKS = frozenset({"batch_fits", "batch_reached", "batch_held", "log_agrees"})
# Without a log these have nothing to say where the method does not ask for a batch that is held.
BATCH_WITHOUT_LOG = frozenset({"queueing", "graph"})
OF_THE_CURVE = ("curve_lines", "curve_samples", "curve_points", "curve_agrees", "curve_clean", "curve_gpus")
OF_THE_TEST = ("capacity_agrees", "every_repeat")

_QUEUES = "queueing is the method: more is offered than runs at once"
_PAUSES = "a retracted or preempted answer pauses for as long as the queue is, and its TPOT and longest gap say so"
_RETRACTS = "a full KV pool is a state that the method brings about; the published run retracts 7 of 128"
_FILL = {"retraction": _RETRACTS, "log_retraction": _RETRACTS, "queueing": _QUEUES, "stall": _PAUSES}

# Which checks a method takes as findings, with the reason. Transport, counting and identity invalidate everywhere.
FINDINGS: Mapping[str, Mapping[str, str]] = {
    "tencent": _FILL,
    "tencent-capacity": _FILL,
    "serving": _FILL,
    "ali-saturation": _FILL,
}


# Findings that a method's own form brings about, so that not even --strict-validity is about them: its cap is below its rate.
BY_DESIGN: Mapping[str, Collection[str]] = {"tencent": ("rate_reached",), "tencent-capacity": ("rate_reached",)}


def examine(
    subject: Subject,
    method: str,
    *,
    allow: Collection[str] = (),
    strict: bool = False,
    checks: Sequence[Judge] | None = None,
) -> tuple[Check, ...]:
    """All checks that apply, with the method's and the command line's policy; strict turns what is not ok into INVALID.

    checks: others than CHECKS, for a run that another client drove (verdict/told.py).
    """
    found = []
    for judge in CHECKS if checks is None else checks:
        name = judge.__name__
        if subject.batch_size is None and (name in BATCH_CHECKS or (subject.log is None and name in BATCH_WITHOUT_LOG)):
            continue
        if name == "client_error" and subject.run.client.calibration is None:
            continue  # the embedded server's figures are nobody's, unless --calibrate=fresh asks
        one = judge(subject)
        if one.state is State.NOT_CHECKED and subject.batch_size is None and name in BATCH_WITHOUT_LOG:
            continue
        found.append(one)
    found += log_outcomes(subject.log, batch=subject.batch_size is not None)
    return tuple(settle(one, method, allow=allow, strict=strict) for one in found)


def log_outcomes(seen: LogEvidence | None, *, batch: bool) -> list[Check]:
    if seen is not None:
        return [check(seen) for check in LOG_CHECKS if batch or check.__name__ not in BATCH_CHECKS]
    text = "There is no deploy log to compare the client's TPOT with."
    return [Check("log_agrees", State.NOT_CHECKED, text, GIVE_LOG)] if batch else []


def settle(one: Check, method: str, *, allow: Collection[str] = (), strict: bool = False) -> Check:
    """A check's outcome under the method's and the command line's policy. What --allow names stays a finding under strict."""
    if (one.name in allow or (one.name == "log_retraction" and "retraction" in allow)) and one.state is not State.OK:
        if one.state is not State.INVALID:
            return one
        return replace(one, state=State.FINDING, text=f"{one.text} Allowed by --allow.")
    if one.state is State.FINDING and one.name in BY_DESIGN.get(method, ()):
        return one
    if strict and one.state in (State.FINDING, State.NOT_CHECKED):
        return replace(one, state=State.INVALID)
    if not strict and not one.firm and one.state is State.INVALID and one.name in FINDINGS.get(method, {}):
        return replace(one, state=State.FINDING)
    return one


def names() -> tuple[str, ...]:
    """The checks' names, for --allow."""
    return (*(check.__name__ for check in (*CHECKS, *LOG_CHECKS)), *OF_THE_CURVE, *OF_THE_TEST)
