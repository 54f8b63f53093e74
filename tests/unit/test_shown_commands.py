"""Every command that the documents, the examples and the CI files show: the program and the command exist, so
do the tests' paths and the options, and the options' values can be read.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from slabench.cli.main import COMMANDS, main
from slabench.errors import ConfigError
from slabench.options.table import OPTIONS
from slabench.verdict import sla

REPO = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*REPO.glob("*.md"), *REPO.glob("docs/**/*.md"), *REPO.glob("examples/*.md")])
SCRIPTS = sorted([*REPO.glob("examples/*.sh"), *REPO.glob("examples/*.sbatch")])
YAMLS = sorted(
    [
        REPO / "action.yml",
        *REPO.glob("examples/*.y*ml"),
        *REPO.glob("docs/ci/*.yml"),
        *REPO.glob(".github/workflows/*.yml"),
    ]
)
_KNOWN = {option.name: option for option in OPTIONS}
# pytest's own and its plugins' that are shown somewhere
_PYTESTS = frozenset(
    "-k -m -n -p -q -s -v -x --collect-only --deselect --ignore --durations --dist --rootdir --confcutdir "
    "--timeout --help --benchmark-json --benchmark-only --html --junitxml --count --reruns --debug "
    "--showlocals".split()
)
_PROGRAM = re.compile(r"^(?:\S*/)?(?:(?P<pytest>pytest)|(?P<slabench>slabench)|python3? -m slabench)(?: |$)")
_PLACEHOLDER = re.compile(r"[A-Z][A-Z_.]*(,[A-Z.]+)*|.*\.\.\..*|.*[$<{].*")  # FILE, A,B, ..., $MODEL


def commands_of(text: str) -> Iterator[str]:
    """Of a document's blocks, with lines joined that a backslash continues, and of its code spans."""
    for block in re.findall(r"^```(?:sh|bash|shell)?\n(.*?)^```", text, re.M | re.S):
        yield from (line.strip() for line in block.replace("\\\n", " ").splitlines())
    prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    yield from (" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose))


def lines_of(script: str) -> Iterator[str]:
    yield from (line.strip() for line in script.replace("\\\n", " ").splitlines())


def strings_of(value: Any) -> Iterator[str]:
    """Of a YAML document: each string, and each list of strings as one command."""
    if isinstance(value, str):
        yield from lines_of(value)
    elif isinstance(value, list):
        if value and all(isinstance(each, str) for each in value) and value[0] in COMMANDS:
            yield shlex.join(["slabench", *value])  # of an image whose entry point is slabench
        for each in value:
            yield from strings_of(each)
    elif isinstance(value, dict):
        if value.keys() >= {"suites", "options"} and isinstance(value["suites"], str):  # of action.yml
            options = [line.strip() for line in value["options"].splitlines() if line.strip()]
            yield shlex.join(["slabench", "run", *value["suites"].split(), *options])
        for each in value.values():
            yield from strings_of(each)


def shown() -> list[tuple[str, str]]:
    """(file, command), each once."""
    found = [(path, line) for path in DOCUMENTS for line in commands_of(path.read_text(encoding="utf-8"))]
    found += [(path, line) for path in SCRIPTS for line in lines_of(path.read_text(encoding="utf-8"))]
    found += [(path, line) for path in YAMLS for line in strings_of(yaml.safe_load(path.read_text()))]
    named = [(str(path.relative_to(REPO)), line) for path, line in found if _PROGRAM.match(line)]
    return list(dict.fromkeys(named))


@cache
def options_of(command: str) -> frozenset[str]:
    """Of a command of slabench, as its --help lists them."""
    import contextlib
    import io

    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        assert main([*command.split(), "--help"]) == 0
    return frozenset(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text.getvalue()))


def problem(line: str) -> str | None:
    """What is wrong with a command; None where nothing is."""
    match = _PROGRAM.match(line)
    assert match is not None, line
    words = shlex.split(line[match.end() :].partition(" #")[0], comments=False)
    words = list(_before_the_shells(words))
    if match["pytest"]:
        return _suite(words, [word for word in words if word.startswith(("tests/", "'tests/"))])
    if not words or words[0].startswith("-") or not re.fullmatch(r"[a-z]+", words[0]):
        return None  # `slabench --version`, `slabench COMMAND`, a sentence that begins with slabench
    command, *words = words
    if command not in COMMANDS:
        return f"there is no command {command}"
    if command in ("run", "plan", "doctor"):
        return _suite(words, [])
    if command == "baseline":
        if not words or words[0] not in ("list", "show", "save", "merge", "launches"):
            return None if not words else f"baseline has no {words[0]}"
        command = f"baseline {words[0]}"
    unknown = [word.partition("=")[0] for word in words if word.startswith("-") and len(word) > 1]
    known = options_of(command) | (set(_KNOWN) if command == "bisect" else set())  # of the gate that it runs
    unknown = [name for name in unknown if name not in known]
    return f"{command} has no option {unknown[0]}" if unknown else None


def _before_the_shells(words: list[str]) -> Iterator[str]:
    for word in words:
        if word in ("||", "&&", "&", "|", ";", ">", "2>&1") or word.startswith(">"):
            return
        yield word.removesuffix(";")


def _suite(words: list[str], paths: list[str]) -> str | None:
    missing = [path for path in paths if not (REPO / path.partition("::")[0]).exists()]
    if missing and "..." not in missing[0]:
        return f"there is no {missing[0]}"
    for word in (word for word in words if word.startswith("-") and len(word) > 1):
        name, sign, value = word.partition("=")
        option = _KNOWN.get(name)
        if option is None:
            if name not in _PYTESTS and not re.fullmatch(r"-n\d+|-[a-z]", name):
                return f"there is no option {name}"
        elif option.parse is not None and sign and not _PLACEHOLDER.fullmatch(value):
            try:
                read = option.reader(value)
                if name == "--slo":
                    sla.parse(read)
            except (argparse.ArgumentTypeError, ConfigError) as error:
                return f"{word}: {error}"
        elif option.parse is None and sign:
            return f"{name} takes no value"
    return None


def test_there_are_many() -> None:
    files = [file for file, _ in shown()]
    assert len(files) > 50
    for wanted in (
        "README.md",
        "docs/gate-an-upgrade.md",
        "examples/slurm.sbatch",
        "examples/docker-compose.yml",
    ):
        assert wanted in files


@pytest.mark.parametrize(("file", "line"), shown(), ids=lambda value: value[:60])
def test_a_shown_command_can_be_given(file: str, line: str) -> None:
    assert problem(line) is None, (file, line)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("pytest tests/tencent --base-url=sim: --num-promts=3", "there is no option --num-promts"),
        ("pytest tests/tencnt --base-url=sim:", "there is no tests/tencnt"),
        ("pytest tests/ali --batch-sizes=1,x --base-url=sim:", "cannot be taken"),
        ("pytest tests/ali --github=yes", "--github takes no value"),
        ("pytest tests/ali --slo='tpot.mean>=50'", "upside down"),
        ("slabench run tencent --slo-preset=ant50", "Did you mean ant-50?"),
        ("slabench compere a b", "there is no command compere"),
        ("slabench compare a b --tolerence=3 || true", "compare has no option --tolerence"),
        ("python -m slabench baseline merge a b --out=c", "baseline merge has no option --out"),
        ("slabench run tencent --base-url=URL --max-concurrency=N -k 'a or b' -n2 || status=$? # --x", None),
    ],
)
def test_what_is_wrong_is_found(line: str, found: str | None) -> None:
    known = problem(line)
    assert known is None if found is None else known is not None and found in known
