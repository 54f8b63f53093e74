"""A test's metrics against the old side's: the baseline server's loads of it, or a baseline file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from slabench.messages import Message
from slabench.metrics.repeats import fewest, summed
from slabench.server.secrets import redact_url
from slabench.session.knee import knee_notes
from slabench.session.launches import EarlierLaunch, all_launches, by_launch, known_launches, too_few
from slabench.session.measurement import BASELINE, NEW, Evaluated, Measured
from slabench.verdict import comparison as baselines
from slabench.verdict.baseline import Baseline, BaselineTest
from slabench.verdict.baseline_file import identity
from slabench.verdict.comparison import Comparison, ComparisonState
from slabench.verdict.gated_metrics import Gathered, gated_keys, gather
from slabench.verdict.looks import Looks, LooksTaken, StopReason
from slabench.verdict.reasons import Reason
from slabench.verdict.regression import limit_of
from slabench.verdict.statistics import geometric_mean
from slabench.verdict.validity import Margin

if TYPE_CHECKING:
    from slabench.report.stored_runs import StoredSide
    from slabench.session.deployment import Deployment

Metrics = Mapping[str, float]  # of one repeat


@dataclass(frozen=True, slots=True)
class ComparedWith:
    """The old side of a test, and by which rules the new one is compared with it.

    At most one is there of a baseline server, the run at it before this one, and a baseline file.
    """

    test_id: str
    fingerprint: Mapping[str, Mapping[str, Any]]  # of the server under test
    server: Deployment | None = None
    before: StoredSide | None = None
    file: Baseline | None = None
    launch_spread: Baseline | None = None  # the file with how launches of an accepted version differ
    tolerance: float = 0.02
    allow_diff: Sequence[str] = ()
    allow: Sequence[str] = ()  # checks
    strict: bool = False
    siblings: int = 1  # tests of this session that are points of the same curve
    looks: Looks | None = None  # repeats are added until it is decided; None: their number is fixed
    saved: bool = False  # a later run will be compared with this one
    earlier: tuple[EarlierLaunch, ...] = ()  # runs at earlier launches of both servers (--launches)

    @property
    def stored(self) -> BaselineTest:
        """The test in the baseline file; empty where there is none."""
        empty = BaselineTest(Gathered({}))
        return empty if self.file is None else self.file.tests.get(self.test_id, empty)


def siblings(test_id: str, test_ids: Sequence[str]) -> int:
    """The tests that are points of the same curve: one function with several parameters."""
    name = test_id.partition("[")[0]
    return sum(other.partition("[")[0] == name for other in test_ids) or 1


def compare(
    compared: ComparedWith, method: str, evaluated: Sequence[Evaluated], stopped: StopReason | None = None
) -> Comparison | None:
    """None: there is nothing to compare with. stopped: why no further repeat was measured, with looks."""
    mine = [load for load in evaluated if load.side == NEW]
    theirs = [load.metrics for load in evaluated if load.side == BASELINE]
    run = mine[0].measured.run
    work = identity(run.workload, run.plan)
    sizes = [load.sizes for load in mine]
    comparison = compare_runs(
        compared,
        method,
        [load.metrics for load in mine],
        theirs,
        work,
        sizes,
        classic=run.reported is not None,
        quick=mine[0].measured.form.quick,
    )
    if comparison is None:
        return None
    comparison = replace(comparison, notes=(*comparison.notes, *knee_notes(evaluated)))
    if compared.looks is None or stopped is None:
        return comparison
    return replace(comparison, looks=LooksTaken(compared.looks, len(mine), stopped))


def compare_runs(
    compared: ComparedWith,
    method: str,
    mine: Sequence[Metrics],
    theirs: Sequence[Metrics],
    work: Mapping[str, object],
    sizes: Sequence[Mapping[str, int]],
    *,
    classic: bool = False,
    quick: bool = False,
    only: Sequence[str] | None = None,
    repeats: Mapping[str, int] | None = None,
) -> Comparison | None:
    """The repeats of this server against those of the baseline server (theirs), else of the run before, else
    of the file.

    only: metrics of the old side that this test measures too, where the old side may have more. repeats: see
    gather().
    """
    test_id, before = compared.test_id, compared.before
    if theirs and compared.earlier:
        loads = all_launches(compared, mine, theirs)
        if isinstance(loads, Message):
            return _refused(redact_url(_server_of(compared).url), loads, interleaved=True)
        (mine, theirs), repeats = loads, None
    gated = gated_keys(method, *theirs, *mine, classic=classic, quick=quick)
    only = gated if quick else only  # a stored side has what gates the full form
    known, interleaved = compared.file, None
    if theirs:
        # Repeat k of one side belongs to repeat k of the other: same prompts, one right after the other.
        known, interleaved = (
            _of_server(compared, gather(theirs, gated, repeats), work, _accept_length(theirs)),
            True,
        )
    elif before is not None:
        was = before.tests.get(test_id)
        if was is None or was.invalid is not None:
            return not_measured(before.name, None if was is None else was.invalid)
        test = BaselineTest(was.samples, was.workload, allowed=was.allowed, accept_length=was.accept_length)
        known = Baseline(before.name, "the baseline server", before.fingerprint, {test_id: test})
        interleaved = False
    if known is None:
        return None
    old = known.tests.get(test_id)
    if old is not None and only is not None:
        old = old.only(only)
        known = replace(known, tests={test_id: old})
    new = gather(mine, () if old is None else old.compared(gated), repeats)
    values = new.values
    launches = known_launches(compared, known, work)
    if (why := too_few(launches, compared)) is not None:
        return _refused(known.path, why, interleaved=interleaved)
    if launches is not None and launches.own and old is not None:
        values = by_launch(new, launches.new).values
        old = replace(old, samples=by_launch(old.samples, launches.new))
        known = replace(known, tests={test_id: old})
    if known.of_runs:  # all repeats of this run are one sample beside the old ones
        values = {key: [geometric_mean(each)] for key, each in values.items() if min(each) > 0}
    return baselines.compare(
        known,
        test_id,
        values,
        fewest(sizes),
        compared.fingerprint,
        work,
        tolerance=compared.tolerance,
        lacking=new.lacking,
        counted=summed(sizes),
        wanted=(*new.values, *new.lacking),
        allow=compared.allow_diff,
        checks=compared.allow,
        strict=compared.strict,
        siblings=compared.siblings,
        looks=compared.looks,
        pairs=bool(theirs),
        interleaved=interleaved,
        accept_length=_accept_length(mine),
        launches=launches,
    )


def _of_server(
    compared: ComparedWith, samples: Gathered, work: Mapping[str, object], accept_length: float | None
) -> Baseline:
    server = _server_of(compared)
    test = BaselineTest(samples, work, accept_length=accept_length)
    url = redact_url(server.url)
    return Baseline(url, "the baseline server", server.fingerprint, {compared.test_id: test})


def _server_of(compared: ComparedWith) -> Deployment:
    assert compared.server is not None, "there are loads of a baseline server"
    return compared.server


def _refused(name: str, why: Message, *, interleaved: bool | None) -> Comparison:
    return Comparison(name, ComparisonState.NOT_COMPARABLE, interleaved=interleaved).refused(why)


def not_measured(name: str, invalid: str | None) -> Comparison:
    """invalid: why the earlier run at the baseline server has no verdict; None: it has no such test."""
    why = Message("comparison.baseline_server_unmeasured")
    if invalid is not None:
        why = Message("comparison.baseline_server_invalid", why=invalid)
    return Comparison(
        name,
        ComparisonState.NOT_COMPARABLE,
        reasons=(Reason.NOT_INTERLEAVED,),
        not_comparable=why,
        interleaved=False,
    )


def _accept_length(repeats: Sequence[Metrics]) -> float | None:
    lengths = [metrics["accept_length"] for metrics in repeats if "accept_length" in metrics]
    return sum(lengths) / len(lengths) if lengths else None


def margins(compared: ComparedWith, loads: Sequence[tuple[Measured, Metrics]]) -> list[Margin]:
    """Each compared metric with the limit that the comparison allows: the client's own error must not decide
    it.

    Only TPOT, whose error is a share, counts: an error in ms (TTFT) is on both sides alike, and not in their
    difference.
    """
    mine = [metrics for load, metrics in loads if load.trial.side == NEW]
    theirs = [metrics for load, metrics in loads if load.trial.side == BASELINE]
    first = loads[0][0]
    classic, quick = first.run.reported is not None, first.form.quick
    gated = gated_keys(first.form.method, *theirs, *mine, classic=classic, quick=quick)
    old = gather(theirs, gated).values if theirs else _stored(compared)
    return [
        Margin(metric, sum(values) / len(values), limit_of(key, values, old[key], compared.tolerance))
        for key, values in gather(mine, old).values.items()
        if (metric := key.removeprefix("classic.")).startswith("tpot.")
    ]


def _stored(compared: ComparedWith) -> Mapping[str, Sequence[float]]:
    """The old side's samples where it is no server of this run."""
    test_id, before = compared.test_id, compared.before
    if before is not None:
        return before.tests[test_id].samples.values if test_id in before.tests else {}
    return compared.stored.samples.values
