"""One measured load, and the turns in which a test's loads are taken: repeats, and both servers of an A/B
run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from slabench.messages import Message
from slabench.methods import Form
from slabench.records import GpuCounts, RunRecord
from slabench.verdict.outcome import Check, CheckStatus

if TYPE_CHECKING:
    from slabench.session.deployment import Deployment
    from slabench.verdict.sla import Slo
    from slabench.verdict.validity import CheckContext

NEW, BASELINE = "new", "baseline"


@dataclass(frozen=True, slots=True)
class Trial:
    """Which load of a test: repeats count from 1."""

    side: str = NEW
    repeat: int = 1
    repeats: int = 1

    @property
    def told(self) -> str:
        """`baseline server, repeat 2 of 4`; empty for a test's only load."""
        return "" if self == Trial() else str(self.message)

    @property
    def message(self) -> Message:
        """Which of a test's loads it is."""
        if self.repeats == 1:
            return Message("load.baseline" if self.side == BASELINE else "load.new")
        id = "load.baseline_repeat" if self.side == BASELINE else "load.repeat"
        return Message(id, repeat=self.repeat, repeats=self.repeats)


def turns(repeats: int, *, both: bool) -> Iterator[Trial]:
    """A B B A A B B A ...: whatever drifts evenly hits both sides alike.

    Without a second server the repeats alone.
    """
    for k in range(repeats):
        sides = (NEW,) if not both else (BASELINE, NEW) if k % 2 == 0 else (NEW, BASELINE)
        for side in sides:
            yield Trial(side, k + 1, repeats)


@dataclass(frozen=True, slots=True)
class Measured:
    """A run with what judge() needs to know of its test. turns: every load of the test, this one (the first
    of NEW) among them.
    """

    run: RunRecord
    form: Form
    point: dict[str, Any]
    labels: tuple[str, ...]
    began_utc: str
    gpus: GpuCounts
    exact_prompt: bool
    batch_size: int | None = None
    counted: tuple[int, ...] = ()  # of texts: our tokenizer's counts
    shared: tuple[int, ...] = ()  # tokens that each prompt shares at its beginning with another of the run
    reasons: tuple[str, ...] = ()  # codes beside those of the labels
    advice: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)  # further parts of the test's entry
    # further checks, of the run's figures
    beside: Callable[[Mapping[str, float]], tuple[Check, ...]] | None = None
    turn: Trial = Trial()
    deployment: Deployment | None = None  # None: the server under test
    turns: tuple[Measured, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What was seen in one load."""

    measured: Measured
    figures: dict[str, float]
    sizes: dict[str, int]
    checks: tuple[Check, ...]
    subject: CheckContext

    @property
    def side(self) -> str:
        return self.measured.turn.side

    def as_dict(self) -> dict[str, Any]:
        """One of run.json's `repeats`."""
        from slabench.verdict.validity import context_json as evidence

        run, turn = self.measured.run, self.measured.turn
        bad = [check.name for check in self.checks if check.state is CheckStatus.INVALID]
        return {
            "side": turn.side,
            "repeat": turn.repeat,
            "began_utc": self.measured.began_utc,
            "duration_s": run.client.wall_s,
            "invalid": bad,
            "metrics": {key: float(value) for key, value in self.figures.items()},
            "workload": dict(run.workload),
            "client": asdict(run.client),
            "server": served(run),
            "evidence": evidence.as_dict(self.subject),
        }


def served(run: RunRecord) -> dict[str, Any]:
    """run.json's `server` of one load."""
    spans = [{name: getattr(one, name) for name in one.__slots__} for one in run.server.log_spans]
    server = run.server
    return {
        "flush_status": server.flush_status,
        "flush_workers": list(server.flush_workers) if server.flush_workers is not None else None,
        "flush_lines": server.flush_lines,
        "notes": list(server.notes),
        "log_spans": spans,
    }


def on_average_only(
    looked: Sequence[Evaluated], slos: Sequence[Slo], figures: Mapping[str, float]
) -> tuple[Check, ...]:
    """A finding for each objective that holds over the repeats and not in every one of them, with the worst."""
    from slabench.messages import metric_name, number
    from slabench.metrics.definitions import declared

    found = []
    for one in slos:
        seen = [
            (each.figures[one.metric], each.measured.turn) for each in looked if one.metric in each.figures
        ]
        worst = (max if one.op == "<=" else min)(seen, key=lambda each: each[0], default=None)
        if worst is None or one.metric not in figures:
            continue
        value, turn = worst
        if one.holds(figures[one.metric]) and not one.holds(value):
            text = f"{metric_name(one.metric)} holds {one} on average only: {turn.told} has {number(value)} {declared(one.metric).unit}."
            found.append(
                Check(
                    "every_repeat",
                    CheckStatus.FINDING,
                    text,
                    "Look at that repeat; run.json has the figures of each.",
                )
            )
    return tuple(found)


_WORST = (CheckStatus.INVALID, CheckStatus.FINDING, CheckStatus.NOT_CHECKED, CheckStatus.OK)


def worst(looked: Sequence[Evaluated]) -> tuple[Check, ...]:
    """Each check once: as the worst of a test's loads has it, naming which.

    One load that nobody can judge is enough.
    """
    if len(looked) == 1:
        return looked[0].checks
    found: dict[str, list[tuple[Trial, Check]]] = {}
    for one in looked:
        for check in one.checks:
            found.setdefault(check.name, []).append((one.measured.turn, check))
    return tuple(_worst(seen) for seen in found.values())


def _worst(seen: Sequence[tuple[Trial, Check]]) -> Check:
    turn, check = min(seen, key=lambda one: _WORST.index(one[1].state))
    if check.state is CheckStatus.OK:
        return check
    same = sum(other.state is check.state for _, other in seen)
    more = Message("load.more", more=same - 1, loads=len(seen)) if same > 1 else None
    return replace(check, message=Message("load.check", load=turn.message, check=check.message, more=more))
