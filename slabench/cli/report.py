"""`slabench report FOLDER`: the page of a stored run, without pytest's own table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from slabench.cli import PROG
from slabench.cli.language import add_language
from slabench.cli.parser import Parser
from slabench.errors import ConfigError
from slabench.messages import in_language
from slabench.options.checks import check_writable
from slabench.output_file import check_free, write_named
from slabench.report.html import standalone_html
from slabench.report.localized import localized
from slabench.report.resume import read_run

PAGE = b"<title>slabench "


def run(argv: Sequence[str]) -> int:
    examples = ("report reports/latest", "report reports/latest --output=/tmp/page.html")
    parser = Parser(prog=f"{PROG} report", description=__doc__, examples=examples)
    parser.add_argument("folder", metavar="FOLDER", help="a run folder, such as reports/latest")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="the page to write (default: FOLDER/summary.html)"
    )
    add_language(parser)
    options = parser.parse_args(argv)
    folder = Path(options.folder)
    folder = folder.parent if folder.name == "run.json" else folder
    _, document = read_run(options.folder, "")
    target = folder / "summary.html" if options.output is None else check_writable("--output", options.output)
    check_free("--output", str(target))
    if options.output is None and target.exists() and PAGE not in target.read_bytes()[:4096]:
        raise ConfigError(
            f"{target} exists and is no page of slabench; name the file to write with --output=FILE."
        )
    with in_language(options.lang):
        write_named("--output", target, standalone_html(localized(document)))
    print(target)
    return 0
