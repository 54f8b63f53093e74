"""ali prefill: 512 prompts of one length, one token out; input tokens/s per GPU."""

from __future__ import annotations

from argparse import Namespace

import pytest

from fixtures.judge import Judge
from fixtures.load import RunLoad
from slabench.methods import ALI_PREFILL, reduced


@pytest.mark.stage(4)
def test_prefill_throughput(run_load: RunLoad, judge: Judge, options: Namespace, prefill_len: int) -> None:
    published = ALI_PREFILL.replaced(input_len=prefill_len)
    form = published.replaced(num_prompts=options.prefill_prompts)
    labels = reduced(form.differences(published)) if prefill_len in (1024, 2048, 4096) else reduced((f"input_len {prefill_len}",))
    run = run_load(form, point={"input_len": prefill_len}, labels=labels, phase="prefill")
    judge(run, shown=("input_throughput_per_gpu", "input_throughput", "ttft.mean"))
