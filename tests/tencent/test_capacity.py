"""tencent's question, with --find-capacity only: the most total tokens/s within TPOT <= 50 ms, and at which
load.
"""

from __future__ import annotations

from argparse import Namespace

from slabench.methods import TENCENT, TPOT_LIMIT_MS
from slabench.session.capacity import FindCapacity
from slabench.session.judge import Judge
from slabench.verdict.sla import slo

TPOT_RULE = slo("tpot", "mean", "<=", TPOT_LIMIT_MS)


def test_capacity(find_capacity: FindCapacity, judge: Judge, options: Namespace) -> None:
    form = TENCENT.replaced(input_len=options.random_input_len, output_len=options.random_output_len)
    run = find_capacity(form, TPOT_RULE)
    judge(run, TPOT_RULE)
