"""What a load process on another machine reports of itself before its first job."""

from __future__ import annotations

import hashlib
import os
import platform
import resource
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from slabench import __version__

REMOTE = "remote"  # the worker's argument in place of its queue
MARK = b"\nslabench load process 1\n"  # before the first frame: a login shell may print something of its own


@cache
def code_digest() -> str:
    """Of the client's code: clients that differ measure differently, whatever their version says."""
    folder, digest = Path(__file__).resolve().parent, hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Hello:
    """A host and its client. files: open files that a load process may have."""

    slabench: str
    code: str
    python: str
    node: str
    cores: int
    files: int

    @classmethod
    def ours(cls) -> Hello:
        return cls(
            slabench=__version__,
            code=code_digest(),
            python=platform.python_version(),
            node=platform.node(),
            cores=len(os.sched_getaffinity(0)),
            files=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        )

    @property
    def client(self) -> str:
        return f"slabench {self.slabench} ({self.code}) on Python {self.python}"

    def differs(self, other: Hello) -> bool:
        """Whether its client is another one. Python's third number is not looked at."""
        mine, theirs = ((hello.slabench, hello.code, hello.python.split(".")[:2]) for hello in (self, other))
        return mine != theirs
