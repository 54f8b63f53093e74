"""What Linux reports of a TCP connection: the round trip, how much of what was sent has arrived, and how
much came out of order.

man 7 tcp, TCP_INFO; struct tcp_info in include/uapi/linux/tcp.h.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

# byte offsets in struct tcp_info; the last three since 4.1, 4.6 and 5.4
_ROUND_TRIP, _ACKED, _SHORTEST, _OUT_OF_ORDER = 68, 120, 148, 224
_COUNT = struct.Struct("I")
_US = 1000


@dataclass(frozen=True, slots=True)
class TcpInfo:
    """Round trips in ns. None: not reported by this kernel."""

    round_trip_ns: int  # smoothed; longer than the network's if the peer delays acknowledgements
    shortest_ns: int  # of the last minutes
    acked: int | None  # bytes that the peer's kernel has confirmed


def tcp_info(sock: socket.socket) -> TcpInfo:
    """Zeros where nothing is reported."""
    try:
        data = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    except OSError:
        data = b""
    old_kernel, data = len(data) < _SHORTEST + 4, data.ljust(256, b"\0")
    round_trip, shortest = (_US * struct.unpack_from("I", data, at)[0] for at in (_ROUND_TRIP, _SHORTEST))
    if old_kernel:
        return TcpInfo(round_trip, round_trip, None)
    return TcpInfo(round_trip, min(round_trip, shortest), struct.unpack_from("Q", data, _ACKED)[0])


def out_of_order(sock: socket.socket) -> int | None:
    """Segments that came while one before them was missing, since the connection began (tcpi_rcv_ooopack).

    None: not reported by this kernel.
    """
    try:
        data = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _OUT_OF_ORDER + _COUNT.size)
    except OSError:
        return None
    if len(data) < _OUT_OF_ORDER + _COUNT.size:
        return None
    count: int = _COUNT.unpack_from(data, _OUT_OF_ORDER)[0]
    return count
