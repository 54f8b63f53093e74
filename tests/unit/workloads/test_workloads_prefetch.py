"""Prompts made by a process of its own: the same as made here, said one by one, and nothing breaks when it
does.
"""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

from slabench.workloads import WorkloadSpec, prepare
from slabench.workloads.cache import DatasetStore
from slabench.workloads.prefetch import Prefetch
from slabench.workloads.tokenizer import load_tokenizer

DATA = Path(__file__).resolve().parents[3] / "fixtures" / "data"
TOKENIZER = str(DATA / "tokenizer")
SPEC = WorkloadSpec("random", 3, 20, 5, prompt_form="text", dataset_path=str(DATA / "sharegpt_small.json"))


def ahead(specs: list[WorkloadSpec], cache: Path, tokenizer: str = TOKENIZER) -> Prefetch:
    return Prefetch(specs, tokenizer, cache, trust_remote_code=False, allow_download=False)


def test_what_it_keeps_is_what_would_be_made_here(tmp_path: Path) -> None:
    other = replace(SPEC, input_len=31)
    process = ahead([SPEC, other], tmp_path / "cache")
    try:
        assert process.wait(lambda spec: spec == other)
        assert process.wait(lambda spec: spec == SPEC)
        assert not process.wait(lambda spec: spec.seed == 9)  # it was not asked for
    finally:
        process.close()

    def never() -> object:
        raise AssertionError("the prompts are kept")

    loaded = load_tokenizer(TOKENIZER)
    for spec in (SPEC, other):
        store = DatasetStore(tmp_path / "cache")
        kept = prepare(spec, tokenizer=never, store=store, tokenizer_folder=TOKENIZER)
        made = prepare(
            spec, tokenizer=lambda: loaded, store=DatasetStore(tmp_path / "none"), tokenizer_folder=TOKENIZER
        )
        assert list(kept.prompts) == list(made.prompts)
        assert [list(ids) for ids in kept.own_ids] == [list(ids) for ids in made.own_ids]


def test_one_that_dies_or_cannot_is_waited_for_no_longer(tmp_path: Path) -> None:
    process = ahead([SPEC], tmp_path / "cache", str(tmp_path / "no tokenizer"))
    assert not process.wait(lambda spec: spec == SPEC)
    process.close()
    process = ahead([SPEC], tmp_path / "cache")
    os.kill(process.process.pid, signal.SIGKILL)
    assert not process.wait(lambda spec: spec == SPEC)
    process.close()
