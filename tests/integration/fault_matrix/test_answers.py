"""Answers that are none, end early, or lie: nothing of a stream may be taken for a measurement that is
none.
"""

from __future__ import annotations

import pytest

from tests.integration.conftest import Suite
from tests.integration.fault_matrix.rows import Row, expect_invalid, measure, params

ALL = "INVALID"  # without the check nothing is left to compute a TPOT from
NOT_STARTED = [
    Row(
        "503-all",
        "demo?fault=busy",
        "completed",
        "6 of 6 requests failed with HTTP 503; all must succeed. First error: HTTP 503",
        also=("log_lines",),
        without=ALL,
    ),
    Row("503-half", "demo?fault=busy&fault_share=0.5", "completed", "3 of 6 requests failed with HTTP 503;"),
    Row("503-one", "demo?fault=busy&fault_index=2", "completed", "1 of 6 requests failed with HTTP 503;"),
    Row("429-with-retry-after", "demo?fault=rate_limit&fault_share=0.5", "completed", "HTTP 429"),
    Row("proxy-page-502", "demo?fault=page&fault_index=0", "completed", "HTTP 502: <!DOCTYPE html>"),
    Row(
        "proxy-page-200",
        "demo?fault=page_ok&fault_index=0",
        "completed",
        "The answer is not an event stream: <!DOCTYPE html>",
    ),
    Row(
        "redirect",
        "demo?fault=redirect&fault_index=5",
        "completed",
        "HTTP 307: redirect to http://127.0.0.1:1/generate",
    ),
    Row(
        "empty-200",
        "demo?fault=empty&fault_share=0.5",
        "completed",
        "3 of 6 requests failed with a truncated answer",
    ),
    Row(
        "vllm-stream",
        "demo?fault=vllm_stream",
        "completed",
        "6 of 6 requests failed with an answer without a counted token",
        also=("log_lines",),
        without=ALL,
    ),
    Row(
        "done-without-a-token",
        "demo?fault=no_tokens&fault_index=1",
        "completed",
        "1 of 6 requests failed with an answer without a counted token",
    ),
    Row(
        "reset-before-headers",
        "demo?fault=reset_before&fault_index=1",
        "completed",
        "1 of 6 requests failed with a broken connection",
    ),
    Row(
        "silence",
        "demo?fault=silence&fault_index=0",
        "completed",
        "1 of 6 requests failed with a time-out before the first byte",
    ),
]
BROKEN_OFF = [
    Row(
        "stream-error-all",
        "demo?fault=stream_error&fault_tokens=0",
        "completed",
        "failed with an error inside the stream",
        without=ALL,
    ),
    Row(
        "stream-error-one",
        "demo?fault=stream_error&fault_index=3&fault_tokens=0",
        "completed",
        "1 of 6 requests failed with an error inside the stream",
    ),
    Row(
        "stream-error-after-tokens",
        "demo?fault=stream_error&fault_share=0.5&fault_tokens=8",
        "completed",
        "CUDA out of memory",
    ),
    Row(
        "reset-in-mid-stream",
        "demo?fault=reset&fault_index=2&fault_tokens=5",
        "completed",
        "failed with a broken connection",
    ),
    Row(
        "closed-in-mid-stream",
        "demo?fault=drop&fault_index=2&fault_tokens=5",
        "completed",
        "failed with a truncated answer",
    ),
    Row(
        "cut-without-done",
        "demo?fault=cut&fault_index=2&fault_tokens=11",
        "completed",
        "The stream ended without [DONE].",
    ),
    Row(
        "stall-then-silence",
        "demo?fault=stall&fault_index=2&fault_tokens=5",
        "completed",
        "failed with a time-out within the answer",
    ),
    Row(
        "abort",
        "demo?fault=abort&fault_index=1&fault_tokens=6",
        "completed",
        "First error: Aborted by AbortReq.",
    ),
    Row(
        "error-beside-a-count",
        "demo?fault=error_beside&fault_index=1&fault_tokens=6",
        "completed",
        "CUDA out of memory",
    ),
    Row(
        "error-behind-others",
        "demo?fault=error_object&fault_index=1&fault_tokens=6",
        "completed",
        "CUDA out of memory",
    ),
    Row(
        "error-by-its-name",
        "demo?fault=error_named&fault_index=1&fault_tokens=6",
        "completed",
        "CUDA out of memory",
    ),
    Row(
        "a-number-of-400-digits",
        "demo?fault=huge_number&fault_index=1",
        "completed",
        "prompt_tokens is a whole number of 400 digits",
    ),
    Row(
        "nested-5000-deep",
        "demo?fault=deep_json&fault_index=1",
        "completed",
        "failed with a malformed answer",
    ),
    Row("taken-and-closed", "demo?fault=taken&fault_index=4", "completed", "failed with a broken connection"),
    Row(
        "malformed-json",
        "demo?fault=malformed&fault_index=2",
        "completed",
        "The stream has an event that is not JSON",
    ),
    Row(
        "malformed-last-event",
        "demo?fault=malformed_last&fault_index=2",
        "completed",
        "The last event does not have the endpoint's form",
    ),
]
LYING = [
    Row(
        "early-stop",
        "demo?fault=stop&fault_index=1&fault_tokens=6",
        "finish_reason",
        "(1 x stop)",
        also=("output_length",),
    ),
    Row(
        "stop-at-the-right-length",
        "demo?fault=stop&fault_tokens=12",
        "finish_reason",
        "6 of 6 answers did not end with",
    ),
    Row(
        "fewer-tokens",
        "demo?fault=short&fault_index=1&fault_tokens=6",
        "output_length",
        "(request 1: 6 of 12 tokens)",
    ),
    Row("more-tokens", "demo?fault=longer&fault_index=1", "output_length", "(request 1: 16 of 12 tokens)"),
    Row(
        "truncated-prompt",
        "demo?fault=truncated&fault_index=4",
        "prompt_length",
        "(request 4: 64 ids sent, 32 read)",
        also=("other_clients",),
    ),
    Row(
        "cached-prefixes",
        "demo?fault=cached",
        "prefix_cache",
        "192 of 384 prompt tokens (50.0 %) came from the prefix cache",
    ),
    Row("cached-prefix-of-one", "demo?fault=cached&fault_index=0", "prefix_cache", "32 of 384 prompt tokens"),
    Row(
        "count-falls",
        "demo?fault=count_falls&fault_index=2",
        "token_counts",
        "request 2 are not usable: the count falls",
    ),
    Row(
        "count-jumps-and-falls",
        "demo?fault=count_jumps&fault_index=2",
        "token_counts",
        "request 2 are not usable: the count falls",
    ),
    Row(
        "half-in-one-event",
        "demo?fault=single_event,no_metrics&fault_share=0.5",
        "tpot_defined",
        "3 of 6 answers of more than one token have no TPOT",
    ),
    Row(
        "buffered",
        "demo?fault=buffered&fault_tokens=20",
        "one_read",
        "0 of 6 answers arrived in one read, 6 more in a few reads at their end",
        also=("server_agrees", "streamed"),
        options=("--random-output-len=120",),
    ),
    Row(
        "fewer-ids-than-counted",
        "demo?fault=few_ids&fault_tokens=6",
        "token_counts",
        "6 of 6 answers have another number of output_ids than they count (request 0: 12 tokens counted, 6 "
        "ids in its last event)",
    ),
    Row(
        "fewer-ids-in-one",
        "demo?fault=few_ids&fault_index=3",
        "token_counts",
        "(request 3: 12 tokens counted, 4 ids",
    ),
    Row(
        "ids-in-half-of-the-answers",
        "demo?fault=no_ids&fault_share=0.5",
        "token_counts",
        "3 of 6 answers have no output_ids",
    ),
    Row(
        "output-behind-its-counts",
        "demo?fault=behind",
        "token_counts",
        "6 of 6 answers have an event in their middle that counts more than it brings (request 0: 6 of 12 "
        "tokens counted, 1 id)",
    ),
    Row(
        "text-behind-its-counts",
        "demo?fault=behind,no_ids",
        "token_counts",
        "(request 0: 6 of 12 tokens counted, 3 of the answer's 40 characters)",
    ),
    Row(
        "counts-apart-from-the-output",
        "demo?fault=apart&fault_s=0.06",
        "token_counts",
        "6 of 6 answers have output in events without a token count",
        also=("first_token",),
    ),
    Row(
        "counted-before-it-is-there",
        "demo?fault=early_count,no_metrics&prefill_overhead_ms=150",
        "first_token",
        "The first counted event of 6 of 6 answers has no output_ids",
    ),
    Row(
        "all-but-one-token-at-first",
        # a client that gets a core late reads 5 ms apart at once
        "demo?fault=lump,no_metrics&fault_tokens=1&decode_base_ms=25",
        "tpot_defined",
        "6 of 6 answers (limit 2 %) have less than 25 % of their tokens after their first event (request 0: "
        "11 of 12 in it)",
    ),
    Row(
        "played-again",
        "demo?decode_base_ms=20&fault=replayed,no_metrics&fault_skip=0",
        "streamed",
        "On the idle server the first token came after",
        options=("--random-output-len=25", "--allow=one_read,client", "--first-byte-timeout=5"),
    ),
    Row(
        "played-again-once-a-load-is-on",
        "demo?decode_base_ms=20&fault=replayed,no_metrics&decode_log_interval=2",
        "streamed",
        "than nine in ten of the deploy log's Decode lines (",
        options=("--random-output-len=25", "--allow=one_read,client", "--first-byte-timeout=5"),
    ),
    Row(
        "counted-before-it-is-there-with-an-id",
        "demo?fault=early_id,no_metrics&prefill_overhead_ms=150&fault_skip=0",
        "streamed",
        "the first counted event came without a text",
    ),
    Row(
        "one-answer-for-all",
        "demo?fault=one_id",
        "request_ids",
        "5 of 6 answers have the id of another one (cached)",
    ),
    Row(
        "half-without-meta",
        "demo?fault=silent_meta&fault_share=0.5",
        "prompt_length",
        "3 of 6 answers report no prompt_tokens",
        also=("prefix_cache",),
    ),
    Row(
        "half-uncounted",
        "demo?fault=uncounted&fault_share=0.5",
        "token_counts",
        "3 of 6 answers count no tokens along the stream",
        options=("--backend=sglang-oai",),
    ),
    Row(
        "count-nan", "demo?fault=count_nan&fault_index=2", "token_counts", "a count is not a positive number"
    ),
    Row(
        "duplicate-events",
        "demo?fault=duplicate&fault_index=2",
        "token_counts",
        "12 of 24 events repeat the count before them",
    ),
    Row(
        "done-before-the-last-token",
        "demo?fault=done_early&fault_index=2",
        "token_counts",
        "a token arrived after [DONE]",
    ),
    Row(
        "out-of-order-events",
        "demo?fault=out_of_order&fault_index=2",
        "token_counts",
        "the count falls along the stream",
        also=("finish_reason", "output_length"),
    ),
]


@pytest.mark.parametrize("row", params([*NOT_STARTED, *BROKEN_OFF, *LYING]))
def test_red(suite: Suite, row: Row) -> None:
    expect_invalid(measure(suite, row), row)
