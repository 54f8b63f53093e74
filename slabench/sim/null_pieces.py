"""One answer of the null server to /v1: the embedded server's events, from a form made once a second."""

from __future__ import annotations

from time import monotonic_ns

from slabench.sim import wire
from slabench.sim.null_answer import WORDS

_FORM_NS = 1_000_000_000
_TEXT, _COUNT = "TEXT-OF-THE-TOKEN", 918_273_645  # where a form is open


class Pieces:
    """chunk() is called for one token after the other."""

    __slots__ = ("_answering", "_form", "_made_ns")

    def __init__(self, answering: wire.ChunkAnswering) -> None:
        self._answering = answering
        self._form, self._made_ns = b"", 0

    def chunk(self, k: int, *, last: bool) -> bytes:
        """Token k's events (from 0) as chunks; with the last one what ends the answer."""
        word = (b" " if k else b"") + WORDS[k % len(WORDS)]
        if not k or last:
            events = self._answering.pieces(word.decode(), k + 1, first=not k, last=last)
            return b"".join(map(wire.chunk, events)) + (wire.DONE if last else b"")
        if monotonic_ns() - self._made_ns > _FORM_NS:
            self._make_form()
        if not self._answering.continuous:
            return wire.chunk(self._form % word)
        return wire.chunk(self._form % (word, self._answering.prompt + k + 1, k + 1))

    def _make_form(self) -> None:
        """Anew each second, as the event may have the time."""
        (event,) = self._answering.pieces(_TEXT, _COUNT, first=False, last=False)
        event = event.replace(b"%", b"%%").replace(_TEXT.encode(), b"%b")
        for number in (self._answering.prompt + _COUNT, _COUNT):
            event = event.replace(b":%d," % number, b":%d,")
        self._form, self._made_ns = event, monotonic_ns()
