"""Chinese has every message of the English catalogue with the same arguments; an output decides which."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.messages import LANGUAGES, Message, Sentence, in_language, messages_of, of_locale, percent
from slabench.messages import chinese as chinese_rooms
from slabench.messages import english as english_rooms
from slabench.messages.chinese import CATALOGUE as CHINESE
from slabench.messages.english import CATALOGUE as ENGLISH

HAN = "[\u4e00-\u9fff]"
# What has no word to translate: terms of the field, units, and what only joins its arguments.
AS_IN_ENGLISH = re.compile(
    r"(TPOT_BOUNDED|TPOT|TTFT|QPM|INVALID|INCONCLUSIVE|NOT_COMPARABLE|REDUCED|OWN_SLO|batch size|HTTP|tok/s"
    r"|ms|n|GPU|sglang|slabench|compare|classic|ITL|prefill|retract|prompt|NOT_SAVED|run.json|null|p\d+|q\d|[^A-Za-z])*"
)


def arguments(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def words(template: str) -> str:
    """Without the fields."""
    return "".join(text for text, *_ in Formatter().parse(template))


def test_every_message_is_translated_with_the_same_arguments() -> None:
    assert sorted(ENGLISH.keys() - CHINESE.keys()) == [], "no translation in slabench/messages/chinese"
    assert sorted(CHINESE.keys() - ENGLISH.keys()) == [], "no such message any more"
    differ = [id for id, text in ENGLISH.items() if arguments(text) != arguments(CHINESE[id])]
    assert differ == []


def test_both_catalogues_have_the_same_rooms() -> None:
    rooms = [
        {file.name for file in Path(*module.__path__).glob("*.py")}
        for module in (english_rooms, chinese_rooms)
    ]
    assert rooms[0] == rooms[1]


def test_a_translation_is_chinese() -> None:
    left = [
        id
        for id, text in CHINESE.items()
        if not re.search(HAN, words(text)) and not AS_IN_ENGLISH.fullmatch(words(text))
    ]
    assert left == []


def test_chinese_has_its_own_marks_and_a_space_beside_latin_words() -> None:
    wrong = {
        id: found[0]
        for id, text in CHINESE.items()
        for mark in (f"{HAN}[,:;!?(]", f"{HAN}[A-Za-z0-9]", f"[A-Za-z0-9]{HAN}", f"{HAN}\\.")
        if (found := re.findall(mark, words(text).replace("`", "")))
    }
    assert wrong == {}


def test_within_a_language_messages_and_their_parts_are_in_it() -> None:
    failed = Message(
        "completed.failed",
        failed=4,
        requests=16,
        errors=(Message("error.count", error=Message("error.reset"), count=4),),
        example=None,
    )
    english = "4 of 16 requests failed with a broken connection (4); all must succeed."
    assert str(failed) == english
    with in_language("zh"):
        assert str(failed) == "16 个请求中有 4 个失败，错误：连接中断（4 个）；必须全部成功。"
        with in_language("en"):
            assert str(failed) == english
    assert str(failed) == english  # as run.json has it


def test_percentages_sequences_and_sentences_as_the_language_writes_them() -> None:
    held = Message("ttft.sentences", sentences=(Message("stall.no_gap"), Message("flush.not_requested")))
    listed = Message("reason.joined", reasons=("flush", "completed"))
    assert (percent(0.123, ".1%"), str(listed)) == ("12.3 %", "flush, completed")
    assert str(held) == "No answer has two arrivals. No cache flush was requested."
    with in_language("zh"):
        assert (percent(0.123, ".1%"), str(listed)) == ("12.3%", "flush、completed")
        assert str(held) == "没有响应有两次以上的数据到达。没有要求清空缓存。"


def test_chinese_has_no_space_before_a_percent_sign_of_an_argument_either() -> None:
    change = Message("comparison.change_single", change="+50.2 %", n=None)
    floor = Message("comparison.floor", floor=2.0, unit="ms", share="24.09 %")
    options = Message("text", text="50 %(name)s, 3 %d")
    assert (str(change), str(floor)) == ("+50.2 %", "2.00 ms (24.09 %)")
    with in_language("zh"):
        assert (str(change), str(floor)) == ("+50.2%", "2.00 ms（24.09%）")
        assert str(options) == "50 %(name)s, 3 %d"


def test_a_server_s_own_sentence_is_followed_by_a_space() -> None:
    text = Message("console.with_remedy", text="CUDA out of memory.", remedy=Message("remedy.server_log"))
    with in_language("zh"):
        assert str(text).startswith("CUDA out of memory. 请查看服务端日志")


def test_a_message_without_a_translation_is_english_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(CHINESE, "stall.no_gap")
    with in_language("zh"):
        assert str(Message("stall.no_gap")) == ENGLISH["stall.no_gap"]


def test_a_sentence_is_english_text_that_keeps_its_message() -> None:
    with in_language("en"):
        sentence = Sentence.of("warmup.failed", failed=1, requests=8)
    assert sentence == "1 of 8 warm-up requests failed." and isinstance(sentence, str)
    first, second = messages_of([sentence, "a text of another origin"])
    with in_language("zh"):
        assert (str(first), str(second)) == ("8 个预热请求中有 1 个失败。", "a text of another origin")
    assert messages_of(["only texts"]) == ()


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_TW.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "", "LC_MESSAGES": ""}, "zh"),
    ],
)
def test_the_first_locale_variable_that_is_set_decides(environment: dict[str, str], language: str) -> None:
    assert of_locale(environment) == language


@given(st.dictionaries(st.sampled_from(["LC_ALL", "LC_MESSAGES", "LANG"]), st.text(max_size=8)))
def test_any_locale_is_a_language(environment: dict[str, str]) -> None:
    assert of_locale(environment) in LANGUAGES
