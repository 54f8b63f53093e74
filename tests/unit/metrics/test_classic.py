"""bench_serving's figures against numbers worked by hand from its source."""

from array import array
from dataclasses import replace

import pytest

from slabench.metrics.classic import (
    ClassicOutput,
    classic_metrics,
    classic_output,
    compute_classic,
    text_sizes,
)
from slabench.metrics.definitions import METRICS, metric_of
from slabench.records import BEFORE, GpuCounts, ServerEvidence
from tests.unit.factories import MS, answer, run_of


def test_output_as_bench_serving_would_store_it():
    out = classic_output(answer(), 0)
    assert out.latency == pytest.approx(0.140)  # to [DONE]
    assert out.ttft == pytest.approx(0.100)
    assert out.itl == pytest.approx([0.010, 0.010, 0.010])
    assert out.output_len == 4


def test_events_before_the_first_text_are_not_seen():
    record = answer()
    late = type(record)(
        **{name: getattr(record, name) for name in record.__slots__} | {"first_text_ns": 120 * MS}
    )
    out = classic_output(late, 0)
    assert out.ttft == pytest.approx(0.110)
    assert out.itl == pytest.approx([0.010, 0.010])


def test_a_text_that_counts_no_token_is_its_first_and_its_count_stands():
    """TTFT ends with it; what is counted later came since then.

    Where nothing is, the length is 0 and not the one asked for.
    """
    record = replace(answer(), first_text_ns=104 * MS, first_text_at=BEFORE)
    out = classic_output(record, 0)
    assert out.ttft == pytest.approx(0.094)
    assert out.itl == pytest.approx([0.006, 0.010, 0.010, 0.010])
    assert out.output_len == 4
    nothing = array("q")
    out = classic_output(replace(record, arrival_ns=nothing, arrival_tokens=nothing, output_len=9), 0)
    assert (out.ttft, out.itl, out.output_len) == (pytest.approx(0.094), [], 0)
    out = classic_output(
        replace(
            record,
            arrival_ns=nothing,
            arrival_tokens=nothing,
            output_len=9,
            first_text_ns=None,
            first_text_at=None,
        ),
        0,
    )
    assert (out.ttft, out.itl, out.output_len) == (0.0, [], 9)


def test_figures_by_hand():
    outputs = [
        ClassicOutput(
            start_time=0.0, latency=1.125, ttft=0.125, output_len=9, itl=[0.125] * 8, prompt_len=50
        ),
        ClassicOutput(start_time=0.5, latency=0.3, ttft=0.3, output_len=1, itl=[], prompt_len=70),
    ]
    metrics = classic_metrics(outputs, 2.0)
    assert metrics["classic.tpot.mean"] == pytest.approx(125)  # one token has no TPOT
    assert metrics["classic.ttft.median"] == pytest.approx(212.5)
    assert metrics["classic.itl.p99"] == pytest.approx(125)
    assert metrics["classic.total_throughput"] == pytest.approx((120 + 10) / 2)
    assert metrics["classic.concurrency"] == pytest.approx(0.7125)
    assert metrics["classic.max_concurrent_requests"] == 2
    assert (
        metrics["classic.max_output_tokens_per_s"] == 8
    )  # at 0.125, 0.25 ... 0.875 s, and the other's at 0.8 s; two come at 1.0 s and later


def test_qpm_comes_from_the_printed_throughput():
    outputs = [ClassicOutput(0.0, 1.0, 0.1, 2, [0.1], 1)] * 128
    assert classic_metrics(outputs, 332.81)["classic.qpm"] == pytest.approx(22.8)  # 0.3846 is printed 0.38


def test_duration_ends_with_server_info():
    run = run_of(answer())
    plain = compute_classic(run)
    later = type(run)(
        requests=run.requests,
        began_ns=0,
        began_unix=0.0,
        workload={},
        plan={},
        client=run.client,
        server=ServerEvidence(info_after_end_ns=1150 * MS),
    )
    assert plain["classic.duration"] == pytest.approx(0.150)
    assert compute_classic(later)["classic.duration"] == pytest.approx(1.150)


def test_every_figure_has_a_definition():
    run = run_of(answer(), answer(1))
    for key in compute_classic(run, gpus=GpuCounts.alike(1)):
        assert metric_of(key) is not None, key
    assert all(metric.formula and metric.source for metric in METRICS.values())
    assert metric_of("tpot") is None
    assert metric_of("tpot.median") is None
    assert metric_of("curve.8") is not None
    assert metric_of("curve.x") is None


def test_an_answer_without_text_defines_no_figure_that_hangs_on_its_first_text():
    """bench_serving stores TTFT 0 for it, so that the latency becomes its TPOT, and the length asked for as
    its output."""
    silent = replace(answer(1, output_len=9), first_text_ns=None)
    for run in (run_of(silent), run_of(answer(), silent)):
        metrics = compute_classic(run)
        gone = ("classic.ttft", "classic.tpot", "classic.itl", "classic.max_output_tokens_per_s")
        assert not [key for key in metrics if key.startswith(gone)]
        assert metrics["classic.e2el.mean"] == pytest.approx(140)  # 10 to 150: no text is needed for it
        # what the server counted, not the 9 asked for
        assert metrics["classic.total_output"] == 4 * len(run.requests)
        assert text_sizes(run.requests)["text"] == len(run.requests) - 1
    assert compute_classic(run_of(answer()))["classic.ttft.mean"] == pytest.approx(100)
