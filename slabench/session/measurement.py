"""Values of one test: its trials (repeats, and both servers of an A/B run), what each measured, and what was
evaluated of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from slabench.answer_records import Scored
from slabench.errors import InvalidRun
from slabench.messages import Message
from slabench.methods import Form
from slabench.records import RunRecord
from slabench.verdict.looks import StopReason
from slabench.verdict.outcome import Check

if TYPE_CHECKING:
    from slabench.session.deployment import Deployment
    from slabench.verdict.validity import CheckContext

NEW, BASELINE = "new", "baseline"


class StillRunning(InvalidRun):
    """A probe was not sent: requests of the one before, which the client had cut off, are at the server."""


_NAMED = {  # by what is added, and the side
    ("", NEW): "load.repeat",
    ("", BASELINE): "load.baseline_repeat",
    ("pair", NEW): "load.pair",
    ("pair", BASELINE): "load.baseline_pair",
    ("repeat", NEW): "load.at_most",
}


@dataclass(frozen=True, slots=True)
class Trial:
    """Which load of a test: repeats count from 1."""

    side: str = NEW
    repeat: int = 1
    repeats: int = 1
    # what is added until the comparison is decided, repeats is then the most; "": repeats is fixed
    added: Literal["", "pair", "repeat"] = ""

    @property
    def message(self) -> Message:
        """`baseline server, repeat 2 of 4`, `pair 3 of at most 10`"""
        if self.repeats == 1:
            return Message("load.baseline" if self.side == BASELINE else "load.new")
        return Message(_NAMED[self.added, self.side], repeat=self.repeat, repeats=self.repeats)


def trials(repeats: int, *, both: bool, until_decided: bool = False) -> Iterator[Trial]:
    """A B B A A B B A ...: whatever drifts evenly hits both sides alike.

    Without a second server the repeats alone. until_decided: there may be fewer.
    """
    added: Literal["", "pair", "repeat"] = "" if not until_decided else "pair" if both else "repeat"
    for k in range(repeats):
        sides = (NEW,) if not both else (BASELINE, NEW) if k % 2 == 0 else (NEW, BASELINE)
        for side in sides:
            yield Trial(side, k + 1, repeats, added)


@dataclass(frozen=True, slots=True)
class Measured:
    """One trial's run, with what its evaluation needs to know of the test.

    trials: all of the test, this one (the first of NEW) among them; empty: this one alone. stopped: why there
    are no more of them, where repeats are added until the comparison is decided.
    """

    run: RunRecord
    form: Form
    deployment: Deployment
    point: dict[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    began_utc: str = ""
    exact_prompt: bool = True  # prompts were sent as ids
    batch_size: int | None = None
    counted: tuple[int, ...] = ()  # of texts: our tokenizer's counts
    shared: tuple[int, ...] = ()  # tokens that each prompt shares at its beginning with another of the run
    reasons: tuple[str, ...] = ()  # codes beside those of the labels
    advice: tuple[Message, ...] = ()
    entry_parts: Mapping[str, Any] = field(default_factory=dict)  # further fields of the test's entry
    further_checks: Callable[[Mapping[str, float]], tuple[Check, ...]] | None = None  # of the run's metrics
    trial: Trial = Trial()
    trials: tuple[Measured, ...] = ()
    stopped: StopReason | None = None
    # both servers' answers to some of the prompts, or why there are none; None: not asked for
    answers: Scored | Message | None = None


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The metrics and checks of one trial. sizes: how many requests are behind a metric."""

    measured: Measured
    metrics: dict[str, float]
    sizes: dict[str, int]
    checks: tuple[Check, ...]
    context: CheckContext

    @property
    def side(self) -> str:
        return self.measured.trial.side
