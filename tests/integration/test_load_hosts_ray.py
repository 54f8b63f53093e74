"""The nodes of a Ray cluster as load hosts: two on this machine. `make test-slow` installs ray."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from slabench.loadgen import ClientOptions, Plan, Target, prepare_requests, run_load
from slabench.loadgen.pools import end_idle_pools
from slabench.loadgen.remote_pool import HostRefused
from slabench.loadgen.transports.base import LoadHosts
from slabench.records import ErrorKind, RunRecord
from slabench.server.launch import launch
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.validity.client import client
from slabench.verdict.validity.context import CheckContext
from slabench.verdict.validity.load_hosts import load_clock, load_hosts
from tests.integration.test_load_hosts import CAP, COUNT, PLANS, SLOW, flying, load, reported

pytestmark = pytest.mark.slow
RAY = Path(sys.executable).parent / "ray"
LOOPBACK = "--node-ip-address=127.0.0.1"  # else two nodes of one machine are taken for one
SMALL = ("--num-cpus=2", "--object-store-memory=100000000", "--disable-usage-stats", "--block")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoadHosts]:
    """Two nodes, ended by their pids."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (tmp_path_factory.mktemp("ray") / "log").open("wb")
    ends = (f"--head --port={port} --include-dashboard=false", f"--address=127.0.0.1:{port}")
    nodes = []
    for end in ends:
        command = [str(RAY), "start", *end.split(), LOOPBACK, *SMALL]
        nodes.append(subprocess.Popen(command, stdout=log, stderr=log))
        time.sleep(6)
    yield LoadHosts(cluster=f"127.0.0.1:{port}")
    end_idle_pools()
    for node in reversed(nodes):
        node.terminate()
        node.wait(30)
    log.close()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("sim") / "log"
    with launch([sys.executable, "-m", "slabench.sim", "--port", "{port}"], str(log)) as server:
        yield server.url


@pytest.mark.parametrize("name", PLANS)
def test_the_records_of_two_nodes_are_those_of_this_machine(url: str, cluster: LoadHosts, name: str) -> None:
    plan = PLANS[name]
    local, two = load(url, plan, None), load(url, plan, cluster)
    assert reported(local.requests) == reported(two.requests)
    hosts = two.client.hosts
    assert len(hosts) == 2 and {record.host for record in two.requests} == {host.name for host in hosts}
    # one machine has one clock: whatever offset was measured is an error
    errors = {host.name: (host.clock_error_ms or 0.0) * 1e6 for host in hosts}
    if plan.kind == "open_loop":
        for record, offset in zip(two.requests, plan.offsets_ns, strict=True):
            assert abs(record.due_ns - two.began_ns - offset) <= errors[str(record.host)]
    if plan.cap is not None:
        assert max(flying(two.requests)) <= CAP
    run = RunRecord(two.requests, two.began_ns, two.began_unix, {}, plan.describe(), two.client)
    context = CheckContext(run, exact_prompt=False, planned=COUNT)
    assert load_clock(context).state is CheckStatus.OK
    assert "INVALID" not in load_hosts(context).state


def test_a_load_process_that_dies_behind_its_actor_loses_no_other_record(
    url: str, cluster: LoadHosts
) -> None:
    came = threading.Event()

    def kill() -> None:
        assert came.wait(60)
        time.sleep(0.1)
        listed = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True)
        ours = [
            line for line in listed.stdout.splitlines() if f"{sys.executable} -P" in line and "remote" in line
        ]
        os.kill(int(ours[0].split()[0]), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    result = run_load(
        Target(url),
        prepare_requests(SLOW),
        Plan.closed_loop(COUNT, 21),
        ClientOptions(),
        place=cluster,
        on_record=lambda record: came.set(),
    )
    thread.join()
    lost = [record for record in result.requests if not record.ok]
    assert 1 <= len(lost) <= 11 + 6
    assert {record.error for record in lost} == {ErrorKind.NOT_SENT}
    run = RunRecord(result.requests, result.began_ns, result.began_unix, {}, {}, result.client)
    check = client(CheckContext(run, exact_prompt=False, planned=COUNT))
    assert check.state is CheckStatus.INVALID and "status -9" in check.text


def test_a_node_without_slabench_is_named_with_its_complaint(url: str, cluster: LoadHosts) -> None:
    with pytest.raises(HostRefused, match=r"could not start a load process: status \d+: .*no/python"):
        load(url, PLANS["at once"], LoadHosts(cluster=cluster.cluster, python="/no/python"))
