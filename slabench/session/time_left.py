"""How long the test that runs, and those after it, may still take: by seconds that were measured in this run.

Within a method a test's time is taken to grow with the tokens that are made one after the other: those of an
answer for each wave of answers, or those of all prompts where an answer has one token. A method of which
nothing was measured yet, and a test whose load is not known, leave the time of all tests unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slabench.methods import Form


@dataclass(frozen=True, slots=True)
class PlannedTest:
    """A live test of the session. form: its load, None where it is not known. sends: it has a load at all."""

    test_id: str
    form: Form | None = None
    sends: bool = True


def sequential_tokens(form: Form) -> float:
    at_once = min(form.max_concurrency or form.num_prompts, form.num_prompts)
    if form.output_len == 1:
        return form.num_prompts * form.input_len
    return form.num_prompts / at_once * form.output_len


class TimeLeft:
    """Of a session's tests, in the order in which they run. Times in seconds on one clock."""

    def __init__(self, tests: Sequence[PlannedTest]) -> None:
        self._tests = list(tests)
        self._place = {test.test_id: number for number, test in enumerate(tests)}
        self._speed: dict[str, float] = {}  # method -> seconds a sequential token, all loads of a test
        self._current: PlannedTest | None = None
        self._began_s, self._loads, self._begun = 0.0, None, 0  # type: float, int | None, int
        self._load_began_s = 0.0

    def place(self, test_id: str) -> tuple[int, int] | None:
        """(i, n) of test i of n."""
        return (self._place[test_id] + 1, len(self._tests)) if test_id in self._place else None

    def begin_test(self, test_id: str, now_s: float) -> None:
        number = self._place.get(test_id)
        self._current = None if number is None else self._tests[number]
        self._began_s, self._loads, self._begun = now_s, None, 0

    def begin_load(self, now_s: float, loads: int | None) -> None:
        """loads: how many the test has in all; None: not known, as in a capacity search."""
        self._loads, self._begun, self._load_began_s = loads, self._begun + 1, now_s

    def end_test(self, now_s: float) -> None:
        if self._begun and self._begun == self._loads:
            self._learn(now_s - self._began_s)
        self._current = None

    def _learn(self, seconds: float) -> None:
        form = None if self._current is None else self._current.form
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
        if not test.sends:
            return 0.0
        if test.form is None or test.form.method not in self._speed:
            return None
        return self._speed[test.form.method] * sequential_tokens(test.form)
