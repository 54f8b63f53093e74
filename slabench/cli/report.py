"""`slabench report RUN ...`: the page of a stored run again, or of several runs side by side.

Without --output a run's own report.html is written; several runs need --output. No other file is overwritten.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from slabench.cli import PROG
from slabench.cli.language import add_language
from slabench.cli.parser import Parser
from slabench.errors import ConfigError
from slabench.messages import Message, in_language
from slabench.options.checks import check_writable
from slabench.output_file import check_free, write_named
from slabench.report.page.render import report_page
from slabench.report.resume import read_run

OURS = (b"<title>slabench ", b'<title id="head-title">slabench ')  # this page, and that of earlier versions
NAMES = ("pytest.html", "run.json")  # what the page links to where it stands beside it


def run(argv: Sequence[str]) -> int:
    examples = ("report reports/latest --lang=zh", "report reports/A reports/B --output=/tmp/both.html")
    parser = Parser(prog=f"{PROG} report", description=__doc__, examples=examples)
    parser.add_argument(
        "runs", metavar="RUN", nargs="+", help="a run folder, such as reports/latest, or its run.json"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="the page to write (default: RUN/report.html)")
    add_language(parser)
    options = parser.parse_args(argv)
    if options.output is None and len(options.runs) > 1:
        raise ConfigError(Message("command.report_output", runs=len(options.runs)))
    if options.output is not None:  # before anything is read
        check_free("--output", str(check_writable("--output", options.output)))
    read = [read_run(name, "") for name in options.runs]
    folder = read[0][0]
    target = folder / "report.html" if options.output is None else Path(options.output)
    if (
        options.output is None
        and target.exists()
        and not any(title in target.read_bytes()[:4096] for title in OURS)
    ):
        raise ConfigError(Message("command.report_other_file", target=target))
    beside = target.parent.resolve() == folder
    files = [name for name in NAMES if beside and (folder / name).is_file()]
    with in_language(options.lang):
        page = report_page([document for _, document in read], files=files)
    write_named("--output" if options.output else "", target, page)
    print(target)
    return 0
