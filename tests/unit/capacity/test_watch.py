"""A probe that is watched while it runs: what ends it inside its first wave, and what must not."""

from __future__ import annotations

import pytest

from slabench.capacity.probe import ProbePlan
from slabench.capacity.watch import Watch
from slabench.verdict.sla import parse

# Output tokens every half second of two loads on one H200 (sglang 0.5.12, Qwen3-30B-A3B, 3500/1200, graph of
# 128). The first requests decode a hundred tokens before the prompts of all others are there, and then pause
# for ten seconds. The probe of 120 was ended at 12 s, wrongly; the rest is from its second probe.
AT_120 = [
    0, 200, 207, 214, 218, 225, 232, 237, 244, 249, 256, 263, 267, 274, 279, 286, 291, 298, 302, 310, 314,
    1638, 3438, 5118, 6902, 8582, 10382, 12062, 13830, 15542,
]  # fmt: skip
AT_128 = [
    0, 100, 107, 114, 119, 126, 133, 138, 145, 149, 156, 161, 168, 173, 180, 184, 191, 198, 203, 210, 215,
    606, 2526, 4318, 6137, 8030, 9822, 11710, 13534, 15326, 17118, 18958, 20830,
]  # fmt: skip


def watched(
    load: int,
    counts: list[int],
    *,
    rule_out: float | None,
    limit: float = 50,
    every: slice = slice(None),
) -> Watch:
    """every: which of the reports come."""
    rules = (parse(f"tpot.mean<={limit}"),)
    watch = Watch(ProbePlan(load, load, 4, rules, (3500, 1200), rule_out=rule_out))
    for half_seconds, tokens in list(enumerate(counts, 1))[every]:
        watch.progress(half_seconds / 2, tokens)
    return watch


@pytest.mark.parametrize(
    "every", [slice(first, None, step) for step in (1, 2, 4, 5) for first in range(step)]
)
@pytest.mark.parametrize(("load", "counts", "measured"), [(120, AT_120, 10_201), (128, AT_128, 10_668)])
def test_prefills_inside_the_first_window_rule_no_load_out(
    load: int, counts: list[int], measured: int, every: slice
) -> None:
    """measured: total tokens/s that the load was measured to give, within TPOT 42.3 ms. every: reports that
    come later, or more seldom, are no other load.
    """
    for end in range(1, len(counts) + 1):
        watch = watched(load, counts[:end], rule_out=0.97 * measured, every=every)
        assert watch.early is None, f"after {end / 2} s: {watch.early}"


def test_a_load_that_gives_too_little_is_ruled_out_by_its_steady_speed() -> None:
    early = watched(128, AT_128, rule_out=12_500).early
    assert early is not None and 10_668 <= early.ceiling < 12_500
    assert watched(128, AT_128, rule_out=None, limit=30).early is not None
