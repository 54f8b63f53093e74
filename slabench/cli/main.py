"""Which command, and the exit status of a usage error."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from slabench.errors import ConfigError

COMMANDS = {
    "sim": "the embedded server, to look at or to test against",
    "log": "the decode curve of any deploy log, without a server",
    "crosscheck": "our client and sglang.bench_serving side by side on one server",
    "report": "write summary.html, the page of a stored run, from its run.json",
}


def main(argv: Sequence[str]) -> int:
    """0 done, 4 usage: the same statuses as the suite's."""
    if not argv or argv[0] in ("-h", "--help"):
        width = max(map(len, COMMANDS))
        print("usage: python -m slabench COMMAND ...\n\ncommands:")
        print("\n".join(f"  {name:<{width}}  {what}" for name, what in COMMANDS.items()))
        print("\nThe benchmarks themselves are run by pytest: pytest tests/tencent --base-url=http://HOST:PORT")
        return 0 if argv else 4
    if argv[0] not in COMMANDS:
        print(f"There is no command {argv[0]!r}; there are {', '.join(COMMANDS)}.", file=sys.stderr)
        return 4
    try:
        status: int = importlib.import_module(f"slabench.cli.{argv[0]}").run(argv[1:])
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 4
    except SystemExit as end:  # argparse has spoken; its own 2 would read as the suite's Ctrl-C
        return 4 if end.code == 2 else int(end.code or 0)
    return status
