"""Our client beside sglang.bench_serving on the embedded server without noise: TPOT and throughput agree
within 1 %.

Run by hand on a quiet machine: python benchmarks/bench_crosscheck.py [--concurrency 1,8,16,32] [--rounds 3].
Ends with 1 if a point is further apart than the limit. Needs the reference client (make .venv-client/.stamp).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ("tpot.mean", "output_throughput", "total_throughput")
LIMIT = 0.01
# random ids of a small vocabulary share their beginnings
DATA = ROOT / "fixtures" / "data" / "sharegpt_small.json"
# A step of 20 ms and more: at concurrency 32 that is 1,500 events a second, which bench_serving's parsing of
# one core still takes.
PROFILE = "sim:demo?decode_base_ms=20&noise=0"


def point(concurrency: int, rounds: int, output_len: int) -> dict[str, float]:
    """Figure -> ratio classic of ours / bench_serving."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "rows.json"
        command = [
            sys.executable,
            "-m",
            "slabench",
            "crosscheck",
            f"--base-url={PROFILE}",
            f"--rounds={rounds}",
            f"--json={target}",
        ]
        command += [
            f"--max-concurrency={concurrency}",
            f"--num-prompts={2 * concurrency}",
            f"--random-output-len={output_len}",
        ]
        command += [f"--dataset-path={DATA}", "--random-input-len=256", "--allow=client"]
        subprocess.run(command, cwd=ROOT, check=True)
        rows = json.loads(target.read_text())["rows"]
    return {row["figure"]: row["client"]["estimate"] for row in rows if row["figure"] in FIGURES}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--concurrency", default="1,8,16,32")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output-len", type=int, default=320)
    given = parser.parse_args()
    worst = 0.0
    for concurrency in map(int, given.concurrency.split(",")):
        found = point(concurrency, given.rounds, given.output_len)
        worst = max(worst, *(abs(ratio - 1) for ratio in found.values()))
        print(
            f"concurrency {concurrency}: "
            + ", ".join(f"{name} {ratio - 1:+.2%}" for name, ratio in found.items()),
            flush=True,
        )
    print(f"worst {worst:.2%}, limit {LIMIT:.0%}")
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
