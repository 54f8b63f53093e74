"""`slabench run SUITE ... [options]`: the suites ali, serving and tencent, wherever slabench is installed.

pytest runs them with a configuration of its own: an ini file or a conftest.py around the current folder
configures other tests, and has no part in a measurement.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Sequence
from pathlib import Path

from slabench.cli import PROG
from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.near import did_you_mean
from slabench.options.table import OPTIONS
from slabench.places import SUITES

NAMES = ("ali", "serving", "tencent")
INI = Path(__file__).with_name("run.ini")
USAGE = f"""usage: {PROG} run SUITE [SUITE ...] --base-url=URL [options]

The suites are {", ".join(NAMES)}; a file or a test of one can be named too, as reports name it:
  {PROG} run tencent --base-url=http://HOST:PORT --dataset-path=FILE
  {PROG} run ali serving --base-url=sim:
  {PROG} run 'tests/ali/test_decode.py::test_decode_tpot[bs8]' --base-url=sim:

Values are joined to options with =. pytest's own options, such as -k, are taken too: {PROG} run SUITE --help
lists them."""


def run(argv: Sequence[str]) -> int:
    """pytest's exit status, which slabench's plugin sets."""
    if argv and argv[0] in ("-h", "--help"):
        print(f"{USAGE}\n{option_help()}")
        return 0
    return start(arguments(argv, os.getcwd()))


def start(words: Sequence[str]) -> int:
    """pytest on these words."""
    import pytest  # not for a mistake

    return int(pytest.main(list(words)))


def option_help() -> str:
    """Every option of the table with its unit, default and choices, by topic."""
    lines, indent = [], " " * 8
    text = textwrap.TextWrapper(100, initial_indent=indent, subsequent_indent=indent)
    text.break_on_hyphens = False
    for group in dict.fromkeys(option.group for option in OPTIONS):
        lines.append(f"\n{group}:")
        for option in [option for option in OPTIONS if option.group == group]:
            lines.append(f"  {option.name}{'' if option.parse is None else f'={option.metavar}'}")
            lines.append(text.fill(option.described))
    return "\n".join(lines)


def arguments(argv: Sequence[str], folder: str, command: str = "run") -> list[str]:
    """pytest's for ours. ConfigError unless the first words are suites."""
    first = next((place for place, word in enumerate(argv) if word.startswith("-")), len(argv))
    if not first:
        raise ConfigError(Message("command.suites_first", prog=PROG, command=command, names=NAMES))
    own = [f"--config-file={INI}", f"--rootdir={folder}", f"--confcutdir={SUITES}"]
    return [*own, *map(_path, argv[:first]), *join_values(argv[first:])]


def _path(word: str) -> str:
    """Of a suite, or of a file or test in it, as a test id names it."""
    file, *rest = word.split("::")
    if not is_suite(word):
        raise ConfigError(Message("command.no_suite", word=word, hint=did_you_mean(word, NAMES), names=NAMES))
    return "::".join((str(_place(file)), *rest))


def _place(file: str) -> Path:
    return SUITES / file.removeprefix("tests/")


def is_suite(word: str) -> bool:
    """Whether it names a suite, or a file or a test in one."""
    place = _place(word.partition("::")[0])
    inside = place.is_relative_to(SUITES) and place.relative_to(SUITES).parts[:1] in [
        (name,) for name in NAMES
    ]
    return inside and place.exists()


def join_values(words: Sequence[str]) -> list[str]:
    """`--model DIR` as `--model=DIR`: pytest learns our options late, and would take DIR for a test path."""
    with_value, joined = (
        {option.name for option in OPTIONS if option.parse and option.alone is None},
        list[str](),
    )
    for word in words:
        if joined and joined[-1] in with_value and not word.startswith("--"):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined
