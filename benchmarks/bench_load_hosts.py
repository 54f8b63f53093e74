"""What a load process costs on another host: CPU a chunk beside a local one, in turns at the null server.

`python -m benchmarks.bench_load_hosts --way=local --way=launcher --way=ray=ADDRESS`; CPU is that of the load
processes alone, by their own clocks.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from array import array
from pathlib import Path

from slabench.loadgen import ClientOptions, Plan, Target, prepare_requests, run_load
from slabench.loadgen.transports.base import LoadHosts
from slabench.server.launch import launch
from slabench.workloads.model import Prompt

LAUNCHER = LoadHosts(("a", "b"), "env AT={host}")


def place(way: str) -> LoadHosts | None:
    name, _, address = way.partition("=")
    return {"local": None, "launcher": LAUNCHER, "ray": LoadHosts(cluster=address or "ray")}[name]


def cpu_us(url: str, way: str, streams: int, tokens: int) -> float:
    """Of one chunk, on average."""
    prompts = [Prompt(None, array("i", range(100, 164)), 64, tokens)] * streams
    options = ClientOptions(workers=2)
    result = run_load(
        Target(url), prepare_requests(prompts), Plan.at_once(streams), options, place=place(way)
    )
    chunks = sum(len(record.arrival_ns) for record in result.requests)
    assert chunks == streams * tokens and result.client.cpu_s is not None, result.client.failure
    return result.client.cpu_s / chunks * 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--way", action="append", default=[])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--streams", type=int, default=128)
    parser.add_argument("--tokens", type=int, default=256)
    given = parser.parse_args()
    ways = given.way or ["local", "launcher"]
    command = [
        sys.executable,
        "-m",
        "slabench.sim",
        "--profile",
        "null?ttft_ms=200&itl_ms=20",
        "--port",
        "{port}",
    ]
    costs: dict[str, list[float]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as folder, launch(command, str(Path(folder) / "log")) as server:
        for run in range(given.runs + 1):
            for way in ways if run % 2 else ways[::-1]:
                cost = cpu_us(server.url, way, given.streams, given.tokens)
                costs[way] += [cost] if run else []  # the first has its processes to start
    for way, each in costs.items():
        ratios = [cost / local for cost, local in zip(each, costs[ways[0]], strict=True)]
        print(
            f"{way}: {statistics.median(each):.2f} us a chunk ({min(each):.2f} to {max(each):.2f}), "
            f"{statistics.median(ratios):.3f} times {ways[0]}, n={len(each)}"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
