"""`python -m slabench report FOLDER`: the page of a stored run, without pytest's own table."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from slabench.errors import ConfigError, system_words


def run(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m slabench report", description=__doc__)
    parser.add_argument("folder", type=Path, help="a run folder, such as reports/latest")
    parser.add_argument("--output", type=Path, help="the file to write (default: FOLDER/summary.html)")
    given = parser.parse_args(argv)
    source = given.folder / "run.json"
    try:
        document = json.loads(source.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{source} cannot be read ({system_words(error)}); give a run folder that the suite wrote.") from error
    from slabench.report.html import standalone_html

    target = given.output or given.folder / "summary.html"
    target.write_text(standalone_html(document), encoding="utf-8")
    print(target)
    return 0
