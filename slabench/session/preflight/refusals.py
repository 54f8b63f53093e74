"""Tests that are sent no load because of what is known before it, and their entries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.session.partial_entry import bare_entry
from slabench.session.planned_load import PlannedTest
from slabench.session.preflight.context import PreflightContext
from slabench.session.preflight.registry import Result, Status, short
from slabench.verdict.outcome import Outcome
from slabench.verdict.reasons import Reason

if TYPE_CHECKING:
    from slabench.run_document.entry import Entry

NO_LOAD = "no_load"  # reason of a test that could be measured, in a gate that another test stops


@dataclass(frozen=True, slots=True)
class Refusal:
    """result: what stops the test, or, with gate's name, another test of the session."""

    result: Result
    gate: str | None = None

    @property
    def message(self) -> Message:
        """The test's line."""
        result = self.result
        if self.gate is not None:
            return Message(
                "preflight.gate",
                gate=self.gate,
                test=[short(test) for test in result.tests],
                check=result.name,
                text=result.message,
            )
        if result.comparison is not None:
            return Message("preflight.not_comparable", text=result.message)
        parts = [result.message, *([result.remedy] if result.remedy else [])]
        return Message("preflight.refused", check=result.name, parts=parts)

    @property
    def reason(self) -> str:
        if self.gate is not None:
            return NO_LOAD
        return Reason.NOT_COMPARABLE if self.result.comparison is not None else self.result.name

    def entry(self, test: PlannedTest) -> Entry:
        from slabench.run_document.entry import CheckEntry, ComparisonEntry
        from slabench.run_document.read import parse

        result, alone = self.result, self.gate is None
        entry = bare_entry(test.test_id, Outcome.INVALID, str(self.message), self.reason)
        entry = replace(entry, headline_message=self.message)
        if test.loads:
            entry = replace(entry, method=test.loads[0].form.method, point=dict(test.loads[0].point))
        if alone and result.check is not None:
            entry = replace(entry, checks=(parse(CheckEntry, result.check.as_dict(), strict=True),))
        if alone and result.comparison is not None:
            compared = parse(ComparisonEntry, result.comparison.as_dict(), strict=True)
            entry = replace(entry, comparison=compared)
        return entry


def refusals(results: Iterable[Result], tests: Sequence[PlannedTest], gate: str | None) -> dict[str, Refusal]:
    """By test id; the first STOP of each test. gate: the option that makes the session a gate, in which one
    test that cannot be measured leaves no load to the others.
    """
    refused: dict[str, Refusal] = {}
    for result in results:
        if result.status is Status.STOP:
            for test_id in result.tests or [test.test_id for test in tests]:
                refused.setdefault(test_id, Refusal(result))
    if gate is not None and refused:
        first = next(iter(refused.values())).result
        for test in tests:
            refused.setdefault(test.test_id, Refusal(first, gate))
    return refused


def check_command_line(results: Iterable[Result], context: PreflightContext) -> Iterator[str]:
    """A sentence for each STOP that leaves other tests to be measured.

    ConfigError where none is left, and where the session is a gate.
    """
    gate, count = context.settings.gate, len(context.tests)
    for result in results:
        if result.status is not Status.STOP:
            continue
        if gate is not None:
            raise ConfigError(Message("preflight.usage_gate", text=result.sentence, gate=gate))
        if len(result.tests) in (0, count):
            raise ConfigError(Message("preflight.usage", text=result.sentence))
        yield str(Message("preflight.will_be", text=result.sentence))


@dataclass(frozen=True, slots=True)
class Group:
    """Results of one check at one server with one status: the first in full, the tests of all."""

    first: Result
    more: int
    tests: tuple[str, ...]

    @property
    def others(self) -> str:
        """` (and 2 more: test_decode_tpot[bs64], test_decode_tpot[bs128])`, empty without others."""
        if not self.more:
            return ""
        rest = [short(test) for test in self.tests if test not in self.first.tests]
        return str(Message("preflight.more", more=self.more, tests=rest))


def grouped(results: Iterable[Result]) -> Iterator[Group]:
    """In the order of their first results."""
    groups: dict[tuple[str, Status, bool], list[Result]] = {}
    for result in results:
        groups.setdefault((result.name, result.status, result.baseline), []).append(result)
    for same in groups.values():
        tests = dict.fromkeys(test for result in same for test in result.tests)
        yield Group(same[0], len(same) - 1, tuple(tests))


def lines(refused: Mapping[str, Refusal]) -> Iterator[str]:
    """What is said before the first test: each STOP once, with the tests that it is about."""
    stops = {id(refusal.result): refusal.result for refusal in refused.values()}
    for group in grouped(stops.values()):
        if group.first.comparison is not None:
            yield str(Message("preflight.says_not_comparable", text=group.first.message))
            continue
        yield str(
            Message(
                "preflight.says",
                tests=[short(test) for test in group.first.tests],
                check=group.first.name,
                text=group.first.sentence,
                others=group.others,
            )
        )
