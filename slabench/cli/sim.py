"""`python -m slabench sim`: the embedded server with its own options."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence


def run(argv: Sequence[str]) -> int:
    sys.argv = ["python -m slabench sim", *argv]
    runpy.run_module("slabench.sim", run_name="__main__", alter_sys=True)
    return 0
