"""The log lines besides batches: start, capacity, readiness, flushes, retractions, compilation, the end."""

from __future__ import annotations

import re

from slabench.server.log import start
from slabench.server.log.line_prefix import HEAD, NO_RANK, read_prefix, read_stamp, read_tags
from slabench.server.log.line_types import Event, EventKind

# One short needle per kind, so that a line without any of them costs a few searches at C speed and no
# regular expression. The start comes first here and below: its line has thousands of bytes, and may contain
# the others' needles in an argument's value.
NEEDLES: tuple[bytes, ...] = (
    b"server_args=",
    b"Cache flushed successfully!",
    b"Cache not flushed because",
    b"retracted_reqs:",
    b"Retract requests.",
    b"max_total_num_tokens=",
    b"The server is fired up",
    b"DeepGEMM JIT ",
    b"SIGTERM received",
)
_NUMBER = re.compile(rb"#?(\w+(?:-\w+)*)[=:] ?(-?\d+(?:\.\d+)?)(?=[ ,]|$)")
_RATIO = re.compile(rb"#new_token_ratio: (\d+\.\d+) -> (\d+\.\d+)$")
# Kind, a part without which no search is made, form.
_FORMS: tuple[tuple[EventKind, bytes, re.Pattern[bytes]], ...] = tuple(
    (kind, sign, re.compile(form))
    for kind, sign, form in (
        (EventKind.START, b"server_args=", start.FORM.pattern),
        (EventKind.FLUSHED, b"Cache flushed successfully!", rb"Cache flushed successfully!"),
        (
            EventKind.FLUSH_REFUSED,
            b"Cache not flushed",
            rb"Cache not flushed because there are pending requests\.",
        ),
        # 0.4.7 and later; SGLANG_TEST_RETRACT; up to 0.4.6
        (
            EventKind.RETRACTION,
            # of "Retract requests." or "#retracted_reqs:", one of which each has by NEEDLES
            b"etract",
            rb"KV cache pool is full\. Retract requests\.|Testing retraction\."
            rb"|Decode out of memory happened\.",
        ),
        (EventKind.CAPACITY, b"max_total_num_tokens=", rb"max_total_num_tokens=\d+"),
        (EventKind.READY, b"The server is fired up", rb"The server is fired up and ready to roll!"),
        (EventKind.JIT, b"DeepGEMM JIT ", rb"Entering DeepGEMM JIT |Try DeepGEMM JIT "),
        (EventKind.STOP, b"SIGTERM received", rb"SIGTERM received\."),
    )
)
# The most frequent event by far has a form of its own; the forms below would give the same.
_FLUSHED = re.compile(HEAD + rb"Cache flushed successfully!")
_WITH_NUMBERS = frozenset({EventKind.FLUSH_REFUSED, EventKind.RETRACTION, EventKind.CAPACITY})


def read(text: bytes) -> Event | None:
    """A cleaned line -> the event in it. It has to begin the message: the same words in a logged request are
    no event.
    """
    flushed = _FLUSHED.fullmatch(text)
    if flushed is not None and (stamp := read_stamp(flushed[1])) is not None:
        return Event(EventKind.FLUSHED, stamp, read_tags(flushed[2]) if flushed[2] else NO_RANK)
    for needle in NEEDLES:  # a loop: any() would cost more than the searches
        if needle in text:
            break
    else:
        return None
    for kind, sign, form in _FORMS:
        match = form.search(text) if sign in text else None
        if match is None:
            continue
        prefix = read_prefix(text[: match.start()])
        if prefix.fault:
            return None
        details: list[tuple[str, float]] = []
        if kind in _WITH_NUMBERS:
            details = _numbers(text[match.start() :])
        elif kind is EventKind.START:
            details = start.sizes(text, match.start())
        return Event(kind, prefix.stamp, prefix.rank, tuple(details))
    return None


def _numbers(message: bytes) -> list[tuple[str, float]]:
    named = [(name.decode("ascii"), float(value)) for name, value in _NUMBER.findall(message)]
    numbers = [pair for pair in named if pair[0] != "new_token_ratio"]
    for before, after in _RATIO.findall(message):
        numbers += [("new_token_ratio_before", float(before)), ("new_token_ratio", float(after))]
    return numbers
