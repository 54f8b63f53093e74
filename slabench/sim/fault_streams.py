"""Between the engine and one connection: what of an answer's events really leaves, and how."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from slabench.sim import fault_bytes, fault_events, wire
from slabench.sim.faults import Choice, reset

if TYPE_CHECKING:
    from slabench.sim.http import Connection

PIECE = 7  # bytes: shorter than any line of an event stream
_REASON = re.compile(rb'"finish_reason":(null|\{[^}]*\})')
_COUNT = re.compile(rb'"completion_tokens":\d+')
_ID = re.compile(rb'"id":"[^"]*"')
_TOLD = re.compile(rb',"(?:prompt_tokens|cached_tokens|total_retractions)":\d+')
REPLAYED_S = 0.001  # between two events of an answer that is played again
GATHERED_S = 0.01  # between two pieces of an answer that was held back
_END = b"0\r\n\r\n"
_ENDS = {
    "stop": b'{"type":"stop","matched":2}',
    "abort": b'{"type":"abort","message":"Aborted by AbortReq."}',
    "short": b"",
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
        if "early_count" in names or "early_id" in names:
            connection.write(wire.chunk(fault_events.empty("early", 0, ids="early_id" in names)))

    def __call__(self, event: bytes, last: bool) -> None:
        if self.over:
            return
        self.count += 1
        ends = next((name for name in self.names if name in _ENDINGS), None)
        if ends is not None and self.count > (0 if ends == "no_tokens" else self.choice.tokens):
            self._end(ends)
            return
        shortened = next((name for name in self.names if name in _ENDS), None)
        if shortened is not None and self.count >= self.choice.tokens:
            length = b'{"type":"length","length":%d}' % self.count
            event, last = _REASON.sub(b'"finish_reason":' + (_ENDS[shortened] or length), event), True
            self._forget()
        if "single_event" in self.names and not last:
            return
        if "lump" in self.names and not last and self.count < self._wanted() - self.choice.tokens:
            return
        for name in self.names:
            event = self._changed(name, event, last)
        self._send(event, last)

    def _end(self, how: str) -> None:
        """What the client was to get of this answer has left."""
        self.over = True
        self._forget()
        connection = self.connection
        if how == "reset":
            reset(connection)
        elif how == "drop":
            connection.end()
        elif how != "stall":
            words = {
                "stream_error": wire.chunk(wire.error("The request was aborted: CUDA out of memory."))
                + wire.DONE,
                "no_tokens": wire.DONE,
                "cut": _END,
            }
            connection.write(words[how])
            connection.done()

    def _forget(self) -> None:
        """The engine works on it no longer; the connection stays."""
        if self.connection.job is not None:
            self.connection.face.engine.abort(self.connection.job)

    def _changed(self, name: str, event: bytes, last: bool) -> bytes:
        here = self.count == self.choice.tokens
        if name == "truncated":
            return re.sub(
                rb'"prompt_tokens":(\d+)', lambda found: b'"prompt_tokens":%d' % (int(found[1]) // 2), event
            )
        if name == "cached":
            found = re.search(rb'"prompt_tokens":(\d+)', event)
            assert found is not None
            return re.sub(rb'"cached_tokens":\d+', b'"cached_tokens":%d' % (int(found[1]) // 2), event)
        if (name == "malformed" and here) or (name == "malformed_last" and last):
            return b'{"text":"ka lo' if name == "malformed" else event[:-2]
        if name == "count_falls" and here:
            return _COUNT.sub(b'"completion_tokens":1', event)
        if name == "count_jumps" and here:
            return _COUNT.sub(b'"completion_tokens":%d' % (self.count + 9), event)
        if name in fault_events.CHANGES:
            return fault_events.changed(name, event, self.choice.tokens)
        if name == "one_id":
            return _ID.sub(b'"id":"cached"', event)
        if name == "silent_meta":
            return _TOLD.sub(b"", event)
        if name == "count_nan" and here:
            return _COUNT.sub(b'"completion_tokens":NaN', event)
        if name == "empty_text" and self.count <= self.choice.tokens:
            return re.sub(rb'^\{"text":"[^"]*"', b'{"text":""', event)
        return self._delta(event) if name == "deltas" else event

    def _wanted(self) -> int:
        job = self.connection.job
        return job.request.max_new if job is not None else 0

    def _delta(self, event: bytes) -> bytes:
        whole = json.loads(event)
        for key, begin in self.before.items():
            self.before[key] = len(whole[key])
            whole[key] = whole[key][begin:]
        return wire.dumps(whole)

    def _send(self, event: bytes, last: bool) -> None:
        here, form = (
            self.count == self.choice.tokens,
            next((name for name in self.names if name in fault_bytes.NAMES), None),
        )
        out = wire.chunk(event) if form is None else fault_bytes.written(form, event, here=here, last=last)
        if last and "late_reason" in self.names:
            self.connection.write(wire.chunk(_REASON.sub(b'"finish_reason":null', event)))
            self.over = True
            asyncio.get_running_loop().call_later(self.choice.seconds, self._leave, out, True)
            return
        if "duplicate" in self.names:
            out += out
        if "done_early" in self.names and self.count == self.choice.tokens:
            out += wire.piece(b"data: [DONE]\n\n")
        if "pings" in self.names:
            out = wire.piece(b": ping\r\n\r\n") + out
        if "out_of_order" in self.names:
            self.held.append(out)
            if len(self.held) < 2 and not last:
                return
            out, self.held = b"".join(reversed(self.held)), []
        if "buffered" in self.names or "replayed" in self.names:
            self.held.append(out)
            if last:
                self.over = True
                self._let_go()
            return
        if "apart" in self.names:
            self._part(event, last)
            return
        if "pause" in self.names and self._paused(out, last):
            return
        self._leave(out, last)

    def _paused(self, out: bytes, last: bool) -> bool:
        """True while events are held back."""
        if self.count == self.choice.tokens + 1:
            self.resumes = asyncio.get_running_loop().call_later(self.choice.seconds, self._resume)
        if self.resumes is None:
            return False
        self.held.append(out)
        self.over = last  # nothing more comes; what is held leaves when the time is over
        return True

    def _resume(self) -> None:
        self.resumes = None
        out, self.held = b"".join(self.held), []
        self._leave(out, self.over)

    def _let_go(self) -> None:
        """The next fault_tokens events of what was held, and a moment later those after them."""
        many, wait_s = (1, REPLAYED_S) if "replayed" in self.names else (self.choice.tokens, GATHERED_S)
        piece, self.held = self.held[:many], self.held[many:]
        self._leave(b"".join(piece), not self.held)
        if self.held:
            asyncio.get_running_loop().call_later(wait_s, self._let_go)

    def _part(self, event: bytes, last: bool) -> None:
        """The count now, the output later; [DONE] with the last output."""
        count, output = fault_events.parted(event)
        self.over = last
        self.connection.write(wire.chunk(count))
        asyncio.get_running_loop().call_later(self.choice.seconds, self._leave, wire.chunk(output), last)

    def _leave(self, out: bytes, last: bool) -> None:
        connection = self.connection
        if last and "late_done" in self.names:
            connection.write(out)
            self.over = True
            asyncio.get_running_loop().call_later(self.choice.seconds, self._done)
            return
        if last and "stays_open" in self.names:
            connection.write(out + wire.DONE.removesuffix(_END))
            self.over = True
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
            out = _END if last else b""
        connection.write(out)
        if last:
            self.over = True
            connection.done()
            if "closes_idle" in self.names:
                connection.end()

    def _done(self) -> None:
        self.connection.write(wire.DONE)
        self.connection.done()


_ENDINGS = ("stream_error", "reset", "drop", "cut", "no_tokens", "stall")
