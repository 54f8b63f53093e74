"""A load's checks, and how the method, `--allow` and `--strict-validity` change their results."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity import registry
from slabench.verdict.validity.context import CheckContext
from slabench.verdict.validity.registry import Registration, Stage, registered


def examine(
    context: CheckContext,
    method: str,
    *,
    allow: Collection[str] = (),
    strict: bool = False,
    probe: bool = False,
) -> tuple[Check, ...]:
    """All checks that apply, with the method's and the command line's policy; strict turns what is not ok
    into INVALID.

    probe: of a capacity search, which evaluates the answers and the client alone.
    """
    checks = [check for check in registered() if check.stage <= Stage.LOG and (check.probe or not probe)]
    results = [result for check in checks if (result := check.evaluate(context)) is not None]
    return tuple(settle(result, method, allow=allow, strict=strict) for result in results)


def settle(result: Check, method: str, *, allow: Collection[str] = (), strict: bool = False) -> Check:
    """A check's result under the method's and the command line's policy.

    What --allow names stays a finding under strict.
    """
    check = next(
        (check for check in registry.REGISTERED if check.name == result.name and check.client != "other"),
        _UNKNOWN,
    )
    if (result.name in allow or check.allowed_with in allow) and result.state is not CheckStatus.OK:
        if result.state is not CheckStatus.INVALID:
            return result
        return replace(result, state=CheckStatus.FINDING, allowed=True)
    if result.state is CheckStatus.FINDING and method in check.by_design:
        return result
    if strict and result.state in (CheckStatus.FINDING, CheckStatus.NOT_CHECKED):
        return replace(result, state=CheckStatus.INVALID, allowed=False)
    by_method = not strict and not result.firm and method in check.finding_for
    if by_method and result.state is CheckStatus.INVALID:
        return replace(result, state=CheckStatus.FINDING)
    return result


# a check of another client's rows, or of a stored run that a later version made
_UNKNOWN = Registration(Stage.TEST, "", "")


def names() -> tuple[str, ...]:
    """The checks' names, for --allow."""
    return tuple(check.name for check in registered() if check.client != "other")
