"""`slabench sim`: the embedded server with its own options."""

from __future__ import annotations

from collections.abc import Sequence

from slabench.cli import PROG
from slabench.exit_status import USAGE


def run(argv: Sequence[str]) -> int:
    from slabench.sim.__main__ import main

    return USAGE if main(argv, f"{PROG} sim") else 0
