"""ali decode: B prompts of 4096/1536 at once; mean TPOT per batch size."""

from __future__ import annotations

from argparse import Namespace

import pytest

from fixtures.judge import Judge
from fixtures.load import RunLoad
from slabench.methods import ALI_DECODE, TPOT_LIMIT_MS, reduced
from slabench.verdict.sla import slo

TPOT_RULE = slo("tpot", "mean", "<=", TPOT_LIMIT_MS)


@pytest.mark.stage(2)
def test_decode_tpot(run_load: RunLoad, judge: Judge, options: Namespace, batch_size: int) -> None:
    published = ALI_DECODE.replaced(num_prompts=batch_size)
    form = published.replaced(input_len=options.decode_input_len, output_len=options.decode_output_len)
    labels = reduced(form.differences(published))
    waves = options.prompts_per_batch
    if waves is not None:
        form = form.replaced(num_prompts=waves * batch_size, max_concurrency=batch_size)
        labels = (*labels, f"LATER_FORM: {waves} x {batch_size} prompts, at most {batch_size} in flight")
    run = run_load(form, point={"batch_size": batch_size}, labels=labels, batch_size=batch_size)
    judge(run, TPOT_RULE)
