"""`sim:null`: answers on an exact schedule, whatever the load, and remembers when it really wrote each token.

One thread, one epoll. All answers have the same time between tokens, so what is due next is always the head
of a queue: no heap, no timer objects. The last stretch before a token is waited for by turning the loop, so
it takes a core of its own while it serves.
"""

from __future__ import annotations

import bisect
import contextlib
import ctypes
import gc
import os
import random
import select
import signal
import socket
import sys
from collections import deque
from collections.abc import Sequence
from time import perf_counter_ns
from types import FrameType

from slabench.sim.log import DeployLog
from slabench.sim.null_answer import Answers, Own
from slabench.sim.null_http import Encode, Malformed, Pages, Refused, Request, read_generate, read_request
from slabench.sim.null_profile import NullProfile
from slabench.sim.null_socket import KernelClock, Peer, listening, raise_file_limit
from slabench.sim.null_truth import Served, Truth
from slabench.sim.scheduler import Step
from slabench.sim.wire import REASONS, stream_head

SPIN_NS = 120_000  # a sleep may end this late
BURST = 64  # tokens that are written before the sockets are looked at again
_READ = 1 << 16
_PR_SET_TIMERSLACK = 29
_IN = select.EPOLLIN | select.EPOLLRDHUP


class _Ended(Exception):
    """SIGTERM or SIGINT."""


class NullServer:
    """run() until a signal comes."""

    def __init__(self, profile: NullProfile, log: DeployLog, encode: Encode, tokenizer: str | None) -> None:
        self.profile, self.log, self.encode = profile, log, encode
        self.ttft_ns, self.itl_ns = round(profile.ttft_ms * 1e6), round(profile.itl_ms * 1e6)
        self.answers = Answers(delta=bool(profile.delta))
        self.truth = Truth(profile)
        self.pages = Pages(
            profile, self.truth, tokenizer or profile.model_path, random.SystemRandom().randrange(2**30)
        )
        self.epoll = select.epoll()
        self.listeners: dict[int, socket.socket] = {}
        self.peers: dict[int, Peer] = {}
        self.first: list[Peer] = []  # their first token is to come, by due time
        self.later: deque[Peer] = deque()  # the others: a token's successor is due the same time after it
        self.running = 0
        self.used = 0  # tokens that a real server's pool would hold
        self.taken: list[Served] = []  # since the last Prefill line
        self.step_due = 0
        self.clock = KernelClock()
        self.head, self.head_at = stream_head(), perf_counter_ns()

    def listen(self, host: str, port: int, *, shared: bool = False) -> int:
        """The port. OSError if it is taken."""
        listener = listening(host, port, shared=shared)
        self.epoll.register(listener.fileno(), select.EPOLLIN)
        self.listeners[listener.fileno()] = listener
        bound: int = listener.getsockname()[1]
        self.pages.port = self.pages.port or bound
        return bound

    def run(self) -> None:
        """Serve; returns after SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _end)
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
        gc.collect()
        gc.freeze()
        gc.disable()  # nothing here is cyclic, and a collection would delay every stream
        with contextlib.suppress(_Ended):
            while True:
                self._turn()

    def _turn(self) -> None:
        began = perf_counter_ns()
        due = self._write_due()
        now = perf_counter_ns()
        if self.running:
            self.truth.pass_max_ns = max(self.truth.pass_max_ns, now - began)
            if now >= self.step_due:
                self._tell(now)
        wait = 0.0
        if due is None:
            wait = 0.5
        elif due - now > SPIN_NS:
            wait = min((due - now - SPIN_NS) / 1e9, 0.5)
        # epoll's own time-out counts in milliseconds
        if wait > 0 and not select.select([self.epoll], [], [], wait)[0]:
            return
        for at, (fd, events) in enumerate(self.epoll.poll(0)):
            if at % 8 == 7:
                self._write_due()  # a burst of new requests does not hold up the tokens of the others
            if fd in self.listeners:
                self._accept(self.listeners[fd])
                continue
            peer = self.peers.get(fd)
            if peer is None:
                continue
            if events & select.EPOLLOUT:
                self._flush(peer)
            if not peer.closed and events & ~select.EPOLLOUT:
                self._read(peer)

    # tokens

    def _write_due(self) -> int | None:
        """Write what is due, at most BURST tokens; when the next one is, None if nothing runs."""
        first, later, before, after = self.first, self.later, self.answers.before, self.answers.after
        write, table, itl_ns = os.write, len(before), self.itl_ns
        now = perf_counter_ns()
        for _ in range(BURST):
            if later and (not first or later[0].due <= first[0].due):
                peer = later[0]
                if peer.due > now:
                    return peer.due
                later.popleft()
            elif first:
                peer = first[0]
                if peer.due > now:
                    return peer.due
                first.pop(0)
            else:
                return None
            served, own, k = peer.served, peer.own, peer.k
            if served is None or own is None:
                continue  # its client has gone
            last = k + 1 == served.asked
            if last:
                data = self.answers.last(k, own, (now - served.start_ns) / 1e9)
            elif k < table:
                data = before[k] + own.middle + after[k]
            else:
                data = self.answers.chunk(k, own)
            taken = 0
            if not peer.pending:
                try:
                    taken = write(peer.fd, data)
                except BlockingIOError:
                    pass
                except OSError:
                    self._drop(peer)
                    continue
            now = perf_counter_ns()
            served.writes.append(now)
            self.truth.bytes += len(data)
            if taken != len(data):
                served.blocked += 1
                self._pend(peer, data[taken:])
            if last:
                self._finish(peer, served, now)
            else:
                peer.k = k + 1
                peer.due += itl_ns
                later.append(peer)
        return now

    def _finish(self, peer: Peer, served: Served, now: int) -> None:
        peer.served = peer.own = None
        self.running -= 1
        self.used -= served.prompt + served.asked
        if not peer.pending:
            served.flush_ns = now
            if peer.close:
                self._drop(peer)
            elif peer.buffer:
                self._next(peer)

    def _send(self, peer: Peer, data: bytes) -> None:
        """What is no token: a head, a whole answer."""
        taken = 0
        if not peer.pending:
            try:
                taken = os.write(peer.fd, data)
            except BlockingIOError:
                pass
            except OSError:
                self._drop(peer)
                return
        if taken != len(data):
            self._pend(peer, data[taken:])

    def _pend(self, peer: Peer, data: bytes) -> None:
        if not peer.pending:
            self.epoll.modify(peer.fd, _IN | select.EPOLLOUT)
        peer.pending += data

    def _flush(self, peer: Peer) -> None:
        try:
            del peer.pending[: os.write(peer.fd, peer.pending)]
        except BlockingIOError:
            return
        except OSError:
            self._drop(peer)
            return
        if not peer.pending:
            self.epoll.modify(peer.fd, _IN)
            if peer.served is None and peer.close:
                self._drop(peer)
            elif peer.served is None and peer.buffer:
                self._next(peer)

    # connections

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(BURST):
            try:
                connected, _ = listener.accept()
            except BlockingIOError:
                return
            connected.setblocking(False)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = self.peers[connected.fileno()] = Peer(connected)
            self.epoll.register(peer.fd, _IN)

    def _read(self, peer: Peer) -> None:
        try:
            data, told, _, _ = peer.socket.recvmsg(_READ, 64)
        except BlockingIOError:
            return
        except OSError:
            data, told = b"", []
        now = perf_counter_ns()
        if not data:
            self._drop(peer)
            return
        peer.buffer += data
        if peer.served is None:
            self._next(peer, now, self.clock.received(told, now))

    def _next(self, peer: Peer, now: int = 0, received: int = 0) -> None:
        try:
            request = read_request(peer.buffer)
        except Malformed:
            self._drop(peer)
            return
        if request is None:
            return
        del peer.buffer[: request.size]
        peer.close = request.close
        if request.path == "/generate" and request.method == "POST":
            try:
                self._generate(peer, request, now or perf_counter_ns(), received)
            except Refused as refused:
                self._whole(peer, request, 400, refused.answer)
            return
        self._whole(peer, request, *self.pages.answer(request, self.running))

    def _whole(self, peer: Peer, request: Request, status: int, answer: bytes) -> None:
        self.log.plain(f'null - "{request.method} {request.shown} HTTP/1.1" {status} {REASONS[status]}')
        if request.path == "/flush_cache" and status == 200:
            self.log.flushed()
        self._send(peer, answer)
        if not peer.closed and not peer.pending:
            if peer.close:
                self._drop(peer)
            elif peer.buffer:
                self._next(peer)

    def _generate(self, peer: Peer, request: Request, now: int, received: int) -> None:
        prompt, wanted = read_generate(request.body, self.encode)
        self.answers.grow(wanted)
        peer.own = Own(prompt)
        served = peer.served = Served(peer.own.id, wanted, prompt, len(request.body))
        served.connect_ns, served.received_ns, served.accept_ns = peer.since, received, now
        served.start_ns = received or now
        peer.k, peer.due = 0, served.start_ns + self.ttft_ns
        self.truth.served.append(served)
        self.taken.append(served)
        self.used += prompt + wanted
        if not self.running:
            self.step_due = now + self.itl_ns
        self.running += 1
        bisect.insort(self.first, peer, key=lambda one: one.due)
        if now - self.head_at > 1_000_000_000:
            self.head, self.head_at = stream_head(), now  # its date has whole seconds
        self._send(peer, self.head)

    def _drop(self, peer: Peer) -> None:
        if peer.closed:
            return
        peer.closed = True
        if peer.served is not None:
            peer.served.aborted, peer.served.close_ns = True, perf_counter_ns()
            self.used -= peer.served.prompt + peer.served.asked
            peer.served = peer.own = None
            self.running -= 1
        del self.peers[peer.fd]
        with contextlib.suppress(OSError):
            self.epoll.unregister(peer.fd)
        peer.socket.close()

    # the log

    def _tell(self, now: int) -> None:
        """A step of the log has passed: what came since as one Prefill line, and a Decode line now and then."""
        if self.taken:
            new = sum(one.prompt for one in self.taken)
            self.log.prefill(
                Step(
                    "prefill",
                    0.0,
                    new_seq=len(self.taken),
                    new_tokens=new,
                    running=self.running,
                    used=self.used,
                )
            )
            self.taken.clear()
        while self.step_due <= now:
            self.step_due += max(self.itl_ns, 1_000_000)
            self.log.decode(Step("decode", 0.0, running=self.running, used=self.used))


def _end(number: int, frame: FrameType | None) -> None:
    raise _Ended


def serve(
    profile: NullProfile,
    host: str,
    ports: Sequence[int],
    log: DeployLog,
    encode: Encode,
    tokenizer: str | None,
) -> None:
    """Listen, say so in the words that a launcher waits for, and serve. OSError: a port is taken.

    All but the first are shared.
    """
    if sys.platform != "linux":
        raise OSError(0, "sim:null needs Linux (epoll)")
    raise_file_limit()
    server = NullServer(profile, log, encode, tokenizer)
    bound = server.listen(host, ports[0])
    for port in ports[1:]:
        server.listen(host, port, shared=True)
    log.say(
        f"max_total_num_tokens={profile.pool_tokens}, max_running_requests={profile.max_running}, null server: SIMULATED"
    )
    shown = f"[{host}]" if ":" in host else host
    log.plain(f"Uvicorn running on http://{shown}:{bound} (Press CTRL+C to quit)")
    log.say("The server is fired up and ready to roll!")
    server.run()
