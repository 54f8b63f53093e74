"""What `slabench compare` found: every test of the first side against each of the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slabench.messages import Message
from slabench.run_document.entry import CheckEntry, ComparisonEntry, short_name
from slabench.run_document.field import optional
from slabench.verdict.outcome import CheckStatus, Outcome

# slabench.compare/1: first form.
SCHEMA = "slabench.compare/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedSide:
    """One of the runs. unchecked: rows of another client, which show little of their validity; labels: as the
    run's, SIMULATED among them.
    """

    name: str
    version: str | None  # sglang's
    unchecked: bool
    labels: tuple[str, ...] = optional(())


@dataclass(frozen=True, slots=True, kw_only=True)
class SideCheck(CheckEntry):
    """A validity check of a row."""

    side: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedTest:
    """One test of the old side against one new side."""

    id: str
    side: str  # the new side's name
    word: Outcome | None  # None: only one side has it, or it gates nothing
    line: str
    line_message: Message | None = optional()  # line as id and arguments
    reasons: tuple[str, ...]
    comparison: ComparisonEntry | None = optional()
    checks: tuple[SideCheck, ...] = optional((), beside="comparison")

    @property
    def name(self) -> str:
        return short_name(self.id)

    @property
    def findings(self) -> list[SideCheck]:
        return [check for check in self.checks if check.state is CheckStatus.FINDING]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareDocument:
    """As --json writes it."""

    schema: str = SCHEMA
    word: Outcome
    tolerance: float  # a share
    allow_diff: tuple[str, ...]
    allow: tuple[str, ...]
    old: str  # the first side's name
    sides: tuple[ComparedSide, ...]
    left_out: Mapping[str, tuple[str, ...]]  # by --common: side -> tests, and points of a curve
    tests: tuple[ComparedTest, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Of any side."""
        return tuple(dict.fromkeys(label for side in self.sides for label in side.labels))

    @property
    def several(self) -> bool:
        """There is more than one new side."""
        return len(self.sides) > 2
