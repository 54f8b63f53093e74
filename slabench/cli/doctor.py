"""`slabench doctor [SUITE ...] --base-url=URL [options]`: what would stop a run, before any load."""

from __future__ import annotations

import os
from collections.abc import Sequence

from slabench.cli import PROG
from slabench.cli.plan import OWN, is_own
from slabench.cli.run import NAMES, arguments, is_suite, join_values, start

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
    words = tests_first(argv)
    named = words if words and not words[0].startswith("-") else [*NAMES, *words]
    if is_own(named[0]):
        return start([*named, *OWN, *QUIET])
    return start([*arguments(named, os.getcwd()), *QUIET])


# pytest's own options whose value is the next word
_VALUE_FOLLOWS = frozenset("-k -m -p -n -c -o -W".split())


def tests_first(argv: Sequence[str]) -> list[str]:
    """The same, with suites and test files that stand behind options before them."""
    words = join_values(argv)
    tests = [
        word
        for before, word in zip(["", *words], words, strict=False)
        if not word.startswith("-")
        and before not in _VALUE_FOLLOWS
        and (is_suite(word) or (is_own(word) and word.partition("::")[0].endswith(".py")))
    ]
    if not tests or not words[0].startswith("-"):
        return words
    return [*tests, *(word for word in words if word not in tests)]
