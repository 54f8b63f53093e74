"""run_load: a prepared workload and a plan in, one record a request out; the load itself runs in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

from slabench.loadgen.answers import record_of
from slabench.loadgen.backend import GENERATE, PreparedRequest
from slabench.loadgen.frames import Decoder, Frame
from slabench.loadgen.options import ClientOptions, Target
from slabench.loadgen.plan import Plan
from slabench.records import ClientRecord, ErrorKind, RequestRecord

START_S = 0.02  # from "ready" to the plan's zero
NS = 1e9


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the load is; output_tokens counts those of running requests too."""

    done: int
    running: int
    failed: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class LoadResult:
    """requests in plan order, one for each that was planned."""

    requests: Sequence[RequestRecord]
    began_ns: int
    began_unix: float
    client: ClientRecord
    interrupted: bool


class LoadInterrupted(KeyboardInterrupt):
    """Ctrl-C in the middle of a load: result holds what had been measured."""

    def __init__(self, result: LoadResult) -> None:
        super().__init__("the load was interrupted")
        self.result = result


def request_bytes(target: Target, request: PreparedRequest, *, keep_alive: bool) -> bytes:
    """Head and body as they go on the wire."""
    parts = target.parts()
    lines = [f"POST {parts['prefix']}{request.path} HTTP/1.1", f"Host: {parts['netloc']}", "Accept: */*"]
    lines += [f"{name}: {value}" for name, value in target.headers.items()]
    lines += ["Content-Type: application/json", f"Content-Length: {len(request.body)}"]
    lines += [] if keep_alive else ["Connection: close"]
    return "\r\n".join((*lines, "", "")).encode("latin-1") + request.body


def write_job(path: Path, target: Target, requests: Sequence[PreparedRequest], plan: Plan, options: ClientOptions) -> None:
    """One file: the head's length, the head, then every request's bytes."""
    parts = target.parts()
    wires = [request_bytes(target, one, keep_alive=options.connections == "keep-alive") for one in requests]
    head = {
        **{key: parts[key] for key in ("secure", "host", "port")},
        "ca_file": target.ca_file,
        "options": asdict(options),
        "offsets_ns": plan.offsets_ns,
        "cap": plan.cap,
        "closed": plan.closed,
        "sizes": [len(wire) for wire in wires],
    }
    text = json.dumps(head).encode()
    with path.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)  # the head of a request can hold an API key
        file.write(b"%d\n%b" % (len(text), text))
        file.writelines(wires)


class _Load:
    """The parent's side of one load process."""

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
        self.done: dict[str, Any] | None = None
        self.interrupted = False
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, job: Path) -> LoadResult:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "slabench.loadgen.worker", str(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
            start_new_session=True,  # a Ctrl-C at the terminal reaches us alone, and we end the load in order
        )
        try:
            with self._interruptible():
                self._listen()
        finally:
            self._end_process()
        return self._result()

    def _listen(self) -> None:
        assert self.process is not None and self.process.stdout is not None
        decoder, fd = Decoder(), self.process.stdout.fileno()
        while self.done is None:
            data = os.read(fd, 1 << 20)
            if not data:
                return  # it died: _result says so in every record that is missing
            for frame in decoder.feed(data):
                self._take(frame)
            if self.until is not None and not self.stopped and self.done is None and self.until():
                self.stopped = True
                self._say({"stop": True})

    def _take(self, frame: Frame) -> None:
        if frame.kind == "record":
            index = frame.head["index"]
            record = record_of(frame, self.requests[index], keep_text=self.options.keep_text)
            self.records[index] = record
            if not frame.head["waited"] and record.sent_ns is not None:
                self.send_lag_ns.append(record.sent_ns - record.due_ns)
            if self.on_record is not None:
                self.on_record(record)
        elif frame.kind == "progress" and self.on_progress is not None:
            self.on_progress(Progress(**{key: frame.head[key] for key in Progress.__slots__}))
        elif frame.kind == "ready":
            self.began_ns = time.perf_counter_ns() + int(START_S * NS)
            self.began_unix = time.time() + START_S
            self._say({"zero_ns": self.began_ns})
        elif frame.kind == "done":
            self.done = frame.head

    def _say(self, what: dict[str, Any]) -> None:
        assert self.process is not None and self.process.stdin is not None
        with suppress(BrokenPipeError):  # it has died; the end of its output tells
            os.write(self.process.stdin.fileno(), json.dumps(what).encode() + b"\n")

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Ctrl-C (or SIGTERM, a CI's way) asks the load process for what it has; a second one does not wait for it."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(number: int, frame: FrameType | None) -> None:
            if self.interrupted:
                raise KeyboardInterrupt
            self.interrupted = True
            self._say({"stop": True})

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end_process(self) -> None:
        process = self.process
        assert process is not None and process.stdin is not None and process.stdout is not None
        process.stdin.close()
        try:
            process.wait(1.0 if self.done is not None else 0.2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def _result(self) -> LoadResult:
        assert self.process is not None
        records = [self.records[k] if k in self.records else self._missing(k) for k in range(len(self.requests))]
        ends = [record.end_ns for record in records if record.end_ns is not None]
        return LoadResult(
            requests=records,
            began_ns=self.began_ns,
            began_unix=self.began_unix,
            client=self._client((max(ends) - self.began_ns) / NS if ends else 0.0),
            interrupted=self.interrupted,
        )

    def _missing(self, index: int) -> RequestRecord:
        request = self.requests[index]
        text = "The run was stopped before its turn." if self.stopped else "The run was interrupted before its turn."
        if self.done is None and not self.interrupted:
            assert self.process is not None
            text = f"The load process ended with status {self.process.returncode} before this request did."
        due = self.began_ns + self.plan.offsets_ns[index]
        return RequestRecord(index, request.input_len, request.output_len, due, error=ErrorKind.NOT_SENT, error_text=text)

    def _client(self, wall_s: float) -> ClientRecord:
        told = self.done or {}
        lags: list[int] = told.get("lag_ns", [])
        rank = told.get("lag_samples", 0) // 100 + 1  # the p99 is this many from the top
        return ClientRecord(
            wall_s=wall_s,
            cpu_s=told.get("cpu_s", 0.0),
            loop_lag_max_ms=lags[-1] / 1e6 if lags else None,
            loop_lag_p99_ms=lags[-min(rank, len(lags))] / 1e6 if lags else None,
            loop_lateness_ms=told["lateness_ns"] / 1e6 if told.get("lateness_ns") is not None else None,
            send_lag_max_ms=max(self.send_lag_ns) / 1e6 if self.send_lag_ns else None,
            peak_rss_mb=told.get("peak_rss_mb"),
        )


def run_load(
    target: Target,
    requests: Sequence[PreparedRequest],
    plan: Plan,
    options: ClientOptions,
    *,
    on_record: Callable[[RequestRecord], None] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    until: Callable[[], bool] | None = None,
) -> LoadResult:
    """Send every request as the plan says and return once all have ended. on_record is called at each one's end.

    until is asked whenever something was heard: True ends the load as it is, without an error; what was on its way is INTERRUPTED.
    A request that fails is a record with an error, never an exception. Ctrl-C raises LoadInterrupted with what there is.
    """
    if len(requests) != plan.count:
        raise ValueError(f"{len(requests)} requests for a plan of {plan.count}")
    options = replace(options, chunks=requests[0].path != GENERATE)
    with tempfile.TemporaryDirectory(prefix="slabench-") as folder:
        job = Path(folder) / "job"
        write_job(job, target, requests, plan, options)
        result = _Load(requests, plan, options, on_record, on_progress, until).run(job)
    if result.interrupted:
        raise LoadInterrupted(result)
    return result
