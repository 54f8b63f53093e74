"""The later form's first step, with --saturation only: the server's own limit, however many requests it
holds.
"""

from __future__ import annotations

from argparse import Namespace

import pytest

from slabench.methods import ALI_SATURATION, TPOT_LIMIT_MS, Form, reduced
from slabench.session.judge import Judge
from slabench.session.run_load import RunLoad
from slabench.verdict.sla import slo


def form_of(options: Namespace) -> Form:
    return ALI_SATURATION.replaced(input_len=options.decode_input_len, output_len=options.decode_output_len)


@pytest.mark.stage(1)
@pytest.mark.sends(form=form_of)
def test_saturation(run_load: RunLoad, judge: Judge, options: Namespace) -> None:
    form = form_of(options)
    run = run_load(form, point={}, labels=reduced(form.differences(ALI_SATURATION)))
    judge(run, slo("tpot", "mean", "<=", TPOT_LIMIT_MS))
