"""The kernel's time of arrival of what a socket read brings.

A client that takes the time itself is late by the reads that it handled before, and must wake up for each.
Linux stamps every packet when it comes in, and reports with a TCP read when its last byte came
(SO_TIMESTAMPNS, since 4.13). If a packet before it was lost, that is earlier than the data could be read:
such packets are counted once an answer has ended (tcp_info.py), and metrics/stall_error.py bounds the error.
"""

from __future__ import annotations

import socket
import time
from array import array
from collections.abc import Sequence
from contextlib import suppress
from time import perf_counter_ns

from slabench.units import NS_PER_S

SO_TIMESTAMPNS = 35  # asm-generic/socket.h; Python has no name for it before 3.14
STAMP_BYTES = 16  # a timespec: seconds and nanoseconds, 8 bytes each
ANCILLARY = socket.CMSG_SPACE(STAMP_BYTES)
Ancillary = Sequence[tuple[int, int, bytes]]  # recvmsg's ancillary data


def ask(sock: socket.socket) -> None:
    """Ask for it; a kernel without it delivers reads without a time, and the reader takes its own."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)


def offset_ns() -> int:
    """What to add to the kernel's times, which are times of day, to get perf_counter_ns.

    Both clocks run alike (an NTP daemon slews both), so it holds until the time of day is set. Of several
    readings it takes the one that was interrupted least.
    """
    readings = []
    for _ in range(9):
        before = perf_counter_ns()
        day = time.time_ns()
        after = perf_counter_ns()
        readings.append((after - before, (before + after) // 2 - day))
    return min(readings)[1]


def stamp_of(ancillary: Ancillary) -> bytes:
    """One read's time of arrival as the kernel wrote it; empty if it reports none."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(data) == STAMP_BYTES:
            return data
    return b""


def all_arrived_ns(stamps: bytes | bytearray, offset: int) -> list[int]:
    """The times of arrival of many reads on perf_counter_ns, whose stamps stand one behind the other."""
    parts = array("q", bytes(stamps))
    return [second * NS_PER_S + rest + offset for second, rest in zip(parts[::2], parts[1::2], strict=True)]
