"""`sim:null`: answers on an exact schedule, whatever the load, and records when each token was written.

One thread, one epoll. All answers have the same time between tokens, so what is due next is always the head
of a queue: no heap, no timer objects. The loop spins through the last stretch before a token, so it takes a
core of its own while it serves.
"""

from __future__ import annotations

import bisect
import contextlib
import ctypes
import gc
import select
import signal
import sys
from collections import deque
from collections.abc import Sequence
from operator import attrgetter
from time import perf_counter_ns

from slabench.sim import wire
from slabench.sim.forward import Step
from slabench.sim.log import DeployLog
from slabench.sim.null_answer import Answers, Served
from slabench.sim.null_pieces import Pieces
from slabench.sim.null_socket import BURST, Peer, Sockets, raise_file_limit
from slabench.sim.null_truth import Truth
from slabench.sim.profiles import NullProfile
from slabench.sim.request import (
    CHAT,
    COMPLETIONS,
    Encode,
    Malformed,
    Refused,
    Request,
    chunk_answering,
    read_generate,
    read_pieces,
    read_request,
)

SPIN_NS = 120_000  # a sleep may end this late
_PR_SET_TIMERSLACK = 29


class NullServer(Sockets):
    """run() until a signal comes."""

    def __init__(self, profile: NullProfile, log: DeployLog, encode: Encode, tokenizer: str | None) -> None:
        super().__init__()
        self.log, self.encode = log, encode
        self.ttft_ns, self.itl_ns = round(profile.ttft_ms * 1e6), round(profile.itl_ms * 1e6)
        self.answers = Answers(delta=bool(profile.delta))
        self.truth = Truth(profile, tokenizer or profile.model_path)
        self.first: list[Peer] = []  # their first token is to come, by due time
        self.later: deque[Peer] = deque()  # the others, by due time: a token is due itl after the one before
        self.running = 0
        self.used = 0  # tokens that a real server's pool would hold
        self.taken: list[Served] = []  # since the last Prefill line
        self.step_due = 0
        self.head, self.head_at = wire.stream_head(), perf_counter_ns()

    def run(self) -> None:
        """Serve; SIGTERM and SIGINT end the process with status 0."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit(0))
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
        gc.collect()
        gc.freeze()
        gc.disable()  # nothing here is cyclic, and a collection would delay every stream
        while True:
            self._pass()

    def _pass(self) -> None:
        """One pass of the loop: tokens that are due, the log, then the sockets until the next token."""
        due = self._write_due()
        now = perf_counter_ns()
        if self.running and now >= self.step_due:
            self._log_step(now)
        wait = 0.5 if due is None else min((due - now - SPIN_NS) / 1e9, 0.5)
        # epoll's own time-out counts in milliseconds
        if wait > 0 and not select.select([self.epoll], [], [], wait)[0]:
            return
        for at, (fd, events) in enumerate(self.epoll.poll(0)):
            if at % 8 == 7:
                self._write_due()  # a burst of new requests does not hold up the tokens of the others
            self.ready(fd, events)

    # tokens

    def _write_due(self) -> int | None:
        """Write what is due, at most BURST tokens; when the next one is, None if nothing runs."""
        first, later, before, after = self.first, self.later, self.answers.before, self.answers.after
        write, table, itl_ns = self.write, len(before), self.itl_ns
        now = perf_counter_ns()
        for _ in range(BURST):
            if not first and not later:
                return None
            early = not later or (first and first[0].due < later[0].due)
            peer = first[0] if early else later[0]
            if peer.due > now:
                return peer.due
            if early:
                first.pop(0)
            else:
                later.popleft()
            served, k = peer.served, peer.k
            if served is None:
                continue  # its client has gone
            last = k + 1 == served.asked
            if served.pieces is not None:
                data = served.pieces.chunk(k, last=last)
            elif last:
                data = self.answers.last(k, served, (now - served.start_ns) / 1e9)
            elif k < table:
                data = before[k] + served.middle + after[k]
            else:
                data = self.answers.chunk(k, served)
            if not write(peer, data):
                continue
            now = perf_counter_ns()
            served.writes.append(now)
            if peer.pending:
                served.blocked += 1
            if last:
                self._finish(peer, served)
            else:
                peer.k = k + 1
                peer.due += itl_ns
                later.append(peer)
        return now

    def _finish(self, peer: Peer, served: Served) -> None:
        """Its last token was written, or its client has gone."""
        peer.served = None
        self.running -= 1
        self.used -= served.prompt + served.asked
        self.answered(peer)

    # requests

    def handle(self, peer: Peer, now: int, received: int) -> None:
        try:
            request = read_request(peer.buffer)
        except Malformed:
            self.drop(peer)
            return
        if request is None:
            return
        del peer.buffer[: request.size]
        peer.close = request.close
        try:
            if request.path in ("/generate", COMPLETIONS, CHAT) and request.method == "POST":
                self._serve(peer, self._asked(request, now, received))
                return
            answer = self.truth.answer(request, self.running)
        except Refused as refused:
            answer = wire.answer(400, refused.body)
        status = wire.status_of(answer)
        self.log.access("null", request.method, request.shown, status)
        if request.path == "/flush_cache" and status == 200:
            self.log.flushed()
        self.write(peer, answer)
        self.answered(peer)

    def _asked(self, request: Request, now: int, received: int) -> Served:
        if request.path != "/generate":
            ids, wanted, asked = read_pieces(request.path, request.body, self.encode)
            if not asked.get("stream"):
                refusal = wire.openai_error("The null server answers in a stream only.")
                raise Refused(wire.dumps(refusal))
            served = Served(wanted, len(ids), received_ns=received, accept_ns=now)
            form = chunk_answering(request.path)
            served.pieces = Pieces(form(served.request_id, served.prompt, wanted, asked))
            return served
        generate = read_generate(request.body, self.encode)
        if not generate.stream:
            raise Refused(wire.error("The null server answers in a stream only."))
        self.answers.grow(generate.max_new)
        return Served(generate.max_new, len(generate.ids), received_ns=received, accept_ns=now)

    def _serve(self, peer: Peer, served: Served) -> None:
        now = served.accept_ns
        peer.served = served
        peer.k, peer.due = 0, served.start_ns + self.ttft_ns
        self.truth.served.append(served)
        self.taken.append(served)
        self.used += served.prompt + served.asked
        if not self.running:
            self.step_due = now + self.itl_ns
        self.running += 1
        bisect.insort(self.first, peer, key=attrgetter("due"))
        if now - self.head_at > 1_000_000_000:
            self.head, self.head_at = wire.stream_head(), now  # its date has whole seconds
        self.write(peer, self.head)

    def gone(self, peer: Peer) -> None:
        assert peer.served is not None
        peer.served.aborted = True
        self._finish(peer, peer.served)

    # the log

    def _log_step(self, now: int) -> None:
        """The requests since the last step as one Prefill line, and a Decode line now and then."""
        if self.taken:
            tokens = sum(served.prompt for served in self.taken)
            step = Step("prefill", 0.0, new_seq=len(self.taken), new_tokens=tokens)
            step.running, step.used = self.running, self.used
            self.log.prefill(step)
            self.taken.clear()
        while self.step_due <= now:
            self.step_due += max(self.itl_ns, 1_000_000)
            self.log.decode(Step("decode", 0.0, running=self.running, used=self.used))


def serve(
    profile: NullProfile,
    host: str,
    ports: Sequence[int],
    log: DeployLog,
    encode: Encode,
    tokenizer: str | None,
) -> None:
    """Listen, write the lines that a launcher waits for, and serve. OSError: a port is taken.

    All ports but the first are shared.
    """
    if sys.platform != "linux":
        raise OSError(0, "sim:null needs Linux (epoll)")
    raise_file_limit()
    server = NullServer(profile, log, encode, tokenizer)
    server.truth.pages.port = server.listen(host, ports[0])
    for port in ports[1:]:
        server.listen(host, port, shared=True)
    log.say(
        f"max_total_num_tokens={profile.pool_tokens}, max_running_requests={profile.max_running}, "
        "null server: SIMULATED"
    )
    log.ready(host, server.truth.pages.port)
    server.run()
