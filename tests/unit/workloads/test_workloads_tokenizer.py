"""Many texts at once encode to what each one encodes to alone; a tokenizer that cannot be loaded is a whole
sentence.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from slabench.errors import ConfigError
from slabench.workloads.cache import DatasetStore
from slabench.workloads.dataset import read_conversations
from slabench.workloads.tokenizer import AT_ONCE, encoded, load_tokenizer, shortened, vocab_size

DATA = Path(__file__).resolve().parents[3] / "fixtures" / "data"


def test_many_at_once_are_what_each_is_alone() -> None:
    loaded = load_tokenizer(str(DATA / "tokenizer"))
    texts = [text for turns in read_conversations(str(DATA / "sharegpt_small.json")).turns for text in turns][
        : 2 * AT_ONCE + 3
    ]
    texts[3] = ""
    assert loaded.is_fast and len(texts) > 2 * AT_ONCE
    assert list(encoded(loaded, texts)) == [loaded.encode(text) for text in texts]
    assert list(encoded(loaded, [])) == []


def test_the_vocabulary_is_kept_as_long_as_the_files_stay(tmp_path: Path) -> None:
    loads: list[int] = []

    def loaded() -> Any:
        loads.append(1)
        return load_tokenizer(str(folder))

    folder = tmp_path / "tokenizer"
    shutil.copytree(DATA / "tokenizer", folder)
    size = vocab_size(load_tokenizer(str(folder)))
    assert [DatasetStore(tmp_path / "kept").vocabulary(str(folder), loaded) for _ in range(2)] == [size, size]
    assert len(loads) == 1
    (folder / "config.json").write_text('{"vocab_size": 77}')  # the model's own, smaller than the tokenizer's
    assert DatasetStore(tmp_path / "kept").vocabulary(str(folder), loaded) == 77
    for file in (tmp_path / "kept").glob("vocabulary-*"):
        file.write_bytes(b"half")
    assert DatasetStore(tmp_path / "kept").vocabulary(str(folder), loaded) == 77
    assert len(loads) == 3


def test_a_class_with_its_own_encode_is_asked_text_by_text() -> None:
    class Own:
        def encode(self, text: str) -> list[int]:
            return [len(text)]

    assert list(encoded(Own(), ["a", "bcd"])) == [[1], [3]]


def test_a_folder_without_a_tokenizer_is_one_sentence_that_ends(tmp_path: Path) -> None:
    """transformers lists every model type that it knows."""
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ConfigError) as raised:
        load_tokenizer(str(tmp_path))
    said = str(raised.value)
    assert "aimv2" not in said
    assert said.startswith(f"The tokenizer {tmp_path} cannot be loaded (")
    assert said.endswith("; give --tokenizer=DIR with the model's tokenizer files.")


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("all of it", 20, "all of it"),
        ("One sentence. A list: a, b, c, d", 20, "One sentence"),
        ("one of: aimv2, aimv2_vision, albert", 25, "one of: aimv2 ..."),
        ("x" * 30, 10, "xxxxxx ..."),
    ],
)
def test_a_library_s_words_end_at_a_sensible_place(text: str, limit: int, short: str) -> None:
    assert shortened(text, limit) == short
