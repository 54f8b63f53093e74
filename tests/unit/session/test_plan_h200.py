"""Plans with the H200's profile against runs that were recorded there: within 25 %, from start to end."""

from __future__ import annotations

import json
from argparse import Namespace
from datetime import datetime
from typing import Any

import pytest

from slabench.methods import ALI_DECODE, ALI_PREFILL, TENCENT, Form
from slabench.places import CLONE
from slabench.session.plan import plan_run
from slabench.session.plan_knowledge import offline
from slabench.session.planned_load import PlannedLoad, PlannedTest
from slabench.session.settings import Settings
from tests.unit.plugin.test_plugin_options import given

FORMS = {"tencent": TENCENT, "ali-decode": ALI_DECODE, "ali-prefill": ALI_PREFILL}


def form_of(test: dict[str, Any]) -> Form:
    """A recorded test's load."""
    workload = test["workload"]
    count = None if test["plan"]["count"] is None else int(test["plan"]["count"])
    return FORMS[test["method"]].replaced(num_prompts=count, input_len=workload["input_len"])


@pytest.mark.parametrize("name", ["both-methods", "decode-sweep"])
def test_a_plan_is_near_what_the_run_took(name: str) -> None:
    assert CLONE is not None
    text = (CLONE / "docs" / "examples" / "h200-qwen3-30b-a3b" / name / "run.json").read_text()
    run = json.loads(text)
    sent = [test for test in run["tests"] if test["plan"]]
    tests = [PlannedTest(test["id"], (PlannedLoad(form_of(test)),)) for test in sent]
    options: Namespace = given(
        base_url=["http://h200.invalid"], plan="h200-qwen3-30b-a3b", warmup_requests=16, calibrate="off"
    )
    settings = Settings.of(options, {})
    plan = plan_run(tests, settings, offline(settings, tests))
    began, ended = (datetime.fromisoformat(run[key]) for key in ("created_utc", "updated_utc"))
    assert plan.seconds is not None
    assert plan.seconds.least == pytest.approx((ended - began).total_seconds(), rel=0.1)
    loads = [row.load_s for row in plan.rows]
    assert loads == pytest.approx([test["duration_s"] for test in sent], rel=0.05)
