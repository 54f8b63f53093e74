"""In a Chinese locale every command refuses in Chinese; --lang wins over the locale."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from slabench.cli.main import main
from slabench.exit_status import USAGE
from slabench.messages import asked_language

HAN = re.compile("[\u4e00-\u9fff]")
REFUSED = (
    "runn",
    "run --base-url=URL",
    "run tencentt",
    "log",
    "log missing.log",
    "log --cvs missing.log",
    "log --json --csv missing.log",
    "log --decode-gpu-num=x missing.log",
    "log --lang=fr missing.log",
    "compare old.json",
    "compare missing.json other.json",
    "compare missing.json other.json --tolerance=-1",
    "baseline sav",
    "baseline save reports/latest",
    "baseline launches . -o out.json",
    "bisect ali",
    "bisect ali --versions=A,B --state=. --launch=x",
    "report missing",
    "history missing.jsonl",
    "history accept missing.jsonl 0.5.7",
    "crosscheck",
    "crosscheck --base-url=sim: --num-prompts=0",
    "crosscheck --base-url=ftp://x",
    "sim --port=x",
    "sim --profile=dmo",
)


@pytest.mark.parametrize("words", REFUSED)
def test_a_refusal_is_in_the_locale_s_language(
    words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    texts = []
    for locale in ("C.UTF-8", "zh_CN.UTF-8"):
        monkeypatch.setenv("LC_ALL", locale)
        assert main(words.split()) == USAGE
        texts.append(capsys.readouterr().err)
    english, chinese = texts
    assert english and not HAN.search(english)
    assert HAN.search(chinese.splitlines()[-1]), chinese
    assert "error:" not in chinese


@pytest.mark.parametrize(
    ("words", "language"),
    [
        (["log", "x"], "zh"),
        (["log", "--lang=en"], "en"),
        (["log", "--lang", "en", "x"], "en"),
        (["log", "--lang=fr"], "zh"),
        (["log", "--lang"], "zh"),
    ],
)
def test_the_language_is_known_before_the_options_are(
    words: list[str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert asked_language(words) == language
