"""A data set in the forms that people have: what can be used is, what is broken is counted, what is none is
one sentence.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slabench.errors import ConfigError
from slabench.workloads.cache import DatasetStore
from slabench.workloads.dataset import Conversations, read_conversations
from slabench.workloads.model import WorkloadSpec
from tests.unit.workloads.test_workloads_prepare import Letters, made

SHAREGPT = {"conversations": [{"from": "human", "value": "abc"}, {"from": "gpt", "value": "defg"}]}
SECOND = {"conversations": [{"value": "hij"}, {"value": "klmn"}, {"value": "never"}]}
OPENAI = {
    "messages": [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "abc"},
        {"role": "assistant", "content": "defg"},
        {"role": "user", "content": "never"},
    ]
}
PARTS = {
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "a"},
                {"type": "image_url", "image_url": {}},
                {"type": "text", "text": "bc"},
            ],
        },
        {"role": "assistant", "content": "defg"},
    ]
}
BOTH = [("abc", "defg"), ("hij", "klmn")]


def lines(*entries: object) -> str:
    return "\n".join(json.dumps(entry) for entry in entries) + "\n"


@pytest.mark.parametrize(
    ("content", "turns"),
    [
        (json.dumps([SHAREGPT, SECOND]).encode(), BOTH),
        (b"\xef\xbb\xbf" + json.dumps([SHAREGPT, SECOND]).encode(), BOTH),  # a byte order mark
        (lines(SHAREGPT, SECOND).encode(), BOTH),
        (b"\xef\xbb\xbf" + lines(SHAREGPT, SECOND).replace("\n", "\r\n\r\n").encode(), BOTH),
        (lines(SHAREGPT).encode(), BOTH[:1]),
        (json.dumps([OPENAI, SECOND]).encode(), BOTH),
        (lines(OPENAI, SECOND).encode(), BOTH),
        (json.dumps([PARTS]).encode(), BOTH[:1]),
        (json.dumps([{"conversation": SHAREGPT["conversations"]}]).encode(), BOTH[:1]),
        # as bench_serving drops it
        (json.dumps([{"conversations": [{"value": "alone"}]}, SHAREGPT]).encode(), BOTH[:1]),
        (json.dumps([{"messages": [{"role": "user", "content": "alone"}]}, SHAREGPT]).encode(), BOTH[:1]),
    ],
)
def test_forms(tmp_path: Path, content: bytes, turns: list[tuple[str, str]]) -> None:
    path = tmp_path / "data.json"
    path.write_bytes(content)
    conversations = read_conversations(str(path))
    assert (list(conversations.turns), conversations.broken, conversations.note) == (turns, 0, None)


@pytest.mark.parametrize(
    "entry",
    [
        None,
        7,
        "text",
        [],
        {"conversations": None},
        {"conversations": [{"text": "a"}, {"text": "b"}]},
        {"conversations": [{"value": "a"}, {"value": 7}]},
        {"conversations": [{"value": "a"}, None]},
        {"conversations": [{"value": "\ud800"}, {"value": "b"}]},
        {"messages": [{"content": "a"}, {"content": "b"}]},
        {"messages": [{"role": "user", "content": None}, {"role": "assistant", "content": "b"}]},
        {
            "messages": [
                {"role": "user", "content": [{"type": "image_url"}]},
                {"role": "assistant", "content": "b"},
            ]
        },
        {"messages": 3},
    ],
)
def test_a_broken_entry_is_left_out_and_counted(tmp_path: Path, entry: object) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps([SHAREGPT, entry, SECOND, entry]))
    conversations = read_conversations(str(path))
    assert (list(conversations.turns), conversations.broken) == (BOTH, 2)
    assert conversations.note is not None
    assert conversations.note.startswith(
        "2 broken entries were left out of the data set (the first: number 2, "
    )
    assert conversations.note.endswith("; 2 conversations remain.")


def test_a_line_that_is_no_json_is_a_broken_entry(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(lines(SHAREGPT) + '{"conversations": [{"val\n' + lines(SECOND))
    conversations = read_conversations(str(path))
    assert (list(conversations.turns), conversations.broken) == (BOTH, 1)
    assert conversations.note == (
        "1 broken entry was left out of the data set (the first: number 2, a line that is not "
        "a JSON object); 2 conversations remain."
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        (" \n\t\n", "is empty"),
        ("\ufeff", "is empty"),
        ("[]", "holds an empty list"),
        ("{}", "holds a JSON object, not a list"),
        ("3", "holds a JSON number, not a list"),
        ("null", "holds a JSON null"),
        ('[{"conversations": [', "cannot be read as JSON"),  # cut off
        ("question,answer\na,b\n", "cannot be read as JSON"),
        ("{not json\n{nor this\n", "cannot be read as JSON"),
        ("[1, 2]", "none of its 2 entries can be used (the first: number 1, not in ShareGPT's form"),
        (
            '{"prompt": "a"}\n{"prompt": "b"}\n',
            "none of its 2 entries can be used (the first: number 1,",
        ),
        ('[{"conversations": []}]', "no conversation with two turns"),
    ],
)
def test_what_is_no_data_set_is_one_sentence(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "data.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        made(
            WorkloadSpec("random", 1, 3, 2, prompt_form="text", dataset_path=str(path)),
            tmp_path / "cache",
            Letters,
        )
    assert words in str(error.value) and "\n" not in str(error.value)


def test_bytes_that_are_no_text_are_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_bytes(b"\x1f\x8b\x08\x00\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read as JSON"):
        read_conversations(str(path))


def test_what_was_left_out_is_said_of_prompts_from_the_cache_too(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps([SHAREGPT, None, SECOND]))
    spec = WorkloadSpec("random", 2, 3, 2, prompt_form="text", dataset_path=str(path))
    for _ in range(2):
        workload = made(spec, tmp_path / "cache", Letters)
        assert [prompt.text for prompt in workload.prompts] in (["abc", "hij"], ["hij", "abc"])
        assert any(note.startswith("1 broken entry was left out") for note in workload.notes)
    clean = tmp_path / "clean.json"
    clean.write_text(json.dumps([SHAREGPT, SECOND]))
    store = DatasetStore(tmp_path / "cache")
    assert (
        store.left_out(str(clean)) is None and DatasetStore(tmp_path / "cache").left_out(str(clean)) is None
    )
    assert Conversations(()).note is None


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x0b", "\x1c"])
def test_what_python_takes_for_a_line_s_end_is_none_in_json_lines(tmp_path: Path, sign: str) -> None:
    """JSON may hold U+2028 as it is, and conversations from web pages do."""
    path = tmp_path / "data.jsonl"
    odd = {"conversations": [{"value": f"a{sign}b"}, {"value": "c"}]}
    escaped = sign < " "  # a control character is escaped in JSON
    path.write_text(
        json.dumps(odd, ensure_ascii=escaped) + "\r\n" + json.dumps(SECOND) + "\r\n",
        encoding="utf-8",
        newline="",
    )
    conversations = read_conversations(str(path))
    assert (len(conversations.turns), conversations.broken, conversations.turns[0][0]) == (2, 0, f"a{sign}b")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("text", "number 1, not in ShareGPT's form: a JSON string, not an object)"),
        (None, "a JSON null, not an object"),
        ({"conversations": [{"from": "human"}, {"value": "a"}]}, "'value' is missing"),
        ({"conversations": [{"value": 3}, {"value": "a"}]}, "a turn's value is not a text"),
        ({"x": 1}, "it has neither conversations nor messages"),
        ({"conversations": None}, "its conversations are a JSON null, not a list"),
        ({"messages": {"role": "user"}}, "its messages are a JSON object, not a list"),
        ({"conversations": ["a", "b"]}, "a turn is a JSON string, not an object"),
        ({"messages": [{"content": "a"}]}, "a turn's 'role' is missing"),
        ({"messages": [{"role": "user", "content": 3}]}, "a turn's content is not a text"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "a turn's content is not a text"),
    ],
)
def test_what_is_wrong_with_an_entry_is_said(tmp_path: Path, entry: object, said: str) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps([entry, SHAREGPT]))
    note = read_conversations(str(path)).note
    assert note is not None and said in note and "Error" not in note
    assert note.startswith("1 broken entry ")


def test_every_broken_entry_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps([SHAREGPT, {"conversations": None}, {"x": 1}, None, SECOND]))
    conversations = read_conversations(str(path))
    assert (len(conversations.turns), conversations.broken) == (2, 3)
