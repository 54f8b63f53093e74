"""A launcher that works as ssh does: over one TCP connection to a host, which shares the network's faults.

`listen ADDRESS` at the host starts what it is sent; `connect ADDRESS COMMAND...` joins its own stdin and
stdout to that.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

PORT = 2222


def pump(source: int, connection: socket.socket) -> None:
    """From a file to the connection, and its end."""
    with suppress(OSError):
        while data := os.read(source, 1 << 16):
            connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)


def serve(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line = b""
    while not line.endswith(b"\n"):
        line += connection.recv(1)
    process = subprocess.Popen(json.loads(line), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    threading.Thread(target=pump, args=(process.stdout.fileno(), connection), daemon=True).start()
    with suppress(OSError):
        while data := connection.recv(1 << 16):
            process.stdin.write(data)
            process.stdin.flush()
    with suppress(OSError):
        process.stdin.close()
    process.wait()


def listen(address: str) -> None:
    with socket.create_server((address, PORT)) as server:
        print(json.dumps({"monotonic": time.monotonic()}), flush=True)
        while True:
            connection, _ = server.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


def connect(address: str, command: list[str]) -> None:
    with socket.create_connection((address, PORT)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(json.dumps(command).encode() + b"\n")
        threading.Thread(target=pump, args=(0, connection), daemon=True).start()
        while data := connection.recv(1 << 16):
            while data:
                data = data[os.write(1, data) :]
    os._exit(255)  # as ssh's; the thread is in a read


if __name__ == "__main__":
    if sys.argv[1] == "listen":
        listen(sys.argv[2])
    connect(sys.argv[2], sys.argv[3:])
