"""A plan's times against hand arithmetic, and against what the session then sends, in virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from slabench.errors import ConfigError
from slabench.methods import ALI_DECODE, ALI_PREFILL, TENCENT, Form
from slabench.session.plan import ZERO, Range, RunPlan, plan_run
from slabench.session.plan_knowledge import by_baseline, known, offline
from slabench.session.plan_models import BESIDE_S
from slabench.session.plan_text import plan_text
from slabench.session.plan_time import CALIBRATION_S, START_S, VOCABULARY_S
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
    return plan_run(tests, made, offline(made, tests))


def test_one_load_by_hand() -> None:
    """200 prompt tokens take 0.2 s and make the first tokens; ten more steps take 0.1 s. The warm-up is the
    same load, since its answers are shorter than 16 tokens; the stream probe is 64 prompt tokens three
    times, and 63 steps.
    """
    plan = plan_of(settings(), planned("t", FORM))
    (row,) = plan.rows
    load, probe = 0.2 + 0.1, 3 * 0.064 + 0.63
    assert row.load_s == pytest.approx(load)
    assert row.seconds is not None and row.seconds.least == row.seconds.most
    assert row.seconds.least == pytest.approx(load + load + probe + BESIDE_S)
    assert plan.seconds is not None and plan.seconds.least == pytest.approx(row.seconds.least + START_S)
    assert (row.counts.requests.least, row.counts.loads.least) == (2, 1)
    assert row.counts.prompt_tokens is not None and row.counts.prompt_tokens.least == 200
    assert row.counts.output_tokens is not None and row.counts.output_tokens.least == 22


def test_repeats_and_both_servers() -> None:
    """Three pairs are six loads; each server is warmed up and probed once. Then both answer 16 prompts, which
    they have in their prefix caches or not, in 16 tokens, and score 32 answers, four at a time.
    """
    made = settings(baseline_url=OLD, repeats=3)
    plan = plan_of(made, planned("t", FORM))
    (row,) = plan.rows
    load, probe = 0.3, 3 * 0.064 + 0.63
    server = 3 * (load + BESIDE_S) + load + probe
    assert [span.least for span in plan.by_server] == pytest.approx([server, server])
    assert row.seconds is not None
    answers, scores = (16 * 0.001 + 0.15, 16 * 0.1 + 0.15), 8 * 4 * 0.016
    assert row.seconds.least == pytest.approx(2 * (server + answers[0] + scores))
    assert row.seconds.most == pytest.approx(2 * (server + answers[1] + scores) + VOCABULARY_S)
    (row,) = plan_of(settings(baseline_url=OLD, repeats=3, answers="off"), planned("t", FORM)).rows
    assert row.seconds is not None and row.seconds.most == pytest.approx(2 * server)
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
        '"other": {"workload": {"num_prompts": 3}, "figures": {"qpm": 1.0},'
        ' "information": {"duration": 5.0}}}}'
    )
    made = settings(plan="", baseline=str(file))
    plan = plan_of(made, planned("t", FORM), planned("other", FORM))
    known, other = plan.rows
    warm_up, probe = 0.2 + 0.011 * 10, 3 * 0.064 + 2 * 0.01 + 0.64
    assert known.load_s == 7.0 and known.seconds is not None
    assert known.seconds.least == pytest.approx(7.0 + BESIDE_S + warm_up + probe)
    assert other.load_s is None and other.seconds is None
    said = [str(note) for note in plan.notes]
    assert said[0].startswith(f"Times are those that {file} has")
    assert "other: no time is known, since the baseline does not have them with this load." in said
    assert by_baseline((planned("t", FORM), planned("other", FORM)), made) == {"t": known.seconds.most}
    assert by_baseline((planned("t", FORM),), settings(plan="")) == {}
    assert plan_text(plan).count("at least") == 1


def test_the_client_is_calibrated_once_for_a_shape() -> None:
    """20 ms a token is the first shape, 10 ms a token asks for a second; 2 and 16 in flight share them."""
    made = settings(calibrate="fresh")
    off = plan_of(settings(), planned("t", FORM), planned("u", FORM.replaced(num_prompts=16)))
    plan = plan_of(made, planned("t", FORM), planned("u", FORM.replaced(num_prompts=16)))
    assert plan.seconds is not None and off.seconds is not None
    assert plan.seconds.least - off.seconds.least == pytest.approx(2 * CALIBRATION_S)
    simulated = settings(calibrate="auto", base_url=["sim:"])
    assert plan_of(simulated, planned("t", FORM)).rows[0].seconds == off.rows[0].seconds


def test_without_anything_that_has_times_they_are_unknown() -> None:
    plan = plan_of(settings(plan=""), planned("t", FORM))
    assert plan.seconds is None and plan.rows[0].counts.requests.least == 2
    assert "--plan=probe" in str(plan.notes[0])


@pytest.mark.parametrize(
    ("load", "check", "sentence"),
    [
        (PlannedLoad(ALI_DECODE.replaced(num_prompts=13), batch_size=13), "", ""),
        (
            PlannedLoad(ALI_DECODE.replaced(num_prompts=14), batch_size=14),
            "batch_fits",
            "Batch size 14 needs 78848 tokens of KV cache, the server has 75235. Use --batch-sizes up to 13",
        ),
        (
            PlannedLoad(Form("serving", 10, 10, num_prompts=200), batch_size=129),
            "batch_fits",
            "Batch size 129 is above the server's limit of 128 running requests.",
        ),
        (PlannedLoad(TENCENT), "", ""),
        (PlannedLoad(Form("serving", 75_000, 234, num_prompts=1)), "", ""),
        (
            PlannedLoad(Form("serving", 75_000, 235, num_prompts=1)),
            "request_fits",
            "Prompt and answer together have 75235 tokens, and the server's KV cache holds 75235.",
        ),
        (
            PlannedLoad(Form("serving", 163_000, 841, num_prompts=1)),
            "request_fits",
            "Prompt and answer together have 163841 tokens, and the server's context length is 163840.",
        ),
    ],
)
def test_what_cannot_fit_is_sent_no_load(load: PlannedLoad, check: str, sentence: str) -> None:
    other = PlannedTest("other", (PlannedLoad(FORM),), judged=True)
    plan = plan_of(settings(plan="r1-fp8-tp8"), PlannedTest("t", (load,), judged=True), other)
    row, rest = plan.rows
    assert [stop.name for stop in row.stops] == ([check] if check else [])
    assert all(stop.sentence.startswith(sentence) for stop in row.stops)
    assert (row.counts.requests.least > 0) is not bool(check)
    assert not rest.stops and rest.counts.requests.least == 2
    assert (row.seconds == ZERO) is bool(check) and plan.seconds is not None


def test_what_the_old_server_cannot_hold_is_refused_too() -> None:
    test = PlannedTest("t", (PlannedLoad(ALI_DECODE.replaced(num_prompts=8), batch_size=8),), judged=True)
    sides = {"plan": "", "base_url": ["sim:demo"], "baseline_url": "sim:demo?pool_tokens=40000"}
    (row,) = plan_of(settings(**sides), test).rows
    (stop,) = row.stops
    assert stop.baseline and "needs 45056 tokens of KV cache, the server has 40000" in stop.sentence
    (row,) = plan_of(settings(**{**sides, "baseline_url": "sim:demo"}), test).rows
    assert not row.stops


def test_a_batch_that_is_allowed_is_measured_and_under_a_gate_one_stops_all() -> None:
    large = PlannedTest("t", (PlannedLoad(ALI_DECODE.replaced(num_prompts=14), batch_size=14),), judged=True)
    (allowed,) = plan_of(settings(plan="r1-fp8-tp8", allow=("batch_fits",)), large).rows
    assert not allowed.stops and allowed.counts.requests.least == 14
    gate = plan_of(settings(plan="r1-fp8-tp8", strict_validity=True), large)
    assert "Under --strict-validity no test is sent a load" in str(gate.notes[-1])


def test_automatic_repeats_are_a_range() -> None:
    """3 to 16 pairs; of an old server that is measured first and ended the number is fixed."""
    plan = plan_of(settings(baseline_url=OLD, answers="off"), planned("t", FORM))
    (row,) = plan.rows
    assert (row.counts.loads, row.counts.requests) == (Range(6, 32), Range(12, 64))
    assert row.seconds is not None
    assert row.seconds.most - row.seconds.least == pytest.approx(26 * (0.3 + BESIDE_S))
    both = {"base_url": None, "launch": "new --port {port}", "baseline_launch": "old --port {port}"}
    (row,) = plan_of(settings(**both, one_after_the_other=True), planned("t", FORM)).rows
    assert row.counts.loads == Range(3 + 5, 16 + 5)


def test_an_old_server_that_ends_gives_its_vocabulary_once() -> None:
    both = {"base_url": None, "launch": "new --port {port}", "baseline_launch": "old --port {port}"}
    made, tests = (
        settings(**both, one_after_the_other=True, repeats=3),
        (planned("t", FORM), planned("u", FORM)),
    )
    spread = [row.seconds.most - row.seconds.least for row in plan_of(made, *tests).rows if row.seconds]
    assert spread[0] - spread[1] == pytest.approx(VOCABULARY_S)
    together = [row.seconds for row in plan_of(settings(baseline_url=OLD, repeats=3), *tests).rows]
    spread = [seconds.most - seconds.least for seconds in together if seconds]
    assert spread[0] - spread[1] == pytest.approx(0)


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
def test_what_no_plan_can_be_made_of(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        known(settings(**options), [], lambda sentence: None)
