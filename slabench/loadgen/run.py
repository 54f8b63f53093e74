"""run_load: prepared requests and a plan in, one record a request out. The load has its own processes."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

from slabench.end_signals import SIGNALS, EndOnce, called
from slabench.errors import Interrupted
from slabench.loadgen.client_stats import client_record
from slabench.loadgen.frames import Frame
from slabench.loadgen.host_records import failure_of, host_records, out_of_order, tail_requests
from slabench.loadgen.options import ClientOptions, Target
from slabench.loadgen.own_limits import too_few_files
from slabench.loadgen.plan import Plan
from slabench.loadgen.pools import worker_pool
from slabench.loadgen.prepared import PreparedRequest
from slabench.loadgen.response_record import record_of
from slabench.loadgen.transports.base import LoadHosts
from slabench.loadgen.workers import WorkerProcess, frames, worker_count
from slabench.records import ClientRecord, ErrorKind, RequestRecord
from slabench.units import NS_PER_S

START_S = 0.02  # from "ready" to the plan's zero


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the load is. running: requests that were sent and have not ended, the waiting ones among them,
    which have no token yet. output_tokens includes those of running requests; elapsed_s: at the oldest report
    in it.
    """

    done: int
    running: int
    waiting: int
    failed: int
    output_tokens: int
    elapsed_s: float = 0.0


@dataclass(frozen=True, slots=True)
class LoadResult:
    """requests in plan order, one for each planned request."""

    requests: Sequence[RequestRecord]
    began_ns: int
    began_unix: float
    client: ClientRecord
    interrupted: bool


class LoadInterrupted(Interrupted):
    """During a load: result holds what was measured until then."""

    def __init__(self, result: LoadResult, by: str) -> None:
        super().__init__(by)
        self.result = result


class _Abandoned(Exception):
    """No further record is waited for."""


class _Load:
    """The parent's side of one load."""

    def __init__(
        self,
        requests: Sequence[PreparedRequest],
        plan: Plan,
        options: ClientOptions,
        on_record: Callable[[RequestRecord], None] | None,
        on_progress: Callable[[Progress], None] | None,
        until: Callable[[], bool] | None,
    ) -> None:
        self.requests, self.plan, self.options = requests, plan, options
        self.on_record, self.on_progress, self.until = on_record, on_progress, until
        self.stopped = False
        self.records: dict[int, RequestRecord] = {}
        self.send_lag_ns: list[int] = []
        self.began_ns, self.began_unix = 0, 0.0
        self.interrupted = ""  # by which signal
        self.abandoned = self.taking = False  # after a second signal; while a frame is taken
        self.workers: Sequence[WorkerProcess] = ()

    def run(self, target: Target, place: LoadHosts | None) -> LoadResult:
        lengths = [request.output_len for request in self.requests]
        with worker_pool(place) as pool:
            count = worker_count(self.plan, lengths, self.options.workers, pool.hosts)
            self.workers = pool.take_job(target, self.requests, self.plan, self.options, count)
            with self._interruptible(), suppress(_Abandoned):
                for worker, frame in frames(self.workers):
                    self.taking = True
                    self._take(worker, frame)
                    self.taking = False
                    if self.abandoned:
                        break
                    if self.until is not None and self.began_ns and not self.stopped and self.until():
                        self.stopped = True
                        self._send({"stop": True})
            for worker in self.workers:
                if worker.done is None:
                    worker.end()
            result = self._result()
            if self.interrupted:
                raise LoadInterrupted(result, self.interrupted)
        return result

    def _take(self, worker: WorkerProcess, frame: Frame | None) -> None:
        if frame is not None and frame.kind == "record":
            index = frame.head["index"]
            record = record_of(frame, self.requests[index], keep_text=self.options.keep_text)
            self.records[index] = record = worker.on_our_clock(record)
            if not frame.head["waited"] and record.sent_ns is not None:
                self.send_lag_ns.append(record.sent_ns - record.due_ns)
            if self.on_record is not None:
                self.on_record(record)
        elif frame is not None and frame.kind == "progress":
            if self.on_progress is not None:
                self.on_progress(self._progress())
        elif not self.began_ns and all(worker.ready or worker.ended for worker in self.workers):
            # All together: one zero on the clock that they share, or that theirs is converted to. A process
            # that died before has no records.
            start_s = START_S + max(worker.lead_s for worker in self.workers)
            self.began_ns = time.perf_counter_ns() + int(start_s * NS_PER_S)
            self.began_unix = time.time() + start_s
            for worker in self.workers:
                worker.begin(self.began_ns)

    def _progress(self) -> Progress:
        sums = {
            name: sum(worker.progress[name] for worker in self.workers) for name in self.workers[0].progress
        }
        oldest = min(worker.progress_ns for worker in self.workers)
        return Progress(**sums, elapsed_s=max(0.0, (oldest - self.began_ns) / NS_PER_S))

    def _send(self, order: dict[str, Any]) -> None:
        for worker in self.workers:
            if worker.done is None:
                worker.send(order)

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Ctrl-C (or SIGTERM, from a CI) asks the load processes for their records; after a second one those
        that have not come are not waited for.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(number: int, frame: FrameType | None) -> None:
            if self.abandoned:
                return
            if self.interrupted:
                self.abandoned = True
                if not self.taking:  # else a record would be written in part
                    raise _Abandoned
                return
            self.interrupted = called(number)
            for handler in before.values():
                if isinstance(handler, EndOnce):
                    handler.begin()
            self._send({"stop": True})

        before = {number: signal.getsignal(number) for number in SIGNALS}
        for number in SIGNALS:
            signal.signal(number, stop)
        try:
            yield
        finally:
            self.abandoned = True  # a signal that comes before the handlers are back ends nothing here
            for number, handler in before.items():
                signal.signal(number, handler)

    def _result(self) -> LoadResult:
        failure = "" if self.interrupted else failure_of(self.workers)
        records = [self.records.get(k) or self._missing(k, failure) for k in range(len(self.requests))]
        last = max((record.end_ns for record in records if record.end_ns is not None), default=self.began_ns)
        tail = tail_requests(self.workers, records)
        return LoadResult(
            requests=records,
            began_ns=self.began_ns,
            began_unix=self.began_unix,
            client=client_record(
                [worker.done for worker in self.workers if worker.done is not None],
                workers=len(self.workers),
                began_ns=self.began_ns,
                wall_s=(last - self.began_ns) / NS_PER_S,
                send_lag_ns=self.send_lag_ns,
                failure=failure,
                hosts=host_records(self.workers, records, (last - self.began_ns) / NS_PER_S),
                tail_requests=tail,
                out_of_order=out_of_order(records),
            ),
            interrupted=bool(self.interrupted),
        )

    def _missing(self, index: int, failure: str) -> RequestRecord:
        request = self.requests[index]
        how = "stopped" if self.stopped else "interrupted"
        stopped = f"The run was {how} before this request was sent."
        text = failure.replace("before the run did", "before this request did") or stopped
        due = self.began_ns + self.plan.offsets_ns[index]
        return RequestRecord(
            index, request.input_len, request.output_len, due, error=ErrorKind.NOT_SENT, error_text=text
        )


def _not_sent(
    requests: Sequence[PreparedRequest], why: str, on_record: Callable[[RequestRecord], None] | None
) -> LoadResult:
    """The result of a load that this machine cannot drive."""
    now = time.perf_counter_ns()
    records = [
        RequestRecord(k, request.input_len, request.output_len, now, error=ErrorKind.NO_FILES, error_text=why)
        for k, request in enumerate(requests)
    ]
    if on_record is not None:
        for record in records:
            on_record(record)
    return LoadResult(records, now, time.time(), ClientRecord(0.0, None, None, None, None), interrupted=False)


def run_load(
    target: Target,
    requests: Sequence[PreparedRequest],
    plan: Plan,
    options: ClientOptions,
    *,
    on_record: Callable[[RequestRecord], None] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    until: Callable[[], bool] | None = None,
    place: LoadHosts | None = None,
) -> LoadResult:
    """Send every request as planned, and return once all have ended. on_record is called at each one's end.

    until is called with every report: True ends the load without an error, and requests on their way are
    INTERRUPTED. A request that fails is a record with an error, never an exception. Ctrl-C raises
    LoadInterrupted with the records so far. place: the hosts that send it, None for this machine; InvalidRun
    where one of them cannot.
    """
    if len(requests) != plan.count:
        raise ValueError(f"{len(requests)} requests for a plan of {plan.count}")
    if place is None:  # else each host is asked for its own limit
        lengths = [request.output_len for request in requests]
        refused = too_few_files(plan, worker_count(plan, lengths, options.workers))
        if refused is not None:
            return _not_sent(requests, str(refused), on_record)
    return _Load(requests, plan, options, on_record, on_progress, until).run(target, place)
