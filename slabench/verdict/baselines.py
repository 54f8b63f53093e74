"""Comparing with what was measured before, or beside it: when that may be done, and what comes of it.

What the old side does not name is not compared; what it names and this run does not know is a difference, since nobody can say
that it is the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slabench.metrics.definitions import metric_of, too_few
from slabench.verdict.baseline_file import MAY_DIFFER, Baseline
from slabench.verdict.gate import Compared, Outcome, compare_figures
from slabench.verdict.sla import Slo, check
from slabench.verdict.words import Objective

NO_FIGURE = "the baseline's entry names no figure that has a better and a worse"
SECTIONS = ("hardware", "model", "workload", "server")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One test against its old figures."""

    baseline: str
    state: str  # compared | NO_BASELINE | NOT_COMPARABLE
    objectives: tuple[Objective, ...] = ()
    differences: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()  # differences that --allow-diff names
    reasons: tuple[str, ...] = ()
    not_comparable: str | None = None
    floors: tuple[Slo, ...] = field(default=())
    figures: tuple[Compared, ...] = ()
    interleaved: bool | None = None  # both sides in this run; False: one after the other; None: from a file
    notes: tuple[str, ...] = ()  # sentences on the old side, beside the verdict

    @property
    def inconclusive(self) -> str | None:
        """The line that says that nobody can say, or None."""
        open_ = [one for one in self.figures if one.outcome is Outcome.INCONCLUSIVE]
        return "; ".join(f"INCONCLUSIVE: {one.text()}; {one.remedy}" for one in open_[:2]) or None

    def as_dict(self) -> dict[str, Any]:
        return {
            "baseline": self.baseline,
            "state": self.state,
            "differences": list(self.differences),
            "allowed_differences": list(self.allowed),
            "interleaved": self.interleaved,
            "notes": list(self.notes),
            "figures": [one.as_dict() for one in self.figures],
        }


def differences(stored: Mapping[str, Mapping[str, Any]], current: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """(`section.key`, sentence) for what the baseline names and this run has otherwise or does not know."""
    for section in SECTIONS:
        now = current.get(section, {})
        for key, was in stored.get(section, {}).items():
            if was is None or now.get(key) == was or f"{section}.{key}" in MAY_DIFFER:
                continue
            seen = "unknown here" if now.get(key) is None else repr(now[key])
            yield f"{section}.{key}", f"{section}.{key}: {seen}, {was!r} in the baseline"


def compare(
    baseline: Baseline,
    test_id: str,
    samples: Mapping[str, Sequence[float]],
    sizes: Mapping[str, int],
    fingerprint: Mapping[str, Mapping[str, Any]],
    workload: Mapping[str, Any],
    *,
    tolerance: float,
    lacking: Mapping[str, str] | None = None,
    counted: Mapping[str, int] | None = None,
    wanted: Collection[str] = (),
    allow: Collection[str] = (),
    checks: Collection[str] = (),
    siblings: int = 1,
    pairs: bool = False,
    interleaved: bool | None = None,
) -> Comparison:
    """One test's figures, one value a repeat, against its entry: no figure may be worse than `tolerance` (a share) allows.

    fingerprint: this run's; workload: what the test sent, as identity() gives it; siblings, pairs: see compare_figures().
    wanted: figures that both sides must have beside those that the entry names; lacking: repeats of this run without one.
    allow: differences, as --allow-diff names them; checks: those that --allow names for this run.
    sizes: n of the smallest repeat, for percentiles; counted: n of all of them, as sizes where nothing was repeated.
    """
    entry = baseline.tests.get(test_id)
    if entry is None:
        return Comparison(baseline.path, "NO_BASELINE", reasons=("NO_BASELINE",))
    stored = {**baseline.fingerprint, "workload": entry.get("workload", {})}
    found = list(differences(stored, {**fingerprint, "workload": workload}))
    allowed = tuple(text for key, text in found if key in allow or key.partition(".")[0] in allow)
    blocking = tuple(text for _, text in found if text not in allowed)
    floors = tuple(check(Slo(key, _op(key), float(limit))) for key, limit in entry.get("floors", {}).items())

    def no(line: str, why: Sequence[str]) -> Comparison:
        text = f"NOT_COMPARABLE: {line}"
        return Comparison(
            baseline.path, "NOT_COMPARABLE", (), tuple(why), allowed, ("NOT_COMPARABLE",), text, floors, interleaved=interleaved
        )

    let_pass = entry.get("allowed", {})
    notes = tuple(f"measured with --allow={name}: {text}" for name, text in let_pass.items())
    broken = [name for name in let_pass if name not in checks]
    if broken:
        # Whoever saved it knew; whoever compares with it has to know too: with half of the requests refused any server is faster.
        line = f"{baseline.path} was {'; '.join(notes)} (--allow={','.join(broken)} would compare all the same)"
        return no(line, notes)
    if blocking:
        names = dict.fromkeys(
            key if key.startswith("server.") else key.partition(".")[0] for key, text in found if text in blocking
        )
        return no(f"{'; '.join(blocking)} (--allow-diff={','.join(names)} would compare all the same)", blocking)
    old = {key: values for key, values in baseline.samples(test_id).items() if gates(key)}
    lost = entry.get("lacking", {})
    keys = [key for key in dict.fromkeys((*old, *lost, *wanted)) if gates(key)]
    missing = [_without(key, lacking or {}) for key in keys if not samples.get(key)]
    few = {key: lack for key in old if samples.get(key) and (lack := too_few(key, sizes)) is not None}
    missing += [f"{key} to be compared by ({n} samples, it needs {least})" for key, (n, least) in few.items()]
    gone = [_without(key, lost) for key in keys if key not in old]
    if missing or gone or not old:
        what = [f"this run has no {', '.join(missing)}"] if missing else []
        what += [f"the baseline has no {', '.join(gone)}"] if gone else []
        line = f"{' and '.join(what) if old or lost else NO_FIGURE}, so it cannot be compared with {baseline.path}"
        return no(line, (f"NOT_COMPARABLE: {line}",))
    try:
        figures = compare_figures(samples, old, tolerance=tolerance, pairs=pairs, siblings=siblings)
    except ValueError as error:
        return no(str(error), (str(error),))
    decided = tuple(
        _objective(one, sizes if counted is None else counted) for one in figures if one.outcome is not Outcome.INCONCLUSIVE
    )
    reasons = ["INCONCLUSIVE"] if len(decided) < len(figures) else []
    reasons += ["SINGLE_RUN"] if any(one.single and not one.repeated for one in figures) else []
    reasons += ["NO_SPREAD"] if any(one.single and one.repeated for one in figures) else []
    reasons += ["NOT_INTERLEAVED"] if interleaved is False else []
    reasons += ["ALLOWED_IN_BASELINE"] if let_pass else []
    return Comparison(baseline.path, "compared", decided, (), allowed, tuple(reasons), None, floors, figures, interleaved, notes)


def gates(key: str) -> bool:
    """A count such as `requests` has no direction, so that nothing could ever be worse."""
    metric = metric_of(key)
    return metric is not None and metric.better != "none"


def _without(key: str, lacking: Mapping[str, str]) -> str:
    """`tpot.mean in repeat 2 of 3`, or the key alone where no repeat has it."""
    where = lacking.get(key)
    return f"{key} in {where}" if where else key


def _op(key: str) -> str:
    metric = metric_of(key)
    return ">=" if metric is not None and metric.better == "higher" else "<="


def _objective(one: Compared, sizes: Mapping[str, int]) -> Objective:
    metric = metric_of(one.key)
    n = sizes.get(metric.name.removeprefix("classic.")) if metric is not None else None
    holds = one.outcome is Outcome.HOLDS
    return Objective("baseline", one.key, _op(one.key), one.limit, one.observed, one.unit, holds, n, one.text(n))
