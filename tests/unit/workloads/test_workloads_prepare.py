"""Workloads without a server: lengths, distinctness, determinism, the cache, and what a wrong file gets."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slabench.errors import ConfigError
from slabench.workloads import WorkloadSpec, prepare
from slabench.workloads.cache import DatasetStore, read_sharegpt

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
        return "".join(chr(97 + one) for one in ids)


def never() -> Any:
    raise AssertionError("no tokenizer is needed here")


def made(spec: WorkloadSpec, folder: Path, tokenizer: Callable[[], Any] = never) -> Any:
    return prepare(spec, tokenizer=tokenizer, store=DatasetStore(folder))


@settings(max_examples=60)
@given(st.integers(1, 80), st.integers(2, 40), st.sampled_from([20, 50, 150, 1000, 151_936]), st.integers(0, 5))
def test_ids_are_inside_the_vocabulary_and_begin_differently(count: int, length: int, vocabulary: int, seed: int) -> None:
    spec = replace(IDS, num_prompts=count, input_len=length, vocab_size=vocabulary, seed=seed)
    prompts = made(spec, Path("unused")).prompts
    assert [len(one.ids) for one in prompts] == [length] * count
    assert all(min(one.ids) >= 0 and max(one.ids) < vocabulary for one in prompts)
    assert len({tuple(one.ids[:2]) for one in prompts}) == count
    if count <= vocabulary - 10:
        assert len({one.ids[0] for one in prompts}) == count


def test_ids_are_the_same_again_and_others_for_another_test_or_seed() -> None:
    first, again = made(IDS, Path("unused")), made(IDS, Path("unused"))
    assert first.prompts == again.prompts
    assert made(replace(IDS, salt="other"), Path("unused")).prompts != first.prompts
    assert made(replace(IDS, seed=9), Path("unused")).prompts != first.prompts


def test_without_a_known_vocabulary_ids_stay_below_1000_and_it_is_said() -> None:
    workload = made(replace(IDS, num_prompts=50, input_len=200), Path("unused"))
    assert max(max(one.ids) for one in workload.prompts) < 1000
    assert "below 1000" in workload.notes[0]
    assert "not known" in workload.notes[0]
    assert workload.describe()["ids_below"] == 1000
    assert "not known" not in made(replace(IDS, vocab_size=5000), Path("unused")).notes[0]


def test_a_vocabulary_of_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="--vocab-size=1"):
        made(replace(IDS, vocab_size=1), Path("unused"))


def dataset(folder: Path, *turns: tuple[str, str]) -> str:
    path = folder / "data.json"
    path.write_text(json.dumps([{"conversations": [{"value": question}, {"value": answer}]} for question, answer in turns]))
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
    assert sorted(one.text for one in workload.prompts) == ["abca", "dede"]
    assert workload.notes == ("The data set gave 2 of 5 prompts.",)
    assert len(workload.unit_gaps) == 2


def test_sharegpt_takes_questions_and_answer_lengths(tmp_path: Path) -> None:
    path = dataset(tmp_path, ("abc", "wxyz"), ("a", "bcd"), ("bcd", "e"))
    workload = made(WorkloadSpec("sharegpt", 3, 1, 1, prompt_form="text", dataset_path=path), tmp_path, Letters)
    assert [(one.text, one.input_len, one.output_len) for one in workload.prompts] == [("abc", 3, 4)]


def test_the_cache_gives_the_same_without_a_tokenizer_s_work(tmp_path: Path) -> None:
    path = dataset(tmp_path, ("abc", "x"), ("defg", "x"))
    spec = WorkloadSpec("random", 2, 6, 2, prompt_form="text", dataset_path=path)
    first, second = Letters(), Letters()
    fresh = made(spec, tmp_path / "cache", lambda: first)
    kept = made(spec, tmp_path / "cache", lambda: second)
    assert first.encoded == 2
    assert second.encoded == 0
    assert list(kept.prompts) == list(fresh.prompts)
    assert kept.describe() == fresh.describe()
    other = made(replace(spec, input_len=5), tmp_path / "cache", Letters)
    assert other.prompts != fresh.prompts


@pytest.mark.parametrize("damage", [b"", b"not gzip", b"\x1f\x8b\x08\x00broken"])
def test_a_damaged_cache_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    path = dataset(tmp_path, ("abc", "x"))
    spec = WorkloadSpec("random", 1, 6, 2, prompt_form="text", dataset_path=path)
    fresh = made(spec, tmp_path / "cache", Letters)
    for file in (tmp_path / "cache").iterdir():
        file.write_bytes(damage)
    again = made(spec, tmp_path / "cache", Letters)
    assert list(again.prompts) == list(fresh.prompts)
    assert again.dataset_sha256 == fresh.dataset_sha256


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = dataset(tmp_path, ("abc", "x"))
    assert made(
        WorkloadSpec("random", 1, 6, 2, prompt_form="text", dataset_path=path), tmp_path / "file" / "cache", Letters
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
        ("{}", "holds a JSON dict"),
        ('[{"conversations": [{"text": "a"}, {"text": "b"}]}]', "not in ShareGPT's form"),
        ("[1]", "not in ShareGPT's form"),
        ('[{"conversations": [{"value": 1}, {"value": 2}]}]', "no text"),
    ],
)
def test_a_file_of_another_form_is_one_sentence(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "data.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match="ShareGPT") as error:
        read_sharegpt(str(path))
    assert words in str(error.value)


def test_a_data_set_without_a_prompt_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text('[{"conversations": [{"value": "alone"}]}]')
    with pytest.raises(ConfigError, match="gives no prompt"):
        made(WorkloadSpec("random", 1, 6, 2, prompt_form="text", dataset_path=str(path)), tmp_path, Letters)


def test_the_fixture_data_set_is_in_shape() -> None:
    assert len(read_sharegpt(DATASET)) == 190
