"""`python -m slabench report FOLDER`: the page of a stored run, without pytest's own table."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from slabench.errors import ConfigError, system_words
from slabench.option_checks import check_writable


def run(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m slabench report", description=__doc__)
    parser.add_argument("folder", type=Path, help="a run folder, such as reports/latest")
    parser.add_argument("--output", metavar="FILE", help="the file to write (default: FOLDER/summary.html)")
    given = parser.parse_args(argv)
    source = given.folder / "run.json"
    try:
        document = json.loads(source.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{source} cannot be read ({system_words(error)}); give a run folder that the suite wrote.") from error
    from slabench.report.html import standalone_html

    target = given.folder / "summary.html" if given.output is None else check_writable("--output", given.output)
    try:
        target.write_text(standalone_html(document), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{target} cannot be written ({system_words(error)}); name another file with --output=FILE.") from error
    print(target)
    return 0
