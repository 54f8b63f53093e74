"""What an evaluation costs beside its load: slabench's one session against as many starts of
sglang.bench_serving 0.5.7.

    make bench-overhead
    python benchmarks/bench_overhead.py [--rounds N] [--output-len N] [--prefill-prompts N]

Both do the same twenty loads (ali decode at fourteen batch sizes, ali prefill at three lengths, tencent with
three numbers of prompts) of the same recipe on one and the same embedded server: prompts of the published
lengths, short answers. Overhead is wall time minus the time from each measured load's first send to its last
byte: imports, tokenizer, data set, prompts, warm-up, flush, verdicts and reports are in it. bench_serving
runs as it is published: a process a load, its own warm-up, --flush-cache. slabench runs twice a round: with
an empty prompt cache, and again with what the first run left there.

One round on two shared cores, server beside the clients, CPython 3.11; overhead against bench_serving's:
    slabench, empty cache   wall 23.0 s   load 16.3 s   overhead  6.7 s   0.095   CPU  6.7 s
    slabench, again         wall 21.3 s   load 16.7 s   overhead  4.7 s   0.067   CPU  4.2 s
    bench_serving           wall 87.1 s   load 17.3 s   overhead 69.8 s   1.000   CPU 53.5 s
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from slabench.bench_serving.client import default_python  # noqa: E402
from slabench.methods import ALI_DECODE, ALI_PREFILL, TENCENT, TENCENT_COUNTS, Form  # noqa: E402
from slabench.server.launch import launch  # noqa: E402
from slabench.workloads.dataset import read_conversations  # noqa: E402

DATA, TOKENIZER = ROOT / "fixtures" / "data" / "sharegpt_small.json", ROOT / "fixtures" / "data" / "tokenizer"
BATCH_SIZES = (1, 2, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64)
PREFILL_LENS = (1024, 2048, 4096)
PROFILE = (
    "demo?prefill_tokens_per_s=2000000&prefill_overhead_ms=1&prefill_attention_ms=0&pool_tokens=4000000"
    "&max_running=512"
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of one evaluation."""

    wall: float
    load: float
    loads: int
    cpu: float  # of the client and all its processes, the server not among them

    @property
    def overhead(self) -> float:
        return self.wall - self.load


def cpu_s() -> float:
    """Of the processes that have ended; the server is still there."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def forms(output_len: int, prefill_prompts: int) -> list[Form]:
    decode = [ALI_DECODE.replaced(num_prompts=size, output_len=output_len) for size in BATCH_SIZES]
    prefill = [ALI_PREFILL.replaced(input_len=length, num_prompts=prefill_prompts) for length in PREFILL_LENS]
    return [
        *decode,
        *prefill,
        *(TENCENT.replaced(num_prompts=count, output_len=output_len) for count in TENCENT_COUNTS),
    ]


def environment(cache: Path) -> dict[str, str]:
    dropped = ("PYTEST", "SLABENCH")
    found = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    return found | {"SLABENCH_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}


def by_slabench(url: str, folder: Path, output_len: int, prefill_prompts: int) -> Cost:
    """One session. Every load must have come back whole; the verdicts of such short answers are not looked
    at.
    """
    reports = folder / f"reports-{time.monotonic_ns()}"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "tests/ali",
        "tests/tencent",
        f"--base-url={url}",
        f"--dataset-path={DATA}",
    ]
    command += [
        f"--tokenizer={TOKENIZER}",
        f"--decode-output-len={output_len}",
        f"--random-output-len={output_len}",
    ]
    command += [f"--prefill-prompts={prefill_prompts}", f"--report-dir={reports}", "--progress=off", "-q"]
    began, used = time.perf_counter(), cpu_s()
    done = subprocess.run(
        command, cwd=ROOT, env=environment(folder / "cache"), capture_output=True, text=True, check=False
    )
    wall = time.perf_counter() - began
    (run,) = {path.resolve() for path in reports.glob("*/run.json")}  # one folder, and `latest`
    loads = [test for test in json.loads(run.read_text())["tests"] if test.get("client")]
    if len(loads) != len(forms(output_len, prefill_prompts)):
        raise SystemExit(f"slabench made {len(loads)} loads:\n{done.stdout[-3000:]}")
    for test in loads:
        if test["metrics"].get("completed") != test["plan"]["count"]:
            raise SystemExit(f"{test['id']} is not whole: {test['headline']}\n{done.stdout[-3000:]}")
    return Cost(wall, sum(test["client"]["wall_s"] for test in loads), len(loads), cpu_s() - used)


def by_bench_serving(python: Path, url: str, folder: Path, output_len: int, prefill_prompts: int) -> Cost:
    """A process a load. Its duration is from its first send to its last answer's end."""
    wall = load = 0.0
    used = cpu_s()
    wanted, available = forms(output_len, prefill_prompts), len(read_conversations(str(DATA)).turns)
    for number, form in enumerate(wanted):
        output = folder / f"{time.monotonic_ns()}.jsonl"
        command = [
            str(python),
            "-m",
            "sglang.bench_serving",
            "--backend=sglang",
            f"--base-url={url}",
            "--dataset-name=random",
        ]
        command += [
            f"--dataset-path={DATA}",
            f"--model={TOKENIZER}",
            f"--tokenizer={TOKENIZER}",
            f"--num-prompts={form.num_prompts}",
        ]
        command += [
            f"--random-input-len={form.input_len}",
            f"--random-output-len={form.output_len}",
            "--random-range-ratio=1.0",
        ]
        command += [
            f"--request-rate={form.request_rate}",
            "--seed=123",
            "--flush-cache",
            "--disable-tqdm",
            f"--output-file={output}",
        ]
        command += [] if form.max_concurrency is None else [f"--max-concurrency={form.max_concurrency}"]
        began = time.perf_counter()
        done = subprocess.run(
            command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False
        )
        wall += time.perf_counter() - began
        row = json.loads(output.read_text()) if done.returncode == 0 else {}
        if row.get("completed") != min(form.num_prompts, available):
            raise SystemExit(f"bench_serving's load {number} is not whole: {done.stderr[-2000:]}")
        load += row["duration"]
    return Cost(wall, load, len(wanted), cpu_s() - used)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--output-len", type=int, default=48)
    parser.add_argument("--prefill-prompts", type=int, default=64)
    parser.add_argument(
        "--python", type=Path, default=default_python(), help="a Python that has sglang 0.5.7"
    )
    parser.add_argument("--ours-only", action="store_true")
    given = parser.parse_args()
    costs: dict[str, list[Cost]] = {}
    for _ in range(given.rounds):
        with tempfile.TemporaryDirectory(prefix="slabench-") as name:
            folder = Path(name)
            command = [
                sys.executable,
                "-m",
                "slabench.sim",
                "--profile",
                PROFILE,
                "--port",
                "{port}",
                "--tokenizer",
                str(TOKENIZER),
            ]
            with launch(command, str(folder / "server.log")) as server:
                shape = (given.output_len, given.prefill_prompts)
                costs.setdefault("slabench, empty cache", []).append(by_slabench(server.url, folder, *shape))
                costs.setdefault("slabench, again", []).append(by_slabench(server.url, folder, *shape))
                if not given.ours_only:
                    costs.setdefault("bench_serving", []).append(
                        by_bench_serving(given.python, server.url, folder, *shape)
                    )
    print(
        f"{'way':24}{'loads':>6}{'wall s':>9}{'load s':>9}{'overhead s':>12}{'a load s':>10}{'ratio':>8}"
        f"{'CPU s':>8}"
    )
    published = costs.get("bench_serving")
    base = statistics.median(cost.overhead for cost in published) if published else None
    for way, rounds in costs.items():
        wall, load, overhead, cpu = (
            statistics.median(getattr(cost, key) for cost in rounds)
            for key in ("wall", "load", "overhead", "cpu")
        )
        ratio, loads = f"{overhead / base:.3f}" if base else "-", rounds[0].loads
        times = f"{wall:9.1f}{load:9.1f}{overhead:12.1f}{overhead / loads:10.2f}"
        print(f"{way:24}{loads:6}{times}{ratio:>8}{cpu:8.1f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
