"""What prompts share at their beginning, against the plain comparison of all pairs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slabench.workloads.shared_prefix import longest_shared


@given(st.lists(st.lists(st.integers(0, 2), max_size=6), max_size=8))
def test_as_all_pairs_say(prompts: list[list[int]]) -> None:
    def common(prompt: list[int], other: list[int]) -> int:
        return next(
            (k for k, (a, b) in enumerate(zip(prompt, other, strict=False)) if a != b),
            min(len(prompt), len(other)),
        )

    wanted = [
        max((common(prompt, other) for j, other in enumerate(prompts) if j != k), default=0)
        for k, prompt in enumerate(prompts)
    ]
    assert list(longest_shared(prompts)) == wanted


def test_numbers_beyond_a_byte_are_compared_as_numbers() -> None:
    assert longest_shared([[300, 5], [300, 6], [44, 5]]) == (1, 1, 0)
