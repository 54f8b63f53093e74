"""What all transports have in common: a load process is a stream of bytes in, one out, and an end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from slabench.places import CLONE


@dataclass(frozen=True, slots=True)
class LoadHosts:
    """Where load processes run, if not beside this process: by a launcher on names, or on a Ray cluster.

    command: a launcher that joins its stdin and stdout to what it starts at {host}. cluster: `ray` (the one
    that this machine belongs to), or the address of one. python: that of the hosts, which has slabench.
    """

    names: tuple[str, ...] = ()
    command: str = ""
    cluster: str = ""
    python: str = sys.executable

    def module(self, name: str, *arguments: str) -> list[str]:
        """The command that runs a module of ours at a host; a clone's, from the same folder there."""
        place = [] if CLONE is None else ["env", f"PYTHONPATH={CLONE}"]
        return [*place, self.python, "-P", "-m", name, *arguments]


class Channel(Protocol):
    """A load process, as its parent reaches it."""

    @property
    def host(self) -> str:
        """Empty beside the parent."""
        ...

    def fileno(self) -> int:
        """Of a file that is readable when read() has something."""
        ...

    def read(self) -> bytes:
        """What has come of its standard output; empty at the end."""
        ...

    def write(self, data: bytes) -> None:
        """To its standard input. What a dead process does not take is lost; its output's end shows it."""
        ...

    def running(self) -> bool: ...

    def end(self) -> None:
        """Close its standard input, wait shortly, then kill what is left of it here."""
        ...

    def ended_how(self) -> str:
        """After end(): its exit status, and the last line of its standard error where that is kept."""
        ...


class Transport(Protocol):
    """Starts load processes at hosts."""

    @property
    def hosts(self) -> Sequence[str]: ...

    def start(self, host: str) -> Channel: ...

    def output(self, host: str, command: Sequence[str], timeout_s: float) -> str:
        """The standard output of a command at a host; OSError with its complaint if it fails."""
        ...

    def close(self) -> None: ...
