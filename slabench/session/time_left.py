"""How long the test that runs, and those after it, may still take: by seconds that were measured in this run,
before that by what a baseline shows (plan.py).

Within a method a test's time is taken to grow with the tokens that are made one after the other: those of an
answer for each wave of answers, or those of all prompts where an answer has one token. A method of which
nothing is known yet, and a test whose load is not known, leave the time of all tests unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slabench.methods import Form
from slabench.session.planned_load import PlannedTest


def sequential_tokens(form: Form) -> float:
    at_once = min(form.max_concurrency or form.num_prompts, form.num_prompts)
    if form.output_len == 1:
        return form.num_prompts * form.input_len
    return form.num_prompts / at_once * form.output_len


def form_of(test: PlannedTest) -> Form | None:
    """Of its one load; None where it has several, or a search, or nothing is known of it."""
    return test.loads[0].form if len(test.loads) == 1 and not test.loads[0].search else None


class TimeLeft:
    """Of a session's tests, in the order in which they run. Times in seconds on one clock.

    expected: test id -> seconds, for methods of which nothing was measured yet.
    """

    def __init__(self, tests: Sequence[PlannedTest], expected: Mapping[str, float] | None = None) -> None:
        self._tests, self._expected = list(tests), expected or {}
        self.at_most = False  # whether the test that runs may have fewer loads
        self._place = {test.test_id: number for number, test in enumerate(tests)}
        self._speed: dict[str, float] = {}  # method -> seconds a sequential token, all loads of a test
        self._current: PlannedTest | None = None
        self._loads: int | None = None
        self._began_s, self._begun = 0.0, 0

    def place(self, test_id: str) -> tuple[int, int] | None:
        """(i, n) of test i of n."""
        return (self._place[test_id] + 1, len(self._tests)) if test_id in self._place else None

    def begin_test(self, test_id: str, now_s: float) -> None:
        number = self._place.get(test_id)
        self._current = None if number is None else self._tests[number]
        self._began_s, self._loads, self._begun = now_s, None, 0

    def begin_load(self, loads: int | None, *, at_most: bool = False) -> None:
        """loads: how many the test has in all, or at most; None: not known, as in a capacity search."""
        self._loads, self._begun, self.at_most = loads, self._begun + 1, at_most

    def end_test(self, now_s: float) -> None:
        if self._begun and self._begun == self._loads:
            self._learn(now_s - self._began_s)
        self._current = None

    def _learn(self, seconds: float) -> None:
        form = None if self._current is None else form_of(self._current)
        if form is not None:
            self._speed[form.method] = seconds / sequential_tokens(form)

    def of_test(self, load_left_s: float | None, now_s: float) -> float | None:
        """Left of the test that runs, by what its loads took so far and this one will take."""
        if load_left_s is None or self._loads is None:
            return None
        mean = (now_s + load_left_s - self._began_s) / self._begun
        return load_left_s + mean * (self._loads - self._begun)

    def of_all(self, load_left_s: float | None, now_s: float) -> float | None:
        """Left of the session: the test that runs and all after it."""
        test = self.of_test(load_left_s, now_s)
        if test is None or self._current is None:
            return None
        self._learn(now_s - self._began_s + test)
        after = [self._seconds(other) for other in self._tests[self._place[self._current.test_id] + 1 :]]
        known = [seconds for seconds in after if seconds is not None]
        return test + sum(known) if len(known) == len(after) else None

    def _seconds(self, test: PlannedTest) -> float | None:
        if not test.loads and test.ended is None:
            return 0.0  # it sends nothing
        form = form_of(test)
        if form is None or form.method not in self._speed:
            return self._expected.get(test.test_id)
        return self._speed[form.method] * sequential_tokens(form)
