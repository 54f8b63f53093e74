"""When the kernel had what a socket read brings: its own time of arrival, told with the read.

A client that stamps a read itself is late by the reads that were handled before it, and it must wake up for
each. Linux stamps every packet when it comes in, and tells of a TCP read when its last byte came
(SO_TIMESTAMPNS, since 4.13). Where packets are lost, that may be before a lost one in front of it came, and
so before anybody could read it.
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
Told = Sequence[tuple[int, int, bytes]]  # recvmsg's ancillary data


def ask(sock: socket.socket) -> None:
    """Ask for it; where the kernel has none, reads come without and are stamped by who reads."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)


def offset_ns() -> int:
    """What to add to the kernel's times, which are those of the day, to get perf_counter_ns.

    Both clocks run alike (an NTP daemon slews both), so it holds until somebody sets the time of day. Of
    several readings the one that was interrupted least.
    """
    found = []
    for _ in range(9):
        before = perf_counter_ns()
        day = time.time_ns()
        after = perf_counter_ns()
        found.append((after - before, (before + after) // 2 - day))
    return min(found)[1]


def arrived_ns(told: Told, offset: int) -> int | None:
    """One read's time of arrival on perf_counter_ns; None if the kernel told none."""
    for level, kind, data in told:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(data) == STAMP_BYTES:
            return all_arrived_ns(data, offset)[0]
    return None


def all_arrived_ns(stamps: bytes | bytearray, offset: int) -> list[int]:
    """The times of arrival of many reads, one behind the other as they were told."""
    parts = array("q", bytes(stamps))
    return [second * NS_PER_S + rest + offset for second, rest in zip(parts[::2], parts[1::2], strict=True)]
