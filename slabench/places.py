"""Where the package's own files are: beside it in a clone, inside it when it was installed from a wheel.

A wheel has the suites of tests/ as slabench/suites and the small tokenizer and data set of fixtures/data as
slabench/data, the published tables of baselines/ as slabench/baselines (pyproject.toml maps the folders, so
that there is one copy).
"""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ABOVE = _PACKAGE.parent
CLONE = _ABOVE if (_ABOVE / "pyproject.toml").is_file() and (_ABOVE / "fixtures" / "data").is_dir() else None
SUITES = _PACKAGE / "suites" if CLONE is None else CLONE / "tests"
DATA = _PACKAGE / "data" if CLONE is None else CLONE / "fixtures" / "data"
TOKENIZER = DATA / "tokenizer"
BASELINES = (_PACKAGE if CLONE is None else CLONE) / "baselines"


def suite_id(path: Path) -> str | None:
    """A suite's file as test ids name it, the same in a clone and in a wheel: tests/ali/test_decode.py; None
    for other files.
    """
    return f"tests/{path.relative_to(SUITES).as_posix()}" if path.is_relative_to(SUITES) else None


def child_environment() -> dict[str, str]:
    """Ours, for a process that imports this package; in a clone it is found wherever the run was started."""
    return {**os.environ, **({} if CLONE is None else {"PYTHONPATH": str(CLONE)})}
