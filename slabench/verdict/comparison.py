"""Comparing with what was measured before, or beside it: when that may be done, and what comes of it.

What the old side does not name is not compared; what it names and this run does not know is a difference,
since nobody can say that it is the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slabench.metrics.definitions import declared, metric_of, too_few
from slabench.verdict.baseline_file import EXTRAS, MAY_DIFFER, Baseline
from slabench.verdict.outcome import Objective
from slabench.verdict.regression import Compared, ComparisonResult, compare_figures
from slabench.verdict.sla import Slo, check

Samples = Mapping[str, Sequence[float]]
NO_FIGURE = "the baseline's entry names no figure that has a better and a worse"
ESSENTIAL = {"hardware": ("gpu",), "model": ("name",)}  # without these nobody knows what a side is of
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
        open_ = [one for one in self.figures if one.outcome is ComparisonResult.INCONCLUSIVE]
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


def differences(
    stored: Mapping[str, Mapping[str, Any]], current: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    """(`section.key`, sentence) for what the baseline names and this run has otherwise or does not know."""
    for section in SECTIONS:
        now = current.get(section, {})
        for key, was in stored.get(section, {}).items():
            if was is None or now.get(key) == was or f"{section}.{key}" in MAY_DIFFER:
                continue
            absent = "none here" if key in EXTRAS else "unknown here"
            seen = absent if now.get(key) is None else repr(now[key])
            yield f"{section}.{key}", f"{section}.{key}: {seen}, {was!r} in the baseline"
        for key in EXTRAS:
            if (
                section == "workload"
                and now.get(key) is not None
                and stored.get(section, {}).get(key) is None
            ):
                yield f"{section}.{key}", f"{section}.{key}: {now[key]!r}, none in the baseline"


def untold(
    stored: Mapping[str, Mapping[str, Any]],
    current: Mapping[str, Mapping[str, Any]],
    allow: Collection[str] = (),
) -> list[str]:
    """`section` or `section.key` of hardware, model and workload that the old side does not tell: it may be
    of anything.

    A section of which it tells nothing, the accelerator's and the model's names, and what this run does tell.
    """
    found: list[str] = []
    for section in ("hardware", "model", "workload"):
        was = {key: value for key, value in stored.get(section, {}).items() if value is not None}
        now = [
            key for key, value in current.get(section, {}).items() if value is not None and key not in EXTRAS
        ]
        keys = dict.fromkeys([*ESSENTIAL.get(section, ()), *now])
        lost = [f"{section}.{key}" for key in keys if key not in was and f"{section}.{key}" not in MAY_DIFFER]
        found += [section] if lost and not was else lost
    return [one for one in found if one not in allow and one.partition(".")[0] not in allow]


def blocked(
    found: Iterable[tuple[str, str]], allow: Collection[str], *, as_text: bool = False
) -> tuple[str, list[str]] | None:
    """(the line that says so, each difference) where some of these differences, as differences() gives them,
    are not allowed.

    as_text: the old side's prompts were text.
    """
    blocking = {text: key for key, text in found if key not in allow and key.partition(".")[0] not in allow}
    if not blocking:
        return None
    names = dict.fromkeys(
        key if key.startswith("server.") else key.partition(".")[0] for key in blocking.values()
    )
    form = "; prompts sent as text are tokenized by the server: --prompt-form=text sends them so"
    hint = form if as_text and "workload.prompt_form" in blocking.values() else ""
    return f"{'; '.join(blocking)}{hint} (--allow-diff={','.join(names)} would compare all the same)", list(
        blocking
    )


def compare(
    baseline: Baseline,
    test_id: str,
    samples: Samples,
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
    strict: bool = False,
    siblings: int = 1,
    pairs: bool = False,
    interleaved: bool | None = None,
    accept_length: float | None = None,
) -> Comparison:
    """One test's figures, one value a repeat, against its entry: no figure may be worse than `tolerance` (a
    share) allows.

    fingerprint: this run's; workload: what the test sent, as identity() gives it; siblings, pairs: see
    compare_figures(). wanted: figures that both sides must have beside those that the entry names; lacking:
    repeats of this run without one. allow: differences, as --allow-diff names them; checks: those that
    --allow names for this run. strict: what the old side does not tell is not compared, but not comparable.
    accept_length: this run's, mean over its repeats; the old side's is in its entry's information. sizes: n
    of the smallest repeat, for percentiles; counted: n of all of them, as sizes where nothing was repeated.
    """
    entry = baseline.tests.get(test_id)
    if entry is None:
        return Comparison(baseline.path, "NO_BASELINE", reasons=("NO_BASELINE",))
    stored = {**baseline.fingerprint, "workload": entry.get("workload", {})}
    current = {**fingerprint, "workload": workload}
    found = list(differences(stored, current))
    allowed = tuple(text for key, text in found if key in allow or key.partition(".")[0] in allow)
    floors = tuple(check(Slo(key, _op(key), float(limit))) for key, limit in entry.get("floors", {}).items())
    let_pass, silent = entry.get("allowed", {}), untold(stored, current, allow)
    beside = (["ALLOWED_IN_BASELINE"] if let_pass else []) + (["UNTOLD"] if silent else [])
    notes = [f"measured with --allow={name}: {text}" for name, text in let_pass.items()]
    notes += [f"does not tell {', '.join(silent)}; nobody has compared that"] if silent else []
    notes += accepted(accept_length, entry.get("information", {}).get("accept_length"))

    def no(line: str, why: Sequence[str]) -> Comparison:
        return Comparison(
            baseline.path,
            "NOT_COMPARABLE",
            differences=tuple(why),
            allowed=allowed,
            reasons=("NOT_COMPARABLE", *beside),
            not_comparable=f"NOT_COMPARABLE: {line}",
            floors=floors,
            interleaved=interleaved,
            notes=tuple(notes),
        )

    blocking = blocked(found, allow, as_text=stored["workload"].get("prompt_form") == "text")
    if blocking is not None:
        return no(*blocking)
    broken = [name for name in let_pass if name not in checks]
    if broken:
        # Whoever saved it knew; whoever compares with it has to know too: with half of the requests refused
        # any server is faster.
        told = "; ".join(f"{name}: {let_pass[name]}" for name in broken)
        return no(
            f"{baseline.path} was measured with --allow={told} (--allow={','.join(broken)} would compare all the same)",
            (),
        )
    if silent and strict:
        names = dict.fromkeys(silent)
        told = f"does not tell {', '.join(silent)}; nobody has compared that"
        return no(
            f"{baseline.path} {told} (--strict-validity; --allow-diff={','.join(names)} would compare all the same)",
            (),
        )
    old = {key: values for key, values in baseline.samples(test_id).items() if gates(key)}
    line = _not_both(old, entry.get("lacking", {}), samples, lacking or {}, wanted, sizes)
    if line is not None:
        line = f"{line}, so it cannot be compared with {baseline.path}"
        return no(line, (f"NOT_COMPARABLE: {line}",))
    try:
        figures = compare_figures(samples, old, tolerance=tolerance, pairs=pairs, siblings=siblings)
    except ValueError as error:
        return no(str(error), (str(error),))
    decided = tuple(
        _objective(one, sizes if counted is None else counted)
        for one in figures
        if one.outcome is not ComparisonResult.INCONCLUSIVE
    )
    reasons = ["INCONCLUSIVE"] if len(decided) < len(figures) else []
    reasons += ["SINGLE_RUN"] if any(one.single and not one.repeated for one in figures) else []
    reasons += ["NO_SPREAD"] if any(one.single and one.repeated for one in figures) else []
    reasons += ["NOT_INTERLEAVED"] if interleaved is False else []
    return Comparison(
        baseline.path,
        "compared",
        decided,
        (),
        allowed,
        (*reasons, *beside),
        None,
        floors,
        figures,
        interleaved,
        tuple(notes),
    )


def accepted(new: float | None, old: float | None) -> list[str]:
    """A sentence on both sides' accept lengths: so many tokens a step of speculative decoding yields, and
    TPOT hangs on them.
    """
    if new is None and old is None:
        return []
    told = [f"{one:.2f}" if one is not None else "none" for one in (old, new)]
    change = f" ({(new / old - 1) * 100:+.1f} %)" if new and old else ""
    return [
        f"accept length {told[0]} there, {told[1]} here{change}: TPOT and throughput of speculative decoding go with it"
    ]


def _not_both(
    old: Samples,
    lost: Mapping[str, str],
    new: Samples,
    lacking: Mapping[str, str],
    wanted: Collection[str],
    sizes: Mapping[str, int],
) -> str | None:
    """The figures that one side does not have in every repeat, or not of enough requests;

    None where none is missing.
    """
    if not old and not lost:
        return NO_FIGURE
    keys = [key for key in dict.fromkeys((*old, *lost, *wanted)) if gates(key)]
    missing = [_without(key, lacking) for key in keys if not new.get(key)]
    few = {key: lack for key in old if new.get(key) and (lack := too_few(key, sizes)) is not None}
    missing += [f"{key} to be compared by ({n} samples, it needs {least})" for key, (n, least) in few.items()]
    gone = [_without(key, lost) for key in keys if key not in old]
    what = [f"this run has no {', '.join(missing)}"] if missing else []
    what += [f"the baseline has no {', '.join(gone)}"] if gone else []
    return " and ".join(what) or None


def gates(key: str) -> bool:
    """A count such as `requests` has no direction, so that nothing could ever be worse."""
    metric = metric_of(key)
    return metric is not None and metric.better != "none"


def _without(key: str, lacking: Mapping[str, str]) -> str:
    """`tpot.mean in repeat 2 of 3`, or the key alone where no repeat has it."""
    where = lacking.get(key)
    return f"{key} in {where}" if where else key


def _op(key: str) -> str:
    """A floor is the least that is asked for, of a count without a direction too; only of what is better
    lower it is the most.
    """
    return "<=" if declared(key).better == "lower" else ">="


def _objective(one: Compared, sizes: Mapping[str, int]) -> Objective:
    n = sizes.get(declared(one.key).ours)
    holds = one.outcome is ComparisonResult.HOLDS
    return Objective(
        "baseline", one.key, _op(one.key), one.limit, one.observed, one.unit, holds, n, one.text(n)
    )
