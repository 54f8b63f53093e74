"""Any other workload, by options: --num-prompts --request-rate --max-concurrency --random-input-len --random-output-len."""

from __future__ import annotations

from argparse import Namespace

from fixtures.judge import Judge
from fixtures.load import RunLoad, from_options
from slabench.methods import SERVING


def test_custom(run_load: RunLoad, judge: Judge, options: Namespace) -> None:
    run = run_load(from_options(SERVING, options), point={})
    judge(run, shown=("tpot.mean", "ttft.mean", "total_throughput", "qpm"))
