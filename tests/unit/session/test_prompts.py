"""What a session will send by its tests' markers, and that one making serves every test of a length."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.methods import Form
from slabench.plugin.forms import marked_forms
from slabench.session import prompts
from slabench.session.prompts import Prompts
from slabench.workloads.cache import DatasetStore

DATA = Path(__file__).resolve().parents[3] / "fixtures" / "data"


class Item:
    """The part of a collected test that is asked."""

    def __init__(self, nodeid: str, form: Any = None, params: dict[str, int] | None = None) -> None:
        self.nodeid = nodeid
        self.marker = SimpleNamespace(kwargs={"form": form}) if form is not None else None
        if params is not None:
            self.callspec = SimpleNamespace(params=params)

    def get_closest_marker(self, name: str) -> Any:
        assert name == "sends"
        return self.marker


def form(count: int, input_len: int = 16) -> Form:
    return Form("m", input_len, 4, count)


def test_marked_tests_have_their_forms() -> None:
    items: list[Any] = [
        Item("a[3]", lambda options, size: form(size * options.factor), {"size": 3}),
        Item("unmarked"),
        Item("b", lambda options: form(1)),
    ]
    assert marked_forms(items, Namespace(factor=2)) == [("a[3]", form(6)), ("b", form(1))]


class Counting:
    """The tokenizer of the fixtures, counting."""

    def __init__(self) -> None:
        from slabench.workloads.tokenizer import load_tokenizer

        self.loaded = load_tokenizer(str(DATA / "tokenizer"))
        self.name_or_path, self.vocab_size, self.encoded = str(DATA / "tokenizer"), 1, 0

    def encode(self, text: str) -> list[int]:
        self.encoded += 1
        ids: list[int] = self.loaded.encode(text)
        return ids

    def decode(self, ids: list[int]) -> str:
        return str(self.loaded.decode(ids))


@pytest.mark.parametrize("cores", [1, 64])
def test_one_making_serves_every_test_of_a_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: int
) -> None:
    """With free cores by a process of its own, so that this one encodes nothing; else here, once for the
    largest.
    """
    monkeypatch.setattr(prompts.os, "sched_getaffinity", lambda _: set(range(cores)))
    tokenizer = Counting()
    options = Namespace(
        vocab_size=None,
        random_range_ratio=1.0,
        seed=123,
        dataset_path=str(DATA / "sharegpt_small.json"),
        sharegpt_output_len=None,
        trust_remote_code=False,
        allow_download=False,
        same_prompts=False,
    )
    settings: Any = SimpleNamespace(options=options, prompt_form="text", dataset_name="random", repeats=2)
    source: Any = SimpleNamespace(required=lambda: tokenizer, folder=lambda: str(DATA / "tokenizer"))
    planned = [("one", form(1)), ("two", form(2)), ("eight", form(8)), ("long", form(2, 40))]
    session = Prompts(settings, source, lambda: planned, DatasetStore(tmp_path))
    try:
        first = session.workload(form(1), "one")
        assert len(first.prompts) == 1
        assert tokenizer.encoded == (16 if cores == 1 else 0)  # eight questions, and eight prompts again
        eight = session.workload(form(8), "eight")
        assert list(eight.prompts[:1]) == list(first.prompts)
        assert tokenizer.encoded == (16 if cores == 1 else 0)
        assert len(session.workload(form(2, 40), "long").prompts) == 2
        assert tokenizer.encoded == (20 if cores == 1 else 0)
        # another seed, planned as well, for eight
        repeat = session.workload(form(2), "two", repeat=2)
        assert repeat.prompts != eight.prompts[:2]
        assert tokenizer.encoded == (36 if cores == 1 else 0)
        session.workload(form(2), "one", probe=2)  # a probe's seed, which was not planned
        assert tokenizer.encoded == (40 if cores == 1 else 4)
    finally:
        session.close()


def test_whether_repeats_have_the_same_prompts_is_recorded(tmp_path: Path) -> None:
    """Fresh ones are not, as in earlier files."""
    for same in (True, False):
        options = Namespace(
            vocab_size=1000,
            random_range_ratio=1.0,
            seed=123,
            dataset_path=None,
            sharegpt_output_len=None,
            same_prompts=same,
        )
        settings: Any = SimpleNamespace(
            options=options, prompt_form="ids", dataset_name="random-ids", repeats=2
        )
        source: Any = SimpleNamespace(required=Counting, folder=lambda: str(DATA / "tokenizer"))
        session = Prompts(settings, source, list, DatasetStore(tmp_path))
        first, second = (session.workload(form(2), "one", repeat=number) for number in (1, 2))
        assert ("same_prompts" in first.describe()) is same is first.same_prompts
        assert ([prompt.ids for prompt in first.prompts] == [prompt.ids for prompt in second.prompts]) is same
