"""Between the engine and one connection: which events of an answer really leave, how and when."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence

from slabench.sim import fault_events, wire
from slabench.sim.connection import Connection
from slabench.sim.fault_events import CHANGES, FORMS, Place, with_reason
from slabench.sim.fault_table import Choice

PIECE = 7  # bytes: shorter than any line of an event stream
REPLAYED_S = 0.001  # between two events of an answer that is played again
GATHERED_S = 0.01  # between two pieces of an answer that was held back
_LAST_CHUNK = b"0\r\n\r\n"
# What is written after the last event that leaves; None: nothing, and the request is never done.
_ENDINGS = {
    "stream_error": wire.chunk(wire.error("The request was aborted: CUDA out of memory.")) + wire.DONE,
    "cut": _LAST_CHUNK,
    "no_tokens": wire.DONE,
    "reset": None,
    "drop": None,
    "stall": None,
}
_REASONS = {
    "stop": b'{"type":"stop","matched":2}',
    "abort": b'{"type":"abort","message":"Aborted by AbortReq."}',
    "short": b'{"type":"length","length":%d}',
}


class Stream:
    """The engine calls it with each event's bytes, and whether it is the last."""

    def __init__(self, connection: Connection, names: Sequence[str], choice: Choice) -> None:
        self.connection, self.names, self.choice = connection, names, choice
        self.count = 0  # of the event that is here, from 1
        self.over = False
        self.held: list[bytes] = []  # events that wait for their turn
        self.resumes: asyncio.TimerHandle | None = None
        self.before: dict[str, int] = {"text": 0, "output_ids": 0}
        self.ending = self._first_of(_ENDINGS)
        self.form = self._first_of(FORMS)
        self.reason = self._first_of(_REASONS)
        if "early_count" in names or "early_id" in names:
            connection.write(wire.chunk(fault_events.empty("early", ids="early_id" in names)))

    def _first_of(self, table: Iterable[str]) -> str | None:
        return next((name for name in self.names if name in table), None)

    def __call__(self, events: Sequence[bytes], last: bool) -> None:
        if self.over:
            return
        (event,) = events
        self.count += 1
        tokens = self.choice.tokens
        if self.ending is not None and self.count > (0 if self.ending == "no_tokens" else tokens):
            self._end(self.ending)
            return
        if self.reason is not None and self.count >= tokens:
            reason = _REASONS[self.reason]
            event, last = with_reason(event, reason % self.count if b"%d" in reason else reason), True
            self.connection.abort()
        if not last and ("single_event" in self.names or self._in_lump()):
            return
        at = Place(self.count, tokens, last)
        for name in self.names:
            if name == "deltas":
                event = self._delta(event)
            elif name in CHANGES:
                event = CHANGES[name](event, at)
        self._send(event, at)

    def _in_lump(self) -> bool:
        job = self.connection.job
        wanted = job.request.max_new if job is not None else 0
        return "lump" in self.names and self.count < wanted - self.choice.tokens

    def _end(self, ending: str) -> None:
        """The client gets no more of this answer."""
        self.over = True
        self.connection.abort()
        data = _ENDINGS[ending]
        if data is not None:
            self.connection.write(data)
            self.connection.done()
        elif ending == "reset":
            self.connection.reset()
        elif ending == "drop":
            self.connection.end()

    def _delta(self, event: bytes) -> bytes:
        whole = json.loads(event)
        for key, begin in self.before.items():
            self.before[key] = len(whole[key])
            whole[key] = whole[key][begin:]
        return wire.dumps(whole)

    def _later(self, seconds: float, act: Callable[..., None], *arguments: object) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, act, *arguments)

    def _send(self, event: bytes, at: Place) -> None:
        names, last = self.names, at.last
        out = fault_events.chunks(self.form, event, at)
        if last and "late_reason" in names:
            self.connection.write(wire.chunk(with_reason(event, b"null")))
            self.over = True
            self._later(self.choice.seconds, self._leave, out, True)
            return
        if "duplicate" in names:
            out += out
        if "done_early" in names and at.hit:
            out += wire.piece(b"data: [DONE]\n\n")
        if "pings" in names:
            out = wire.piece(b": ping\r\n\r\n") + out
        if "out_of_order" in names:
            self.held.append(out)
            if len(self.held) < 2 and not last:
                return
            out, self.held = b"".join(reversed(self.held)), []
        if "buffered" in names or "replayed" in names:
            self.held.append(out)
            if last:
                self.over = True
                self._release()
        elif "apart" in names:
            self._part(event, last)
        elif not ("pause" in names and self._paused(out, last)):
            self._leave(out, last)

    def _paused(self, out: bytes, last: bool) -> bool:
        """True while events are held back."""
        if self.count == self.choice.tokens + 1:
            self.resumes = self._later(self.choice.seconds, self._resume)
        if self.resumes is None:
            return False
        self.held.append(out)
        self.over = last  # no more events come; what is held leaves when the time is over
        return True

    def _resume(self) -> None:
        self.resumes = None
        out, self.held = b"".join(self.held), []
        self._leave(out, self.over)

    def _release(self) -> None:
        """The next fault_tokens events of what was held, and a moment later those after them."""
        many, wait_s = (1, REPLAYED_S) if "replayed" in self.names else (self.choice.tokens, GATHERED_S)
        piece, self.held = self.held[:many], self.held[many:]
        self._leave(b"".join(piece), not self.held)
        if self.held:
            self._later(wait_s, self._release)

    def _part(self, event: bytes, last: bool) -> None:
        """The count now, the output later; [DONE] with the last output."""
        count, output = fault_events.parted(event)
        self.over = last
        self.connection.write(wire.chunk(count))
        self._later(self.choice.seconds, self._leave, wire.chunk(output), last)

    def _leave(self, out: bytes, last: bool) -> None:
        connection = self.connection
        self.over = self.over or last
        if last and "late_done" in self.names:
            connection.write(out)
            self._later(self.choice.seconds, self._done)
            return
        if last and "stays_open" in self.names:
            connection.write(out + wire.DONE.removesuffix(_LAST_CHUNK))
            return
        out += wire.DONE if last else b""
        if last and "closes_idle" in self.names:
            connection.hold()
        if "chunks" in self.names:
            # The pieces need chunks of their own: an HTTP chunk ends inside a line, and an event inside an
            # HTTP chunk.
            payload = wire.payload(out)
            for at in range(0, len(payload), PIECE):
                connection.write(wire.piece(payload[at : at + PIECE]))
            out = _LAST_CHUNK if last else b""
        connection.write(out)
        if last:
            connection.done()
            if "closes_idle" in self.names:
                connection.end()

    def _done(self) -> None:
        self.connection.write(wire.DONE)
        self.connection.done()
