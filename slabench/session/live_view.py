"""What a session shows while it measures: on a terminal a few lines that are drawn again, elsewhere a plain
line now and then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from slabench.session.progress import LoadProgress, LoadShape
from slabench.session.screen import Screen
from slabench.session.time_left import TimeLeft

if TYPE_CHECKING:
    from slabench.loadgen.run import Progress
    from slabench.server.log.last_batch import LastBatch
    from slabench.verdict.sla import Slo

PLAIN_EVERY_S = 15.0
BAR = 24  # characters


class LiveView:
    """One object a session; a load begins it, brings its reports and ends it."""

    def __init__(self, screen: Screen, times: TimeLeft | None = None) -> None:
        self.screen, self.times = screen, times or TimeLeft(())
        self._name, self._began_s, self._written_s = "", 0.0, 0.0
        self._place: tuple[int, int] | None = None
        self._load: LoadProgress | None = None
        self._slos: Sequence[Slo] = ()
        self._log: Callable[[], LastBatch | None] = lambda: None

    def begin_test(self, test_id: str) -> None:
        self._place = self.times.place(test_id)
        self.times.begin_test(test_id, time.monotonic())

    def end_test(self) -> None:
        self.screen.erase()
        self.times.end_test(time.monotonic())

    def prepare(self, name: str, what: str) -> None:
        """Before a load: what is done for it, such as its warm-up."""
        if self.screen.live:
            self._name = name
            self.screen.draw((self._head, what))

    def begin(
        self,
        name: str,
        shape: LoadShape,
        *,
        loads: int | None = None,
        slos: Sequence[Slo] = (),
        log: Callable[[], LastBatch | None] = lambda: None,
    ) -> None:
        """loads: of the test, all together. slos: those on TPOT are shown. log: the log's last batch line."""
        self._name, self._load, self._log = name, LoadProgress(shape), log
        self._slos = [slo for slo in slos if slo.metric.startswith("tpot.")]
        self._began_s = self._written_s = time.monotonic()
        self.times.begin_load(self._began_s, loads)

    def answer(self, tpot_ms: float | None) -> None:
        if self._load is not None:
            self._load.answer(tpot_ms)

    def update(self, report: Progress) -> None:
        if self.screen.off or self._load is None:
            return
        self._load.update(report)
        now = time.monotonic()
        if self.screen.live:
            lines = (self._head, self._bar(), ", ".join(self._speeds()), ", ".join(self._times(now)))
            self.screen.draw([line for line in (*lines, self._log_line()) if line])
        elif now - self._written_s >= PLAIN_EVERY_S:
            self._written_s = now
            parts = [f"{self._head} {self._counts()}", *self._speeds(), *self._times(now), self._log_line()]
            self.screen.line(", ".join(part for part in parts if part))

    def end(self) -> None:
        self.screen.erase()
        self._load = None

    @property
    def _head(self) -> str:
        """`test 3 of 18: test_sla[np128]`"""
        place = "" if self._place is None else f"test {self._place[0]} of {self._place[1]}: "
        return place + self._name.rpartition("::")[2]

    def _counts(self) -> str:
        """`37/128 done, 52 running, 12 queued`: queued are requests that were sent and have no token yet."""
        assert self._load is not None and self._load.report is not None, "there is a report"
        report, shape = self._load.report, self._load.shape
        parts = [f"{report.done}/{shape.requests} done", f"{report.running - report.waiting} running"]
        parts.append(f"{report.waiting} queued")
        if report.failed:
            parts.append(self.screen.red(f"{report.failed} FAILED"))
        return ", ".join(parts)

    def _log_line(self) -> str:
        last = self._log()
        return "" if last is None else f"the log's last line: {last}"

    def _bar(self) -> str:
        assert self._load is not None, "a load is on"
        share = self._load.share
        return f"[{'#' * int(share * BAR):-<{BAR}}] {share:4.0%}  {self._counts()}"

    def _speeds(self) -> list[str]:
        assert self._load is not None, "a load is on"
        speed, tpot = self._load.speed, self._load.tpot_ms
        parts = [] if speed is None else [f"{speed[1]:,.0f} {speed[0]}"]
        if tpot is not None:
            parts.append(self._tpot(*tpot))
        return parts

    def _tpot(self, mean_ms: float, answers: int) -> str:
        """`TPOT 41.27 ms (mean of 37; tpot.mean<=50)`"""
        over = any(slo.metric == "tpot.mean" and not slo.holds(mean_ms) for slo in self._slos)
        limits = ", ".join(map(str, self._slos))
        of = f"mean of {answers}" if answers else "of those that run"
        text = f"TPOT {mean_ms:.2f} ms ({of}{f'; {limits}' if limits else ''})"
        return self.screen.red(f"{text} over the limit") if over else text

    def _times(self, now: float) -> list[str]:
        """`about 41 s left, test 3 min, all 14 min`; without the time left where it is not known."""
        assert self._load is not None, "a load is on"
        if self._load.silent_s:
            return [self.screen.red(f"no token for {self._load.silent_s:.0f} s")]
        left = self._load.left_s
        if left is None:
            return [f"{duration(now - self._began_s)} so far"]
        parts = [f"about {duration(left)} left"]
        of_test, of_all = self.times.of_test(left, now), self.times.of_all(left, now)
        if of_test is not None and of_test > left + 1:
            parts.append(f"test {duration(of_test)}")
        if self._place is not None:
            parts.append(f"all {'n/a' if of_all is None else duration(of_all)}")
        return parts


def duration(seconds: float) -> str:
    """`41 s`, `12 min`, `2 h 05 min`"""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"
