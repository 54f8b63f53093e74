"""From a recipe to prompts. Texts are byte for byte those of sglang.bench_serving 0.5.7 with the same
tokenizer, file and seed.

Its order of draws: random.seed and numpy.random.seed at the start; input lengths, output lengths, then
(random-ids) offsets from numpy; the shuffle of the conversations from random; the gaps between requests from
numpy, after everything else.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from slabench.errors import ConfigError
from slabench.workloads.cache_file import Made
from slabench.workloads.ids import random_ids
from slabench.workloads.model import RANDOM, RANDOM_IDS, SHAREGPT, Prompt, Workload, WorkloadSpec
from slabench.workloads.text import ids_prompts, sharegpt_prompts, text_prompts
from slabench.workloads.tokenizer import encoded, identity

if TYPE_CHECKING:
    import numpy as np

    from slabench.workloads.cache import DatasetStore

MIN_SHAREGPT_OUTPUT = 4  # bench_serving's own limit


def lengths(draw: np.random.RandomState, full: int, ratio: float, count: int) -> list[int]:
    """bench_serving's compute_random_lens."""
    return [int(one) for one in draw.randint(max(int(full * ratio), 1), full + 1, size=count)]


def prepare(
    spec: WorkloadSpec,
    *,
    tokenizer: Callable[[], Any],
    store: DatasetStore,
    tokenizer_folder: str | None = None,
    at_least: int = 0,
    awaited: Callable[[WorkloadSpec], bool] | None = None,
) -> Workload:
    """Make the prompts, or take them from the disk cache. tokenizer is called only where one is needed.

    tokenizer_folder: where it is loaded from; its files are its identity in the cache, and prompts from there
    need no tokenizer. at_least: prompts that another test will want of the same recipe: they are made in one
    go. awaited: called where prompts are not kept; True if by then somebody else has made them. ConfigError:
    the data set cannot be used, or gives not a single prompt. A data set that gives fewer prompts than asked
    for is a note and a shorter workload; validity decides what that means.
    """
    import numpy as np

    if spec.sharegpt_output_len is not None and spec.sharegpt_output_len < MIN_SHAREGPT_OUTPUT:
        raise ConfigError(
            f"--sharegpt-output-len={spec.sharegpt_output_len} is below {MIN_SHAREGPT_OUTPUT}, the least there is."
        )
    draw = np.random.RandomState(spec.seed)
    inputs: list[int] = []
    outputs: list[int] = []
    if spec.dataset_name != SHAREGPT:
        inputs = lengths(draw, spec.input_len, spec.range_ratio, spec.num_prompts)
        outputs = lengths(draw, spec.output_len, spec.range_ratio, spec.num_prompts)
    sha256 = None
    if spec.dataset_name == RANDOM_IDS and spec.prompt_form == "ids":
        prompts = random_ids(spec, inputs, outputs)
        own_ids: Sequence[Sequence[int]] = [prompt.ids or () for prompt in prompts]
    else:
        if spec.dataset_path is not None and spec.dataset_name != RANDOM_IDS:
            sha256 = store.sha256(spec.dataset_path)
        offsets: list[int] = []
        if spec.dataset_name == RANDOM_IDS:
            offsets = [int(one) for one in draw.randint(0, tokenizer().vocab_size, size=spec.num_prompts)]
        folder = tokenizer_folder if tokenizer_folder is not None else str(tokenizer().name_or_path)
        made = _kept_or_made(spec, inputs, offsets, sha256, folder, tokenizer, store, at_least, awaited)
        prompts, own_ids = list(made.prompts), made.own_ids
        if outputs:
            prompts = [
                replace(prompt, output_len=wanted) for prompt, wanted in zip(prompts, outputs, strict=False)
            ]
    if not prompts:
        raise ConfigError(
            f"--dataset-path={spec.dataset_path} gives no prompt: no conversation in it has two turns."
        )
    gaps = tuple(float(one) for one in draw.standard_exponential(spec.num_prompts))
    notes = _notes(spec, prompts)
    if (
        sha256 is not None
        and spec.dataset_path is not None
        and (lost := store.left_out(spec.dataset_path)) is not None
    ):
        notes = (*notes, lost)
    return Workload(spec, prompts, gaps[: len(prompts)], notes, sha256, own_ids)


def _kept_or_made(
    spec: WorkloadSpec,
    inputs: list[int],
    offsets: list[int],
    sha256: str | None,
    folder: str,
    tokenizer: Callable[[], Any],
    store: DatasetStore,
    at_least: int,
    awaited: Callable[[WorkloadSpec], bool] | None,
) -> Made:
    # Where all have one length, the longer workload begins with the shorter: how many there are is no part of
    # the recipe.
    alike = not offsets and len(set(inputs)) <= 1
    recipe = {
        "tokenizer": identity(folder),
        "dataset": sha256,
        "name": spec.dataset_name,
        "form": spec.prompt_form,
        "seed": spec.seed,
        "inputs": inputs[:1] if alike else inputs,
        "offsets": offsets,
        "sharegpt_output_len": spec.sharegpt_output_len,
    }
    found = store.load(recipe, spec.num_prompts)
    if found is None and awaited is not None and awaited(spec):
        found = store.load(recipe, spec.num_prompts)
    if found is None:
        count = max(spec.num_prompts, at_least) if alike else spec.num_prompts
        made = _make(spec, [*inputs, *inputs[:1] * (count - len(inputs))], offsets, count, tokenizer(), store)
        store.save(recipe, made)
        found = made.first(spec.num_prompts)
        assert found is not None, "at least as many were made"
    return found


def _make(
    spec: WorkloadSpec,
    inputs: Sequence[int],
    offsets: Sequence[int],
    count: int,
    tokenizer: Any,
    store: DatasetStore,
) -> Made:
    prompts: Sequence[Prompt]
    outputs = [spec.output_len] * len(inputs)
    if spec.dataset_name == RANDOM_IDS:
        prompts = ids_prompts(tokenizer, inputs, outputs, offsets)
    else:
        assert spec.dataset_path is not None, "Settings checks that these data sets have a path"
        turns = list(store.conversations(spec.dataset_path))
        random.Random(spec.seed).shuffle(turns)
        if spec.dataset_name == RANDOM:
            prompts = text_prompts(tokenizer, turns, inputs, outputs, form=spec.prompt_form)
        else:
            prompts = sharegpt_prompts(
                tokenizer, turns, count, spec.sharegpt_output_len, form=spec.prompt_form
            )
    own_ids: list[Sequence[int]] = [prompt.ids or () for prompt in prompts]
    texts = [place for place, prompt in enumerate(prompts) if prompt.ids is None]
    for place, ids in zip(
        texts, encoded(tokenizer, [prompts[place].text or "" for place in texts]), strict=True
    ):
        own_ids[place] = ids
    return Made(prompts, own_ids, count)


def _notes(spec: WorkloadSpec, prompts: Sequence[Prompt]) -> tuple[str, ...]:
    notes = []
    if len(prompts) < spec.num_prompts:
        notes.append(f"The data set gave {len(prompts)} of {spec.num_prompts} prompts.")
    if spec.dataset_name == RANDOM_IDS and spec.prompt_form == "ids":
        why = (
            ""
            if spec.vocab_size is not None
            else ", because the vocabulary is not known here (--tokenizer or --vocab-size)"
        )
        notes.append(
            f"Prompts are random token ids below {spec.vocabulary}{why}; --dataset-path gives texts, as published."
        )
    return tuple(notes)
