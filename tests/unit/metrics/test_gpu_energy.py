"""Energy between two moments, against counters worked by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.gpu_records import GpuRecord, GpuTelemetry
from slabench.metrics.gpu_energy import Counter, energy_over, gpu_metrics
from slabench.records import RequestRecord, RunRecord
from tests.unit.factories import answer, run_of
from tests.unit.gpu_factories import S, gpu, sample


def steady(index: int, first_s: int, step_ms: int, count: int) -> RequestRecord:
    arrivals = tuple((first_s * 1000 + step_ms * place, place + 1) for place in range(count))
    return answer(index, sent=0, arrivals=arrivals, end=first_s * 1000 + step_ms * count)


def run_with(*gpus: GpuRecord, records: Any = (), wall_s: float = 60.0) -> RunRecord:
    run = run_of(*records)
    client = replace(run.client, wall_s=wall_s)
    return replace(run, client=client, gpus=GpuTelemetry("nvml", gpus, "processes"))


def test_two_gpus_over_a_load_and_its_full_batch_by_hand() -> None:
    # Two requests decode together from 10 s to 50 s, 20 ms a token each; 600 W and 300 W.
    records = [steady(0, 10, 20, 2001), steady(1, 5, 20, 2501)]
    gpus = (
        gpu(0, samples=[sample(), sample(sm_mhz=1000.0, temperature_c=71.0, memory_mib=3072.0)]),
        gpu(1, watts=300.0),
    )
    metrics = gpu_metrics(run_with(*gpus, records=records), 2, 4502.0)
    assert metrics["gpu.energy"] == pytest.approx(900 * 60)
    assert metrics["gpu.power"] == pytest.approx(900)
    assert metrics["tokens_per_joule"] == pytest.approx(4502 / 54_000)
    # 900 W, two tokens every 20 ms: 9 J a token
    assert metrics["energy_per_output_token"] == pytest.approx(900 * 0.020 / 2)
    assert metrics["gpu.sm_clock"] == pytest.approx(1490)
    assert (metrics["gpu.temperature"], metrics["gpu.memory"]) == (71.0, 3.0)
    assert metrics["gpu.energy_bound"] == pytest.approx(0.1 / 40)  # a tenth of a second of the window's power


def test_power_before_and_after_the_window_is_not_in_it() -> None:
    """600 W while the batch is full, 100 W before and after: the mean over the load would be wrong."""
    energy, mj = [], 0.0
    for place in range(-10, 611):
        energy.append((place * S // 10, round(mj)))
        mj += 100 * (600 if 200 <= place < 400 else 100)
    records = [steady(0, 20, 20, 1001), steady(1, 20, 20, 1001)]
    metrics = gpu_metrics(run_with(gpu(energy=energy), records=records), 2, 2002.0)
    assert metrics["energy_per_output_token"] == pytest.approx(600 * 0.020 / 2)
    assert metrics["gpu.energy"] == pytest.approx(600 * 20 + 100 * 40)


def test_a_batch_that_was_never_full_has_the_loads_metrics_alone() -> None:
    metrics = gpu_metrics(run_with(gpu(), records=[steady(0, 10, 20, 2001)]), 2, None)
    assert metrics.keys() == {"gpu.energy", "gpu.power", "gpu.energy_bound"}


@pytest.mark.parametrize(
    ("read", "update_ms"),
    [
        ([(0, 0), (100, 60), (290, 174), (390, 234)], 100),  # each reading has another value, one came late
        ([(0, 0), (100, 60), (200, 60), (290, 60), (390, 234)], 290),  # from 100 to 390 none was new
        ([(0, 0), (100, 60), (200, 60), (500, 60)], 400),  # nor is one known after the last new one
    ],
)
def test_how_often_a_counter_is_updated_is_seen_where_a_value_stays(
    read: list[tuple[int, int]], update_ms: int
) -> None:
    assert Counter([(ms * 1_000_000, mj) for ms, mj in read]).update_ns == update_ms * 1_000_000


EVEN = gpu().energy


@pytest.mark.parametrize(
    "record",
    [
        gpu(energy=()),  # not supported
        gpu(energy=EVEN[:1]),
        gpu(energy=[(at, 7) for at, _ in EVEN]),  # a counter that never rises
        gpu(energy=[*EVEN[:300], *((at, mj - EVEN[299][1]) for at, mj in EVEN[300:])]),  # a new driver
        gpu(mig=True),
        gpu(begin=1.0),  # the first reading came too late
        gpu(end=59.0),  # the last too early
        gpu(end=60.05),  # and here the counter may not have been updated since
        gpu(begin=-30.0, end=90.0, step=30.0),  # an exporter that collects every 30 s
        gpu(energy=[*EVEN[:300], *((at, EVEN[299][1]) for at, _ in EVEN[300:])]),  # it stopped halfway
    ],
)
def test_what_is_no_witness_gives_nothing(record: GpuRecord) -> None:
    assert gpu_metrics(run_with(record), 1, 100.0) == {}
    assert energy_over([gpu(1), record], [(0, 60 * S)]) is None  # and nothing of all of them


def test_without_telemetry_there_is_nothing() -> None:
    assert gpu_metrics(run_of(), 1, 100.0) == {}


@given(
    power=st.lists(st.integers(50, 700), min_size=30, max_size=60),
    update=st.integers(20, 100),
    offset=st.integers(0, 99),
    first=st.integers(1000, 2000),
    length=st.integers(200, 900),
)
def test_the_bound_holds(power: list[int], update: int, offset: int, first: int, length: int) -> None:
    """A counter that is updated every `update` ms, read every 100 ms, against the power itself. Times in ms,
    watts of each 100 ms: J = W * ms / 1000, so mJ = W * ms.
    """

    def true_mj(ms: int) -> float:
        whole, rest = divmod(ms, 100)
        return sum(100 * watts for watts in power[:whole]) + rest * power[min(whole, len(power) - 1)]

    energy = [
        (ms * 1_000_000, int(true_mj(max(0, (ms - offset) // update * update + offset))))
        for ms in range(0, len(power) * 100, 100)
    ]
    counter = Counter(energy)
    begin, end = first, first + length
    known = counter.over(begin * 1_000_000, min(end, len(power) * 100 - 400) * 1_000_000)
    truth = (true_mj(min(end, len(power) * 100 - 400)) - true_mj(begin)) / 1000
    assert abs(known.joules - truth) <= known.bound + 0.01
