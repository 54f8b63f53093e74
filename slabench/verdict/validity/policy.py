"""A load's checks, and what a method, `--allow` and `--strict-validity` make of their outcomes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity import registry
from slabench.verdict.validity.context import CheckContext
from slabench.verdict.validity.registry import Registration, Stage, registered


def examine(
    subject: CheckContext,
    method: str,
    *,
    allow: Collection[str] = (),
    strict: bool = False,
    probe: bool = False,
) -> tuple[Check, ...]:
    """All checks that apply, with the method's and the command line's policy; strict turns what is not ok
    into INVALID.

    probe: of a capacity search, whose answers and whose client are looked at alone.
    """
    checks = [check for check in registered() if check.stage <= Stage.LOG and (check.probe or not probe)]
    outcomes = [outcome for check in checks if (outcome := check.outcome(subject)) is not None]
    return tuple(settle(outcome, method, allow=allow, strict=strict) for outcome in outcomes)


def settle(outcome: Check, method: str, *, allow: Collection[str] = (), strict: bool = False) -> Check:
    """A check's outcome under the method's and the command line's policy.

    What --allow names stays a finding under strict.
    """
    check = next(
        (each for each in registry.REGISTERED if each.name == outcome.name and each.client != "other"),
        _UNKNOWN,
    )
    if (outcome.name in allow or check.allowed_with in allow) and outcome.state is not CheckStatus.OK:
        if outcome.state is not CheckStatus.INVALID:
            return outcome
        return replace(outcome, state=CheckStatus.FINDING, message=f"{outcome.text} Allowed by --allow.")
    if outcome.state is CheckStatus.FINDING and method in check.by_design:
        return outcome
    if strict and outcome.state in (CheckStatus.FINDING, CheckStatus.NOT_CHECKED):
        return replace(outcome, state=CheckStatus.INVALID)
    if (
        not strict
        and not outcome.firm
        and outcome.state is CheckStatus.INVALID
        and method in check.finding_for
    ):
        return replace(outcome, state=CheckStatus.FINDING)
    return outcome


# a check of another client's rows, or of a stored run that a later version made
_UNKNOWN = Registration(Stage.TEST, "", "")


def names() -> tuple[str, ...]:
    """The checks' names, for --allow."""
    return tuple(check.name for check in registered() if check.client != "other")
