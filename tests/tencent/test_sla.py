"""tencent: 3500/1200 at rate 128, concurrency 128; with TPOT <= 50 ms as much total throughput and QPM as
possible.
"""

from __future__ import annotations

from argparse import Namespace

import pytest

from slabench.methods import TENCENT, TENCENT_COUNTS, TPOT_LIMIT_MS, Form, reduced
from slabench.session.gate_quick import gate_form
from slabench.session.judge import Judge
from slabench.session.run_load import RunLoad, from_options
from slabench.verdict.sla import slo

TPOT_RULE = slo("tpot", "mean", "<=", TPOT_LIMIT_MS)


def form_of(options: Namespace, num_prompts: int | None) -> Form:
    """num_prompts None: as many as a quick gate takes."""
    return from_options(gate_form(TENCENT, options), options).replaced(num_prompts=num_prompts)


@pytest.mark.sends(form=form_of)
def test_sla(run_load: RunLoad, judge: Judge, options: Namespace, num_prompts: int | None) -> None:
    form = form_of(options, num_prompts)
    labels = reduced(form.differences(TENCENT, counts=TENCENT_COUNTS))
    run = run_load(form, point={"num_prompts": form.num_prompts}, labels=labels)
    judge(run, TPOT_RULE)
