"""Load hosts that reach the server and this process over a network: namespaces, with relays that delay and
lose packets between them. The second host's monotonic clock is an hour ahead, the server's is ours.
"""

from __future__ import annotations

import bisect
import itertools
import re
import statistics
import threading
import time
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slabench.loadgen import ClientOptions, LoadResult, Plan, Target, prepare_requests, run_load
from slabench.loadgen.pools import end_idle_pools
from slabench.metrics.compute import compute
from slabench.metrics.stall_error import error_bound, out_of_order
from slabench.records import ErrorKind, RequestRecord, RunRecord
from slabench.units import NS_PER_MS
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.validity.arrival_times import LAG_SHARE_LIMIT
from slabench.verdict.validity.client import client
from slabench.verdict.validity.context import CheckContext
from slabench.verdict.validity.load_hosts import load_clock, load_hosts
from slabench.workloads.model import Prompt
from tests.integration.network.hosts import Network, end, network
from tests.integration.network.namespaces import inside, refused
from tests.integration.test_load_hosts import PLANS, load, reported

pytestmark = pytest.mark.skipif(bool(why := refused()), reason=why)
# By so much a step may be late on a machine whose cores are shared: as a rule, and in one case of ten.
LATE_MS, SELDOM_LATE_MS, SELDOM = 2.0, 10.0, 0.1
ANSWERS = "null?ttft_ms=60&itl_ms=10"


@pytest.fixture(autouse=True)
def _no_host_outlives_a_test() -> Iterator[None]:
    yield
    end_idle_pools()


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Network]:
    with network(tmp_path / "log", ANSWERS) as made:
        yield made
        end_idle_pools()


def checked(result: LoadResult, plan: Plan, **more: Any) -> CheckContext:
    run = RunRecord(result.requests, result.began_ns, result.began_unix, {}, plan.describe(), result.client)
    return CheckContext(run, exact_prompt=False, planned=plan.count, **more)


# with how many times each is divided by
JUDGED: dict[str, Callable[[int], int]] = {
    "ttft.mean": lambda tokens: 1,
    "tpot.mean": lambda tokens: tokens - 1,
    "e2el.mean": lambda tokens: 1,
}


# the kernel's times where segments are lost


def ends(data: str) -> list[int]:
    """Where each event of an answer ends, with its chunk."""
    return [found.end() for found in re.finditer("}\n\n\r\n", data)]


def readable_ns(flow: Mapping[str, Any], record: RequestRecord) -> list[int]:
    """When each token of the answer could be read, by the packets."""
    lengths = [length for _, length in flow["readable"]]
    tokens = ends(flow["data"])[: len(record.arrival_ns)]
    return [flow["readable"][bisect.bisect_left(lengths, at)][0] for at in tokens]


def early_reads(record: RequestRecord, truth: Sequence[int]) -> list[float]:
    """By how many ms each read is stamped before it could be read, of those that are by more than 1 ms."""
    last = dict(zip(record.arrival_ns, truth, strict=True))  # of the tokens of one read
    return [early for at, real in last.items() if (early := (real - at) / NS_PER_MS) > 1]


@pytest.mark.parametrize(
    ("delay_ms", "tokens"), [(10, 40), pytest.param(50, 200, marks=pytest.mark.slow)], ids=["10ms", "50ms"]
)
def test_what_waited_for_a_lost_segment_is_counted_and_its_error_bounded(
    tmp_path: Path, delay_ms: int, tokens: int
) -> None:
    prompts, plan = [Prompt("some words", None, 10, tokens)] * 12, Plan.at_once(12)
    with network(tmp_path / "log", ANSWERS, hosts=1) as net:
        (host,) = net.hosts
        host.link(delay_ms=delay_ms, loss=0.05)
        end_idle_pools()  # an earlier test's load process is not in the namespace
        with inside(host.namespace):
            options = ClientOptions(connections="per-request")
            result = run_load(Target(net.url), prepare_requests(prompts), plan, options)
            end_idle_pools()
        flows = host.order(flows=True)
    early, reads, real = [], 0, []
    for record in result.requests:
        assert record.ok and len(record.arrival_ns) == tokens and record.request_id is not None
        flow = next(flow for flow in flows if record.request_id in flow["data"])
        assert record.out_of_order == flow["out_of_order"]
        truth = readable_ns(flow, record)
        found = early_reads(record, truth)
        assert len(found) <= record.out_of_order
        early += found
        real.append(replace(record, arrival_ns=array("q", truth)))
        reads += len(set(record.arrival_ns))
        if record.out_of_order:
            assert record.first_read_ns is not None and record.last_read_ns is not None
            assert truth[0] <= record.first_read_ns and truth[-1] <= record.last_read_ns
        else:
            assert (record.first_read_ns, record.last_read_ns) == (None, None)
    assert early and result.client.out_of_order == sum(record.out_of_order or 0 for record in result.requests)
    run = RunRecord(result.requests, result.began_ns, 0.0, {}, {}, result.client)
    metrics, true = compute(run), compute(replace(run, requests=real))
    bounds = {key: error_bound(run, key, out_of_order) or 0.0 for key in JUDGED}
    for key, each in JUDGED.items():
        bound = bounds[key]
        print(f"{key} {metrics[key]:.2f}, in truth {true[key]:.2f} ms, bound {bound:.2%}", end="; ")
        assert abs(true[key] - metrics[key]) <= bound * metrics[key] + LATE_MS / each(tokens)
    check = client(checked(result, plan, judged=tuple(JUDGED)))
    if max(bounds.values()) > LAG_SHARE_LIMIT:
        assert check.state is CheckStatus.INVALID
    print(f"{len(early)} of {reads} reads stamped up to {max(early):.0f} ms early,", end=" ")
    print(f"{result.client.out_of_order} segments out of order; {check.state}: {check.text}")


# one run


def apart_ms(records: Sequence[RequestRecord], truth: Mapping[str, Mapping[str, Any]]) -> list[float]:
    """From the server's write of each token to its arrival, on our clock."""
    return [
        (at - written) / NS_PER_MS
        for record in records
        for at, written in zip(record.arrival_ns, truth[record.request_id or ""]["writes"], strict=True)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("delay_ms", [0.5, 25])
@pytest.mark.parametrize("name", ["closed loop", "open loop"])
def test_records_are_those_of_a_local_run_on_the_server_s_own_times(
    two: Network, name: str, delay_ms: float
) -> None:
    plan = PLANS[name]
    local = load(two.url, plan, None)
    two.truth()
    two.link(delay_ms=delay_ms)
    result = load(two.url, plan, two.place)
    truth = two.truth()
    assert reported(local.requests) == reported(result.requests)
    assert load_clock(checked(result, plan)).state is CheckStatus.OK
    for host in result.client.hosts:
        assert host.clock_error_ms is not None and host.round_trip_ms is not None
        records = [record for record in result.requests if record.host == host.name]
        apart = apart_ms(records, truth)
        middle = statistics.median(apart)
        print(
            f"{host.name}: {len(records)} requests, tokens {middle - delay_ms:+.3f} ms from the server's "
            f"times and the way; clock error {host.clock_error_ms:.3f} ms, drift {host.clock_drift_ms:.3f} "
            f"ms, round trip {host.round_trip_ms:.3f} ms"
        )
        assert host.round_trip_ms >= 2 * delay_ms and host.out_of_order == 0
        assert abs(middle - delay_ms) <= host.clock_error_ms + LATE_MS
    if plan.kind == "open_loop":
        error_ns = max(host.clock_error_ms or 0.0 for host in result.client.hosts) * NS_PER_MS
        dues = [record.due_ns - result.began_ns for record in result.requests]
        assert all(abs(due - offset) <= error_ns for due, offset in zip(dues, plan.offsets_ns, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("delay_ms", [0.5, 25])
def test_a_closed_loop_by_the_server_s_own_record(two: Network, delay_ms: float) -> None:
    """A slot whose answer ended has the next request one round trip later; one that found no request at its
    host waits for the round trip to this machine as well, and is counted.
    """
    count, cap = 96, 8
    plan = Plan.closed_loop(count, cap)
    prompts = [Prompt("some words", None, 10, 10 + k * 37 % 61) for k in range(count)]
    two.link(delay_ms=delay_ms)
    result = load(two.url, plan, two.place, prompts)
    truth = two.truth()
    assert len(truth) == count and all(record.ok for record in result.requests)
    assert most_at_once(list(truth.values())) == cap
    empty_ms: list[float] = []
    for host in result.client.hosts:
        records = [record for record in result.requests if record.host == host.name]
        rows = {record.index: truth[record.request_id or ""] for record in records}
        assert most_at_once(list(rows.values())) == cap // 2
        # a request is due when the answer before it in its slot has ended
        ended = sorted(records, key=lambda record: record.end_ns or 0)
        due = sorted(records, key=lambda record: record.due_ns)[cap // 2 :]
        empty_ms += [
            (rows[after.index]["t_rx"] - rows[before.index]["t_last_write"]) / NS_PER_MS
            for before, after in zip(ended, due, strict=False)
        ]
    waits, tail = sum(host.slot_waits for host in result.client.hosts), result.client.tail_requests
    late = sum(ms > 2 * delay_ms + SELDOM_LATE_MS for ms in empty_ms)
    check = load_hosts(checked(result, plan))
    print(
        f"{cap} running at most; a slot empty for {statistics.median(empty_ms):.2f} ms (median), "
        f"{max(empty_ms):.2f} ms (most), {late} of {len(empty_ms)} longer than "
        f"{2 * delay_ms + SELDOM_LATE_MS:g} ms; {waits} waits for this machine, {tail} at the tail; "
        f"{check.state}: {check.text}"
    )
    assert statistics.median(empty_ms) <= 2 * delay_ms + LATE_MS
    assert late <= waits + SELDOM * count


def most_at_once(rows: Sequence[Mapping[str, Any]]) -> int:
    """Requests that the server had at the same time: from its read of one to its last write of the answer."""
    edges = sorted([(row["t_accept"], 1) for row in rows] + [(row["t_last_write"], -1) for row in rows])
    return max(itertools.accumulate(change for _, change in edges))


# what becomes of a host


def disturbed(net: Network, plan: Plan, harm: Callable[[], None]) -> tuple[LoadResult, CheckContext]:
    """Answers of 7 s beside a few short ones; harm() once the first of those has come."""
    prompts = [Prompt("some words", None, 10, 10 if k < 4 else 700) for k in range(plan.count)]
    came = threading.Event()

    def wait() -> None:
        assert came.wait(30)
        time.sleep(0.3)
        harm()

    thread = threading.Thread(target=wait)
    thread.start()
    requests = prepare_requests(prompts)
    result = run_load(
        Target(net.url), requests, plan, ClientOptions(), place=net.place, on_record=lambda _: came.set()
    )
    thread.join()
    return result, checked(result, plan)


@pytest.mark.slow
def test_a_host_that_is_killed_in_the_run(two: Network) -> None:
    two.link(delay_ms=25)
    result, context = disturbed(two, Plan.at_once(12), lambda: end(two.hosts[1].agent))
    lost = [record for record in result.requests if not record.ok]
    assert 1 <= len(lost) <= 6 and {record.error for record in lost} == {ErrorKind.NOT_SENT}
    check = client(context)
    print(f"{len(lost)} of 12 lost; {check.state}: {check.text}")
    assert check.state is CheckStatus.INVALID
    assert check.text.startswith(f"1 of 2 load processes (host {two.hosts[1].address}) ended with status 255")


@pytest.mark.slow
def test_a_host_that_is_cut_off_for_five_seconds(two: Network) -> None:
    two.link(delay_ms=25)

    def cut() -> None:
        two.hosts[1].link(delay_ms=25, loss=1.0)
        time.sleep(5)
        two.hosts[1].link(delay_ms=25)

    result, context = disturbed(two, Plan.at_once(12), cut)
    assert all(record.ok for record in result.requests)
    check = load_hosts(context)
    print(f"{check.state}: {check.text} {load_clock(context).text}")
    assert check.state is CheckStatus.INVALID
    assert check.text.startswith(f"Nothing came from load host {two.hosts[1].address} for ")


@pytest.mark.slow
def test_a_host_that_does_not_come_back(two: Network) -> None:
    """Nothing ends its connections, as where a machine loses its power."""
    two.link(delay_ms=25)
    began = time.monotonic()
    result, context = disturbed(two, Plan.at_once(12), lambda: two.hosts[1].link(loss=1.0))
    lost = [record for record in result.requests if not record.ok]
    assert 1 <= len(lost) <= 6 and {record.error for record in lost} == {ErrorKind.NOT_SENT}
    check = client(context)
    print(f"given up {time.monotonic() - began:.0f} s after the begin; {check.state}: {check.text}")
    assert check.state is CheckStatus.INVALID and "no report for 6" in check.text
    assert all(record.ok for record in result.requests if record.host == two.hosts[0].address)
