"""The lines that are no batch and still matter: start, capacity, readiness, flushes, retractions, compilation, the end."""

from __future__ import annotations

import re

from slabench.server.log.tags import read_prefix
from slabench.server.log.values import Event, EventKind

# One short needle per kind, so that a line without any of them costs a few searches at C speed and no regular expression.
NEEDLES: tuple[bytes, ...] = (
    b"Cache flushed successfully!",
    b"Cache not flushed because",
    b"retracted_reqs:",
    b"Retract requests.",
    b"max_total_num_tokens=",
    b"The server is fired up",
    b"DeepGEMM JIT ",
    b"server_args=ServerArgs(",
    b"SIGTERM received",
)
_NUMBER = re.compile(rb"#?(\w+(?:-\w+)*)[=:] ?(-?\d+(?:\.\d+)?)(?=[ ,]|$)")
_RATIO = re.compile(rb"#new_token_ratio: (\d+\.\d+) -> (\d+\.\d+)$")
_FORMS: tuple[tuple[EventKind, re.Pattern[bytes]], ...] = (
    (EventKind.FLUSHED, re.compile(rb"Cache flushed successfully!")),
    (EventKind.FLUSH_REFUSED, re.compile(rb"Cache not flushed because there are pending requests\.")),
    # 0.4.7 and later; SGLANG_TEST_RETRACT; up to 0.4.6
    (
        EventKind.RETRACTION,
        re.compile(rb"KV cache pool is full\. Retract requests\.|Testing retraction\.|Decode out of memory happened\."),
    ),
    (EventKind.CAPACITY, re.compile(rb"max_total_num_tokens=\d+")),
    (EventKind.READY, re.compile(rb"The server is fired up and ready to roll!")),
    (EventKind.JIT, re.compile(rb"Entering DeepGEMM JIT |Try DeepGEMM JIT ")),
    (EventKind.START, re.compile(rb"server_args=ServerArgs\(")),
    (EventKind.STOP, re.compile(rb"SIGTERM received\.")),
)
# The space or bracket before a name makes the search skip from one to the next: these lines have thousands of bytes.
_SIZES = re.compile(rb"[ (]((?:tp|pp|dp)_size|nnodes|decode_log_interval|enable_dp_attention)=(\d+|True|False)(?=[,)])")
_WITH_NUMBERS = frozenset({EventKind.FLUSH_REFUSED, EventKind.RETRACTION, EventKind.CAPACITY})


def read(text: bytes) -> Event | None:
    """A cleaned line -> the event in it. The words have to open the message: the same words in a logged request are none."""
    for needle in NEEDLES:  # a loop: any() would cost more than the searches
        if needle in text:
            break
    else:
        return None
    for kind, form in _FORMS:
        found = form.search(text)
        if found is None:
            continue
        prefix = read_prefix(text[: found.start()])
        if prefix.fault:
            return None
        details: list[tuple[str, float]] = []
        if kind in _WITH_NUMBERS:
            rest = text[found.start() :]
            details = [(name.decode("ascii"), float(value)) for name, value in _NUMBER.findall(rest) if name != b"new_token_ratio"]
            ratio = _RATIO.search(rest)
            if ratio is not None:
                details += [("new_token_ratio_before", float(ratio[1])), ("new_token_ratio", float(ratio[2]))]
        elif kind is EventKind.START:
            words = {b"True": 1.0, b"False": 0.0}
            found_sizes = _SIZES.findall(text, found.start())
            details = [(name.decode("ascii"), words[value] if value in words else float(value)) for name, value in found_sizes]
        return Event(kind, prefix.stamp, prefix.rank, tuple(details))
    return None
