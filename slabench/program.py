"""How slabench and pytest were started, as a shell takes it: what every command that is shown begins with.

In a clone there is no console script, and pytest is seldom on the PATH: `slabench` alone would not be found.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def slabench_program() -> tuple[str, ...]:
    """`slabench`, `.venv/bin/slabench` or `.venv/bin/python -m slabench`."""
    script = Path(sys.argv[0])
    if script.name == "slabench":
        return (_as_found(sys.argv[0]),)
    beside = Path(sys.executable).with_name("slabench")
    if beside.is_file() and not _is_module("slabench"):
        return (_as_found(str(beside)),)
    return (_python(), "-m", "slabench")


def suite_program() -> tuple[str, ...]:
    """What the tests were started by: `slabench run`, `.venv/bin/pytest` or `.venv/bin/python -m pytest`."""
    if Path(sys.argv[0]).name == "slabench" or _is_module("slabench"):
        return (*slabench_program(), "run")
    if _is_module("pytest"):
        return (_python(), "-m", "pytest")
    if Path(sys.argv[0]).name in ("pytest", "py.test"):
        return (_as_found(sys.argv[0]),)
    return ("pytest",)  # started by another program


def _is_module(name: str) -> bool:
    """`python -m NAME` has the module's __main__.py as its first argument."""
    return Path(sys.argv[0]).parts[-2:] == (name, "__main__.py")


def _python() -> str:
    """As it was typed; a script's is the one that its first line names."""
    typed = sys.orig_argv[0] if sys.orig_argv and sys.argv[0].endswith("__main__.py") else sys.executable
    return typed if typed == Path(typed).name else _as_found(typed)


def _as_found(path: str) -> str:
    """The name alone where the PATH finds this file by it, else relative to the current folder if below."""
    name, whole = Path(path).name, os.path.abspath(path)
    by_path = shutil.which(name)
    if by_path is not None and os.path.abspath(by_path) == whole:
        return name
    here = os.getcwd()
    return os.path.relpath(whole, here) if whole.startswith(here + os.sep) else whole
