"""From a recipe to prompts. Texts are byte for byte those of sglang.bench_serving 0.5.7 with the same tokenizer, file and seed.

Its order of draws: random.seed and numpy.random.seed at the start; input lengths, output lengths, then (random-ids) offsets from
numpy; the shuffle of the conversations from random; the gaps between requests from numpy, after everything else.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from slabench.errors import ConfigError
from slabench.workloads.ids import random_ids
from slabench.workloads.model import RANDOM, RANDOM_IDS, SHAREGPT, Prompt, Workload, WorkloadSpec
from slabench.workloads.text import ids_prompts, sharegpt_prompts, text_prompts
from slabench.workloads.tokenizer import identity

if TYPE_CHECKING:
    import numpy as np

    from slabench.workloads.cache import DatasetStore

MIN_SHAREGPT_OUTPUT = 4  # bench_serving's own limit


def lengths(draw: np.random.RandomState, full: int, ratio: float, count: int) -> list[int]:
    """bench_serving's compute_random_lens."""
    return [int(one) for one in draw.randint(max(int(full * ratio), 1), full + 1, size=count)]


def prepare(spec: WorkloadSpec, *, tokenizer: Callable[[], Any], store: DatasetStore) -> Workload:
    """Make the prompts, or take them from the disk cache. tokenizer is called only where one is needed.

    ConfigError: the data set cannot be used, or gives not a single prompt. A data set that gives fewer prompts than asked for is
    a note and a shorter workload; validity decides what that means.
    """
    import numpy as np

    if spec.sharegpt_output_len is not None and spec.sharegpt_output_len < MIN_SHAREGPT_OUTPUT:
        raise ConfigError(f"--sharegpt-output-len={spec.sharegpt_output_len} is below {MIN_SHAREGPT_OUTPUT}, the least there is.")
    draw = np.random.RandomState(spec.seed)
    if spec.dataset_name == SHAREGPT:
        prompts, sha256 = _from_dataset(spec, [], [], tokenizer, store)
    else:
        inputs = lengths(draw, spec.input_len, spec.range_ratio, spec.num_prompts)
        outputs = lengths(draw, spec.output_len, spec.range_ratio, spec.num_prompts)
        if spec.dataset_name == RANDOM:
            prompts, sha256 = _from_dataset(spec, inputs, outputs, tokenizer, store)
        elif spec.prompt_form == "text":
            loaded = tokenizer()
            offsets = draw.randint(0, loaded.vocab_size, size=spec.num_prompts)
            prompts, sha256 = ids_prompts(loaded, inputs, outputs, [int(one) for one in offsets]), None
        else:
            prompts, sha256 = random_ids(spec, inputs, outputs), None
    if not prompts:
        raise ConfigError(f"--dataset-path={spec.dataset_path} gives no prompt: no conversation in it has two turns.")
    gaps = tuple(float(one) for one in draw.standard_exponential(spec.num_prompts))
    return Workload(spec, prompts, gaps[: len(prompts)], _notes(spec, prompts), sha256)


def _from_dataset(
    spec: WorkloadSpec, inputs: Sequence[int], outputs: Sequence[int], tokenizer: Callable[[], Any], store: DatasetStore
) -> tuple[Sequence[Prompt], str]:
    assert spec.dataset_path is not None, "Settings checks that these data sets have a path"
    loaded = tokenizer()
    sha256 = store.sha256(spec.dataset_path)
    recipe = {
        "tokenizer": identity(loaded),
        "dataset": sha256,
        "name": spec.dataset_name,
        "form": spec.prompt_form,
        "seed": spec.seed,
        "count": spec.num_prompts,
        "inputs": list(inputs),
        "outputs": list(outputs),
        "sharegpt_output_len": spec.sharegpt_output_len,
    }
    kept = store.load(recipe)
    if kept is not None:
        return kept, sha256
    turns = list(store.conversations(spec.dataset_path))
    random.Random(spec.seed).shuffle(turns)
    made: Sequence[Prompt]
    if spec.dataset_name == RANDOM:
        made = text_prompts(loaded, turns, inputs, outputs, form=spec.prompt_form)
    else:
        made = sharegpt_prompts(loaded, turns, spec.num_prompts, spec.sharegpt_output_len, form=spec.prompt_form)
    store.save(recipe, made)
    return made, sha256


def _notes(spec: WorkloadSpec, prompts: Sequence[Prompt]) -> tuple[str, ...]:
    notes = []
    if len(prompts) < spec.num_prompts:
        notes.append(f"The data set gave {len(prompts)} of {spec.num_prompts} prompts.")
    if spec.dataset_name == RANDOM_IDS and spec.prompt_form == "ids":
        why = "" if spec.vocab_size is not None else ", because the vocabulary is not known here (--tokenizer or --vocab-size)"
        notes.append(f"Prompts are random token ids below {spec.vocabulary}{why}; --dataset-path gives texts, as published.")
    return tuple(notes)
