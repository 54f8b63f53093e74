"""Random ids, sent as ids: exact lengths, inside the vocabulary, and no two prompts begin alike."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.workloads.model import Prompt, WorkloadSpec

SPECIAL = 10  # the first ids of a vocabulary are often special tokens; not used where there are enough others


def bounds(vocabulary: int) -> tuple[int, int]:
    """Lowest id used and number of ids used: SPECIAL .. vocabulary - 1, or all of a small vocabulary."""
    low = SPECIAL if vocabulary >= 10 * SPECIAL else 0
    return low, vocabulary - low


def random_ids(spec: WorkloadSpec, inputs: Sequence[int], outputs: Sequence[int]) -> list[Prompt]:
    """One prompt a length. Prompts of one workload differ in their first id, or within the first two if there
    are fewer ids.

    The generator is seeded with seed and salt, so that every test has prompts of its own, and every run the
    same ones.
    """
    import numpy as np

    low, usable = bounds(spec.vocabulary)
    if usable < 2:
        raise ConfigError(Message("option.vocabulary", vocabulary=spec.vocabulary))
    seed = hashlib.sha256(f"{spec.seed}:{spec.salt}".encode()).digest()
    draw = np.random.Generator(np.random.PCG64(int.from_bytes(seed[:16], "little")))
    firsts = draw.permutation(usable)
    prompts = []
    for k, (input_len, output_len) in enumerate(zip(inputs, outputs, strict=True)):
        ids = draw.integers(0, usable, size=input_len, dtype=np.int64)
        ids[0] = firsts[k % usable]
        if input_len > 1 and len(inputs) > usable:
            ids[1] = k // usable % usable
        prompts.append(Prompt(None, array("i", (ids + low).astype("int32").tobytes()), input_len, output_len))
    return prompts
