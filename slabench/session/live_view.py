"""What a session shows while it measures: on a terminal a few lines that are drawn again, elsewhere a plain
line now and then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from slabench.messages import Message
from slabench.messages.language import in_language
from slabench.session.progress import LoadProgress, LoadShape
from slabench.session.screen import Screen
from slabench.session.time_left import TimeLeft
from slabench.units import duration

if TYPE_CHECKING:
    from slabench.loadgen.run import Progress
    from slabench.server.log.last_batch import LastBatch
    from slabench.verdict.sla import Slo

PLAIN_EVERY_S = 15.0
BAR = 24  # characters


class LiveView:
    """One object a session; a load begins it, brings its reports and ends it.

    slos: a test's objectives, as far as they are known before it is judged; those on TPOT are shown.
    """

    def __init__(
        self,
        screen: Screen,
        times: TimeLeft | None = None,
        slos: Callable[[str], Sequence[Slo]] = lambda test_id: (),
        language: str = "en",
    ) -> None:
        self.screen, self.times, self.slos, self.language = screen, times or TimeLeft(()), slos, language
        self._name: Message | str = ""
        self._began_s = self._written_s = 0.0
        self._place: tuple[int, int] | None = None
        self._load: LoadProgress | None = None
        self._slos: Sequence[Slo] = ()
        self._log: Callable[[], LastBatch | None] = lambda: None

    def begin_test(self, test_id: str) -> None:
        self._place = self.times.place(test_id)
        self._slos = [slo for slo in self.slos(test_id) if slo.metric.startswith("tpot.")]
        self.times.begin_test(test_id, time.monotonic())

    def end_test(self) -> None:
        self.screen.erase()
        self.times.end_test(time.monotonic())

    def prepare(self, name: str, what: Message, load: Message | None = None) -> None:
        """Before a load: what is done for it. load: which of the test's."""
        self._name = _named(name, load)
        if self.screen.live:
            with in_language(self.language):
                self.screen.draw((self._head, str(what)))

    def begin(
        self,
        name: str,
        shape: LoadShape,
        *,
        load: Message | None = None,
        loads: int | None = None,
        at_most: bool = False,
        log: Callable[[], LastBatch | None] = lambda: None,
    ) -> None:
        """loads: of the test, all together, or at_most so many. log: the log's last batch line."""
        self._name, self._load, self._log = _named(name, load), LoadProgress(shape), log
        self._began_s = self._written_s = time.monotonic()
        self.times.begin_load(loads, at_most=at_most)

    def answer(self, tpot_ms: float | None) -> None:
        if self._load is not None:
            self._load.answer(tpot_ms)

    def update(self, report: Progress) -> None:
        if self.screen.off or self._load is None:
            return
        self._load.update(report)
        now = time.monotonic()
        with in_language(self.language):
            if self.screen.live:
                self.screen.draw([line for line in self._lines(self._load, now) if line])
            elif now - self._written_s >= PLAIN_EVERY_S:
                self._written_s = now
                parts = [f"{self._head} {self._counts(self._load)}", *self._lines(self._load, now)[2:]]
                self.screen.line(", ".join(part for part in parts if part))

    def end(self) -> None:
        self.screen.erase()
        self._load = None

    def _lines(self, load: LoadProgress, now: float) -> list[str]:
        last = self._log()
        log = "" if last is None else str(Message("live.log", running=last.running, queued=last.queue))
        bar = f"[{'#' * int(load.share * BAR):-<{BAR}}] {load.share:4.0%}  {self._counts(load)}"
        return [self._head, bar, ", ".join(self._speeds(load)), ", ".join(self._times(load, now)), log]

    @property
    def _head(self) -> str:
        """`test 3 of 18: test_sla[np128]`"""
        if self._place is None:
            return str(self._name)
        number, tests = self._place
        return str(Message("live.head", number=number, tests=tests, name=self._name))

    def _counts(self, load: LoadProgress) -> str:
        """`37/128 done, 52 running, 12 queued`: queued are requests that were sent and have no token yet."""
        report = load.report
        assert report is not None, "there is a report"
        parts = [
            Message("live.done", done=report.done, requests=load.shape.requests),
            Message("live.running", running=report.running - report.waiting),
            Message("live.queued", queued=report.waiting),
        ]
        failed = [self.screen.red(str(Message("live.failed", failed=report.failed)))] if report.failed else []
        return ", ".join([*map(str, parts), *failed])

    def _speeds(self, load: LoadProgress) -> list[str]:
        speed, tpot = load.speed, load.tpot_ms
        parts = [] if speed is None else [str(Message(f"live.{speed[0]}", speed=speed[1]))]
        return parts if tpot is None else [*parts, self._tpot(*tpot)]

    def _tpot(self, mean_ms: float, answers: int) -> str:
        """`TPOT 41.27 ms (mean of 37; tpot.mean<=50)`"""
        over = any(slo.metric == "tpot.mean" and not slo.holds(mean_ms) for slo in self._slos)
        of = Message("live.tpot_mean", answers=answers) if answers else Message("live.tpot_running")
        id = "live.tpot_over" if over else "live.tpot"
        text = str(Message(id, tpot=mean_ms, parts=(of, *map(str, self._slos))))
        return self.screen.red(text) if over else text

    def _times(self, load: LoadProgress, now: float) -> list[str]:
        """`about 41 s left, test 3 min 02 s, all 14 min 10 s`; no time left where it is not known."""
        if load.silent_s:
            return [self.screen.red(str(Message("live.silent", seconds=load.silent_s)))]
        left = load.left_s
        if left is None:
            return [str(Message("live.so_far", duration=_shown(now - self._began_s)))]
        of_test, of_all = self.times.of_test(left, now), self.times.of_all(left, now)
        parts = [Message("live.left", duration=_shown(left))]
        if of_test is not None and of_test > left + 1:
            parts.append(Message(self._id("live.test"), duration=_shown(of_test)))
        if self._place is not None:
            id = "live.all" if of_all is None else self._id("live.all")
            parts.append(Message(id, duration="n/a" if of_all is None else _shown(of_all)))
        return list(map(str, parts))

    def _id(self, id: str) -> str:
        return f"{id}_at_most" if self.times.at_most else id


def _named(test_id: str, load: Message | None) -> Message | str:
    name = test_id.rpartition("::")[2]
    return name if load is None else Message("live.load", name=name, load=load)


def _shown(seconds: float) -> str:
    """Without the tenths of a short one, which would change with every report."""
    return f"{seconds:.0f} s" if seconds < 10 else duration(seconds)
