"""Launches in a test's comparison: the earlier ones of this run, and the spread of --launch-spread's file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from slabench.messages import Message
from slabench.run_document.run import LaunchRow, RunDocument
from slabench.session.measurement import BASELINE, NEW
from slabench.verdict.baseline import Baseline
from slabench.verdict.differences import differences
from slabench.verdict.gated_metrics import Gathered
from slabench.verdict.launch_spread import LEAST_OWN, Launches
from slabench.verdict.statistics import geometric_mean

if TYPE_CHECKING:
    from slabench.session.comparison import ComparedWith

Metrics = Mapping[str, float]  # of one repeat


@dataclass(frozen=True, slots=True)
class EarlierLaunch:
    """A run of the same tests at servers that were launched for it. run: its folder, in this run's."""

    number: int
    run: str
    document: RunDocument

    @property
    def row(self) -> LaunchRow:
        """run.json's line on it."""
        return LaunchRow.of(self.number, self.run, self.document.server)

    def loads(self, test_id: str) -> tuple[Sequence[Metrics], Sequence[Metrics]] | Message:
        """(new, old) of each repeat of a test, or why there is no verdict of it."""
        entry = next((entry for entry in self.document.tests if entry.id == test_id), None)
        if entry is None:
            return Message("launches.not_measured", number=self.number)
        if not entry.valid:
            return Message("launches.invalid", number=self.number, line=entry.headline)
        # FAILED for what is not compared over the launches would be lost with this one
        if any(rule.kind == "answers" and not rule.holds for rule in entry.objectives):
            return Message("launches.invalid", number=self.number, line=entry.headline)
        return entry.runs(NEW), entry.runs(BASELINE)


def all_launches(
    compared: ComparedWith, mine: Sequence[Metrics], theirs: Sequence[Metrics]
) -> tuple[list[Metrics], list[Metrics]] | Message:
    """Every repeat of both sides, the earlier launches first; or why they cannot be compared."""
    new, old = list[Metrics](), list[Metrics]()
    for launch in compared.earlier:
        loads = launch.loads(compared.test_id)
        if isinstance(loads, Message):
            return loads
        if [len(side) for side in loads] != [len(mine), len(theirs)]:
            return Message("launches.repeats", number=launch.number)
        new += loads[0]
        old += loads[1]
    return [*new, *mine], [*old, *theirs]


def by_launch(samples: Gathered, launches: int) -> Gathered:
    """The geometric mean of each launch. samples: of all repeats, the same number a launch.

    A metric with a value that is not above 0 stays as it is: comparing it says so.
    """
    return replace(
        samples,
        values={
            key: values if min(values) <= 0 else _means(values, launches)
            for key, values in samples.values.items()
        },
    )


def _means(values: Sequence[float], launches: int) -> list[float]:
    size = len(values) // launches
    return [geometric_mean(values[k : k + size]) for k in range(0, len(values), size)]


def known_launches(compared: ComparedWith, known: Baseline, work: Mapping[str, object]) -> Launches | None:
    """What the comparison knows of launches; None: what the old side itself knows counts. known: the old
    side.
    """
    count, old = len(compared.earlier) + 1, known.tests.get(compared.test_id)
    if count >= LEAST_OWN:
        return Launches(new=count, old=count, own=True)
    file = compared.launch_spread
    if file is None or known.of_runs:
        return None
    olds = count if compared.earlier else 1 if old is None else old.launches.old
    launches = Launches(new=count, old=olds)
    test = file.tests.get(compared.test_id)
    if test is None or not test.launches.spread.sd:
        return replace(launches, unused=Message("launches.no_spread", file=file.path))
    stored = {**file.fingerprint, "workload": test.workload}
    current = {**compared.fingerprint, "workload": work}
    differing = tuple(
        difference.message
        for difference in differences(stored, current)
        if not difference.allowed(compared.allow_diff)
    )
    if differing:
        why = Message("launches.differs", file=file.path, differences=differing)
        return replace(launches, unused=why)
    return replace(launches, spread=test.launches.spread, source=file.path)


def too_few(launches: Launches | None, compared: ComparedWith) -> Message | None:
    """Why launches that are too few to decide alone cannot be compared; None: they can."""
    if not compared.earlier or launches is None or launches.own or launches.spread.sd:
        return None
    return Message("launches.too_few", launches=launches.new, least=LEAST_OWN, why=launches.unused or "")
