"""Which GPUs are a server's, and which of the processes on them are not."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slabench.gpu_records import GpuRecord

PROC = Path("/proc")
_LISTENS = "0A"


def is_local(host: str) -> bool:
    """Whether a host's first address is one of this machine: only to those can a socket be bound."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.bind(address)
    except OSError:
        return False
    return True


def listener(port: int, proc: Path = PROC) -> int | None:
    """The process that listens at a port of this machine; None where it is not visible."""
    inodes = set()
    for table in ("net/tcp", "net/tcp6"):
        with contextlib.suppress(OSError):
            for line in (proc / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENS and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
    open_files = (pair for pid in _pids(proc) for pair in _open_files(proc, pid)) if inodes else ()
    return next((pid for pid, target in open_files if target in inodes), None)


def _open_files(proc: Path, pid: int) -> Iterator[tuple[int, str]]:
    folder = proc / str(pid) / "fd"
    with contextlib.suppress(OSError):  # another user's, or one that has ended
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):  # closed meanwhile
                yield pid, os.readlink(folder / name)


def tree(root: int, proc: Path = PROC) -> frozenset[int]:
    """A process and all its descendants."""
    children: dict[int, list[int]] = {}
    for pid in _pids(proc):
        with contextlib.suppress(OSError, IndexError, ValueError):
            # the name before it stands in brackets and may have blanks and brackets
            parent = int((proc / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(pid)
    found, todo = set(), [root]
    while todo:
        pid = todo.pop()
        if pid not in found:
            found.add(pid)
            todo += children.get(pid, ())
    return frozenset(found)


def process_name(pid: int, proc: Path = PROC) -> str:
    """Its 15 characters of name; empty where it is not visible: that of another container."""
    try:
        return (proc / str(pid) / "comm").read_text().strip()
    except OSError:
        return ""


def _pids(proc: Path) -> Iterable[int]:
    return (int(entry) for entry in os.listdir(proc) if entry.isdecimal())


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is known of a server, for choose()."""

    named: Sequence[int] = ()  # --gpu-index
    own: frozenset[int] = frozenset()  # its processes
    visible: str | None = None  # CUDA_VISIBLE_DEVICES
    count: int | None = None  # GPUs that it reports
    alone: bool = True  # no other server of the session on the same machine


@dataclass(frozen=True, slots=True)
class Choice:
    """why: where no GPUs are chosen, the id of the message; GPUs in use otherwise."""

    gpus: Sequence[GpuRecord]
    by: str
    why: str = ""


def choose(gpus: Sequence[GpuRecord], wanted: Wanted) -> Choice:
    """By the option, by the server's processes, by CUDA_VISIBLE_DEVICES, else those in use. All but the first
    must be as many as the server reports: energy of other GPUs than its own is worse than none.
    """
    if wanted.named:
        by_index = {gpu.index: gpu for gpu in gpus}
        if not by_index.keys() >= set(wanted.named):
            return Choice((), "option", "gpu.not_there")
        return Choice([by_index[index] for index in wanted.named], "option")
    own = [gpu for gpu in gpus if wanted.own & set(gpu.processes or ())]
    visible = [] if wanted.visible is None else _visible(gpus, wanted.visible)
    in_use = [gpu for gpu in gpus if gpu.in_use]
    if own:
        choice = Choice(own, "processes")
    elif visible:
        choice = Choice(visible, "visible_devices")
    elif not wanted.alone:
        return Choice((), "in_use", "gpu.two_servers")
    else:
        choice = Choice(in_use, "in_use")
    if not choice.gpus or wanted.count not in (None, len(choice.gpus)):
        return Choice((), choice.by, "gpu.other_count")
    return choice


def _visible(gpus: Sequence[GpuRecord], value: str) -> list[GpuRecord]:
    """CUDA's rules: indices or beginnings of UUIDs, up to the first that names none."""
    chosen: list[GpuRecord] = []
    for word in filter(None, (part.strip() for part in value.split(","))):
        named = [gpu for gpu in gpus if _names(word, gpu)]
        if len(named) != 1:
            break
        chosen += named
    return chosen


def _names(word: str, gpu: GpuRecord) -> bool:
    return (
        gpu.index == int(word) if word.isdecimal() else word.startswith("GPU-") and gpu.uuid.startswith(word)
    )


def strangers(gpus: Iterable[GpuRecord], servers: frozenset[int], proc: Path = PROC) -> Mapping[int, str]:
    """Processes on these GPUs that are of none of the session's servers, with their names."""
    pids = {pid for gpu in gpus for pid in gpu.processes or ()}
    return {pid: process_name(pid, proc) for pid in sorted(pids - servers)}


def visible_devices(pid: int, proc: Path = PROC) -> str | None:
    """CUDA_VISIBLE_DEVICES that a process was started with; None without, or where it is not readable."""
    try:
        variables = (proc / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return None
    name = b"CUDA_VISIBLE_DEVICES="
    return next((each.removeprefix(name).decode() for each in variables if each.startswith(name)), None)
