"""`slabench doctor [SUITE ...] --base-url=URL [options]`: what would stop a run, before any load."""

from __future__ import annotations

import os
from collections.abc import Sequence

from slabench.cli import PROG
from slabench.cli.plan import OWN, is_own
from slabench.cli.run import NAMES, arguments, start

USAGE = f"""usage: {PROG} doctor [SUITE ...] --base-url=URL [options]

A line for each check: ok, warn or stop, with what to do. It takes the suites ({", ".join(NAMES)}; all without
one), their files and tests, files of your own, and every option of a run: what that run needs is checked.
It sends some short requests, and flushes the server's prefix cache. Exit status: 0 nothing stops the run, 6 a
check stops a test, 4 usage.

examples:
  {PROG} doctor --base-url=http://HOST:PORT
  {PROG} doctor tests/tencent --base-url=http://HOST:PORT --deploy-log=FILE --baseline=prod.json"""
# Tests are collected and not run; the lines are the doctor's alone.
QUIET = ("--collect-only", "-p", "slabench.plugin.doctor", "-p", "no:terminal", "-s")


def run(argv: Sequence[str]) -> int:
    """0, 4 or 6."""
    if argv and argv[0] in ("-h", "--help"):
        print(USAGE)
        return 0
    named = argv if argv and not argv[0].startswith("-") else [*NAMES, *argv]
    if is_own(named[0]):
        return start([*named, *OWN, *QUIET])
    return start([*arguments(named, os.getcwd()), *QUIET])
