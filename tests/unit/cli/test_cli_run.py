"""`slabench run`: which of its words become whose."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from slabench.cli.run import INI, arguments
from slabench.errors import ConfigError
from slabench.places import SUITES

OWN = [f"--config-file={INI}", "--rootdir=/here", f"--confcutdir={SUITES}"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("tencent --base-url=sim:", [f"{SUITES}/tencent", "--base-url=sim:"]),
        ("ali serving", [f"{SUITES}/ali", f"{SUITES}/serving"]),
        (
            "tests/ali/test_decode.py::test_decode_tpot[bs8] -q",
            [f"{SUITES}/ali/test_decode.py::test_decode_tpot[bs8]", "-q"],
        ),
        ("ali/test_prefill.py", [f"{SUITES}/ali/test_prefill.py"]),
        ("ali --model /models/m -k tencent", [f"{SUITES}/ali", "--model=/models/m", "-k", "tencent"]),
        (
            "ali --slo tpot<=50 --slo ttft<=9 --find-capacity -v",
            [f"{SUITES}/ali", "--slo=tpot<=50", "--slo=ttft<=9", "--find-capacity", "-v"],
        ),
        ("ali --model --github", [f"{SUITES}/ali", "--model", "--github"]),
    ],
)
def test_words(words: str, expected: list[str]) -> None:
    assert arguments(words.split(), "/here") == [*OWN, *expected]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "Name the suites first"),
        ("--base-url=sim: tencent", "Name the suites first"),
        ("tencant", "'tencant' is no suite. Did you mean tencent? There are ali, serving, tencent"),
        ("unit", "is no suite"),
        ("tests", "is no suite"),
        ("../slabench", "is no suite"),
        ("bench/test_mine.py", "pytest bench/test_mine.py -p slabench.plugin --base-url=URL"),
    ],
)
def test_what_is_no_suite(words: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as raised:
        arguments(words.split(), "/here")
    assert sentence in str(raised.value)


def test_every_package_is_in_the_wheel() -> None:
    """pyproject.toml lists them, since mapped folders and a search cannot stand together."""
    root = Path(__file__).resolve().parents[3]
    listed = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    there = {".".join(path.parent.relative_to(root).parts) for path in root.glob("slabench/**/*.py")}
    suites = {
        f"slabench.suites.{path.parent.name}"
        for name in ("ali", "serving", "tencent")
        for path in root.glob(f"tests/{name}/*.py")
    }
    assert set(listed) == there | suites | {"slabench.baselines", "slabench.data"}
