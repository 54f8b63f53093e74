"""How long a closed loop's slot stays empty: from the end of an answer to the next request.

    python -m benchmarks.bench_closed_loop [--caps 16,64,256] [--turns 5]

Against sim:null, whose record is the truth: its last write of an answer, and when its kernel had the next
request. Answers have 50 to 150 tokens, so that they end one by one. The client's own view beside it: from the
kernel's time of the answer's end to the send. Medians of the turns' means; server and client have a core each
where there are two. On a busy machine both are those of its scheduler.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.clients.truth import Server
from benchmarks.clients.watch import physical_cores
from slabench.loadgen import ClientOptions, Plan, Target, prepare_requests, run_load
from slabench.workloads.model import Prompt

ROUNDS = 5  # requests a slot
TOKENS = (50, 150)
NS_PER_MS = 1e6


class Turn(NamedTuple):
    """Mean ms that a slot is empty by the server and by the client; the client's CPU ms a 1000 tokens."""

    server_ms: float
    client_ms: float
    cpu_ms: float


def mean_gap_ms(begins: Sequence[int], ends: Sequence[int], cap: int) -> float:
    """The mean time from an end to the begin that took its slot: whichever took which, the sum is one."""
    later = sorted(begins)[cap:]
    return statistics.mean(begin - end for begin, end in zip(later, sorted(ends), strict=False)) / NS_PER_MS


def turn(server: Server, cap: int, seed: int) -> Turn:
    dice = random.Random(seed)
    ids = array("i", range(100, 164))
    prompts = [Prompt(None, ids, len(ids), dice.randint(*TOKENS)) for _ in range(ROUNDS * cap)]
    server.reset()
    plan = Plan.closed_loop(len(prompts), cap)
    result = run_load(Target(server.url), prepare_requests(prompts), plan, ClientOptions())
    failed = [record.error_text for record in result.requests if not record.ok]
    if failed:
        raise SystemExit(f"{len(failed)} requests failed: {failed[0]}")
    served = server.documents()[0]["requests"]
    sent = [record.sent_ns for record in result.requests if record.sent_ns is not None]
    tokens = sum(record.arrival_tokens[-1] for record in result.requests)
    return Turn(
        mean_gap_ms([row["t_rx"] for row in served], [row["t_last_write"] for row in served], cap),
        mean_gap_ms(sent, [record.arrival_ns[-1] for record in result.requests], cap),
        (result.client.cpu_s or 0.0) / tokens * 1e6,
    )


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--caps", default="16,64,256", help="requests in flight")
    parser.add_argument("--turns", type=int, default=5)
    given = parser.parse_args(argv)
    cores = physical_cores()
    if len(cores) > 1:
        os.sched_setaffinity(0, set(cores[1:]))
    print("| in flight | slot empty ms, by the server | by the client | client CPU ms per 1000 tokens |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="bench-closed-loop-") as folder:
        log = Path(folder) / "server.log"
        with Server(cores[:1], ttft_ms=200, itl_ms=20, command=None, log=log) as server:
            for cap in map(int, given.caps.split(",")):
                turns = [turn(server, cap, seed) for seed in range(given.turns)]
                middle = Turn(*(statistics.median(column) for column in zip(*turns, strict=True)))
                print(
                    f"| {cap} | {middle.server_ms:.3f} | {middle.client_ms:.3f} | {middle.cpu_ms:.1f} |",
                    flush=True,
                )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
