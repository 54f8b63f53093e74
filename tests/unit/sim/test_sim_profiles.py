"""`sim:` is the first server that a new user tries: the published forms fit it."""

from __future__ import annotations

from slabench.methods import ALI_BATCH_SIZES, ALI_DECODE, TENCENT
from slabench.sim.profiles import read_profile


def test_the_published_batch_sizes_fit_the_embedded_server() -> None:
    demo = read_profile("demo")
    largest = max(ALI_BATCH_SIZES)
    length = max(form.input_len + form.output_len for form in (ALI_DECODE, TENCENT))
    assert largest * length <= demo.pool_tokens
    assert largest <= demo.max_running
    assert length <= demo.context_length
