"""A test's metrics against the old side's: the baseline server's loads of it, or a baseline file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from slabench.messages import Message
from slabench.metrics.repeats import fewest, summed
from slabench.server.secrets import redact_url
from slabench.session.measurement import BASELINE, NEW, Evaluated, Measured
from slabench.verdict import comparison as baselines
from slabench.verdict.baseline_file import Baseline, identity
from slabench.verdict.comparison import Comparison, ComparisonState
from slabench.verdict.gated_metrics import Gathered, both_sides, gated_keys, gather
from slabench.verdict.reasons import Reason
from slabench.verdict.regression import limit_of
from slabench.verdict.validity import Margin

if TYPE_CHECKING:
    from slabench.report.stored_runs import StoredSide
    from slabench.session.deployment import Deployment

PER_FIGURE = ("figures", "samples", "lacking")  # of a test's entry in a baseline
Figures = Mapping[str, float]  # one repeat's figures


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
    tolerance: float = 0.02
    allow_diff: Sequence[str] = ()
    allow: Sequence[str] = ()  # checks
    strict: bool = False
    siblings: int = 1  # tests of this session that are points of the same curve
    saved: bool = False  # a later run will be compared with this one

    @property
    def entry(self) -> Mapping[str, Any]:
        """The test's entry in the baseline file; empty where there is none."""
        return {} if self.file is None else self.file.tests.get(self.test_id, {})


def siblings(test_id: str, test_ids: Sequence[str]) -> int:
    """The tests that are points of the same curve: one function with several parameters."""
    name = test_id.partition("[")[0]
    return sum(other.partition("[")[0] == name for other in test_ids) or 1


def compare(compared: ComparedWith, method: str, evaluated: Sequence[Evaluated]) -> Comparison | None:
    """None: there is nothing to compare with."""
    mine = [load for load in evaluated if load.side == NEW]
    theirs = [load.metrics for load in evaluated if load.side == BASELINE]
    run = mine[0].measured.run
    work = identity(run.workload, run.plan)
    sizes = [load.sizes for load in mine]
    return compare_runs(
        compared,
        method,
        [load.metrics for load in mine],
        theirs,
        work,
        sizes,
        classic=run.reported is not None,
    )


def compare_runs(
    compared: ComparedWith,
    method: str,
    mine: Sequence[Figures],
    theirs: Sequence[Figures],
    work: Mapping[str, object],
    sizes: Sequence[Mapping[str, int]],
    *,
    classic: bool = False,
    only: Sequence[str] | None = None,
) -> Comparison | None:
    """The repeats of this server against those of the baseline server (theirs), else of the run before, else
    of the file.

    only: figures of the old side that the test asked for again, where the old side may have been asked for
    more.
    """
    length = _accept_length(mine)
    if theirs:
        keys = gated_keys(method, *theirs, *mine, classic=classic)
        old = _entry(work, gather(theirs, keys), _accept_length(theirs))
        return _against_server(compared, work, gather(mine, keys), old, sizes, length)
    gated = gated_keys(method, *mine, classic=classic)
    if compared.before is not None:
        return _against_before(compared, work, mine, gated, sizes, only, length)
    known = compared.file
    if known is None:
        return None
    entry = _narrowed(compared.entry, only)
    if compared.test_id in known.tests:
        known = replace(known, tests={compared.test_id: entry})
    return _compare(
        compared,
        known,
        work,
        gather(mine, both_sides(entry, gated)),
        sizes,
        pairs=False,
        accept_length=length,
    )


def _accept_length(repeats: Sequence[Figures]) -> float | None:
    found = [figures["accept_length"] for figures in repeats if "accept_length" in figures]
    return sum(found) / len(found) if found else None


def margins(compared: ComparedWith, loads: Sequence[tuple[Measured, Figures]]) -> list[Margin]:
    """Each compared figure with the limit that the comparison allows: the client's own error must not have
    turned it.

    Only what is wrong by a share counts, TPOT: an error in ms (TTFT) is on both sides alike, and not in their
    difference.
    """
    mine = [metrics for load, metrics in loads if load.trial.side == NEW]
    theirs = [metrics for load, metrics in loads if load.trial.side == BASELINE]
    first = loads[0][0]
    gated = gated_keys(first.form.method, *theirs, *mine, classic=first.run.reported is not None)
    old = gather(theirs, gated).values if theirs else _stored(compared)
    found = []
    for key, values in gather(mine, old).values.items():
        figure = key.removeprefix("classic.")
        if figure.startswith("tpot."):
            limit = limit_of(key, values, old[key], compared.tolerance)
            found.append(Margin(figure, sum(values) / len(values), limit))
    return found


def _stored(compared: ComparedWith) -> Mapping[str, Sequence[float]]:
    """The old side's figures where it is no server of this run."""
    test_id, before, file = compared.test_id, compared.before, compared.file
    if before is not None:
        return before.tests[test_id].samples.values if test_id in before.tests else {}
    return file.samples(test_id) if file is not None and test_id in file.tests else {}


def _against_server(
    compared: ComparedWith,
    work: Mapping[str, object],
    new: Gathered,
    old: Mapping[str, Any],
    sizes: Sequence[Mapping[str, int]],
    accept_length: float | None,
) -> Comparison:
    """Repeat k of one side belongs to repeat k of the other: same prompts, one right after the other."""
    server = compared.server
    assert server is not None, "there are loads of a baseline server"
    known = Baseline(
        redact_url(server.url), "the baseline server", server.fingerprint, {compared.test_id: old}
    )
    return _compare(
        compared, known, work, new, sizes, pairs=True, interleaved=True, accept_length=accept_length
    )


def _against_before(
    compared: ComparedWith,
    work: Mapping[str, object],
    mine: Sequence[Figures],
    gated: Sequence[str],
    sizes: Sequence[Mapping[str, int]],
    only: Sequence[str] | None,
    accept_length: float | None,
) -> Comparison:
    """The same test of the run that was made at the baseline server before."""
    before, test_id = compared.before, compared.test_id
    assert before is not None, "the baseline server was measured first"
    was = before.tests.get(test_id)
    if was is None or was.invalid is not None:
        why = Message("comparison.baseline_server_unmeasured")
        if was is not None:
            why = Message("comparison.baseline_server_invalid", why=was.invalid)
        return Comparison(
            before.name,
            ComparisonState.NOT_COMPARABLE,
            reasons=(Reason.NOT_INTERLEAVED,),
            not_comparable=why,
            interleaved=False,
        )
    entry = _narrowed(_entry(was.workload, was.samples, was.accept_length) | {"allowed": was.allowed}, only)
    known = Baseline(before.name, "the baseline server", before.fingerprint, {test_id: entry})
    new = gather(mine, both_sides(entry, gated))
    return _compare(
        compared, known, work, new, sizes, pairs=False, interleaved=False, accept_length=accept_length
    )


def _narrowed(entry: Mapping[str, Any], only: Sequence[str] | None) -> Mapping[str, Any]:
    if only is None:
        return entry
    parts = {
        part: {key: one for key, one in entry[part].items() if key in only}
        for part in PER_FIGURE
        if part in entry
    }
    return {**entry, **parts}


def _entry(work: Mapping[str, object], old: Gathered, accept_length: float | None) -> dict[str, Any]:
    """As a baseline file has it."""
    means = {key: sum(values) / len(values) for key, values in old.values.items()}
    beside = {} if accept_length is None else {"accept_length": accept_length}
    return {
        "workload": work,
        "figures": means,
        "samples": old.values,
        "lacking": old.lacking,
        "information": beside,
    }


def _compare(
    compared: ComparedWith,
    known: Baseline,
    work: Mapping[str, object],
    new: Gathered,
    sizes: Sequence[Mapping[str, int]],
    *,
    pairs: bool,
    interleaved: bool | None = None,
    accept_length: float | None = None,
) -> Comparison:
    return baselines.compare(
        known,
        compared.test_id,
        new.values,
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
        pairs=pairs,
        interleaved=interleaved,
        accept_length=accept_length,
    )
