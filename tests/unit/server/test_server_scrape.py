"""The counters of /metrics, as sglang 0.5.7 prints them."""

from __future__ import annotations

from slabench.server.scrape import read_counters

TEXT = """# HELP sglang:prompt_tokens_total Number of prefill tokens processed.
# TYPE sglang:prompt_tokens_total counter
sglang:prompt_tokens_total{model_name="tiny"} 300.0
sglang:generation_tokens_total{model_name="tiny"} 40.0
sglang:generation_tokens_total{model_name="other"} 2.0
sglang:num_requests_total{model_name="tiny"} 3.0
sglang:cached_tokens_total{model_name="tiny"} 1.0
"""


def test_requests_and_tokens_of_all_labels() -> None:
    assert read_counters(TEXT) == (3.0, 342.0)


def test_what_does_not_count_everything_counts_nothing() -> None:
    assert read_counters("") is None
    assert read_counters(TEXT.replace("sglang:num_requests_total", "sglang:num_others_total")) is None
