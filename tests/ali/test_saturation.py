"""The later form's first step, with --saturation only: the server's own limit, however many requests it holds."""

from __future__ import annotations

from argparse import Namespace

import pytest

from fixtures.judge import Judge
from fixtures.load import RunLoad
from slabench.methods import ALI_SATURATION, TPOT_LIMIT_MS, reduced
from slabench.verdict.sla import slo


@pytest.mark.stage(1)
def test_saturation(run_load: RunLoad, judge: Judge, options: Namespace) -> None:
    form = ALI_SATURATION.replaced(input_len=options.decode_input_len, output_len=options.decode_output_len)
    run = run_load(form, point={}, labels=reduced(form.differences(ALI_SATURATION)))
    judge(run, slo("tpot", "mean", "<=", TPOT_LIMIT_MS))
