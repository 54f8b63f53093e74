"""A link between two network namespaces that delays and loses packets: a TUN device in each,
and this process.

`SERVER_NAMESPACE ADDRESS DEVICE HOST_NAMESPACE ADDRESS DEVICE`. Orders are lines of JSON over stdin, each
answered by a line: {"delay_ms": 25, "loss": 0.05} from now on, each way; {"flows": true} gives what was
delivered to the host (tcp_flows.py). The end of stdin ends it. Linux has netem for this, but not every
kernel is built with it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import select
import struct
import sys
from collections import deque
from pathlib import Path
from time import perf_counter_ns

from tests.integration.network.namespaces import inside, ip
from tests.integration.network.tcp_flows import Flows

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
MOST_PACKETS = 64  # of one direction, before the other has its turn


def device(namespace: Path, address: str, peer: str, name: str) -> int:
    """A point-to-point device; its packets are read from and written to what is returned."""
    with inside(namespace):
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(fd, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    ip("addr", "add", address, "peer", peer, "dev", name, namespace=namespace)
    ip("link", "set", name, "up", "txqueuelen", "5000", namespace=namespace)
    return fd


class Relay:
    def __init__(self, server: int, host: int) -> None:
        self.host = host
        self.other = {server: host, host: server}
        self.waiting: dict[int, deque[tuple[int, bytes]]] = {server: deque(), host: deque()}  # by where to
        self.delay_ns, self.loss, self.flows = 0, 0.0, Flows()
        self.dice = random.Random(19)

    def take(self, fd: int) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(MOST_PACKETS):
                packet = os.read(fd, 1 << 16)
                if self.dice.random() >= self.loss:
                    self.waiting[self.other[fd]].append((perf_counter_ns() + self.delay_ns, packet))

    def deliver(self) -> float | None:
        """What is due; returns in how many seconds the next packet is."""
        for to, packets in self.waiting.items():
            while packets and packets[0][0] <= perf_counter_ns():
                _, packet = packets.popleft()
                if to == self.host:
                    self.flows.take(perf_counter_ns(), packet)
                os.write(to, packet)
        due = [packets[0][0] for packets in self.waiting.values() if packets]
        return max(0, min(due) - perf_counter_ns()) / 1e9 if due else None

    def order(self, line: bytes) -> None:
        order = json.loads(line)
        if order.get("flows"):
            print(json.dumps(self.flows.seen()), flush=True)
            self.flows = Flows()
        else:
            self.delay_ns, self.loss = round(order["delay_ms"] * 1e6), order["loss"]
            print("{}", flush=True)


def main(
    server: str, server_address: str, server_device: str, host: str, host_address: str, host_device: str
) -> None:
    ends = (
        device(Path(server), server_address, host_address, server_device),
        device(Path(host), host_address, server_address, host_device),
    )
    relay, left, orders = Relay(*ends), None, b""
    print("{}", flush=True)
    while True:
        for fd in select.select([0, *ends], [], [], left)[0]:
            if fd != 0:
                relay.take(fd)
                continue
            data = os.read(0, 1 << 16)
            if not data:
                return
            *lines, orders = (orders + data).split(b"\n")
            for line in lines:
                relay.order(line)
        left = relay.deliver()


if __name__ == "__main__":
    main(*sys.argv[1:])
