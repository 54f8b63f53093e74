"""Workloads without a server: lengths, distinctness, determinism, the cache, and what a wrong file gets."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slabench.errors import ConfigError
from slabench.session.stream_probe import ShortPrompt
from slabench.workloads import WorkloadSpec, prepare
from slabench.workloads.cache import DatasetStore, PromptSet, decode, encode
from slabench.workloads.dataset import read_conversations
from slabench.workloads.model import Prompt

DATASET = str(Path(__file__).resolve().parents[3] / "fixtures" / "data" / "sharegpt_small.json")
IDS = WorkloadSpec("random-ids", 8, 12, 3, prompt_form="ids")


class Letters:
    """A tokenizer worked by hand: one id a character."""

    name_or_path = "letters"
    vocab_size = 26

    def __len__(self) -> int:
        return 26

    def __init__(self) -> None:
        self.encoded = 0

    def encode(self, text: str) -> list[int]:
        self.encoded += 1
        return [ord(letter) - 97 for letter in text]

    def decode(self, ids: list[int]) -> str:
        return "".join(chr(97 + number) for number in ids)


def never() -> Any:
    raise AssertionError("no tokenizer is needed here")


def made(spec: WorkloadSpec, folder: Path, tokenizer: Callable[[], Any] = never) -> Any:
    return prepare(spec, tokenizer=tokenizer, store=DatasetStore(folder))


@settings(max_examples=60)
@given(
    st.integers(1, 80), st.integers(2, 40), st.sampled_from([20, 50, 150, 1000, 151_936]), st.integers(0, 5)
)
def test_ids_are_inside_the_vocabulary_and_begin_differently(
    count: int, length: int, vocabulary: int, seed: int
) -> None:
    spec = replace(IDS, num_prompts=count, input_len=length, vocab_size=vocabulary, seed=seed)
    prompts = made(spec, Path("unused")).prompts
    assert [len(prompt.ids) for prompt in prompts] == [length] * count
    assert all(min(prompt.ids) >= 0 and max(prompt.ids) < vocabulary for prompt in prompts)
    assert len({tuple(prompt.ids[:2]) for prompt in prompts}) == count
    if count <= vocabulary - 10:
        assert len({prompt.ids[0] for prompt in prompts}) == count


def test_no_prompt_begins_as_what_is_sent_before_the_load_does() -> None:
    """1000 of them begin with all ids that are used: what the probe of the idle server left in the cache is
    none of theirs.
    """
    prompts = made(replace(IDS, num_prompts=1000), Path("unused")).prompts
    first = ShortPrompt.of(prompts[0]).ids
    assert first is not None and 0 <= first[0] < 1000
    assert first[0] not in {prompt.ids[0] for prompt in prompts if prompt.ids is not None}


def test_ids_are_the_same_again_and_others_for_another_test_or_seed() -> None:
    first, again = made(IDS, Path("unused")), made(IDS, Path("unused"))
    assert first.prompts == again.prompts
    assert made(replace(IDS, salt="other"), Path("unused")).prompts != first.prompts
    assert made(replace(IDS, seed=9), Path("unused")).prompts != first.prompts


def test_without_a_known_vocabulary_ids_stay_below_1000_and_it_is_said() -> None:
    workload = made(replace(IDS, num_prompts=50, input_len=200), Path("unused"))
    assert max(max(prompt.ids) for prompt in workload.prompts) < 1000
    assert "below 1000" in workload.notes[0]
    assert "not known" in workload.notes[0]
    assert workload.describe()["ids_below"] == 1000
    assert "not known" not in made(replace(IDS, vocab_size=5000), Path("unused")).notes[0]


def test_a_vocabulary_of_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="--vocab-size=1"):
        made(replace(IDS, vocab_size=1), Path("unused"))


def dataset(folder: Path, *turns: tuple[str, str]) -> str:
    path = folder / "data.json"
    path.write_text(
        json.dumps(
            [{"conversations": [{"value": question}, {"value": answer}]} for question, answer in turns]
        )
    )
    return str(path)


def test_random_cuts_and_repeats_to_the_length(tmp_path: Path) -> None:
    path = dataset(tmp_path, ("abc", "x"))
    spec = WorkloadSpec("random", 1, 7, 2, prompt_form="text", dataset_path=path)
    assert made(spec, tmp_path, Letters).prompts[0].text == "abcabca"
    spec = replace(spec, input_len=2)
    assert made(spec, tmp_path, Letters).prompts[0].text == "ab"
    spec = replace(spec, prompt_form="ids")
    assert list(made(spec, tmp_path, Letters).prompts[0].ids) == [0, 1]


def test_a_small_data_set_gives_fewer_prompts_and_says_so(tmp_path: Path) -> None:
    path = dataset(tmp_path, ("abc", "x"), ("", "x"), ("de", "x"))
    workload = made(WorkloadSpec("random", 5, 4, 2, prompt_form="text", dataset_path=path), tmp_path, Letters)
    assert sorted(prompt.text for prompt in workload.prompts) == ["abca", "dede"]
    assert workload.notes == ("The data set has 2 of 5 prompts.",)
    assert len(workload.unit_gaps) == 2


def test_sharegpt_takes_questions_and_answer_lengths(tmp_path: Path) -> None:
    path = dataset(tmp_path, ("abc", "wxyz"), ("a", "bcd"), ("bcd", "e"))
    workload = made(
        WorkloadSpec("sharegpt", 3, 1, 1, prompt_form="text", dataset_path=path), tmp_path, Letters
    )
    assert [(prompt.text, prompt.input_len, prompt.output_len) for prompt in workload.prompts] == [
        ("abc", 3, 4)
    ]


def test_the_cache_gives_the_same_without_a_tokenizer_s_work(tmp_path: Path) -> None:
    path = dataset(tmp_path, ("abc", "x"), ("defg", "x"))
    spec = WorkloadSpec("random", 2, 6, 2, prompt_form="text", dataset_path=path)
    first, second = Letters(), Letters()
    fresh = made(spec, tmp_path / "cache", lambda: first)
    kept = made(spec, tmp_path / "cache", lambda: second)
    assert first.encoded == 4  # two questions, and the two prompts again
    assert second.encoded == 0
    assert list(kept.prompts) == list(fresh.prompts)
    assert (
        [list(ids) for ids in kept.own_ids]
        == list(fresh.own_ids)
        == [Letters().encode(prompt.text) for prompt in fresh.prompts]
    )
    assert kept.describe() == fresh.describe()
    other = made(replace(spec, input_len=5), tmp_path / "cache", Letters)
    assert other.prompts != fresh.prompts


@pytest.mark.parametrize("form", ["text", "ids"])
@pytest.mark.parametrize("name", ["random", "sharegpt"])
def test_a_longer_workload_begins_with_the_shorter_so_one_making_serves_both(
    tmp_path: Path, name: str, form: str
) -> None:
    path = dataset(tmp_path, *((chr(97 + k) * 3 + "xy", "answer"[: 2 + k]) for k in range(4)))
    spec = WorkloadSpec(name, 1, 6, 2, prompt_form=form, dataset_path=path)
    tokenizer = Letters()
    for count, at_least, worked in (
        (1, 3, True),
        (2, 0, False),
        (3, 0, False),
        (4, 0, True),
        (9, 0, True),
        (20, 0, False),
    ):
        before = tokenizer.encoded
        wanted = replace(spec, num_prompts=count, output_len=2 + count)
        workload = prepare(
            wanted, tokenizer=lambda: tokenizer, store=DatasetStore(tmp_path / "cache"), at_least=at_least
        )
        assert (tokenizer.encoded > before) == worked, count
        alone = made(wanted, tmp_path / f"alone{count}", Letters)
        assert list(workload.prompts) == list(alone.prompts)
        assert [list(ids) for ids in workload.own_ids] == [list(ids) for ids in alone.own_ids]
        assert workload.unit_gaps == alone.unit_gaps


def test_lengths_that_differ_are_made_for_themselves(tmp_path: Path) -> None:
    path = dataset(tmp_path, ("abc", "x"), ("defg", "x"), ("hij", "x"))
    spec = WorkloadSpec("random", 3, 40, 2, range_ratio=0.1, prompt_form="text", dataset_path=path)
    shorter = replace(spec, num_prompts=2)
    for wanted in (spec, shorter, spec):
        shared = prepare(wanted, tokenizer=Letters, store=DatasetStore(tmp_path / "cache"), at_least=9)
        assert list(shared.prompts) == list(
            made(wanted, tmp_path / "none" / str(wanted.num_prompts), Letters).prompts
        )


def test_kept_prompts_need_no_tokenizer_where_its_folder_is_known(tmp_path: Path) -> None:
    path = dataset(tmp_path, ("abc", "x"))
    spec = WorkloadSpec("random", 1, 6, 2, prompt_form="text", dataset_path=path)
    store = DatasetStore(tmp_path / "cache")
    fresh = prepare(spec, tokenizer=Letters, store=store, tokenizer_folder=str(tmp_path))
    assert list(prepare(spec, tokenizer=never, store=store, tokenizer_folder=str(tmp_path)).prompts) == list(
        fresh.prompts
    )
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(AssertionError, match="no tokenizer"):
        prepare(spec, tokenizer=never, store=store, tokenizer_folder=str(tmp_path))


@pytest.mark.parametrize("damage", [b"", b"no number", b"5\nxxxxx", b"2\n{}", b"99999\n{}"])
def test_a_damaged_cache_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    path = dataset(tmp_path, ("abc", "x"))
    spec = WorkloadSpec("random", 1, 6, 2, prompt_form="text", dataset_path=path)
    fresh = made(spec, tmp_path / "cache", Letters)
    for file in (tmp_path / "cache").iterdir():
        file.write_bytes(damage)
    again = made(spec, tmp_path / "cache", Letters)
    assert list(again.prompts) == list(fresh.prompts)
    assert again.dataset_sha256 == fresh.dataset_sha256


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_bit_that_flipped_is_noticed(data: st.DataObject) -> None:
    prompts = [
        Prompt("é text", None, 3, 4),
        Prompt(None, array("i", [7, -1, 2**31 - 1]), 3, 9),
        Prompt("", None, 0, 1),
    ]
    recipe, whole = {"seed": 1, "inputs": [3]}, PromptSet(prompts, [[1, 2], [7, -1, 2**31 - 1], []], 3)
    kept = encode(recipe, whole)
    found = decode(recipe, memoryview(kept))
    assert list(found.prompts) == prompts
    assert [list(ids) for ids in found.own_ids] == whole.own_ids
    at = data.draw(st.integers(0, len(kept) - 1))
    broken = kept[:at] + bytes([kept[at] ^ (1 << data.draw(st.integers(0, 7)))]) + kept[at + 1 :]
    with pytest.raises((ValueError, KeyError, TypeError, IndexError)):
        decode(recipe, memoryview(broken))
    with pytest.raises(ValueError, match="another recipe"):
        decode({"seed": 2}, memoryview(kept))


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = dataset(tmp_path, ("abc", "x"))
    assert made(
        WorkloadSpec("random", 1, 6, 2, prompt_form="text", dataset_path=path),
        tmp_path / "file" / "cache",
        Letters,
    ).prompts


def test_another_file_under_the_same_name_is_noticed(tmp_path: Path) -> None:
    path = dataset(tmp_path, ("abc", "x"))
    spec = WorkloadSpec("random", 1, 3, 2, prompt_form="text", dataset_path=path)
    assert made(spec, tmp_path / "cache", Letters).prompts[0].text == "abc"
    dataset(tmp_path, ("xyzzy", "x"))
    assert made(spec, tmp_path / "cache", Letters).prompts[0].text == "xyz"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{not json", "cannot be read as JSON"),
        ("{}", "holds a JSON object"),
        ('[{"conversations": [{"text": "a"}, {"text": "b"}]}]', "not in ShareGPT's form"),
        ("[1]", "not in ShareGPT's form"),
        ('[{"conversations": [{"value": 1}, {"value": 2}]}]', "not a text"),
    ],
)
def test_a_file_of_another_form_is_one_sentence(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "data.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match="ShareGPT") as error:
        read_conversations(str(path))
    assert words in str(error.value)


def test_a_data_set_without_a_prompt_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text('[{"conversations": [{"value": "alone"}]}]')
    with pytest.raises(ConfigError, match="no conversation with two turns"):
        made(WorkloadSpec("random", 1, 6, 2, prompt_form="text", dataset_path=str(path)), tmp_path, Letters)


def test_the_fixture_data_set_is_in_shape() -> None:
    assert len(read_conversations(DATASET).turns) == 190
