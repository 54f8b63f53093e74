"""What random ids distort: only where it is known, and only for random ids."""

import pytest

from slabench.verdict.validity.prompts import distorted


@pytest.mark.parametrize(
    ("dataset", "speculative", "architectures", "info", "found"),
    [
        ("random-ids", "EAGLE", None, None, ("speculative decoding (EAGLE)",)),
        ("random-ids", None, None, {"speculative_algorithm": "NEXTN"}, ("speculative decoding (NEXTN)",)),
        ("random-ids", None, ("Qwen3MoeForCausalLM",), {}, ("expert routing (Qwen3MoeForCausalLM)",)),
        ("random-ids", None, ("DeepseekV3ForCausalLM",), {}, ("expert routing (DeepseekV3ForCausalLM)",)),
        ("random-ids", None, ("Qwen3ForCausalLM",), {"speculative_algorithm": None}, ()),
        ("random-ids", None, None, None, ()),
        ("sharegpt", "EAGLE", ("Qwen3MoeForCausalLM",), None, ()),
        ("random", "EAGLE", None, None, ()),
    ],
)
def test_what_random_ids_distort(dataset, speculative, architectures, info, found):
    assert distorted(dataset, speculative, architectures, info) == found
