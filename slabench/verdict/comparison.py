"""Comparing with what was measured before, or beside it: whether that is possible, and its result."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from slabench.messages import Message
from slabench.metrics.definitions import declared, metric_of, too_few
from slabench.verdict.baseline import Baseline
from slabench.verdict.compared import Compared, ComparisonResult
from slabench.verdict.comparison_notes import accept_lengths, smaller_pool
from slabench.verdict.differences import Sections, blocked, differences, of_versions, unrecorded
from slabench.verdict.launch_spread import Launches
from slabench.verdict.looks import Looks, LooksTaken, StopReason
from slabench.verdict.outcome import Objective
from slabench.verdict.reasons import Reason
from slabench.verdict.regression import ALPHA, NoRatio, compare_metrics
from slabench.verdict.sla import Slo, check

Samples = Mapping[str, Sequence[float]]


class ComparisonState(StrEnum):
    """Whether a test was compared."""

    COMPARED = "compared"
    NO_BASELINE = "NO_BASELINE"
    NOT_COMPARABLE = "NOT_COMPARABLE"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One test against its old metrics."""

    baseline: str
    state: ComparisonState
    objectives: tuple[Objective, ...] = ()
    differences: tuple[Message, ...] = ()
    allowed: tuple[Message, ...] = ()  # differences that --allow-diff names
    reasons: tuple[Reason, ...] = ()
    not_comparable: Message | None = None
    floors: tuple[Slo, ...] = ()
    metrics: tuple[Compared, ...] = ()
    interleaved: bool | None = None  # both sides in this run; False: one after the other; None: from a file
    notes: tuple[Message, ...] = ()  # on the old side, beside the verdict
    looks: LooksTaken | None = None  # None: the number of repeats was fixed
    launches: Launches | None = None  # that the samples are of; None: nothing was compared
    fresh_prompts: bool = False  # unpaired repeats, each with prompts of its own
    undecided: Message | None = None  # of answers, which have no metric that is compared by its repeats

    def refused(self, why: Message, differences: Iterable[Message] = ()) -> Comparison:
        """The same, not comparable."""
        return replace(
            self,
            state=ComparisonState.NOT_COMPARABLE,
            differences=tuple(differences),
            reasons=(Reason.NOT_COMPARABLE, *self.reasons),
            not_comparable=Message("comparison.not_comparable", why=why),
        )

    @property
    def without_launches(self) -> list[str]:
        """Metrics whose interval does not contain how launches differ."""
        if self.launches is None or self.launches.own or self.launches.in_samples:
            return []
        return [metric.key for metric in self.metrics if metric.single or metric.change.launch is None]

    @property
    def inconclusive(self) -> Message | None:
        """The line on the metrics without a result, or None."""
        over = self.looks is not None and self.looks.stopped is StopReason.TIME_BUDGET
        ended = Message("comparison.time_budget", pairs=self.looks.repeats if self.looks else 0)
        same = Message("comparison.same_prompts") if self.fresh_prompts else None
        undecided = tuple(
            Message("comparison.undecided", metric=metric.message(), remedy=ended if over else metric.remedy)
            for metric in self.metrics
            if metric.outcome is ComparisonResult.INCONCLUSIVE
        )
        if not undecided:
            return self.undecided
        return Message("comparison.undecided_metrics", metrics=undecided[:2], same_prompts=same)

    def with_result(self, result: Objective | Message) -> Comparison:
        """The same with the result of comparing answers. A message: it is inconclusive."""
        if isinstance(result, Objective):
            return replace(self, objectives=(result,))
        return replace(self, undecided=result, reasons=(Reason.INCONCLUSIVE, *self.reasons))

    def as_dict(self) -> dict[str, Any]:
        parts = {"difference": self.differences, "allowed_difference": self.allowed, "note": self.notes}
        return {
            "baseline": self.baseline,
            "state": self.state.value,
            **{f"{name}s": [str(message) for message in part] for name, part in parts.items()},
            **{f"{name}_messages": [message.as_dict() for message in part] for name, part in parts.items()},
            "interleaved": self.interleaved,
            **({} if self.looks is None else {"looks": self.looks.as_dict(ALPHA)}),
            **({} if self.launches is None else {"launches": self.launches.as_dict(self.without_launches)}),
            "figures": [metric.as_dict() for metric in self.metrics],
        }


def compare(
    baseline: Baseline,
    test_id: str,
    samples: Samples,
    sizes: Mapping[str, int],
    fingerprint: Sections,
    workload: Mapping[str, Any],
    *,
    tolerance: float,
    lacking: Mapping[str, str] | None = None,
    counted: Mapping[str, int] | None = None,
    wanted: Collection[str] = (),
    allow: Collection[str] = (),
    checks: Collection[str] = (),
    strict: bool = False,
    siblings: int = 1,
    looks: Looks | None = None,
    pairs: bool = False,
    interleaved: bool | None = None,
    accept_length: float | None = None,
    launches: Launches | None = None,
) -> Comparison:
    """One test's metrics, one value a repeat, against its entry: none may be worse than `tolerance` (a share)
    allows.

    fingerprint: this run's; workload: what the test sent, as identity() has it; siblings, looks,
    pairs: see compare_metrics(). wanted: metrics that both sides must have beside those that the entry names;
    lacking: repeats of this run without one. allow: differences, as --allow-diff names them; checks: those
    that --allow names for this run. strict: what the old side does not record makes it not comparable.
    accept_length: this run's, mean over its repeats; the old side's is in its entry's information. sizes: n
    of the smallest repeat, for percentiles; counted: n of all of them, as sizes where nothing was repeated.
    launches: that the samples are of; None: what the old side's entry knows of launches.
    """
    entry = baseline.tests.get(test_id)
    if entry is None:
        return Comparison(baseline.path, ComparisonState.NO_BASELINE, reasons=(Reason.NO_BASELINE,))
    stored = {**baseline.fingerprint, "workload": entry.workload}
    current = {**fingerprint, "workload": workload}
    differing, absent = list(differences(stored, current)), unrecorded(stored, current, allow)
    reasons = ([Reason.ALLOWED_IN_BASELINE] if entry.allowed else []) + (
        [Reason.UNRECORDED] if absent else []
    )
    notes = [
        Message("comparison.note_allowed", check=name, text=text) for name, text in entry.allowed.items()
    ]
    notes += [Message("comparison.note_unrecorded", keys=tuple(absent))] if absent else []
    chosen = of_versions(stored, current)
    notes += [Message("comparison.note_versions", differences=tuple(chosen))] if chosen else []
    notes += [*entry.notes, *accept_lengths(accept_length, entry.accept_length)]
    notes += smaller_pool(fingerprint, baseline.fingerprint, tolerance)
    comparison = Comparison(
        baseline.path,
        ComparisonState.COMPARED,
        allowed=tuple(difference.message for difference in differing if difference.allowed(allow)),
        reasons=tuple(reasons),
        floors=tuple(
            check(Slo(key, _op(key), float(limit)), floor=True) for key, limit in entry.floors.items()
        ),
        interleaved=interleaved,
        notes=tuple(notes),
    )
    old = {key: values for key, values in entry.samples.values.items() if gates(key)}
    as_text = stored["workload"].get("prompt_form") == "text"
    for refusal in (
        blocked(differing, allow, as_text=as_text),
        not_allowed(
            baseline.path, {name: text for name, text in entry.allowed.items() if name not in checks}
        ),
        _not_recorded(baseline.path, absent if strict else ()),
        _missing(baseline.path, old, entry.samples.lacking, samples, lacking or {}, wanted, sizes),
    ):
        if refusal is not None:
            return comparison.refused(*refusal)
    try:
        metrics = compare_metrics(
            samples,
            old,
            tolerance=tolerance,
            pairs=pairs,
            siblings=siblings,
            looks=looks,
            of_runs=baseline.of_runs,
            launches=entry.launches if launches is None else launches,
            stored=interleaved is None,
        )
    except NoRatio as error:
        return comparison.refused(error.message, [error.message])
    comparison = replace(
        comparison,
        launches=entry.launches if launches is None else launches,
        fresh_prompts=_fresh_prompts(workload, samples, old, pairs=pairs or baseline.of_runs),
    )
    return _concluded(comparison, metrics, sizes if counted is None else counted)


def _fresh_prompts(workload: Mapping[str, Any], new: Samples, old: Samples, *, pairs: bool) -> bool:
    """Whether repeats differ by their prompts too: compared in pairs, or with --same-prompts, they do not."""
    repeated = all(max(map(len, side.values()), default=0) > 1 for side in (new, old))
    return repeated and not pairs and not workload.get("same_prompts")


def not_allowed(path: str, exempted: Mapping[str, str]) -> tuple[Message] | None:
    """Whoever saved the baseline allowed these checks, and whoever compares with it has to allow them too:
    with half of the requests refused any server is faster.
    """
    texts = tuple(
        Message("comparison.measured_with_allow", check=name, text=text) for name, text in exempted.items()
    )
    line = Message("comparison.allowed_checks", baseline=path, checks=texts, names=tuple(exempted))
    return (line,) if exempted else None


def _not_recorded(path: str, absent: Sequence[str]) -> tuple[Message] | None:
    """absent: what the old side would have to record."""
    line = Message("comparison.strict_unrecorded", baseline=path, keys=tuple(absent))
    return (line,) if absent else None


def _concluded(comparison: Comparison, metrics: Sequence[Compared], counted: Mapping[str, int]) -> Comparison:
    decided = [metric for metric in metrics if metric.outcome is not ComparisonResult.INCONCLUSIVE]
    comparison = replace(comparison, metrics=tuple(metrics))
    reasons = {
        Reason.INCONCLUSIVE: len(decided) < len(metrics),
        Reason.SINGLE_RUN: any(metric.single and not metric.repeated for metric in metrics),
        Reason.NO_SPREAD: any(metric.single and metric.repeated for metric in metrics),
        Reason.NOT_INTERLEAVED: comparison.interleaved is False,
        Reason.ONE_LAUNCH: bool(comparison.without_launches),
    }
    return replace(
        comparison,
        objectives=tuple(_objective(metric, counted) for metric in decided),
        reasons=(*(reason for reason, holds in reasons.items() if holds), *comparison.reasons),
    )


def _missing(
    path: str,
    old: Samples,
    lost: Mapping[str, str],
    new: Samples,
    lacking: Mapping[str, str],
    wanted: Collection[str],
    sizes: Mapping[str, int],
) -> tuple[Message, list[Message]] | None:
    """The metrics that one side does not have in every repeat, or not of enough requests; None where none is
    missing.
    """
    keys = [key for key in dict.fromkeys((*old, *lost, *wanted)) if gates(key)]
    missing = [_lacking(key, lacking) for key in keys if not new.get(key)]
    for key in old:
        few = too_few(key, sizes) if new.get(key) else None
        if few is not None:
            missing.append(Message("comparison.too_few", metric=key, n=few[0], least=few[1]))
    gone = [_lacking(key, lost) for key in keys if key not in old]
    sides = [Message("comparison.missing_here", metrics=tuple(missing))] if missing else []
    sides += [Message("comparison.missing_in_baseline", metrics=tuple(gone))] if gone else []
    line = Message("comparison.missing", sides=tuple(sides), baseline=path)
    if not old and not lost:
        line = Message("comparison.no_metric", baseline=path)
    elif not sides:
        return None
    return line, [Message("comparison.not_comparable", why=line)]


def gates(key: str) -> bool:
    """A count such as `requests` has no better direction, so it could never be worse."""
    metric = metric_of(key)
    return metric is not None and metric.better != "none"


def _lacking(key: str, repeats: Mapping[str, str]) -> Message | str:
    """`tpot.mean in repeat 2 of 3`, or the key alone where no repeat has it."""
    return Message("comparison.lacking", metric=key, repeats=repeats[key]) if repeats.get(key) else key


def _op(key: str) -> str:
    """A floor is the least that is required, of a count too; only where lower is better it is the most."""
    return "<=" if declared(key).better == "lower" else ">="


def _objective(metric: Compared, sizes: Mapping[str, int]) -> Objective:
    n = sizes.get(declared(metric.key).ours)
    return Objective(
        "baseline",
        metric.key,
        _op(metric.key),
        metric.limit,
        metric.observed,
        metric.unit,
        metric.outcome is ComparisonResult.HOLDS,
        n,
        metric.message(n),
    )
