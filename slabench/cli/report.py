"""`python -m slabench report FOLDER`: the page of a stored run, without pytest's own table."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from slabench.cli import PROG
from slabench.errors import ConfigError, system_words
from slabench.options.checks import check_writable
from slabench.output_file import check_free, write_whole

PAGE = b"<title>slabench "


def run(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog=f"{PROG} report", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a run folder, such as reports/latest")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="the page to write (default: FOLDER/summary.html)"
    )
    given = parser.parse_args(argv)
    folder = given.folder.parent if given.folder.name == "run.json" else given.folder
    source = folder / "run.json"
    try:
        document = json.loads(source.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{source} cannot be read ({system_words(error)}); give a run folder that the suite wrote."
        ) from error
    from slabench.report.html import standalone_html

    target = folder / "summary.html" if given.output is None else check_writable("--output", given.output)
    check_free("--output", str(target))
    if given.output is None and target.exists() and not _is_page(target):
        raise ConfigError(
            f"{target} exists and is no page of slabench; name the file to write with --output=FILE."
        )
    try:
        write_whole(target, standalone_html(document))
    except OSError as error:
        raise ConfigError(
            f"{target} cannot be written ({system_words(error)}); name another file with --output=FILE."
        ) from error
    print(target)
    return 0


def _is_page(path: Path) -> bool:
    """Made by this command, so that it may be made again."""
    return PAGE in path.read_bytes()[:4096]
