"""What a test will send and assert, before anything is sent: recorders take the place of what tests call.

The body of a test runs with them. run_load records a load and returns a value that can only be handed to
judge; a body that reads a result which is not there yet ends at that place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from slabench.methods import Form
from slabench.session import usage
from slabench.session.settings import Settings
from slabench.verdict.sla import Slo


@dataclass(frozen=True, slots=True)
class PlannedLoad:
    """One load, as often as repeats and servers ask for it.

    search: a capacity search with this form's lengths; the search sets numbers and rates itself.
    """

    form: Form
    point: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    batch_size: int | None = None
    search: bool = False

    @property
    def in_flight(self) -> int:
        """Most requests at once, by the plan alone: a finite rate may never reach it."""
        cap = self.form.max_concurrency
        return self.form.num_prompts if cap is None else min(cap, self.form.num_prompts)

    @property
    def request_tokens(self) -> int:
        """Tokens that one request holds in the KV pool at its end, at the form's full lengths."""
        return self.form.input_len + self.form.output_len


@dataclass(frozen=True, slots=True)
class PlannedTest:
    """What a test will do. rules, shown, goodput: judge's arguments; judged: it was called.

    ended: where and why the body could not be followed to its end; None: it was. curve: it reads the server's
    log (judge_curve). accuracy: it asks the questions of --accuracy-file.
    """

    test_id: str
    loads: tuple[PlannedLoad, ...] = ()
    rules: tuple[Slo, ...] = ()
    shown: tuple[str, ...] = ()
    goodput: Mapping[str, float] = field(default_factory=dict)
    judged: bool = False
    curve: bool = False
    ended: str | None = None
    accuracy: bool = False


@dataclass(frozen=True, slots=True)
class Repeats:
    """Loads of each planned load on each server: from least to most; servers: 2 in an A/B run.

    old: of an old server that is measured first and ended, whose number is fixed.
    """

    least: int
    most: int
    servers: int
    old: int | None = None

    @classmethod
    def of(cls, settings: Settings) -> Repeats:
        looks, servers = settings.looks, 1 if settings.baseline_url is None else 2
        if looks is None:
            loads = settings.repeats * settings.launches
            return cls(loads, loads, servers)
        old = settings.repeats if settings.options.one_after_the_other else None
        return cls(looks.first, looks.last, servers, old)

    @property
    def each(self) -> tuple[tuple[int, int], ...]:
        """(least, most) of each server, the new one first."""
        old = (self.least, self.most) if self.old is None else (self.old, self.old)
        return ((self.least, self.most), old)[: self.servers]


class BodyEnds(BaseException):
    """The body asks for what only a run has. No Exception, so that a test's `except Exception` lets it
    pass.
    """


class NotMeasured:
    """In the place of a result, or of a server: reading it ends the body."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __getattr__(self, name: str) -> NoReturn:
        raise BodyEnds(f"reads {self._what}.{name}, which only a run has")


class Recorders:
    """What a test's body gets in the place of run_load, judge and the others that it can ask for."""

    def __init__(self) -> None:
        self.loads: list[PlannedLoad] = []
        self.rules: list[Slo] = []
        self.shown: tuple[str, ...] = ()
        self.goodput: Mapping[str, float] = {}
        self.judged = self.curve = self.accuracy = False
        self.run_load, self.find_capacity = _RunLoad(self), _FindCapacity(self)
        self.judge, self.judge_curve = _Judge(self), _JudgeCurve(self)
        self.ask_questions = _AskQuestions(self)
        self.server = NotMeasured("server")

    def test(self, test_id: str, ended: str | None = None) -> PlannedTest:
        """What was recorded so far."""
        return PlannedTest(
            test_id,
            tuple(self.loads),
            tuple(self.rules),
            self.shown,
            self.goodput,
            self.judged,
            self.curve,
            ended,
            self.accuracy,
        )


class _Recorder(NotMeasured):
    """A callable whose further attributes, such as run_load.deployment, only a run has."""

    def __init__(self, recorders: Recorders, name: str) -> None:
        super().__init__(name)
        self._to = recorders


class _RunLoad(_Recorder):
    def __init__(self, recorders: Recorders) -> None:
        super().__init__(recorders, "run_load")

    def __call__(
        self,
        form: Form,
        *,
        point: Mapping[str, Any] | None = None,
        labels: tuple[str, ...] = (),
        batch_size: int | None = None,
    ) -> NotMeasured:
        point = usage.check_load(form, point, labels, batch_size)
        usage.first_load(bool(self._to.loads))
        self._to.loads.append(PlannedLoad(form, point, tuple(labels), batch_size))
        return NotMeasured("run")


class _FindCapacity(_Recorder):
    def __init__(self, recorders: Recorders) -> None:
        super().__init__(recorders, "find_capacity")

    def __call__(self, form: Form, *rules: Slo) -> NotMeasured:
        usage.first_load(bool(self._to.loads))
        self._to.loads.append(PlannedLoad(form, search=True))
        return NotMeasured("run")


class _Judge(_Recorder):
    def __init__(self, recorders: Recorders) -> None:
        super().__init__(recorders, "judge")

    def __call__(
        self,
        measured: object,
        *rules: Slo,
        shown: tuple[str, ...] = (),
        goodput: Mapping[str, float] | None = None,
    ) -> None:
        if not isinstance(measured, NotMeasured):
            raise usage.no_run(measured)
        usage.check_judge(rules, shown)
        usage.first_verdict(self._to.judged)
        self._to.judged = True
        self._to.rules += rules
        self._to.shown, self._to.goodput = tuple(shown), goodput or {}


class _JudgeCurve(_Recorder):
    def __init__(self, recorders: Recorders) -> None:
        super().__init__(recorders, "judge_curve")

    def __call__(self) -> None:
        self._to.judged = self._to.curve = True


class _AskQuestions(_Recorder):
    def __init__(self, recorders: Recorders) -> None:
        super().__init__(recorders, "ask_questions")

    def __call__(self, concurrency: int) -> None:
        self._to.judged = self._to.accuracy = True


def follow(test_id: str, body: Callable[[Recorders], object]) -> PlannedTest:
    """Run a body with recorders. ConfigError for a wrong call; another error of the body ends it, and is
    named.
    """
    from slabench.errors import ConfigError

    recorders = Recorders()
    try:
        body(recorders)
    except BodyEnds as end:
        return recorders.test(test_id, str(end))
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001 - a result is missing in it: whatever it raises follows from that
        return recorders.test(test_id, f"raises {type(error).__name__}: {error}")
    return recorders.test(test_id)
