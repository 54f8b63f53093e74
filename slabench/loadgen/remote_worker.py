"""The parent's side of load processes on other hosts: their jobs, next requests, clocks and silence."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from slabench.loadgen.client_stats import WorkerStats
from slabench.loadgen.frames import Frame
from slabench.loadgen.hello import MARK, Hello
from slabench.loadgen.host_clock import PINGS, Ping, best, error_ns
from slabench.loadgen.plan import Plan
from slabench.loadgen.transports.base import Channel
from slabench.loadgen.workers import WorkerProcess
from slabench.records import RequestRecord
from slabench.units import NS_PER_S

LOST_S = 60.0  # without a word during a load: the host is given up
MOST_PREAMBLE = 1 << 16  # bytes of a login shell's greeting that are kept


class Dealer:
    """A plan's requests beyond those that slots have from the start, in its order."""

    def __init__(self, plan: Plan) -> None:
        self.waiting = range(plan.count if plan.cap is None else plan.cap, plan.count)

    def take(self, count: int) -> list[int]:
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        return list(taken)


class RemoteWorker(WorkerProcess):
    """A load process at a host. It is ready once its clock is known, and done once it is known again."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self.host = channel.host
        self.hello: Hello | None = None
        self.dealer: Dealer | None = None
        self.before: Ping | None = None
        self.after: Ping | None = None
        self.longest_silence_ns = 0  # during the load
        self._preamble: bytearray | None = bytearray()  # until the mark
        self._pings: list[Ping] = []
        self._stats: WorkerStats | None = None  # until its clock is known again
        self._began = False
        self._heard_ns = time.perf_counter_ns()

    # its job

    def take_remote_job(self, job: bytes, number: int, dealer: Dealer, ahead: int) -> None:
        self.dealer, self.before, self.after = dealer, None, None
        self._stats, self._began, self.longest_silence_ns = None, False, 0
        self._heard_ns = time.perf_counter_ns()  # it had nothing to report since the load before
        indices = dealer.take(ahead)
        order = {"job_bytes": len(job), "number": number, "indices": indices, "more": bool(dealer.waiting)}
        self.take_job(order)
        self.channel.write(job)

    def begin(self, zero_ns: int) -> None:
        if self.before is not None:  # else it has died
            self._began, self._heard_ns = True, time.perf_counter_ns()
            self.send({"zero_ns": zero_ns + self.before.offset_ns})

    @property
    def lead_s(self) -> float:  # type: ignore[override]
        longest = max((ping.round_trip_ns for ping in self._pings), default=0)
        return 2 * longest / NS_PER_S

    # what it reports

    def read(self) -> Iterator[Frame]:
        data = self.channel.read()
        self.ended, self._heard_ns = not data, time.perf_counter_ns()
        if self._preamble is not None:
            self._preamble += data
            _, found, rest = self._preamble.partition(MARK)
            if not found:
                del self._preamble[:-MOST_PREAMBLE]
                return iter(())
            data, self._preamble = bytes(rest), None
        return self.decoder.feed(data)

    def took(self, frame: Frame) -> None:
        head = frame.head
        if frame.kind == "hello":
            self.hello = Hello(**{name: head[name] for name in Hello.__slots__})
        elif frame.kind == "ready":
            self._pings = []
            self._ping()
        elif frame.kind == "pong":
            self._pings.append(Ping(head["ping"], head["now_ns"], time.perf_counter_ns()))
            if len(self._pings) < PINGS:
                self._ping()
            else:
                self._clock_known(best(self._pings))
        elif frame.kind == "drawn":
            assert self.dealer is not None, "it has a job"
            indices = self.dealer.take(head["count"])
            self.send({"indices": indices, "more": bool(self.dealer.waiting)})
        elif frame.kind == "done":
            self._stats = WorkerStats(**head["stats"])
            self._pings = []
            self._ping()
        else:
            super().took(frame)

    def _ping(self) -> None:
        self.send({"ping": time.perf_counter_ns()})

    def _clock_known(self, ping: Ping) -> None:
        if self._stats is None:
            self.before, self.ready = ping, True
            return
        self.after = ping
        offset = self.offset_ns
        self.done = replace(
            self._stats,
            stalls_ns=[[begin - offset, end - offset] for begin, end in self._stats.stalls_ns],
            dry_ns=None if self._stats.dry_ns is None else self._stats.dry_ns - offset,
        )

    # its clock

    @property
    def offset_ns(self) -> int:
        return 0 if self.before is None else self.before.offset_ns

    @property
    def clock_error_ns(self) -> int | None:
        """None: it has not reported after the load."""
        return None if self.before is None or self.after is None else error_ns(self.before, self.after)

    def on_our_clock(self, record: RequestRecord) -> RequestRecord:
        return replace(record.moved(-self.offset_ns), host=self.host)

    # its end

    def silent(self, now_ns: int) -> None:
        """What it sent before was read: since then nothing came."""
        silence = now_ns - self._heard_ns
        if self._began and self._stats is None:
            self.longest_silence_ns = max(self.longest_silence_ns, silence)
        if silence > NS_PER_S:
            self.send({"alive": True})  # a launcher whose process has died may only see it when it writes
        if silence > LOST_S * NS_PER_S and not self.ended:
            self.failure = f"no report for {silence / NS_PER_S:.0f} s"
            self.ended = True
