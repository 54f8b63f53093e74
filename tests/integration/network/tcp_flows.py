"""What a link delivered of each TCP connection, and when its bytes could be read: the truth beside TCP_INFO
and the kernel's time stamps, from the packets alone.
"""

from __future__ import annotations

import struct
from typing import Any

_TCP, _SYN, _FIN = 6, 0x02, 0x01


class Flow:
    """The bytes that one end sent, as they came to the other."""

    def __init__(self, first: int) -> None:
        self.first = first  # the sequence number of the first byte
        self.data = bytearray()  # without a gap
        self.waiting: dict[int, bytes] = {}  # behind a gap, by place
        self.readable: list[tuple[int, int]] = []  # (time, bytes that can be read from then on)
        self.out_of_order = 0  # segments that came behind a gap

    def take(self, now_ns: int, sequence: int, data: bytes, *, last: bool) -> None:
        """last: the connection's end is behind the data, which may be empty."""
        place = (sequence - self.first) % (1 << 32)
        if not data and last and len(self.data) < place < 1 << 31:
            self.out_of_order += 1
        if not data or place + len(data) <= len(self.data) or place >= 1 << 31:
            return
        self.out_of_order += place > len(self.data)
        self.waiting[place] = max(self.waiting.get(place, b""), data, key=len)
        before = len(self.data)
        while self.waiting and (place := min(self.waiting)) <= len(self.data):
            self._append(place)
        if len(self.data) > before:
            self.readable.append((now_ns, len(self.data)))

    def _append(self, place: int) -> None:
        data = self.waiting.pop(place)
        self.data += data[len(self.data) - place :]


class Flows:
    """Packets of IPv4, in the order in which they are delivered."""

    def __init__(self) -> None:
        self._flows: dict[tuple[bytes, int, int], Flow] = {}

    def take(self, now_ns: int, packet: bytes) -> None:
        if packet[0] >> 4 != 4 or packet[9] != _TCP:
            return
        tcp = (packet[0] & 15) * 4
        source, target, sequence, _, offset, flags = struct.unpack_from("!HHIIBB", packet, tcp)
        key = packet[12:20], source, target
        if flags & _SYN:  # which may come again
            self._flows.setdefault(key, Flow((sequence + 1) % (1 << 32)))
        if key in self._flows:
            data = packet[tcp + (offset >> 4) * 4 :]
            self._flows[key].take(now_ns, sequence, data, last=bool(flags & _FIN))

    def seen(self) -> list[dict[str, Any]]:
        return [
            {
                "data": flow.data.decode("latin-1"),
                "readable": flow.readable,
                "out_of_order": flow.out_of_order,
            }
            for flow in self._flows.values()
        ]
