"""`slabench history FILE`: a file that --history appended runs to, each metric over its runs and versions
with the changes of its level; `slabench history accept FILE VERSION` makes the runs of a version what
--baseline=history:FILE compares with.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime

from slabench.cli import PROG
from slabench.cli.language import add_language
from slabench.cli.parser import Parser
from slabench.errors import ConfigError, system_words
from slabench.exit_status import INVALID
from slabench.history import PREFIX
from slabench.history.baseline import LEAST, MOST, held, taken_failed, usable
from slabench.history.file import append, read
from slabench.history.lines import AcceptLine
from slabench.history.series import series
from slabench.messages import Message, in_language
from slabench.options.checks import check_writable
from slabench.output_file import check_free, write_named
from slabench.report.history import as_html, as_text


def run(argv: Sequence[str]) -> int:
    """0, or 6 where the file holds no run."""
    if argv[:1] == ["accept"] and len(argv) != 1:
        return _accept(argv[1:])
    options = _parser("FILE", (("file", {"metavar": "FILE", "help": "the history"}),)).parse_args(argv)
    target = options.output
    if target is not None:
        check_free("--output", str(check_writable("--output", target)))
    history = read(options.file)
    listed = series(history)
    with in_language(options.lang):
        print(as_text(history, listed))
        if target is not None:
            write_named("--output", target, as_html(history, listed))
    return 0 if history.runs else INVALID


EXAMPLES = ("history history.jsonl", "history history.jsonl --output=/tmp/history.html")


def _parser(words: str, arguments: Sequence[tuple[str, dict[str, str]]]) -> argparse.ArgumentParser:
    usage = f"{PROG} history {words}" + (" [--output=FILE.html]" if words == "FILE" else "")
    parser = Parser(prog=f"{PROG} history", usage=usage, description=__doc__, examples=EXAMPLES)
    for name, how in arguments:
        parser.add_argument(name, **how)  # type: ignore[arg-type]
    if words == "FILE":
        parser.add_argument("-o", "--output", metavar="FILE", help="write a page with a chart a metric")
    add_language(parser)
    return parser


def _accept(argv: Sequence[str]) -> int:
    arguments = (
        ("file", {"metavar": "FILE", "help": "the history"}),
        ("version", {"metavar": "VERSION", "help": "as the history names it"}),
    )
    options = _parser("accept FILE VERSION", arguments).parse_args(argv)
    path, version = options.file, options.version
    history = read(path)
    runs = usable(history, version)
    if runs < LEAST:
        raise ConfigError(
            Message(
                "command.history_few", path=path, runs=runs, version=version, least=LEAST, held=held(history)
            )
        )
    try:
        append(path, AcceptLine(accept=version, utc=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")))
    except OSError as error:
        raise ConfigError(Message("file.unwritable", path=path, why=system_words(error))) from error
    lines = [Message("history.accepted_now", version=version, path=path, prefix=PREFIX, runs=min(runs, MOST))]
    if failed := taken_failed(history, version):
        lines.append(Message("history.failed_accepted", failed=len(failed), names=tuple(failed)))
    with in_language(options.lang):
        print("\n".join(map(str, lines)))
    return 0
