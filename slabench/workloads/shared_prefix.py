"""How much of its beginning each prompt shares with another: what a prefix cache may hold of a run whose
cache was flushed.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence


def longest_shared(prompts: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Tokens that each prompt of ids shares at its beginning with any other of them, at most.

    Sorted, the longest common beginning of a prompt is with one of its two neighbours. Big-endian bytes sort
    as numbers do.
    """
    import numpy as np

    arrays = [np.asarray(prompt, dtype=">i4") for prompt in prompts]
    order = sorted(range(len(arrays)), key=lambda k: arrays[k].tobytes())
    found = [0] * len(arrays)
    for one, other in itertools.pairwise(order):
        size = min(len(arrays[one]), len(arrays[other]))
        differ = np.flatnonzero(arrays[one][:size] != arrays[other][:size])
        common = int(differ[0]) if len(differ) else size
        found[one], found[other] = max(found[one], common), max(found[other], common)
    return tuple(found)
