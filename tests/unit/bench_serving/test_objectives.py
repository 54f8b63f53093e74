"""bench_serving's output file, read, computed and judged without running it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from slabench.bench_serving import objectives
from slabench.bench_serving.client import read_output
from slabench.bench_serving.metrics import reported_metrics, reported_sizes
from slabench.records import ClientRecord, GpuCounts, RunRecord
from slabench.reported_records import ReportedRun
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.sla import slo
from slabench.verdict.validity import CheckContext, examine
from slabench.workloads.model import Prompt

PROMPTS = [Prompt("a", None, 10, 3), Prompt("b", None, 12, 3)]
CLIENT = "sglang.bench_serving 0.5.7"


def row(**more: Any) -> str:
    columns: dict[str, Any] = {
        "tag": None,
        "duration": 2.0,
        "completed": 2,
        "total_input_tokens": 22,
        "request_throughput": 0.3846,
        "input_throughput": 11.0,
        "mean_tpot_ms": 10.0,
        "mean_ttft_ms": 150.0,
        "mean_itl_ms": 10.0,
        "mean_e2e_latency_ms": 170.0,
        "max_concurrent_requests": 2,
        "server_info": {"api_key": "secret"},
        "input_lens": [10, 12],
        "output_lens": [3, 3],
        "ttfts": [0.1, 0.2],
        "itls": [[0.01, 0.01], [0.01, 0.02]],
        "generated_texts": ["x", "y"],
        "errors": ["", ""],
    }
    return json.dumps(columns | more) + "\n"


def checks(run: ReportedRun, *, planned: int = 2, batch_size: int | None = None) -> dict[str, CheckStatus]:
    record = RunRecord((), 0, 0.0, {}, {}, ClientRecord(2.0, None, None, None, None), reported=run)
    context = CheckContext(
        record, exact_prompt=False, planned=planned, batch_size=batch_size, token_capacity=100, max_running=8
    )
    return {check.name: check.state for check in examine(context, "tencent")}


def test_figures_are_its_own_and_have_definitions() -> None:
    run, kept = read_output(row(), PROMPTS, CLIENT, status=0)
    metrics = reported_metrics(run, gpus=GpuCounts.alike(2))
    assert metrics["classic.tpot.mean"] == 10.0
    assert metrics["classic.ttft.max"] == pytest.approx(200)
    assert metrics["classic.itl.max"] == pytest.approx(20)
    assert metrics["classic.qpm"] == pytest.approx(22.8)  # 0.3846 is printed 0.38
    assert metrics["classic.input_throughput_per_gpu"] == 5.5
    assert [key for key in metrics if not key.startswith("classic.")] == ["requests"]
    assert reported_sizes(run) == {"ttft": 2, "e2el": 2, "tpot": 2, "itl": 4}
    assert not {"server_info", "generated_texts"} & set(kept)


def test_its_zero_for_no_data_is_absent() -> None:
    run, _ = read_output(
        row(output_lens=[1, 1], itls=[[], []], mean_tpot_ms=0.0, mean_itl_ms=0.0), PROMPTS, CLIENT, status=0
    )
    metrics = reported_metrics(run)
    assert not [key for key in metrics if key.startswith(("classic.tpot", "classic.itl"))]
    assert "classic.ttft.mean" in metrics


def test_one_answer_without_text_leaves_no_figure_that_hangs_on_texts() -> None:
    """Its row counts TTFT 0 for it: the mean of 100 ms and nothing would be 50 ms."""
    silent = row(ttfts=[0.1, 0.0], generated_texts=["x", ""], itls=[[0.01, 0.01], []], mean_ttft_ms=50.0)
    metrics = reported_metrics(read_output(silent, PROMPTS, CLIENT, status=0)[0])
    assert not [key for key in metrics if key.startswith(("classic.tpot", "classic.itl", "classic.ttft"))]
    assert metrics["classic.e2el.mean"] == 170.0


def test_a_sound_file_is_ok_where_it_tells_and_not_checked_where_it_does_not() -> None:
    states = checks(read_output(row(), PROMPTS, CLIENT, status=0)[0], batch_size=2)
    assert {name for name, state in states.items() if state is CheckStatus.OK} == {
        "completed",
        "output_length",
        "batch_fits",
    }
    assert {
        state for name, state in states.items() if name not in ("completed", "output_length", "batch_fits")
    } == {CheckStatus.NOT_CHECKED}


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"completed": 1}, "completed"),
        ({"completed": None}, "completed"),
        ({"errors": ["", "Traceback\nValueError: broken"]}, "completed"),
        ({"generated_texts": ["x", ""]}, "completed"),
        ({"ttfts": [0.1, 0.0]}, "completed"),
        ({"output_lens": [3, 2]}, "output_length"),
        ({"input_lens": [12, 10]}, "prompt_length"),
        ({"max_concurrent_requests": 1}, "batch_reached"),
        ({"ttfts": [0.1]}, "completed"),
        ({"ttfts": None}, "completed"),
    ],
)
def test_each_thing_that_is_wrong_is_invalid(change: dict[str, Any], check: str) -> None:
    run, _ = read_output(row(**change), PROMPTS, CLIENT, status=0)
    assert checks(run, batch_size=2)[check] is CheckStatus.INVALID


@pytest.mark.parametrize(
    ("text", "status"), [("", 0), ("{}\n{}\n", 0), ("[]\n", 0), ("no json\n", 0), (row(), 1), (row(), -9)]
)
def test_an_output_that_is_none_is_a_failure_and_gives_no_figure(text: str, status: int) -> None:
    run, kept = read_output(
        text, PROMPTS, CLIENT, status=status, stderr="Traceback\n  ...\nIndexError: index -1\n"
    )
    assert run.failure
    assert kept == {}
    assert reported_metrics(run) == {"requests": 2}
    assert checks(run)["completed"] is CheckStatus.INVALID
    if status:
        assert run.failure.endswith("IndexError: index -1")


def test_a_data_set_that_gives_fewer_prompts_is_invalid() -> None:
    run, _ = read_output(row(), PROMPTS, CLIENT, status=0)
    assert checks(run, planned=3)["completed"] is CheckStatus.INVALID


def test_objectives_go_to_its_figures_or_stay_undefined() -> None:
    rules = (
        slo("tpot", "mean", "<=", 50),
        slo("ttft", "p50", "<=", 9),
        slo("tpot", "p90", "<=", 50),
        slo("qpm", "", ">=", 1),
    )
    assert [rule.metric for rule in objectives.classic_rules(rules)] == [
        "classic.tpot.mean",
        "classic.ttft.median",
        "tpot.p90",
        "classic.qpm",
    ]
    run, _ = read_output(row(), PROMPTS, CLIENT, status=0)
    assert "tpot.mean by classic.tpot.mean" in objectives.label(run, rules)
