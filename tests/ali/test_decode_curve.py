"""ali decode, the server's side: median generation throughput per number of running requests, from the deploy
log.
"""

from __future__ import annotations

import pytest

from slabench.session.curve import JudgeCurve


@pytest.mark.stage(3)
def test_decode_curve(judge_curve: JudgeCurve) -> None:
    judge_curve()
