"""Commands whose tables are no run's report are translated too; what programs read is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from slabench.bisect.document import BisectDocument, Found
from slabench.cli.bisect import as_text
from slabench.cli.main import main
from slabench.history.file import append
from slabench.messages import in_language
from slabench.places import BASELINES
from tests.unit.history.lines import run_line

LOG = Path(__file__).resolve().parents[2] / "data" / "server" / "real-0.5.12-h200-qwen3-30b-a3b-dummy.log.gz"
HAN = re.compile("[\u4e00-\u9fff]")
# an English sentence: five words one after the other
SENTENCE = re.compile(r"(?:\b[a-z]+,? ){5}")


def said(capsys: pytest.CaptureFixture[str], language: str, *words: str) -> str:
    main([*words, f"--lang={language}"])
    printed = capsys.readouterr()
    return printed.out + printed.err


def test_log_history_and_baseline_speak_chinese(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history = tmp_path / "history.jsonl"
    for number in range(12):
        append(str(history), run_line(number, (40.0 + number % 2 + 5 * (number > 6),)))
    commands = (
        ("log", str(LOG)),
        ("history", str(history)),
        ("baseline", "show", str(BASELINES / "published-tencent.json")),
        ("baseline", "list", str(BASELINES)),
    )
    for words in commands:
        chinese, english = said(capsys, "zh", *words), said(capsys, "en", *words)
        assert HAN.search(chinese), words
        assert not HAN.search(english), words
        assert re.findall(r"\d+\.\d+", chinese) == re.findall(r"\d+\.\d+", english), words
    assert "最大 CUSUM 的置换检验" in said(capsys, "zh", "history", str(history))
    assert said(capsys, "zh", "log", str(LOG), "--csv") == said(capsys, "en", "log", str(LOG), "--csv")


def test_the_sentences_are_translated_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("log", str(LOG)), ("baseline", "list", str(tmp_path))):
        text = said(capsys, "zh", *words).replace(str(tmp_path), "")
        assert not SENTENCE.search(text), text


def test_a_bisection_s_answer_is_translated() -> None:
    document = BisectDocument(
        slabench="0.1.0",
        created_utc="",
        updated_utc="",
        versions=("v0", "v1", "v2"),
        reference="oldest",
        command=(),
        digest="",
        folder="",
        launches=3,
        found=Found(not_slower="v0", slower="v2", unresolved=("v1",)),
    )
    with in_language("zh"):
        text = as_text(document)
    assert "v2 确定变慢，v0 没有变慢" in text and "探测" in text.splitlines()[0]
    assert "v2 is surely slower and v0 is not" in as_text(document)
