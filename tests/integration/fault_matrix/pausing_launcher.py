"""A launcher that carries a load process's bytes, and once stops for a while: a network that was cut off.

HOST COMMAND...; the host that it happens at is b, 0.3 s after a load has begun.
"""

import os
import selectors
import subprocess
import sys
import time

AFTER_S, STOPPED_S = 0.3, 2.9


def main() -> None:
    process = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    ends = {0: process.stdin.fileno(), process.stdout.fileno(): 1}
    stop_at = None
    with selectors.DefaultSelector() as selector:
        for source in ends:
            selector.register(source, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select(0.02):
                data = os.read(key.fd, 1 << 16)
                if not data:
                    return
                if b'"zero_ns"' in data and sys.argv[1] == "b":
                    stop_at = time.monotonic() + AFTER_S
                while data:
                    data = data[os.write(ends[key.fd], data) :]
            if stop_at is not None and time.monotonic() > stop_at:
                time.sleep(STOPPED_S)
                stop_at = None


if __name__ == "__main__":
    main()
