"""Which command, and the exit status of a usage error."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence

from slabench import __version__
from slabench.cli import PROG
from slabench.errors import ConfigError, InvalidRun, ServerError
from slabench.exit_status import INTERRUPTED, INVALID, OUR_CRASH, USAGE
from slabench.messages import Message, asked_language, in_language
from slabench.near import did_you_mean
from slabench.options.argparse_words import translate_argparse

COMMANDS = {
    "run": "the suites ali, serving and tencent, by pytest",
    "plan": "what a run would send, how long it takes, what it asserts; nothing is sent",
    "doctor": "what would stop or spoil a run at a server, checked without load",
    "sim": "the embedded server, to look at or to test against",
    "log": "the decode curve of any deploy log, without a server",
    "crosscheck": "our client and sglang.bench_serving side by side on one server",
    "baseline": "list, show, save and merge baseline files; the spread of launches",
    "compare": "stored runs against the first one, with the exit status of a gate",
    "bisect": "the first of several versions that is surely slower, each started and gated",
    "history": "the runs that --history appended to a file: metrics over versions, and where they changed",
    "report": "write report.html again, the page of a run or of several side by side",
}


def main(argv: Sequence[str] | None = None) -> int:
    """The command's own status, or the suite's: 2 Ctrl-C, 3 our own crash, 4 usage, 6 no verdict is possible.

    1 is for FAILED alone.
    """
    argv = sys.argv[1:] if argv is None else argv
    if not argv or argv[0] in ("-h", "--help"):
        width = max(map(len, COMMANDS))
        print(f"usage: {PROG} COMMAND ...\n\ncommands:")
        print("\n".join(f"  {name:<{width}}  {what}" for name, what in COMMANDS.items()))
        print(f"\nexamples:\n  {PROG} run tencent --base-url=http://HOST:PORT")
        print(f"  {PROG} run serving --base-url=sim:")
        print(f"  {PROG} COMMAND --help")
        print("In a clone pytest runs the suites too: pytest tests/tencent --base-url=URL")
        return 0 if argv else USAGE
    if argv[0] == "--version":
        print(f"slabench {__version__}")
        return 0
    if argv[0] not in COMMANDS:
        hint = did_you_mean(argv[0], COMMANDS)
        _say(argv, Message("command.unknown", word=argv[0], hint=hint, commands=tuple(COMMANDS)))
        return USAGE
    translate_argparse()
    try:
        status: int = importlib.import_module(f"slabench.cli.{argv[0]}").run(argv[1:])
        sys.stdout.flush()  # here, where a closed pipe is no crash
    except ConfigError as error:
        _say(argv, error.as_message())
        return USAGE
    except (ServerError, InvalidRun) as error:
        _say(argv, Message("plan.invalid", why=error.as_message()))
        return INVALID
    except SystemExit as end:  # argparse has printed; its own 2 would read as the suite's Ctrl-C
        return USAGE if end.code == 2 else int(end.code or 0)
    except KeyboardInterrupt:
        continued = Message("command.continues") if argv[0] == "bisect" else None
        _say(argv, Message("command.interrupted", command=argv[0], continued=continued))
        return INTERRUPTED
    except BrokenPipeError:  # `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - Python's own status would be 1, which means FAILED
        return _crashed(argv, error)
    return status


def _cleaned(text: str) -> str:
    """Line for line without control characters and secrets."""
    from slabench.report.sanitize import plain
    from slabench.server.secrets import scrub_text

    return "\n".join(plain(line) for line in scrub_text(text).splitlines())


def _say(argv: Sequence[str], message: Message) -> None:
    with in_language(asked_language(argv)):
        print(_cleaned(str(message)), file=sys.stderr)


def _crashed(argv: Sequence[str], error: Exception) -> int:
    """The traceback without secrets, and one sentence below it, where a reader looks first."""
    print(_cleaned("".join(traceback.format_exception(error))), file=sys.stderr)
    line = f"{type(error).__name__}: {error}".splitlines()[0]
    _say(argv, Message("command.crashed", command=argv[0], error=line))
    return OUR_CRASH
