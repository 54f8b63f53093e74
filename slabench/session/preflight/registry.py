"""The checks before a load: each registers itself with its stage and what it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from functools import wraps
from typing import TYPE_CHECKING

from slabench.messages import Argument, Message, as_message, remedy_of
from slabench.verdict.outcome import Check, CheckStatus

if TYPE_CHECKING:
    from slabench.session.preflight.context import PreflightContext, Side
    from slabench.verdict.comparison import Comparison


class Stage(IntEnum):
    """What a check needs, in the order in which they are made."""

    COMMAND_LINE = 1  # the options alone
    SERVER = 2  # what the servers answered when the session began
    PROBE = 3  # requests of its own, or seconds of work: made by `slabench doctor` alone


class Status(StrEnum):
    OK = "ok"
    WARN = "warn"  # it can be measured; the remedy says what would be better
    STOP = "stop"  # the tests concerned would end INVALID, or be refused


@dataclass(frozen=True, slots=True)
class Result:
    """tests: those that a STOP makes impossible; empty: all of the session.

    check, comparison: what the test would report of it after its load, where there is such a thing.
    """

    status: Status
    message: Message
    remedy: Message | str = ""
    tests: tuple[str, ...] = ()
    check: Check | None = field(default=None, repr=False)
    comparison: Comparison | None = field(default=None, repr=False)
    baseline: bool = False  # of the baseline server
    name: str = ""  # of its check; set by examine()

    @property
    def sentence(self) -> str:
        """What was observed, then what to do."""
        parts = tuple(part for part in (self.message, self.remedy) if str(part))
        return str(Message("preflight.sentence", parts=parts))


Function = Callable[["PreflightContext"], Iterable[Result]]


@dataclass(frozen=True, slots=True)
class Preflight:
    """A check; the decorator @Preflight(Stage.SERVER, "server_info", "what stops it") registers it."""

    stage: Stage
    needs: str
    stops: str  # what it stops, or warns of
    name: str = ""
    function: Function = lambda context: ()

    def __call__(self, function: Function) -> Function:
        REGISTERED.append(replace(self, name=function.__name__, function=function))
        return function

    def results(self, context: PreflightContext) -> Iterator[Result]:
        for result in self.function(context):
            yield replace(result, name=self.name)


REGISTERED: list[Preflight] = []


def of_old_server(results: Iterable[Result]) -> Iterator[Result]:
    for result in results:
        message = Message("preflight.baseline_server", text=result.message)
        yield replace(result, message=message, baseline=True)


def each_server(check: Callable[[PreflightContext, Side], Iterable[Result]]) -> Function:
    """A check of one server, made of each."""

    @wraps(check)
    def every(context: PreflightContext) -> Iterator[Result]:
        for side in context.sides:
            results = check(context, side)
            yield from of_old_server(results) if side.baseline else results

    return every


def registered(*stages: Stage) -> list[Preflight]:
    """Of these stages, or all, in the order in which they are made."""
    chosen = [check for check in REGISTERED if not stages or check.stage in stages]
    return sorted(chosen, key=lambda check: check.stage)


def examine(context: PreflightContext, *stages: Stage) -> list[Result]:
    """What the checks of these stages report."""
    return [result for check in registered(*stages) for result in check.results(context)]


def _result(status: Status, message: Message, tests: Iterable[str] = ()) -> Result:
    """With the catalogue's `ID.remedy`, unless it is OK."""
    remedy = None if status is Status.OK else remedy_of(message)
    return Result(status, message, remedy or "", tuple(tests))


def ok(id: str, /, **arguments: Argument) -> Result:
    return _result(Status.OK, Message(id, **arguments))


def warn(id: str, /, **arguments: Argument) -> Result:
    return _result(Status.WARN, Message(id, **arguments))


def stop(id: str, concerned: Iterable[str] = (), /, **arguments: Argument) -> Result:
    """concerned: ids of the tests that it makes impossible; none: all."""
    return _result(Status.STOP, Message(id, **arguments), concerned)


def of_check(check: Check, tests: Iterable[str] = ()) -> Result:
    """A validity check that was made before the load: INVALID stops the tests."""
    message = check.message if isinstance(check.message, Message) else as_message(check.text)
    return Result(_STATUS[check.state], message, check.remedy_message, tuple(tests), check)


_STATUS = {
    CheckStatus.OK: Status.OK,
    CheckStatus.FINDING: Status.WARN,
    CheckStatus.NOT_CHECKED: Status.WARN,
    CheckStatus.INVALID: Status.STOP,
}


def short(test_id: str) -> str:
    """`test_decode_tpot[bs64]` of `tests/ali/test_decode.py::test_decode_tpot[bs64]`."""
    return test_id.rpartition("::")[2]
