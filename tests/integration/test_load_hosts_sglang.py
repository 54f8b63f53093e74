"""Two load hosts in front of the real sglang 0.5.7 on this machine's CPU: what its own log reports of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from slabench.loadgen import Plan
from slabench.loadgen.transports.base import LoadHosts
from slabench.metrics.compute import compute
from slabench.records import RunRecord
from slabench.verdict.outcome import CheckStatus
from slabench.verdict.validity.context import CheckContext
from slabench.verdict.validity.load_hosts import load_clock
from slabench.workloads.model import Prompt
from tests.integration.real_sglang import RealServer, start
from tests.integration.test_load_hosts import LAUNCHER, flying, load, reported

pytestmark = [pytest.mark.sglang, pytest.mark.slow]
COUNT, CAP = 24, 4
PROMPTS = [Prompt(f"{k} some words", None, 4, 48 + k % 5) for k in range(COUNT)]


@pytest.fixture(scope="module")
def server(sglang_cpu_model: Path, tmp_path_factory: pytest.TempPathFactory) -> object:
    """It logs each decode step."""
    yield from start(
        sglang_cpu_model, tmp_path_factory.mktemp("log") / "log", "--decode-log-interval", "1", ready_s=500
    )


def running(log: str) -> list[int]:
    """Requests that each batch line reports as running; a prefill's own sequences are beside them."""
    return [int(count) for count in re.findall(r"Decode batch.*?#running-req: (\d+)", log)]


def test_the_server_never_runs_more_than_the_cap_and_the_records_are_a_local_runs(server: RealServer) -> None:
    plan = Plan.closed_loop(COUNT, CAP)
    load(server.url, Plan.at_once(4), None, PROMPTS[:4])  # warm-up
    sides = {}
    for name, place in (("local", None), ("two", LoadHosts(("a", "b"), LAUNCHER))):
        before = server.log.stat().st_size
        sides[name] = result = load(server.url, plan, place, PROMPTS)
        counts = running(server.log.read_bytes()[before:].decode(errors="replace"))
        assert max(counts) == CAP
        assert max(flying(result.requests)) <= CAP
        full = sum(count == CAP for count in counts) / len(counts)
        metrics = compute(RunRecord(result.requests, result.began_ns, 0.0, {}, {}, result.client))
        print(
            f"{name}: {len(counts)} steps, {full:.1%} with {CAP} running, TPOT {metrics['tpot.mean']:.2f} ms"
        )
        print(f"tail {result.client.tail_requests}; {result.client.hosts}")
    # how many tokens an event of this server holds is not the same in two runs
    counted = [[row[:-1] for row in reported(side.requests)] for side in sides.values()]
    assert counted[0] == counted[1]
    assert all(record.ok and record.output_tokens == record.output_len for record in sides["two"].requests)
    two = sides["two"]
    run = RunRecord(two.requests, two.began_ns, two.began_unix, {}, plan.describe(), two.client)
    assert load_clock(CheckContext(run, exact_prompt=False, planned=COUNT)).state is CheckStatus.OK
