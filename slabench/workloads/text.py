"""ShareGPT text cut or repeated to a length, and conversations as they are: bench_serving 0.5.7's samplers,
step by step.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from slabench.workloads.model import Prompt


def text_prompts(
    tokenizer: Any,
    turns: Sequence[tuple[str, str]],
    inputs: Sequence[int],
    outputs: Sequence[int],
    *,
    form: str,
) -> list[Prompt]:
    """The first turns, encoded (with whatever the tokenizer adds), cut or repeated to inputs[k] tokens,
    decoded again.

    Source: sample_random_requests with random_sample.
    """
    prompts: list[Prompt] = []
    for question, _ in turns:
        k = len(prompts)
        if k == len(inputs):
            break
        ids = tokenizer.encode(question)
        if not ids:
            continue
        wanted = inputs[k]
        ids = (ids * -(-wanted // len(ids)))[:wanted]
        text, sent = (tokenizer.decode(ids), None) if form == "text" else (None, array("i", ids))
        prompts.append(Prompt(text, sent, wanted, outputs[k]))
    return prompts


def ids_prompts(
    tokenizer: Any, inputs: Sequence[int], outputs: Sequence[int], offsets: Sequence[int]
) -> list[Prompt]:
    """Consecutive ids from a random offset, decoded to text. Source: sample_random_requests without
    random_sample.

    Whole prompts repeat where two offsets meet (seed 123: one pair in 512 with a vocabulary of 151,936):
    bench_serving has these prefix cache hits too.
    """
    size = tokenizer.vocab_size
    prompts = []
    for k, (input_len, output_len, offset) in enumerate(zip(inputs, outputs, offsets, strict=True)):
        ids = [(offset + k + j) % size for j in range(input_len)]
        prompts.append(Prompt(tokenizer.decode(ids), None, input_len, output_len))
    return prompts


def sharegpt_prompts(
    tokenizer: Any, turns: Sequence[tuple[str, str]], count: int, output_len: int | None, *, form: str
) -> list[Prompt]:
    """Question and answer length of each conversation; those with fewer than two tokens in either are left
    out.

    Source: sample_sharegpt_requests, without chat template and suffix.
    """
    prompts: list[Prompt] = []
    for question, answer in turns:
        if len(prompts) == count:
            break
        ids = tokenizer.encode(question)
        wanted = len(tokenizer.encode(answer)) if output_len is None else output_len
        if len(ids) < 2 or wanted < 2:
            continue
        text = question if form == "text" else None
        prompts.append(Prompt(text, None if form == "text" else array("i", ids), len(ids), wanted))
    return prompts
