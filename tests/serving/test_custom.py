"""Any other workload, by options:

--num-prompts --request-rate --max-concurrency --random-input-len --random-output-len.
"""

from __future__ import annotations

from argparse import Namespace

import pytest

from slabench.methods import SERVING, Form
from slabench.session.judge import Judge
from slabench.session.run_load import RunLoad, from_options


def form_of(options: Namespace) -> Form:
    return from_options(SERVING, options)


@pytest.mark.sends(form=form_of)
def test_custom(run_load: RunLoad, judge: Judge, options: Namespace) -> None:
    run = run_load(form_of(options), point={})
    judge(run, shown=("tpot.mean", "ttft.mean", "total_throughput", "qpm"))
