"""Checks over the trials of one test together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from slabench.messages import Message
from slabench.metrics.definitions import declared
from slabench.session.measurement import Evaluated, Trial
from slabench.verdict.outcome import Check, CheckStatus, finding
from slabench.verdict.sla import Slo, between_tokens, of_a_batch

_WORST = (CheckStatus.INVALID, CheckStatus.FINDING, CheckStatus.NOT_CHECKED, CheckStatus.OK)


def worst(evaluated: Sequence[Evaluated]) -> tuple[Check, ...]:
    """Each check once, as the worst of a test's loads has it, with the name of that load.

    One load that is INVALID is enough.
    """
    if len(evaluated) == 1:
        return evaluated[0].checks
    by_name: dict[str, list[tuple[Trial, Check]]] = {}
    for load in evaluated:
        for check in load.checks:
            by_name.setdefault(check.name, []).append((load.measured.trial, check))
    return tuple(_worst(same) for same in by_name.values())


def _worst(same: Sequence[tuple[Trial, Check]]) -> Check:
    trial, check = min(same, key=lambda pair: _WORST.index(pair[1].state))
    if check.state is CheckStatus.OK:
        return check
    count = sum(other.state is check.state for _, other in same)
    more = Message("load.more", more=count - 1, loads=len(same)) if count > 1 else None
    return replace(check, message=Message("load.check", load=trial.message, check=check.message, more=more))


def on_average_only(
    evaluated: Sequence[Evaluated], slos: Sequence[Slo], metrics: Mapping[str, float]
) -> tuple[Check, ...]:
    """A finding for each objective that holds over the repeats but not in each, with the worst repeat."""
    checks = []
    for slo in slos:
        loads = [load for load in evaluated if slo.metric in load.metrics]
        if not loads or slo.metric not in metrics or not slo.holds(metrics[slo.metric]):
            continue
        worst_load = (max if slo.op == "<=" else min)(loads, key=lambda load: load.metrics[slo.metric])
        value = worst_load.metrics[slo.metric]
        if not slo.holds(value):
            check = finding(
                "every_repeat.average_only",
                key=slo.metric,
                slo=str(slo),
                load=worst_load.measured.trial.message,
                value=value,
                unit=declared(slo.metric).unit,
            )
            checks.append(check)
    return tuple(checks)


def applicable(
    slos: Sequence[Slo], output_len: int, *, batch: bool = False
) -> tuple[tuple[Slo, ...], tuple[Check, ...]]:
    """The command line's objectives that are defined for a test, and a finding for the others: they are meant
    for the session's other tests.
    """
    one_token = [slo for slo in slos if output_len == 1 and between_tokens(slo)]
    no_batch = [slo for slo in slos if not batch and of_a_batch(slo)]
    parts = []
    if one_token:
        parts.append(Message("slo_applies.one_token", slos=[f"--slo={slo}" for slo in one_token]))
    if no_batch:
        parts.append(Message("slo_applies.no_batch", slos=[f"--slo={slo}" for slo in no_batch]))
    left = tuple(slo for slo in slos if slo not in one_token and slo not in no_batch)
    return left, (finding("slo_applies", parts=parts),) if parts else ()
