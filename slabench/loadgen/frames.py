"""Messages from a load process to its parent: a JSON head and binary parts, length-prefixed, over a pipe."""

from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

_LENGTHS = struct.Struct("<II")  # bytes of the JSON head, bytes of all parts


class Frame(NamedTuple):
    """kind is head["kind"]: ready, record, progress or done."""

    head: dict[str, Any]
    parts: list[bytes]

    @property
    def kind(self) -> str:
        return str(self.head["kind"])


def encode(head: Mapping[str, Any], parts: Sequence[bytes] = ()) -> bytes:
    """One frame. The parts' lengths travel in the head."""
    text = json.dumps({**head, "parts": [len(part) for part in parts]}, separators=(",", ":")).encode()
    return b"".join((_LENGTHS.pack(len(text), sum(map(len, parts))), text, *parts))


class Decoder:
    """feed() it the bytes of a read, and take the frames that are complete."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        self._buffer += data
        while len(self._buffer) >= _LENGTHS.size:
            text, binary = _LENGTHS.unpack_from(self._buffer)
            end = _LENGTHS.size + text + binary
            if len(self._buffer) < end:
                return
            head = json.loads(self._buffer[_LENGTHS.size : _LENGTHS.size + text])
            edges = itertools.accumulate(head.pop("parts"), initial=_LENGTHS.size + text)
            parts = [bytes(self._buffer[start:stop]) for start, stop in itertools.pairwise(edges)]
            del self._buffer[:end]
            yield Frame(head, parts)
