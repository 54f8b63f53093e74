"""The counters of /metrics: stored scrapes of two releases, and one made from the code of a third."""

from __future__ import annotations

from pathlib import Path

import pytest

from slabench.server.scrape import grown, read_counters

STORED = Path(__file__).parents[2] / "data" / "server"
TEXT = """# HELP sglang:prompt_tokens_total Number of prefill tokens processed.
# TYPE sglang:prompt_tokens_total counter
sglang:prompt_tokens_total{model_name="tiny"} 300.0
sglang:generation_tokens_total{model_name="tiny"} 40.0
sglang:generation_tokens_total{model_name="other"} 2.0
sglang:num_requests_total{model_name="tiny"} 3.0
sglang:cached_tokens_total{model_name="tiny"} 1.0
"""
# 0.5.23, srt/observability/metrics_collector.py: the label is_streaming, its own TPOT, idle time by scheduler
# and the steps of speculative decoding.
TEXT_0_5_23 = """sglang:prompt_tokens_total{is_streaming="true",model_name="m"} 700.0
sglang:generation_tokens_total{is_streaming="true",model_name="m"} 240.0
sglang:num_requests_total{is_streaming="false",model_name="m"} 1.0
sglang:num_requests_total{is_streaming="true",model_name="m"} 2.0
sglang:time_to_first_token_seconds_sum{is_streaming="true",model_name="m"} 0.6
sglang:time_to_first_token_seconds_count{is_streaming="true",model_name="m"} 3.0
sglang:request_time_per_output_token_seconds_sum{is_streaming="true",model_name="m"} 0.03
sglang:request_time_per_output_token_seconds_count{is_streaming="true",model_name="m"} 3.0
sglang:request_time_per_output_token_seconds_bucket{le="0.01",model_name="m"} 3.0
sglang:spec_verify_calls_total{model_name="m"} 80.0
sglang:scheduler_idle_seconds_total{dp_rank="0",model_name="m"} 2.5
sglang:scheduler_idle_seconds_total{dp_rank="1",model_name="m"} 3.5
"""


def test_requests_and_tokens_of_all_labels() -> None:
    assert read_counters(TEXT) == {"requests": 3.0, "prompt_tokens": 300.0, "output_tokens": 42.0}


def test_what_does_not_count_everything_counts_nothing() -> None:
    assert read_counters("") is None
    assert read_counters(TEXT.replace("sglang:num_requests_total", "sglang:num_others_total")) is None


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        (
            "0.5.7",
            {"requests": 29, "ttft.sum": 0.19539284706115723, "e2el.count": 29, "queue.sum": 0.01244309499},
        ),
        (
            "0.5.12",
            {"requests": 259, "ttft.sum": 1317.159323705, "e2el.sum": 8414.280116261, "queue.count": 259},
        ),
    ],
)
def test_a_real_server_s_page(release: str, expected: dict[str, float]) -> None:
    read = read_counters((STORED / f"metrics-{release}.txt").read_text())
    assert read is not None
    assert {name: read[name] for name in expected} == pytest.approx(expected)
    assert not read.keys() & {"tpot.sum", "idle", "verify_steps"}  # a later release's


def test_what_0_5_23_adds() -> None:
    assert read_counters(TEXT_0_5_23) == {
        "requests": 3.0, "prompt_tokens": 700.0, "output_tokens": 240.0, "ttft.sum": 0.6, "ttft.count": 3.0,
        "tpot.sum": 0.03, "tpot.count": 3.0, "verify_steps": 80.0, "idle": 6.0, "idle.schedulers": 2.0,
    }  # fmt: skip


def test_what_a_load_added() -> None:
    before = read_counters(TEXT_0_5_23)
    after = {**(before or {}), "requests": 7.0, "idle": 8.0, "queue.sum": 1.5}
    growth = grown(before, after)
    assert growth is not None
    assert {name: growth[name] for name in ("requests", "idle", "idle.schedulers", "queue.sum")} == {
        "requests": 4.0, "idle": 2.0, "idle.schedulers": 2.0, "queue.sum": 1.5,
    }  # fmt: skip


def test_a_count_that_fell_is_of_another_process() -> None:
    before = read_counters(TEXT)
    assert grown(before, {**(before or {}), "requests": 2.0}) is None
    assert grown(None, before) is None
    assert grown(before, None) is None


@pytest.mark.parametrize("value", ["a}b", '\\"}', "{x}", "a\\\\", "a b", '} 1\\" 2'])
def test_a_label_s_value_may_contain_what_ends_labels(value: str) -> None:
    labels = f'{{engine_type="unified",model_name="{value}"}}'
    names = ("num_requests_total", "prompt_tokens_total", "generation_tokens_total")
    text = "".join(f"sglang:{name}{labels} {k}.0\n" for k, name in enumerate(names, 1))
    found = read_counters(text)
    assert found == {"requests": 1.0, "prompt_tokens": 2.0, "output_tokens": 3.0}


def test_a_sample_may_have_a_time_behind_its_value() -> None:
    names = ("num_requests_total", "prompt_tokens_total", "generation_tokens_total")
    found = read_counters("".join(f"sglang:{name} 2 1395066363000\n" for name in names))
    assert found is not None and set(found.values()) == {2.0}
