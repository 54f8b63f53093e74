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
from slabench.messages import Message, Sentence
from slabench.workloads.cache import DatasetStore, PromptSet
from slabench.workloads.ids import random_ids
from slabench.workloads.model import RANDOM, RANDOM_IDS, SHAREGPT, Prompt, Workload, WorkloadSpec
from slabench.workloads.text import ids_prompts, sharegpt_prompts, text_prompts
from slabench.workloads.tokenizer import encoded, identity

if TYPE_CHECKING:
    import numpy as np

MIN_SHAREGPT_OUTPUT = 4  # bench_serving's own limit


def lengths(draw: np.random.RandomState, full: int, ratio: float, count: int) -> list[int]:
    """bench_serving's compute_random_lens."""
    return draw.randint(max(int(full * ratio), 1), full + 1, size=count).tolist()  # type: ignore[no-any-return]


def prepare(
    spec: WorkloadSpec,
    *,
    tokenizer: Callable[[], Any],
    store: DatasetStore,
    tokenizer_folder: str | None = None,
    at_least: int = 0,
    awaited: Callable[[WorkloadSpec], bool] | None = None,
) -> Workload:
    """Make the prompts, or take them from the disk cache. tokenizer is called only if one is needed.

    tokenizer_folder: where it is loaded from. Its files identify it in the cache, and prompts from there need
    no tokenizer. at_least: how many prompts other tests need of the same recipe; they are made together.
    awaited: called if the cache has no prompts; True if another process has stored them meanwhile.
    ConfigError: the data set cannot be used, or has not a single prompt. If it has fewer prompts than asked
    for, the workload is shorter and has a note; validity decides what that means.
    """
    import numpy as np

    if spec.sharegpt_output_len is not None and spec.sharegpt_output_len < MIN_SHAREGPT_OUTPUT:
        raise ConfigError(
            Message("option.sharegpt_output", length=spec.sharegpt_output_len, least=MIN_SHAREGPT_OUTPUT)
        )
    draw = np.random.RandomState(spec.seed)
    inputs, outputs = (
        [] if spec.dataset_name == SHAREGPT else lengths(draw, full, spec.range_ratio, spec.num_prompts)
        for full in (spec.input_len, spec.output_len)
    )
    sha256 = None
    if spec.dataset_name == RANDOM_IDS and spec.prompt_form == "ids":
        prompts = random_ids(spec, inputs, outputs)
        own_ids: Sequence[Sequence[int]] = [prompt.ids or () for prompt in prompts]
    else:
        if spec.dataset_path is not None and spec.dataset_name != RANDOM_IDS:
            sha256 = store.sha256(spec.dataset_path)
        offsets: list[int] = []
        if spec.dataset_name == RANDOM_IDS:
            offsets = draw.randint(0, tokenizer().vocab_size, size=spec.num_prompts).tolist()
        folder = tokenizer_folder if tokenizer_folder is not None else str(tokenizer().name_or_path)
        made = _cached_or_made(spec, inputs, offsets, sha256, folder, tokenizer, store, at_least, awaited)
        prompts, own_ids = list(made.prompts), made.own_ids
        if outputs:
            prompts = [
                replace(prompt, output_len=wanted) for prompt, wanted in zip(prompts, outputs, strict=False)
            ]
    if not prompts:
        raise ConfigError(Message("file.dataset_no_turns", path=spec.dataset_path))
    gaps = tuple(draw.standard_exponential(spec.num_prompts).tolist())
    notes = _notes(spec, prompts)
    if sha256 is not None and spec.dataset_path is not None:
        left_out = store.left_out(spec.dataset_path)
        notes += [] if left_out is None else [left_out]
    return Workload(spec, prompts, gaps[: len(prompts)], tuple(notes), sha256, own_ids)


def _cached_or_made(
    spec: WorkloadSpec,
    inputs: list[int],
    offsets: list[int],
    sha256: str | None,
    folder: str,
    tokenizer: Callable[[], Any],
    store: DatasetStore,
    at_least: int,
    awaited: Callable[[WorkloadSpec], bool] | None,
) -> PromptSet:
    # If all have one length, a longer workload begins with the shorter one, so the number is not part of the
    # recipe.
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
    cached = store.load(recipe, spec.num_prompts)
    if cached is None and awaited is not None and awaited(spec):
        cached = store.load(recipe, spec.num_prompts)
    if cached is not None:
        return cached
    count = max(spec.num_prompts, at_least) if alike else spec.num_prompts
    made = _make(spec, [*inputs, *inputs[:1] * (count - len(inputs))], offsets, count, tokenizer(), store)
    store.save(recipe, made)
    return PromptSet(made.prompts[: spec.num_prompts], made.own_ids[: spec.num_prompts], spec.num_prompts)


def _make(
    spec: WorkloadSpec,
    inputs: Sequence[int],
    offsets: Sequence[int],
    count: int,
    tokenizer: Any,
    store: DatasetStore,
) -> PromptSet:
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
    texts = encoded(tokenizer, [prompt.text or "" for prompt in prompts if prompt.ids is None])
    own_ids: list[Sequence[int]] = [next(texts) if prompt.ids is None else prompt.ids for prompt in prompts]
    return PromptSet(prompts, own_ids, count)


def _notes(spec: WorkloadSpec, prompts: Sequence[Prompt]) -> list[str]:
    notes: list[str] = []
    if len(prompts) < spec.num_prompts:
        notes.append(Sentence.of("prompts.too_few", prompts=len(prompts), wanted=spec.num_prompts))
    if spec.dataset_name == RANDOM_IDS and spec.prompt_form == "ids":
        unknown = Message("prompts.unknown_vocabulary") if spec.vocab_size is None else None
        notes.append(Sentence.of("prompts.random_ids", vocabulary=spec.vocabulary, unknown=unknown))
    return notes
