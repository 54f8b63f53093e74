"""`slabench plan SUITE|PATH ... [options]`: what would run; the same as the run with --plan."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from slabench.cli import PROG
from slabench.cli.run import NAMES, arguments, start
from slabench.places import SUITES

USAGE = f"""usage: {PROG} plan SUITE|PATH [...] [--plan=PROFILE|probe] [options of the run]

The suites {", ".join(NAMES)}, or files with tests of your own. Nothing is sent, but for --plan=probe.

examples:
  {PROG} plan tencent ali --plan=r1-fp8-tp8 --base-url=http://NEW:PORT --baseline-url=http://OLD:PORT
  {PROG} plan bench/test_long.py --base-url=sim:"""

OWN = ("-p", "slabench.plugin", "-p", "no:cacheprovider")  # for tests outside the suites


def run(argv: Sequence[str]) -> int:
    """pytest's exit status, which slabench's plugin sets."""
    if argv and argv[0] in ("-h", "--help"):
        print(USAGE)
        return 0
    asked = any(word.partition("=")[0] == "--plan" for word in argv)
    words = [*argv, *([] if asked else ["--plan"])]
    if argv and is_own(argv[0]):
        return start([*words, *OWN])
    return start(arguments(words, os.getcwd(), "plan"))


def is_own(word: str) -> bool:
    """A file or folder that is not of the suites."""
    file = word.partition("::")[0]
    return not (SUITES / file.removeprefix("tests/")).exists() and Path(file).exists()
