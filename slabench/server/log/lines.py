"""One line of a deploy log -> what it says. No state, no file: bytes in, values out.

A batch line is an anchor ("Decode batch" or "Prefill batch", perhaps " [N]", then "." up to 0.5.3 or "," from 0.5.4) and a list of
"key: value" to the very end of the line. Keys are read by name. Every one has to be well formed: real values have two decimals,
so that a number that was cut shows; a line that ends early, or goes on with anything else, is rejected whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from slabench import server_json
from slabench.server.log import events
from slabench.server.log.tags import Prefix, Rank, read_prefix
from slabench.server.log.values import DecodeLine, Event, PrefillLine, Reason, Rejected

MAX_LINE = 1 << 20

Batch = DecodeLine | PrefillLine


class Key(NamedTuple):
    """How one key of a batch line is read."""

    field: str
    pattern: bytes  # of the whole value
    convert: Callable[[bytes], Any]


_flag: Callable[[bytes], bool] = {b"True": True, b"False": False}.__getitem__


def _whole(field: str) -> Key:
    return Key(field, rb"\d{1,15}", int)  # more digits than that count nothing, and are not exact in a float


def _real(field: str) -> Key:
    return Key(field, rb"-?\d+\.\d\d|nan|inf", float)


_BOTH: dict[bytes, Key] = {
    b"#running-req": _whole("running"),
    b"#queue-req": _whole("queue"),
    b"token usage": _real("token_usage"),
    b"full token usage": _real("token_usage"),
    b"gpu token usage": _real("token_usage"),
    b"swa token usage": _real("swa_usage"),
    b"mamba usage": _real("mamba_usage"),
    **{kind + b" graph": Key("graph", rb"True|False", _flag) for kind in (b"cuda", b"cpu", b"npu")},
}
KEYS: dict[str, dict[bytes, Key]] = {
    "Decode": {
        **_BOTH,
        b"gen throughput (token/s)": _real("gen_throughput"),
        b"#token": _whole("token"),
        b"#full token": _whole("token"),
        b"#gpu token": _whole("token"),
        b"#swa token": _whole("swa_token"),
        b"mamba num": _whole("mamba_num"),
        b"#cpu token": _whole("cpu_token"),
        b"cpu token usage": _real("cpu_usage"),
        b"accept len": _real("accept_len"),
        b"accept rate": _real("accept_rate"),
        b"pre-allocated usage": _real("preallocated_usage"),
        b"#prealloc-req": _whole("prealloc"),
        b"#transfer-req": _whole("transfer"),
        b"#retracted-req": _whole("retracted"),
    },
    "Prefill": {
        **_BOTH,
        b"#new-seq": _whole("new_seq"),
        b"#new-token": _whole("new_token"),
        b"#cached-token": _whole("cached_token"),
        b"input throughput (token/s)": _real("input_throughput"),
        b"#pending-token": _whole("pending_token"),
        b"#bootstrap-req": _whole("bootstrap"),
        b"#inflight-req": _whole("inflight"),
    },
}
REQUIRED: dict[str, tuple[bytes, ...]] = {
    "Decode": (b"#running-req", b"gen throughput (token/s)", b"#queue-req"),
    "Prefill": (b"#new-seq", b"#new-token", b"#cached-token", b"#queue-req"),
}
# What a key that is not in the tables may hold: counts, reals, percentages, flags. Its own type tells whether it was cut:
# "#name" is a count, anything else a real with two decimals, a percentage or a flag.
OTHER_WHOLE = rb"\d+"
OTHER_REAL = rb"\d+|-?\d+\.\d\d%?|nan%?|inf%?|True|False|None"

_ANCHOR = re.compile(rb"(Decode|Prefill) batch(?: \[(\d{1,18})\])?([.,])(?= |$)")
_STUB = re.compile(rb"(?:Decode|Prefill) batch(?: \[\d*\]?)?\s*\Z")
_ITEM = re.compile(rb"(#?[A-Za-z][\w ./()+-]*): (\S+)")
_ANSI = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
_COMPILED = {kind: {name: re.compile(key.pattern) for name, key in keys.items()} for kind, keys in KEYS.items()}
_OTHER_WHOLE, _OTHER_REAL = re.compile(OTHER_WHOLE), re.compile(OTHER_REAL)


class Parsed(NamedTuple):
    """A batch line together with its shape: the names of its keys in order, with b"" at the end if a comma closes the list."""

    line: Batch
    keys: tuple[bytes, ...]
    kind: str


def clean(line: bytes) -> bytes:
    """A line without its end, its colours, and docker's JSON around it."""
    if b"\x1b" in line:
        line = _ANSI.sub(b"", line)
    line = line.rstrip(b"\r\n")
    if line.startswith(b'{"log":"'):
        try:
            line = str(server_json.parse(line)["log"]).encode("utf-8", "surrogateescape").rstrip(b"\r\n")
        except (ValueError, KeyError, TypeError):
            return line
        return _ANSI.sub(b"", line)
    # A progress bar draws over itself with \r; what follows the last one is what a reader of the terminal would see.
    return line.rpartition(b"\r")[2] if b"\r" in line else line


def parse_line(line: bytes) -> Batch | Event | Rejected | None:
    """One whole line, with or without its end -> what it says; None if it is of no interest."""
    parsed = parse(line)
    return parsed.line if isinstance(parsed, Parsed) else parsed


def parse(line: bytes) -> Parsed | Event | Rejected | None:
    """As parse_line(), with the shape of a batch line beside it."""
    text = clean(line)
    if b" batch" not in text:
        return events.read(text)
    if len(text) > MAX_LINE:
        return Rejected(Reason.TOO_LONG, text[:300])
    anchors = list(_ANCHOR.finditer(text))
    if not anchors:
        stub = _STUB.search(text)
        if stub is not None and not read_prefix(text[: stub.start()]).fault:
            return Rejected(Reason.CUT, text[:300])
        return events.read(text)
    anchor = anchors[-1]
    prefix = read_prefix(text[: anchor.start()])
    body = text[anchor.end() :]
    if not body.lstrip().startswith(b"#") and (prefix.fault or body.strip()):
        return None  # prose that mentions a batch
    if prefix.fault:
        return Rejected(Reason(prefix.fault), text[:300])
    kind = anchor[1].decode("ascii")
    outcome = _items(kind, body)
    if isinstance(outcome, Reason):
        return Rejected(outcome, text[:300])
    iteration = None if anchor[2] is None else int(anchor[2])
    return Parsed(_build(kind, outcome, prefix, iteration), (*outcome, *((b"",) if body.rstrip().endswith(b",") else ())), kind)


def _items(kind: str, body: bytes) -> dict[bytes, bytes] | Reason:
    """The keys and values of a batch line in their order, or why they cannot be trusted."""
    items: dict[bytes, bytes] = {}
    parts = body.split(b",")
    if not parts[-1].strip():
        parts.pop()
    patterns = _COMPILED[kind]
    for position, part in enumerate(parts):
        last = position == len(parts) - 1
        found = _ITEM.fullmatch(part.strip(b" "))
        if found is None:
            if b"[20" in part or b" batch" in part:
                return Reason.JOINED
            return Reason.CUT if last and _beginning(part) else Reason.MALFORMED
        name, value = found[1], found[2]
        if name in items:
            return Reason.MALFORMED
        pattern = patterns.get(name) or (_OTHER_WHOLE if name.startswith(b"#") else _OTHER_REAL)
        if pattern.fullmatch(value) is None:
            if b"[" in value:
                return Reason.JOINED
            return Reason.CUT if last else Reason.MALFORMED
        items[name] = value
    if all(name in items for name in REQUIRED[kind]):
        return items
    closing = (b"#queue-req" in items and b"gen throughput (token/s)" in items) or b"input throughput (token/s)" in items
    return Reason.MISSING if closing or (body.rstrip().endswith(b",") and b"#queue-req" in items) else Reason.CUT


_BEGINNING = re.compile(rb" ?#?(?:[A-Za-z][\w ./()+-]*(?::(?: (?:-?[\d.]*|[A-Za-z]*)%?)?)?)?")


def _beginning(part: bytes) -> bool:
    """True if the part could have become "key: value" had it gone on."""
    return _BEGINNING.fullmatch(part) is not None


_DECODE_FIELDS = {name: index for index, name in enumerate(DecodeLine._fields)}
_PREFILL_FIELDS = {name: index for index, name in enumerate(PrefillLine._fields)}


def _build(kind: str, items: dict[bytes, bytes], prefix: Prefix, iteration: int | None) -> Batch:
    fields: dict[str, Any] = {"stamp": prefix.stamp, "rank": prefix.rank, "iteration": iteration}
    other: list[tuple[str, str]] = []
    for name, value in items.items():
        key = KEYS[kind].get(name)
        if key is None:
            other.append((name.decode("utf-8", "replace"), value.decode("utf-8", "replace")))
            continue
        fields[key.field] = key.convert(value)
        if key.field == "graph":
            fields["graph_kind"] = name.partition(b" ")[0].decode("ascii")
    if other:
        fields["other"] = tuple(other)
    return DecodeLine(**fields) if kind == "Decode" else PrefillLine(**fields)


__all__ = ["KEYS", "MAX_LINE", "Batch", "Key", "Parsed", "Prefix", "Rank", "clean", "parse", "parse_line"]
