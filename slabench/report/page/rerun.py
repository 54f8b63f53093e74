"""The command of a run, and the one that runs some of its tests again with the same options."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from slabench.run_document.run import RunDocument

# What chose the tests, how `slabench run` starts pytest, and the run that was continued.
WITH_VALUE = (
    "-k",
    "-m",
    "-n",
    "--deselect",
    "--ignore",
    "--resume",
    "--config-file",
    "--rootdir",
    "--confcutdir",
)
ALONE = ("--lf", "--last-failed", "--ff", "--failed-first", "--nf")
BEHIND_A_LETTER = ("-k", "-m", "-n")  # -kWORD


def command(run: Sequence[str]) -> str:
    """As a shell takes it."""
    return " ".join(map(_quoted, run))


def rerun(document: RunDocument, ids: Sequence[str]) -> str:
    """`pytest 'tests/...::test[x]' --base-url=...`: these tests in place of the run's own."""
    run = document.command
    installed = any(argument.startswith("--config-file=") for argument in run)
    kept = [argument for argument in _options(run[1:]) if not _is_test(argument, document.planned)]
    start = ["slabench", "run"] if installed else list(run[:1]) or ["pytest"]
    return command([*start, *ids, *kept])


def _options(arguments: Sequence[str]) -> Iterator[str]:
    """Without those that chose the tests."""
    rest = iter(arguments)
    for argument in rest:
        name, equals, _ = argument.partition("=")
        if name in WITH_VALUE:
            if not equals:
                next(rest, None)
        elif name not in ALONE and not (argument.startswith(BEHIND_A_LETTER) and len(argument) > 2):
            yield argument


def _is_test(argument: str, planned: Sequence[str]) -> bool:
    """A path or an id that selects tests of the run; the value of an option is none."""
    if argument.startswith("-"):
        return False
    place = argument.partition("::")[0].rstrip("/").removeprefix("./")
    paths = [name.partition("::")[0] for name in planned]
    below = any(path == place or path.startswith(f"{place}/") or place.endswith(f"/{path}") for path in paths)
    return below or place in ("", ".")


def _quoted(argument: str) -> str:
    """--option='value' where the value needs quotes."""
    name, equals, value = argument.partition("=")
    if argument.startswith("--") and equals:
        return f"{name}={shlex.quote(value)}" if value else argument
    return shlex.quote(argument)
