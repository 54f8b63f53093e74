"""How much of its beginning each prompt shares with another: what a prefix cache may hold of a run whose
cache was flushed.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence


def longest_shared(prompts: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Tokens that each prompt of ids shares at its beginning with any other of them, at most.

    In sorted order, a prompt's longest common beginning is with one of its two neighbours. Big-endian bytes
    sort as numbers do.
    """
    import numpy as np

    arrays = [np.asarray(prompt, dtype=">i4") for prompt in prompts]
    order = sorted(range(len(arrays)), key=lambda k: arrays[k].tobytes())
    shared = [0] * len(arrays)
    for left, right in itertools.pairwise(order):
        size = min(len(arrays[left]), len(arrays[right]))
        differ = np.flatnonzero(arrays[left][:size] != arrays[right][:size])
        common = int(differ[0]) if len(differ) else size
        shared[left], shared[right] = max(shared[left], common), max(shared[right], common)
    return tuple(shared)
