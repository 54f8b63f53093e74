"""One request to the null server, and the bytes of its answer to /generate, made before they are due.

An event is a join of three pieces: per token the parts before and after the request's own bytes; per request
its id, prompt length and queue time, always of one length, so that a chunk's size depends on the token alone.
"""

from __future__ import annotations

import os
from array import array
from typing import TYPE_CHECKING

import numpy as np

from slabench.sim import wire

if TYPE_CHECKING:
    from slabench.sim.null_pieces import Pieces

WORDS = [word.encode() for word in " tor bel nim sau rik dov lem pau gat mir zel hon fas wid kur jot".split()]
MAX_TABLE = 2048  # tokens whose events are kept whole: 20 MB; longer answers are put together as they are due
_DIGITS = 18


def _meta(prompt: int) -> bytes:
    """What follows the id, of one length for any prompt: the queue time has as many digits as the count
    leaves.
    """
    count = b"%d" % prompt
    queue = b"0." + b"0" * 5 + b"1" * (_DIGITS - len(count) - 7)
    return b"%b,%b" % (
        b'"prompt_tokens":' + count + b',"weight_version":"default","total_retractions":0',
        b'"queue_time":' + queue + b',"completion_tokens":',
    )


class Served:
    """One request. Times are perf_counter_ns readings, 0 for what has not happened."""

    __slots__ = (
        "aborted",
        "accept_ns",
        "asked",
        "blocked",
        "middle",
        "pieces",
        "prompt",
        "received_ns",
        "request_id",
        "start_ns",
        "writes",
    )

    def __init__(self, asked: int, prompt: int, *, received_ns: int = 0, accept_ns: int = 0) -> None:
        self.asked, self.prompt = asked, prompt
        self.request_id = os.urandom(16).hex()
        self.pieces: Pieces | None = None  # of an answer to /v1
        self.middle = self.request_id.encode() + b'","finish_reason":null,' + _meta(prompt)
        self.received_ns, self.accept_ns = received_ns, accept_ns
        self.start_ns = received_ns or accept_ns
        self.blocked = 0  # tokens that the kernel did not take at once
        self.aborted = False
        self.writes: array[int] = array("q")  # stamped when write() had returned

    def written_ns(self) -> np.ndarray:
        return np.array(self.writes, dtype=np.int64)

    def late_ns(self, ttft_ns: int, itl_ns: int) -> np.ndarray:
        """Of each write, against start + ttft + k * itl."""
        due = self.start_ns + ttft_ns + np.arange(len(self.writes), dtype=np.int64) * itl_ns
        return np.asarray(self.written_ns() - due)


class Answers:
    """before[k] + served.middle + after[k] is the chunk of token k (from 0); last() has the last one's."""

    def __init__(self, *, delta: bool) -> None:
        self.delta = delta
        self.before: list[bytes] = []
        self.after: list[bytes] = []
        self._text, self._ids = bytearray(), bytearray()
        self._ends: list[tuple[int, int]] = []  # of the first k + 1 tokens, in text and ids
        self._middle = len(Served(1, 1).middle)
        self.grow(MAX_TABLE)

    def grow(self, tokens: int) -> None:
        """Make the tables long enough for answers of so many tokens."""
        for k in range(len(self._ends), tokens):
            word, token = WORDS[k % len(WORDS)], 100 + k % len(WORDS)
            self._text += b" " + word if k else word
            self._ids += b",%d" % token if k else b"%d" % token
            self._ends.append((len(self._text), len(self._ids)))
            self.after.append(b'%d,"cached_tokens":0}}\n\n\r\n' % (k + 1))
            if k < MAX_TABLE:
                self.before.append(self._before(k))

    def _content(self, k: int) -> tuple[bytes, bytes]:
        text, ids = self._ends[k]
        if not self.delta:
            return bytes(self._text[:text]), bytes(self._ids[:ids])
        old_text, old_ids = self._ends[k - 1] if k else (0, 0)
        return bytes(self._text[old_text:text]), bytes(self._ids[old_ids + (k > 0) : ids])

    def _before(self, k: int) -> bytes:
        text, ids = self._content(k)
        head = b'data: {"text":"%b","output_ids":[%b],"meta_info":{"id":"' % (text, ids)
        return b"%x\r\n" % (len(head) + self._middle + len(self.after[k]) - 2) + head

    def chunk(self, k: int, served: Served) -> bytes:
        """Token k's chunk. Of the last token: last()."""
        return (self.before[k] if k < MAX_TABLE else self._before(k)) + served.middle + self.after[k]

    def last(self, k: int, served: Served, seconds: float) -> bytes:
        """The last token's chunk, [DONE] and the end of the body."""
        text, ids = self._content(k)
        event = b"".join(
            (
                b'{"text":"%b","output_ids":[%b],"meta_info":{"id":"%b","finish_reason":'
                % (text, ids, served.request_id.encode()),
                b'{"type":"length","length":%d},' % (k + 1),
                _meta(served.prompt),
                b'%d,"cached_tokens":0,"e2e_latency":%.9f}}' % (k + 1, seconds),
            )
        )
        return wire.chunk(event) + wire.DONE
