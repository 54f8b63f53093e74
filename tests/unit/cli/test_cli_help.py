"""--help of every command: what it does, its options with unit, default and choices, and an example."""

from __future__ import annotations

import pytest

from slabench.cli.main import COMMANDS, main
from slabench.cli.run import option_help
from slabench.options.table import OPTIONS

WORDS = [
    *([command] for command in COMMANDS),
    *(["baseline", name] for name in ("list", "show", "save", "merge", "launches")),
]


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_every_command_has_one_with_an_example(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--help"]) == 0
    text = capsys.readouterr().out
    head, _, rest = text.partition("\n\n")
    assert head.startswith("usage: ") and " ".join(words) in head
    assert len(rest) > 100
    after = text.partition("example")[2] if words != ["run"] else text
    assert f"slabench {' '.join(words)} " in after


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_the_list_of_commands(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == (0 if words else 4)
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in COMMANDS) and "slabench run tencent --base-url=" in text


def test_the_suites_options_are_in_one_place() -> None:
    """Each with what it reads, its default and its choices."""
    text = option_help()
    for option in OPTIONS:
        assert f"  {option.name}" in text
        assert " ".join(option.described.split()) in " ".join(text.split())


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_an_options_help_is_complete(option: object) -> None:
    """Seconds where S is read, per cent where PCT is; a default that is not None is named."""
    (known,) = [each for each in OPTIONS if each is option]
    units = {"S": "seconds", "PCT": "per cent", "R": "a second"}
    assert units.get(known.metavar, "") in known.help
    if known.parse is not None and known.default not in (None, ()):
        assert f"default {known.shown_default}" in known.described
    assert all(choice in known.described for choice in known.choices)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["crosscheck", "--base-url=sim:", "--num-promts=4"], "did you mean --num-prompts?"),
        (["crosscheck", "--base-url=sim:", "--numprompts=4"], "write --num-prompts=4."),
        (["compare", "a", "b", "--tolerence=4"], "did you mean --tolerance?"),
        (["log", "x", "--decode-gpus=4"], "did you mean --decode-gpu-num?"),
        (["log", "x", "--jsn"], "did you mean --json?"),
        (["baseline", "mrge", "x"], "baseline has no command 'mrge'. Did you mean merge?"),
        (["compre", "a", "b"], "There is no command 'compre'. Did you mean compare?"),
        (["run", "tencnt"], "'tencnt' is no suite. Did you mean tencent?"),
        (["sim", "--profile=dem"], "There is no profile 'dem' of the embedded server. Did you mean demo?"),
        (["sim", "--profile=demo?decode_base=4"], "Did you mean decode_base_ms?"),
        (["sim", "--profile=demo?fault=busi"], "Did you mean busy?"),
        (["crosscheck", "--base-url=sim:", "--allow=complete"], "Did you mean completed?"),
        (["compare", "a", "b", "--allow-diff=hardwar.gpu"], "Did you mean hardware?"),
        (["crosscheck", "--base-url=sim:", "--dataset-name=sharegtp"], "Did you mean sharegpt?"),
    ],
)
def test_a_mistyped_name_gets_a_hint(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 4
    assert sentence in capsys.readouterr().err


def test_a_secret_given_to_a_command_that_takes_none_is_not_repeated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["compare", "a", "b", "--api-key=hush"]) == 4
    printed = capsys.readouterr().err
    assert "--api-key" in printed and "hush" not in printed
