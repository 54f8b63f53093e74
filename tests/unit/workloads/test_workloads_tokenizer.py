"""Many texts at once encode to what each one encodes to alone."""

from __future__ import annotations

from pathlib import Path

from slabench.workloads.cache import read_sharegpt
from slabench.workloads.tokenizer import AT_ONCE, encoded, load_tokenizer

DATA = Path(__file__).resolve().parents[3] / "fixtures" / "data"


def test_many_at_once_are_what_each_is_alone() -> None:
    loaded = load_tokenizer(str(DATA / "tokenizer"))
    texts = [text for turns in read_sharegpt(str(DATA / "sharegpt_small.json")) for text in turns][: 2 * AT_ONCE + 3]
    texts[3] = ""
    assert loaded.is_fast and len(texts) > 2 * AT_ONCE
    assert list(encoded(loaded, texts)) == [loaded.encode(text) for text in texts]
    assert list(encoded(loaded, [])) == []


def test_a_class_with_its_own_encode_is_asked_text_by_text() -> None:
    class Own:
        def encode(self, text: str) -> list[int]:
            return [len(text)]

    assert list(encoded(Own(), ["a", "bcd"])) == [[1], [3]]
