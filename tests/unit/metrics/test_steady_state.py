"""The steady part of a load, worked by hand: which requests count, and over which time their tokens are
taken.
"""

from __future__ import annotations

from array import array

import pytest

from slabench.metrics.steady_state import steady, steady_metrics, whole_waves
from slabench.records import ClientRecord, ErrorKind, GpuCounts, RequestRecord, RunRecord

S = 1_000_000_000


def answer(
    index: int, sent: float, first: float, end: float, error: ErrorKind | None = None
) -> RequestRecord:
    """100 tokens of prompt; 11 tokens at even times from first to end, all seconds."""
    stamps = array("q", [round((first + k * (end - first) / 10) * S) for k in range(11)])
    return RequestRecord(
        index=index, input_len=100, output_len=11, due_ns=round(sent * S), sent_ns=round(sent * S),
        arrival_ns=stamps, arrival_tokens=array("q", range(1, 12)), end_ns=stamps[-1], completion_tokens=11,
        prompt_tokens=100, error=error,
    )  # fmt: skip


def run(*records: RequestRecord) -> RunRecord:
    return RunRecord(records, 0, 0.0, {}, {}, ClientRecord(1.0, 0.0, None, None, None))


# three waves of two
IN_STEP = [answer(k, 10.0 * (k // 2), 10.0 * (k // 2) + 2, 10.0 * (k // 2) + 10) for k in range(6)]


def test_the_first_wave_does_not_count() -> None:
    part = steady(run(*IN_STEP), 2)
    assert part is not None
    assert [record.index for record in part.counted] == [2, 3, 4, 5]
    assert (part.begin_ns, part.end_ns, part.ramp) == (10 * S, 30 * S, False)


def test_one_wave_is_all_there_is() -> None:
    part = steady(run(*IN_STEP[:2]), 2)
    assert part is not None and part.ramp
    assert len(part.counted) == 2


def test_nothing_before_the_first_wave_is_whole() -> None:
    broken = answer(1, 0, 2, 5, ErrorKind.RESET)
    assert steady(run(IN_STEP[0], broken), 2) is None
    assert whole_waves([*IN_STEP[:3], broken], 2) == 1


def test_a_closed_loop_s_throughput_is_that_of_its_slots() -> None:
    """Four answers of 10 s in two slots: 20 s. 4 x 111 tokens / 20 s = 22.2; 60 x 4 / 20 = 12 a minute; 2
    GPUs.
    """
    whole = run(*IN_STEP)
    part = steady(whole, 2)
    assert part is not None
    metrics = steady_metrics(whole, part, GpuCounts.alike(2), slots=2)
    assert metrics["total_throughput"] == pytest.approx(22.2)
    assert metrics["output_throughput_per_gpu"] == pytest.approx(4 * 11 / 20 / 2)
    assert metrics["qpm"] == pytest.approx(12)
    assert metrics["tpot.mean"] == pytest.approx(800)  # 8 s for ten tokens


def test_answers_out_of_step_have_no_edge() -> None:
    """Two slots half an answer apart: a window that ends with the load would lose or double half a wave."""
    records = [answer(0, 0, 1, 10), answer(1, 0, 6, 15)]
    records += [answer(2, 10, 11, 20), answer(3, 15, 16, 25), answer(4, 20, 21, 30), answer(5, 25, 26, 35)]
    whole = run(*records)
    part = steady(whole, 2)
    assert part is not None
    assert steady_metrics(whole, part, slots=2)["request_throughput"] == pytest.approx(2 / 10)


def test_a_window_where_the_load_is_a_rate() -> None:
    """From the third request sent (10) to the end of the last counted (30): its 2 x 2 prompts and 4 x 11
    tokens in 20 s.
    """
    whole = run(*IN_STEP)
    part = steady(whole, 2)
    assert part is not None
    metrics = steady_metrics(whole, part)
    assert metrics["output_throughput"] == pytest.approx(44 / 20)
    assert metrics["input_throughput"] == pytest.approx(400 / 20)
    assert metrics["request_throughput"] == pytest.approx(4 / 20)


def test_what_was_cut_off_does_not_count_as_an_answer() -> None:
    """The client stopped at 20 s: the third wave is on its way, two waves are whole."""
    cut = [answer(k, 20, 20.5, 21, ErrorKind.INTERRUPTED) for k in (4, 5)]
    part = steady(run(*IN_STEP[:4], *cut), 2)
    assert part is not None
    assert [record.index for record in part.counted] == [2, 3]
