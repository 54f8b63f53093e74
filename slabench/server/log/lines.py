"""One line of a deploy log -> its value. No state, no file: bytes in, values out.

A batch line is an anchor ("Decode batch" or "Prefill batch", perhaps " [N]", then "." up to 0.5.3 or ","
from 0.5.4) and a list of "key: value" to the very end of the line. Keys are read by name. Each has to be
well formed: real values have two decimals, so that a number that was cut is detected; a line that ends
early, or continues with anything else, is rejected as a whole.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from slabench.server.log import events
from slabench.server.log.keys import (
    FIRST,
    KEYS,
    NAME,
    PAIR,
    PAIRS,
    REQUIRED,
    THOUSANDS,
    VALUE,
    key_of,
    pattern_of,
)
from slabench.server.log.line_prefix import Prefix, read_prefix
from slabench.server.log.line_types import DecodeLine, Event, PrefillLine, Reason, Rejected
from slabench.server.log.wrapped import unwrapped

MAX_LINE = 1 << 20
SHOWN = 300  # bytes of a rejected line that are kept for a message

Batch = DecodeLine | PrefillLine

MENTION = re.compile(rb"(?:Decode|Prefill) batch")
_ANCHOR = re.compile(rb"(Decode|Prefill) batch(?: \[(\d{1,18})\])?([.,])(?= |$)")
_KEYS_AFTER = re.compile(rb"(?:Decode|Prefill) batch.{0,40}?#(?:running-req|new-seq)\W", re.S)
_NO_BATCH = re.compile(rb"(?:Decode|Prefill) batch \[[a-z ]+\], ")  # "[first graph replay]": without a speed
_FOLDED = re.compile(rb" \[repeated \d+x across cluster\]")
_STUB = re.compile(rb"(?:Decode|Prefill) batch(?: \[\d*\]?)?\s*\Z")
_ITEM = re.compile(rb" ?(" + NAME + rb"): (" + VALUE + rb")")
# another line's stamp begins in the brackets of an unknown key, whole or torn
_STAMP = re.compile(rb"\[(?:20\d\d-|[^\]]*\Z)")
_ANSI = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


class Parsed(NamedTuple):
    """A batch line together with its form: the separator behind the anchor, then the names of its keys in
    order, with b"" at the end if a comma closes the list."""

    line: Batch
    keys: tuple[bytes, ...]
    kind: str


def clean(line: bytes) -> bytes:
    """A line without its end, its colours, and the JSON that docker, journald or a collector add."""
    if b"\x1b" in line:
        line = _ANSI.sub(b"", line)
    line = line.rstrip(b"\r\n\0").removeprefix(b"\xef\xbb\xbf")
    if b'{"' in line or b'{ "' in line:
        line = _ANSI.sub(b"", unwrapped(line)).rstrip(b"\r\n")
    if b"\r" not in line:
        return line
    # A progress bar draws over itself with \r: the part that mentions a batch counts, else the one that a
    # terminal would show.
    parts = [part for part in line.split(b"\r") if MENTION.search(part)]
    return parts[-1] if len(parts) == 1 else line.rpartition(b"\r")[2] if not parts else line


def parse(line: bytes) -> Parsed | Event | Rejected | None:
    """One whole line, with or without its end -> its value, with the form of a batch line; else None.
    A line with "Decode batch" or "Prefill batch" is never None.
    """
    text = clean(line)
    if MENTION.search(text) is None:
        if MENTION.search(line) is None:
            return events.read(text)
        return Rejected(Reason.QUOTED, line[:SHOWN])  # in JSON, under a key that is no line of a log
    if len(text) > MAX_LINE:
        return Rejected(Reason.TOO_LONG, text[:SHOWN])
    if _FOLDED.search(text) is not None:
        return Rejected(Reason.FOLDED, text[:SHOWN])
    anchors = list(_ANCHOR.finditer(text))
    if not anchors:
        return _without_anchor(text)
    anchor = anchors[-1]
    prefix = read_prefix(text[: anchor.start()])
    body = text[anchor.end() :]
    if not body.lstrip().startswith(b"#") and (prefix.fault or body.strip()):
        return events.read(text) or Rejected(
            Reason.MALFORMED if _batch_like(text) else Reason.PROSE, text[:SHOWN]
        )
    if prefix.fault:
        return events.read(text) or Rejected(Reason(prefix.fault), text[:SHOWN])
    kind = anchor[1].decode("ascii")
    items = _items(kind, body)
    if isinstance(items, Reason):
        return Rejected(items, text[:SHOWN])
    iteration = None if anchor[2] is None else int(anchor[2])
    closed = (b"",) if body.rstrip().endswith(b",") else ()
    return Parsed(_build(kind, items, prefix, iteration), (anchor[3], *items, *closed), kind)


def _batch_like(text: bytes) -> bool:
    """Whether a line that cannot be read has a batch line's keys: then data is lost with it."""
    return _KEYS_AFTER.search(text) is not None and _NO_BATCH.search(text) is None


def _without_anchor(text: bytes) -> Event | Rejected:
    """A line that mentions a batch, and has not the form of a batch line."""
    stub = _STUB.search(text)
    if stub is not None and not read_prefix(text[: stub.start()]).fault:
        return Rejected(Reason.CUT, text[:SHOWN])
    mention = MENTION.search(text)
    fault = read_prefix(text[: mention.start()]).fault if mention else ""
    reason = Reason.PROSE if not _batch_like(text) else Reason(fault) if fault else Reason.MALFORMED
    return events.read(text) or Rejected(reason, text[:SHOWN])


def _items(kind: str, body: bytes) -> dict[bytes, bytes] | Reason:
    """The keys and values of a batch line in their order, or why they cannot be trusted."""
    items: dict[bytes, bytes] = {}
    body = body.rstrip(b" ")
    position, end = 0, len(body.removesuffix(b",").rstrip(b" "))
    while position < end:
        item = _ITEM.match(body, position, end)
        stop = end if item is None else item.end()
        following = body[stop : stop + 1]
        if item is None or (stop < end and following != b","):
            return _fault(body[position:end], last=b"," not in body[stop:end] or following in b"[({")
        name, value = item[1].strip(), item[2].strip(b" \t")
        last = stop >= end
        if THOUSANDS.fullmatch(value) and (last or key_of(kind, name) is not None):
            value = value.replace(b",", b"")
        if b"[" in value and _STAMP.search(value):
            return _fault(body[position:stop], last)
        if name in items:
            return Reason.MALFORMED
        pairs = PAIRS[kind].get(name)
        pair = PAIR.fullmatch(value) if pairs else None
        parts = zip(pairs, pair.groups(), strict=True) if pairs and pair else ((name, value),)
        if not all(pattern_of(kind, key, last).fullmatch(part) for key, part in parts):
            return _fault(body[position:stop], last)
        items[name] = value
        position = stop + 1
    if all(name in items for name in REQUIRED[kind]):
        return items
    closing = (
        b"#queue-req" in items and b"gen throughput (token/s)" in items
    ) or b"input throughput (token/s)" in items
    return Reason.MISSING if closing or (body.endswith(b",") and b"#queue-req" in items) else Reason.CUT


_BAR = re.compile(rb"\d%\|")
_BEGINNING = re.compile(
    rb" ?#?(?:[A-Za-z][\w ./()+-]*(?::(?: (?:-?[\d.,]*(?: ?[\[({][^\])}]*)?|[A-Za-z]*(?:=[\w., =]*)?)%?)?)?)?"
)


def _fault(part: bytes, last: bool) -> Reason:
    """Why this part of a line is no "key: value"."""
    if b"[20" in part or b" batch" in part or _BAR.search(part):
        return Reason.JOINED
    return Reason.CUT if last and _BEGINNING.fullmatch(part) else Reason.MALFORMED


def _build(kind: str, items: dict[bytes, bytes], prefix: Prefix, iteration: int | None) -> Batch:
    fields: dict[str, Any] = {"stamp": prefix.stamp, "rank": prefix.rank, "iteration": iteration}
    other: list[tuple[str, str]] = []
    for name, value in items.items():
        key = key_of(kind, name)
        pair = PAIR.fullmatch(value) if name in PAIRS[kind] else None
        if pair is not None:
            for half, part in zip(PAIRS[kind][name], pair.groups(), strict=True):
                fields[KEYS[kind][half].field] = KEYS[kind][half].convert(part)
        elif key is None or (key.field == "graph" and "graph" in fields) or FIRST.get(name) in items:
            other.append((name.decode("utf-8", "replace"), value.decode("utf-8", "replace")))
        else:
            fields[key.field] = key.convert(value)
            if key.field == "graph":
                fields["graph_kind"] = name.partition(b" ")[0].decode("ascii", "replace")
    if other:
        fields["other"] = tuple(other)
    return DecodeLine(**fields) if kind == "Decode" else PrefillLine(**fields)
