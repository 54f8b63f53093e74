"""How many load processes there are, what each of them sends, and what they say together."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from pathlib import Path

import pytest

from slabench.loadgen import ClientOptions, Plan, Target, prepare_requests
from slabench.loadgen.client_stats import WorkerStats, client_record
from slabench.loadgen.job import drawer, fill_queue, own_share, read_job, write_job
from slabench.loadgen.workers import streams_at_once, worker_count
from slabench.workloads.model import Prompt


@pytest.mark.parametrize(
    ("plan", "streams"),
    [
        (Plan.at_once(700), 700),
        (Plan.closed_loop(4096, 2048), 2048),
        (Plan.closed_loop(10, 64), 10),
        # 8 requests/s, answers of 100 tokens taken to last 1 s + 100 x 20 ms = 3 s: 24 in flight
        (Plan.open_loop(1000, 8.0, arrivals="constant"), 24),
        (Plan.open_loop(1000, 8.0, arrivals="constant", cap=5), 5),
        (Plan.open_loop(20, 8.0, arrivals="constant"), 20),
    ],
)
def test_requests_in_flight_by_the_plan(plan: Plan, streams: int) -> None:
    assert streams_at_once(plan, [100] * plan.count) == streams


@pytest.mark.parametrize(
    ("cores", "count", "wanted", "workers"),
    [
        (16, 512, None, 1),
        (16, 513, None, 2),
        (16, 2048, None, 4),
        (2, 2048, None, 1),
        (1, 2048, None, 1),
        (2, 2048, 4, 4),  # what is asked for is done
        (16, 3, 8, 3),  # a process without a request is of no use
    ],
)
def test_one_process_for_512_requests_while_a_core_is_left(
    monkeypatch: pytest.MonkeyPatch, cores: int, count: int, wanted: int | None, workers: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    assert worker_count(Plan.at_once(count), [8] * count, wanted) == workers


def _job(folder: Path, plan: Plan, workers: int) -> Path:
    prompts = [Prompt(f"prompt {k}", None, 3, 5) for k in range(plan.count)]
    write_job(folder / "job", Target("http://h:1"), prepare_requests(prompts), plan, ClientOptions(), workers)
    return folder / "job"


@pytest.mark.parametrize("plan", [Plan.at_once(11), Plan.open_loop(11, 2.0, arrivals="constant")])
def test_an_open_plan_is_dealt_out_in_turns(tmp_path: Path, plan: Plan) -> None:
    job = _job(tmp_path, plan, 3)
    head, wires = read_job(str(job))
    shares = [list(own_share(head, number)) for number in range(3)]
    assert shares == [[0, 3, 6, 9], [1, 4, 7, 10], [2, 5, 8]]
    assert b"prompt 7" in bytes(wires[7]) and bytes(wires[7]).startswith(
        b"POST /generate HTTP/1.1\r\nHost: h:1\r\n"
    )


def _draw_all(queue: int, start: object, taken: object) -> None:
    draw, found = drawer(queue), []
    start.wait()  # type: ignore[attr-defined]
    while (index := draw()) is not None:
        found.append(index)
    taken.put(found)  # type: ignore[attr-defined]


def test_a_cap_has_a_queue_that_processes_draw_from_together(tmp_path: Path) -> None:
    plan = Plan.closed_loop(60_000, 4)
    job = _job(tmp_path, plan, 3)
    head, _ = read_job(str(job))
    assert [list(own_share(head, number)) for number in range(3)] == [[0, 3], [1], [2]]
    context = multiprocessing.get_context("fork")
    start, taken = context.Barrier(3), context.Queue()
    with tempfile.TemporaryFile() as file:
        queue = file.fileno()
        fill_queue(queue, Plan.closed_loop(100_000, 1))  # of the job before
        fill_queue(queue, plan)
        processes = [context.Process(target=_draw_all, args=(queue, start, taken)) for _ in range(3)]
        for process in processes:
            process.start()
        drawn = [taken.get(timeout=30) for _ in processes]
        for process in processes:
            process.join()
        fill_queue(queue, Plan.at_once(9))
        assert drawer(queue)() is None
    assert sorted(index for indices in drawn for index in indices) == list(range(4, 60_000))
    assert all(indices == sorted(indices) for indices in drawn)


def test_the_worst_process_counts_and_what_they_used_adds_up() -> None:
    ms = 1_000_000
    stats = [
        WorkerStats(
            cpu_s=1.0,
            peak_rss_mb=25.0,
            lateness_ns=0.5 * ms,
            lag_ns=[2 * ms, 3 * ms, 9 * ms],
            lag_samples=250,
            stalls_ns=[],
            clock_step_ns=-90_000,
            unstamped=3,
        ),
        WorkerStats(
            cpu_s=0.5,
            peak_rss_mb=30.0,
            lateness_ns=None,
            lag_ns=[4 * ms, 5 * ms],
            lag_samples=60,
            stalls_ns=[[7 * ms, 12 * ms]],
            clock_step_ns=80_000,
            unstamped=1,
        ),
    ]
    record = client_record(
        stats, workers=2, began_ns=5 * ms, wall_s=4.0, send_lag_ns=[k * ms for k in range(200)]
    )
    assert (record.cpu_s, record.peak_rss_mb, record.workers, record.wall_s) == (1.5, 55.0, 2, 4.0)
    # p99 of 250 samples: the third from the top, 2 ms; of 60 the largest, 5 ms
    assert (record.loop_lag_p99_ms, record.loop_lag_max_ms, record.loop_lateness_ms) == (5.0, 9.0, 0.5)
    assert record.stalls_ms == ((2.0, 5.0),)  # from the plan's zero on
    assert (record.unstamped_reads, record.clock_step_ms) == (4, -0.09)  # the largest, either way
    # 0..199: the mean 99.5, the third from the top 197
    assert (record.send_lag_mean_ms, record.send_lag_p99_ms, record.send_lag_max_ms) == (99.5, 197.0, 199.0)


def test_without_a_report_nothing_is_known() -> None:
    record = client_record([], workers=1, began_ns=0, wall_s=0.0, send_lag_ns=[], failure="It died.")
    assert (record.loop_lag_p99_ms, record.loop_lateness_ms, record.send_lag_max_ms, record.peak_rss_mb) == (
        None,
    ) * 4
    assert (record.failure, record.clock_step_ms) == ("It died.", None)
