"""The command of a run, and the one that runs some of its tests again with the same options."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from slabench.program import slabench_program
from slabench.run_document.run import RunDocument

OF_SLABENCH_RUN = ("--config-file", "--rootdir", "--confcutdir")  # how it starts pytest
# What chose the tests, and the run that was continued.
WITH_VALUE = (
    "-k",
    "-m",
    "-n",
    "--deselect",
    "--ignore",
    "--resume",
    *OF_SLABENCH_RUN,
)
ALONE = ("--lf", "--last-failed", "--ff", "--failed-first", "--nf")
BEHIND_A_LETTER = ("-k", "-m", "-n")  # -kWORD


def command(run: Sequence[str]) -> str:
    """As a shell takes it."""
    return " ".join(map(_quoted, run))


def typed(document: RunDocument) -> str:
    """The run's command as it was typed."""
    return command(_typed(document))


def resumed(document: RunDocument) -> str:
    """What continues the run in its folder, and measures what it has not finished."""
    folder = f"{str(document.options.get('report_dir') or 'reports').rstrip('/')}/{document.run_id}"
    return command([*_without(_typed(document), ("--resume",)), f"--resume={folder}"])


def doctor(document: RunDocument) -> str:
    """What looks at the run's servers without load; empty where slabench started them."""
    urls = document.options.get("base_url")
    if not urls:
        return ""
    addresses = [urls] if isinstance(urls, str) else list(urls)  # type: ignore[call-overload]
    baseline = document.options.get("baseline_url")
    old = [f"--baseline-url={baseline}"] if baseline else []
    return command([*slabench_program(), "doctor", *(f"--base-url={url}" for url in addresses), *old])


def _typed(document: RunDocument) -> list[str]:
    """Without what `slabench run` starts pytest with; its suites as test ids name them."""
    words, suites = document.command[1:], next(_values(document.command, "--confcutdir"), None)
    if suites is None or not _by_slabench(document):
        return [*_program(document), *words]
    kept = _without(words, OF_SLABENCH_RUN)
    named = (f"tests{word[len(suites) :]}" if word.startswith(suites) else word for word in kept)
    return [*_program(document), *named]


def rerun(document: RunDocument, ids: Sequence[str]) -> str:
    """`pytest 'tests/...::test[x]' --base-url=...`: these tests in place of the run's own."""
    kept = [word for word in _options(document.command[1:]) if not _is_test(word, document.planned)]
    return command([*_program(document), *ids, *kept])


def _program(document: RunDocument) -> Sequence[str]:
    """Of a file that was stored before `program` was: what its arguments say."""
    old = document.program == ("pytest",) and _by_slabench(document)
    return ("slabench", "run") if old else document.program


def _by_slabench(document: RunDocument) -> bool:
    return any(_values(document.command, "--config-file"))


def _values(words: Sequence[str], name: str) -> Iterator[str]:
    yield from (word.partition("=")[2] for word in words if word.startswith(f"{name}="))


def _without(words: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    """Without these options and their values, joined or apart."""
    rest = iter(words)
    for word in rest:
        name, equals, _ = word.partition("=")
        if name not in names:
            yield word
        elif not equals:
            next(rest, None)


def _options(arguments: Sequence[str]) -> Iterator[str]:
    """Without those that chose the tests."""
    for argument in _without(arguments, WITH_VALUE):
        joined = argument.startswith(BEHIND_A_LETTER) and len(argument) > 2
        if argument.partition("=")[0] not in ALONE and not joined:
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
