"""A test's figures against the old side's: the baseline server's loads of the same test, or a baseline file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from slabench.messages import Message
from slabench.metrics.repeats import fewest, summed
from slabench.session.measurement import BASELINE, NEW, Evaluated, Measured
from slabench.verdict import comparison as baselines
from slabench.verdict.baseline_file import Baseline, identity
from slabench.verdict.comparison import Comparison, ComparisonState
from slabench.verdict.gated_metrics import Gathered, both_sides, gated_keys, gather
from slabench.verdict.reasons import Reason
from slabench.verdict.regression import limit_of
from slabench.verdict.validity import Margin

if TYPE_CHECKING:
    from slabench.session.evaluate import Judge

PER_FIGURE = ("figures", "samples", "lacking")  # of a test's entry in a baseline
Figures = Mapping[str, float]  # one repeat's figures


def siblings(judge: Judge) -> int:
    """The tests of this session that are points of the same curve: one function with several parameters."""
    name = judge.test_id.partition("[")[0]
    return sum(one.partition("[")[0] == name for one in judge.test_ids) or 1


def compare(judge: Judge, method: str, looked: Sequence[Evaluated]) -> Comparison | None:
    """None: there is nothing to compare with."""
    mine = [one for one in looked if one.side == NEW]
    theirs = [one.figures for one in looked if one.side == BASELINE]
    run = mine[0].measured.run
    work = identity(run.workload, run.plan)
    sizes = [one.sizes for one in mine]
    return compare_runs(
        judge, method, [one.figures for one in mine], theirs, work, sizes, classic=run.reported is not None
    )


def compare_runs(
    judge: Judge,
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
        return _against_server(judge, work, gather(mine, keys), old, sizes, length)
    gated = gated_keys(method, *mine, classic=classic)
    if judge.campaign.before is not None:
        return _against_before(judge, work, mine, gated, sizes, only, length)
    known = judge.settings.baseline
    if known is None:
        return None
    test_id = judge.test_id
    entry = _narrowed(known.tests.get(test_id, {}), only)
    if test_id in known.tests:
        known = replace(known, tests={test_id: entry})
    return _compare(
        judge, known, work, gather(mine, both_sides(entry, gated)), sizes, pairs=False, accept_length=length
    )


def _accept_length(repeats: Sequence[Figures]) -> float | None:
    found = [figures["accept_length"] for figures in repeats if "accept_length" in figures]
    return sum(found) / len(found) if found else None


def margins(judge: Judge, loads: Sequence[tuple[Measured, Figures]]) -> list[Margin]:
    """Each compared figure with the limit that the comparison allows: the client's own error must not have
    turned it.

    Only what is wrong by a share counts, TPOT: an error in ms (TTFT) is on both sides alike, and not in their
    difference.
    """
    mine = [figures for one, figures in loads if one.turn.side == NEW]
    theirs = [figures for one, figures in loads if one.turn.side == BASELINE]
    first = loads[0][0]
    gated = gated_keys(first.form.method, *theirs, *mine, classic=first.run.reported is not None)
    old = gather(theirs, gated).values if theirs else _stored(judge)
    found = []
    for key, values in gather(mine, old).values.items():
        figure = key.removeprefix("classic.")
        if figure.startswith("tpot."):
            limit = limit_of(key, values, old[key], judge.settings.tolerance)
            found.append(Margin(figure, sum(values) / len(values), limit))
    return found


def _stored(judge: Judge) -> Mapping[str, Sequence[float]]:
    """The old side's figures where it is no server of this run."""
    test_id, before, file = judge.test_id, judge.campaign.before, judge.settings.baseline
    if before is not None:
        return before.tests[test_id].samples.values if test_id in before.tests else {}
    return file.samples(test_id) if file is not None and test_id in file.tests else {}


def _against_server(
    judge: Judge,
    work: Mapping[str, object],
    new: Gathered,
    old: Mapping[str, Any],
    sizes: Sequence[Mapping[str, int]],
    accept_length: float | None,
) -> Comparison:
    """Repeat k of one side belongs to repeat k of the other: same prompts, one right after the other."""
    from slabench.server.secrets import redact_url

    other = judge.campaign.other
    assert other is not None, "there are loads of a baseline server"
    known = Baseline(redact_url(other.url), "the baseline server", other.fingerprint, {judge.test_id: old})
    return _compare(judge, known, work, new, sizes, pairs=True, interleaved=True, accept_length=accept_length)


def _against_before(
    judge: Judge,
    work: Mapping[str, object],
    mine: Sequence[Figures],
    gated: Sequence[str],
    sizes: Sequence[Mapping[str, int]],
    only: Sequence[str] | None,
    accept_length: float | None,
) -> Comparison:
    """The same test of the run that was made at the baseline server before."""
    before = judge.campaign.before
    assert before is not None, "the baseline server was measured first"
    test_id = judge.test_id
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
        judge, known, work, new, sizes, pairs=False, interleaved=False, accept_length=accept_length
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
    judge: Judge,
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
        judge.test_id,
        new.values,
        fewest(sizes),
        judge.deployment.fingerprint,
        work,
        tolerance=judge.settings.tolerance,
        lacking=new.lacking,
        counted=summed(sizes),
        wanted=(*new.values, *new.lacking),
        allow=judge.settings.given.allow_diff,
        checks=judge.settings.given.allow,
        strict=judge.settings.given.strict_validity,
        siblings=siblings(judge),
        pairs=pairs,
        interleaved=interleaved,
        accept_length=accept_length,
    )
