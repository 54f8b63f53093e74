"""Network namespaces of Linux, as hosts: made by `ip netns`, entered by a thread or a command."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path("/run/netns")
_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


def refused() -> str:
    """Why hosts cannot be made of namespaces here; empty if they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not os.path.exists("/dev/net/tun"):
        return "there is no /dev/net/tun"
    if any(shutil.which(tool) is None for tool in ("ip", "nsenter", "unshare")):
        return "iproute2 or util-linux is not installed"
    tried = subprocess.run(
        ["unshare", "--net", "--time", "--monotonic=9", "--fork", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    return tried.stderr.strip()


def ip(*words: str, namespace: Path | None = None) -> None:
    at = [] if namespace is None else ["-n", namespace.name]
    subprocess.run(["ip", *at, *words], check=True)


def enter(namespace: int) -> None:
    """Of this thread, and of the processes that it starts."""
    if _LIBC.setns(namespace, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def inside(namespace: Path) -> Iterator[None]:
    with open("/proc/thread-self/ns/net", "rb") as own, namespace.open("rb") as other:
        enter(other.fileno())
        try:
            yield
        finally:
            enter(own.fileno())
