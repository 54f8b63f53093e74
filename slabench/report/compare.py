"""Two or more stored sides against the first: an outcome for each test and side."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from slabench.messages import Message, Sentence
from slabench.metrics.definitions import curve_size
from slabench.report.compare_document import CompareDocument, ComparedSide, ComparedTest, SideCheck
from slabench.report.sanitize import plain_values
from slabench.report.stored_runs import StoredSide, StoredTest, same_load
from slabench.run_document.entry import ComparisonEntry
from slabench.run_document.read import parse
from slabench.run_document.write import stored
from slabench.verdict.accuracy import Answers
from slabench.verdict.accuracy_comparison import compare_answers
from slabench.verdict.baseline import Baseline, BaselineTest
from slabench.verdict.comparison import Comparison, compare
from slabench.verdict.differences import differences
from slabench.verdict.gated_metrics import Gathered
from slabench.verdict.judge import invalid_checks
from slabench.verdict.outcome import Check, CheckStatus, Outcome, overall
from slabench.verdict.reasons import Reason
from slabench.verdict.validity.policy import settle

CAPACITY = "tencent-capacity"
# What two capacity searches that ended at different loads differ in.
LOADS = tuple(
    f"workload.{key}" for key in ("num_prompts", "request_rate", "max_concurrency", "warmup_requests")
)


@dataclass(frozen=True, slots=True)
class Rules:
    """tolerance: a share; allow: differences, as --allow-diff names them; checks: validity checks, as --allow
    does.

    strict: what was not checked is INVALID; common: tests and points of a curve that only one side has are
    left out.
    """

    tolerance: float
    allow: Collection[str] = ()
    checks: Collection[str] = ()
    strict: bool = False
    common: bool = False


def compare_sides(sides: Sequence[StoredSide], rules: Rules) -> CompareDocument:
    """Every test of the first side against each of the others. A test that a side lacks is INVALID there."""
    old, *others = sides
    tests: list[ComparedTest] = []
    left_out: dict[str, list[str]] = {}
    for side in others:
        names = {test_id: _match(old.tests[test_id], test_id, side) for test_id in old.tests}
        for test_id, name in names.items():
            if name is None and rules.common:
                left_out.setdefault(old.name, []).append(test_id)
            else:
                tests.append(_Pair(old, test_id, side, name, rules, left_out).compared())
        for test_id in (test_id for test_id in side.tests if test_id not in names.values()):
            if rules.common:
                left_out.setdefault(side.name, []).append(test_id)
                continue
            line = Sentence.of("compare.not_in_old", side=old.name)
            tests.append(
                ComparedTest(
                    id=test_id,
                    side=side.name,
                    word=None,
                    line=line,
                    line_message=line.message,
                    reasons=(str(Reason.NO_BASELINE),),
                )
            )
    document = CompareDocument(
        word=overall([test.word for test in tests if test.word is not None]) or Outcome.INVALID,
        tolerance=rules.tolerance,
        allow_diff=tuple(rules.allow),
        allow=tuple(rules.checks),
        old=old.name,
        sides=tuple(
            ComparedSide(name=side.name, version=side.version, unchecked=side.rows, labels=side.labels)
            for side in sides
        ),
        left_out={name: tuple(dict.fromkeys(names)) for name, names in left_out.items()},
        tests=tuple(tests),
    )
    return parse(CompareDocument, plain_values(stored(document)), strict=True)


def _match(wanted: StoredTest, test_id: str, side: StoredSide) -> str | None:
    """The test of the same id, else the one of the same load: rows of another client have no ids."""
    if test_id in side.tests:
        return test_id
    return next(
        (
            name
            for name, test in side.tests.items()
            if side.rows and same_load(wanted.workload, test.workload)
        ),
        None,
    )


@dataclass(frozen=True, slots=True)
class _Pair:
    """A test of the old side, and the test of one new side that it is compared with.

    left_out: takes the points of a curve that --common leaves out, by side.
    """

    old: StoredSide
    test_id: str
    side: StoredSide
    name: str | None  # None: the side has no such test
    rules: Rules
    left_out: dict[str, list[str]]

    def _result(
        self,
        word: Outcome | None,
        line: Message,
        *reasons: str,
        comparison: Comparison | None = None,
        checks: Sequence[SideCheck] = (),
    ) -> ComparedTest:
        entry = None if comparison is None else parse(ComparisonEntry, comparison.as_dict(), strict=True)
        return ComparedTest(
            id=self.test_id,
            side=self.side.name,
            word=word,
            line=str(line),
            line_message=line,
            reasons=tuple(map(str, reasons)),
            comparison=entry,
            checks=tuple(checks),
        )

    def compared(self) -> ComparedTest:
        if self.name is None:
            return self._result(
                Outcome.INVALID, Message("compare.not_in_new", side=self.side.name), Reason.NOT_MEASURED
            )
        was, now = self.old.tests[self.test_id], self.side.tests[self.name]
        sides = ((was, self.old), (now, self.side))
        for test, side in sides:
            if test.invalid is not None:
                line = Message("compare.of_side", side=side.name, line=test.invalid)
                return self._result(Outcome.INVALID, line, Reason.NOT_VALID)
            bad = [check for check in _settled(test, self.rules) if check.state is CheckStatus.INVALID]
            if bad:
                line = Message("compare.of_side", side=side.name, line=invalid_checks(bad))
                return self._result(Outcome.INVALID, line, Reason.NOT_VALID, bad[0].name)
        searched, result = self._compare(was, now, self.name)
        if searched and result.not_comparable is None:
            line = Message("compare.two_searches", loads=result.allowed)
            return self._result(None, line, Reason.NOT_GATED, comparison=result)
        checks = [
            parse(SideCheck, {"side": side.name, **check.as_dict()}, strict=True)
            for test, side in sides
            if side.rows
            for check in _settled(test, self.rules)
        ]
        reasons = (*result.reasons, *([Reason.UNCHECKED] if self.unchecked else []))
        return self._result(*_word(result), *reasons, comparison=result, checks=checks)

    @property
    def unchecked(self) -> bool:
        return self.old.rows or self.side.rows

    def _compare(self, was: StoredTest, now: StoredTest, name: str) -> tuple[bool, Comparison]:
        """(whether both are capacity searches at different loads, the comparison)."""
        rules, unchecked = self.rules, self.unchecked
        if was.answers is not None and now.answers is not None:
            return False, self._answers(was, now.answers, now.workload)
        samples, mine = (was.classic, now.classic) if unchecked else (was.samples, now.samples)
        if rules.common:
            samples, mine, single = _common_points(samples, mine)
            for side, points in zip((self.old, self.side), single, strict=True):
                names = [f"{self.test_id} at {point}" for point in points]
                self.left_out.setdefault(side.name, []).extend(names)
        # Rows have nothing on hardware and model, and less on the workload: only what they have is compared.
        known = {key: value for key, value in was.workload.items() if not unchecked or key in now.workload}
        allowed = {**was.allowed, **now.allowed}
        test = BaselineTest(
            samples, known, allowed=allowed, accept_length=was.accept_length, launches=was.launches
        )
        loads = differences({"workload": known}, {"workload": now.workload})
        searched = was.method == now.method == CAPACITY and any(each.key in LOADS for each in loads)
        function = name.partition("[")[0]
        fingerprint = {} if unchecked else self.old.fingerprint
        result = compare(
            Baseline(self.old.name, self.old.name, fingerprint, {self.test_id: test}),
            self.test_id,
            mine.values,
            {},
            self.side.fingerprint,
            now.workload,
            tolerance=rules.tolerance,
            lacking=mine.lacking,
            wanted=() if was.by_hand else test.compared((*mine.values, *mine.lacking)),
            allow=(*rules.allow, *(LOADS if searched else ())),
            checks=rules.checks,
            strict=rules.strict,
            siblings=sum(test_id.partition("[")[0] == function for test_id in self.side.tests),
            accept_length=now.accept_length,
        )
        return searched, result

    def _answers(self, was: StoredTest, now: Answers, workload: Mapping[str, object]) -> Comparison:
        test = BaselineTest(was.samples, was.workload, allowed=was.allowed, answers=was.answers)
        return compare_answers(
            Baseline(self.old.name, self.old.name, self.old.fingerprint, {self.test_id: test}),
            self.test_id,
            now,
            self.side.fingerprint,
            workload,
            tolerance=self.rules.tolerance,
            allow=self.rules.allow,
            checks=self.rules.checks,
        )


def _common_points(old: Gathered, new: Gathered) -> tuple[Gathered, Gathered, list[list[int]]]:
    """A curve's points that both sides have, and those of each alone; every other metric that one side lacks
    is still missing.
    """
    points = [
        {key for key in (*side.values, *side.lacking) if curve_size(key) is not None} for side in (old, new)
    ]
    single = points[0] ^ points[1]

    def both(side: Gathered) -> Gathered:
        values = {key: value for key, value in side.values.items() if key not in single}
        return Gathered(values, {key: where for key, where in side.lacking.items() if key not in single})

    sizes = [sorted(size for key in own & single if (size := curve_size(key)) is not None) for own in points]
    return both(old), both(new), sizes


def _settled(test: StoredTest, rules: Rules) -> list[Check]:
    return [settle(check, test.method, allow=rules.checks, strict=rules.strict) for check in test.checks]


def _word(result: Comparison) -> tuple[Outcome, Message]:
    if result.not_comparable is not None:
        return Outcome.INVALID, result.not_comparable
    worse = [objective.message for objective in result.objectives if not objective.holds]
    if worse:
        return Outcome.FAILED, Message("verdict.objectives", objectives=worse)
    if result.inconclusive is not None:
        return Outcome.INVALID, result.inconclusive
    return Outcome.PASSED, result.objectives[0].message
