"""A plan's times against hand arithmetic, and against what the session then sends, in virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.errors import ConfigError
from slabench.methods import ALI_DECODE, ALI_PREFILL, TENCENT, Form
from slabench.session.campaign import Campaign
from slabench.session.plan import RunPlan, plan_run
from slabench.session.plan_knowledge import known, offline
from slabench.session.plan_models import BESIDE_S
from slabench.session.plan_time import START_S
from slabench.session.planned_load import PlannedLoad, PlannedTest
from slabench.session.settings import Settings
from slabench.sim.profiles import PROFILES
from slabench.verdict.sla import slo
from tests.unit.plugin.test_plugin_options import given
from tests.unit.session.virtual_session import NEW, OLD, VirtualSession

# 1,000 prompt tokens a second, 10 ms a decode step, whatever the batch
FLAT = (
    "demo?prefill_tokens_per_s=1000&prefill_overhead_ms=0&prefill_attention_ms=0&decode_base_ms=10"
    "&decode_request_ms=0&decode_context_ms=0"
)
FORM = Form("serving", 100, 11, num_prompts=2)
RULE = slo("tpot", "mean", "<=", 50)


def settings(**options: Any) -> Settings:
    return Settings.of(given(**{"base_url": [NEW], "plan": FLAT, "calibrate": "off", **options}), {})


def planned(test_id: str, form: Form, **more: Any) -> PlannedTest:
    return PlannedTest(test_id, (PlannedLoad(form, **more),), (RULE,), judged=True)


def plan_of(made: Settings, *tests: PlannedTest) -> RunPlan:
    return plan_run(tests, made, offline(made))


def test_one_load_by_hand() -> None:
    """200 prompt tokens take 0.2 s and make the first tokens; ten more steps take 0.1 s. The warm-up is the
    same load, since its answers are shorter than 16 tokens; the stream probe is 64 prompt tokens twice, and
    63 steps.
    """
    plan = plan_of(settings(), planned("t", FORM))
    (row,) = plan.rows
    load, probe = 0.2 + 0.1, 2 * 0.064 + 0.63
    assert row.load_s == pytest.approx(load)
    assert row.seconds is not None and row.seconds.least == row.seconds.most
    assert row.seconds.least == pytest.approx(load + load + probe + BESIDE_S)
    assert plan.seconds is not None and plan.seconds.least == pytest.approx(row.seconds.least + START_S)
    assert (row.counts.requests.least, row.counts.loads.least) == (2, 1)
    assert row.counts.prompt_tokens is not None and row.counts.prompt_tokens.least == 200
    assert row.counts.output_tokens is not None and row.counts.output_tokens.least == 22


def test_repeats_and_both_servers() -> None:
    """Three pairs are six loads; each server is warmed up and probed once."""
    made = settings(baseline_url=OLD, repeats=3)
    plan = plan_of(made, planned("t", FORM))
    (row,) = plan.rows
    load, probe = 0.3, 2 * 0.064 + 0.63
    server = 3 * (load + BESIDE_S) + load + probe
    assert [span.least for span in plan.by_server] == pytest.approx([server, server])
    assert row.seconds is not None and row.seconds.least == pytest.approx(2 * server)
    assert (row.counts.loads.least, row.counts.requests.most) == (6, 12)


def gate() -> list[tuple[str, Form, dict[str, Any]]]:
    sizes = [(f"d{n}", ALI_DECODE.replaced(num_prompts=n), {"batch_size": n}) for n in (1, 8, 12)]
    prefill = ALI_PREFILL.replaced(num_prompts=64)
    return [("np128", TENCENT, {}), *sizes, ("p", prefill, {})]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"warmup_requests": 16},
        {"baseline_url": OLD, "repeats": 2},
        {"random_range_ratio": 0.5, "request_rate": 2.0},
    ],
    ids=["plain", "warm-up", "gate", "ragged"],
)
def test_as_long_as_the_session_then_takes(
    options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same loads through run_load; its prompts, its warm-ups and its pairs, counted by the server."""
    made = settings(plan="r1-fp8-tp8", **options)
    profiles = dict.fromkeys((NEW, OLD)[: 2 if "baseline_url" in options else 1], PROFILES["r1-fp8-tp8"])
    session = VirtualSession(made, tmp_path, profiles, monkeypatch)
    for name, form, more in gate():
        session.run(name, form, **more)
    plan = plan_of(made, *(planned(name, form, **more) for name, form, more in gate()))
    assert plan.seconds is not None
    loads = sum(row.counts.loads.least for row in plan.rows)
    served = plan.seconds.least - START_S * len(profiles) - BESIDE_S * loads
    assert served == pytest.approx(sum(session.seconds.values()), rel=0.01)


def test_automatic_times_come_from_the_file_that_has_them(tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    file.write_text(
        '{"schema": "slabench.baseline/2", "fingerprint": {}, "tests": {'
        '"t": {"workload": {"num_prompts": 2, "input_len": 100, "output_len": 11},'
        ' "figures": {"tpot.mean": 10.0}, "samples": {"tpot.mean": [10.0]},'
        ' "information": {"duration": 7.0, "input_throughput": 1000.0}},'
        '"other": {"workload": {"num_prompts": 3}, "figures": {"qpm": 1.0}}}}'
    )
    made = settings(plan="", baseline=str(file))
    plan = plan_of(made, planned("t", FORM), planned("other", FORM))
    known, other = plan.rows
    warm_up, probe = 0.2 + 0.011 * 10, 2 * 0.064 + 0.01 + 0.64
    assert known.load_s == 7.0 and known.seconds is not None
    assert known.seconds.least == pytest.approx(7.0 + BESIDE_S + warm_up + probe)
    assert other.load_s is None and other.seconds is None
    said = [str(note) for note in plan.notes]
    assert said[0].startswith(f"Times are those that {file} has")
    assert "other: no time is known, since the baseline does not have them with this load." in said


def test_without_anything_that_has_times_they_are_unknown() -> None:
    plan = plan_of(settings(plan=""), planned("t", FORM))
    assert plan.seconds is None and plan.rows[0].counts.requests.least == 2
    assert "--plan=probe" in str(plan.notes[0])


@pytest.mark.parametrize(
    ("load", "sentence"),
    [
        (PlannedLoad(ALI_DECODE.replaced(num_prompts=13), batch_size=13), None),
        (
            PlannedLoad(ALI_DECODE.replaced(num_prompts=14), batch_size=14),
            "t: a batch of 14 needs 78,848 tokens of KV and the pool has 75,235, so the test will be "
            "INVALID. Use batch sizes up to 13.",
        ),
        (
            PlannedLoad(Form("serving", 10, 10, num_prompts=200), batch_size=129),
            "t: a batch of 129 is more than the server's 128 running requests, so the test will be INVALID. "
            "Use batch sizes up to 128.",
        ),
        (PlannedLoad(TENCENT), None),
        (
            PlannedLoad(Form("serving", 75_000, 235, num_prompts=1)),
            "t: a request of 75,235 tokens does not fit into the KV pool of 75,235; it can never run. "
            "Use shorter prompts or answers.",
        ),
        (
            PlannedLoad(Form("serving", 163_000, 841, num_prompts=1)),
            "t: a request of 163,841 tokens is longer than the server's context of 163,840; every request "
            "will be refused. Use shorter prompts or answers.",
        ),
    ],
)
def test_what_cannot_fit(load: PlannedLoad, sentence: str | None) -> None:
    plan = plan_of(settings(plan="r1-fp8-tp8"), PlannedTest("t", (load,), judged=True))
    assert [str(problem) for problem in plan.problems] == ([] if sentence is None else [sentence])


def asserts(*tests: PlannedTest, **options: Any) -> Sequence[Sequence[str]]:
    return [[str(part) for part in row.asserts] for row in plan_of(settings(**options), *tests).rows]


def test_what_is_asserted() -> None:
    prefill = PlannedTest("p", (PlannedLoad(ALI_PREFILL),), judged=True)
    tests = (planned("t", TENCENT), prefill, PlannedTest("c", judged=True, curve=True))
    assert asserts(*tests, slo=["ttft.mean<=900", "tpot.mean<=40"]) == [
        ["ttft.mean<=900, tpot.mean<=40"],
        ["ttft.mean<=900"],
        ["no objective: PASSED if the run is valid"],
    ]
    assert asserts(*tests, baseline_url=OLD, tolerance=3.0)[1:] == [
        ["compared with the old server: input_throughput, tolerance 3 %"],
        ["compared with the old server: curve, tolerance 3 %"],
    ]
    assert asserts(prefill, strict_validity=True) == [
        ["no objective: INVALID under --strict-validity (NOTHING_JUDGED)"]
    ]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"plan": "nothing"}, r"--plan=nothing: There is no profile 'nothing' .* Or --plan=probe"),
        ({"plan": "demo?decode_base_ms=x"}, "--plan=demo.*decode_base_ms=x is no float"),
        ({"plan": "null"}, "the null server has no model"),
        ({"plan": "", "base_url": ["sim:null"]}, "the null server has no model"),
        ({"plan": "probe", "base_url": None}, "asks a server that is up: name it with --base-url"),
        ({"plan": "probe", "base_url": None, "launch": "serve --port {port}"}, "not with --launch"),
        ({"plan": "probe"}, "no test of this run sends a load"),
    ],
)
def test_what_no_plan_can_be_made_of(
    options: dict[str, Any], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = SimpleNamespace(token_capacity=None, max_running_requests=None, context_length=None)
    opened: Any = SimpleNamespace(new=SimpleNamespace(info=limits), baseline=None, close=lambda: None)
    monkeypatch.setattr(Campaign, "open", lambda self: setattr(self, "opened", opened))
    with pytest.raises(ConfigError, match=sentence):
        known(settings(**options), [], lambda sentence: None)
