"""`sim:` is the first server that a new user tries: the published forms fit it."""

from __future__ import annotations

from slabench.methods import ALI_DECODE, TENCENT
from slabench.options.table import OPTIONS
from slabench.sim.profiles import read_profile


def test_the_published_batch_sizes_fit_the_embedded_server() -> None:
    demo = read_profile("demo")
    (sizes,) = (option.default for option in OPTIONS if option.name == "--batch-sizes")
    largest = max(int(size) for size in (sizes.split(",") if isinstance(sizes, str) else sizes))
    length = max(form.input_len + form.output_len for form in (ALI_DECODE, TENCENT))
    assert largest * length <= demo.pool_tokens
    assert largest <= demo.max_running
    assert length <= demo.context_length
