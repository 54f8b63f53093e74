"""The gate on real sockets: embedded servers in turns, equal ones and ones that are 5 % slower, as a user
runs it.

Run by hand on a quiet machine: python benchmarks/bench_gate_sockets.py [--comparisons 10] [--slowdown 0.05]
[--jobs 2]. Ends with 1 if an equal pair is FAILED or a slower one PASSED, or more than one of ten of either
is left open. Steps are 20 ms: the servers keep their schedule in real time, and a step that is long beside
the machine's own delays is what the servers differ by.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STEP_MS = 20.0


def profile(slowdown: float) -> str:
    step_ms = f"decode_base_ms={STEP_MS * (1 + slowdown):g}"
    return f"sim:demo?{step_ms}&decode_request_ms=0&decode_context_ms=0&noise=0.02"


def comparison(slowdown: float, given: argparse.Namespace) -> tuple[str, str]:
    """(word, line) of one run of the suite."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "tests/ali/test_decode.py",
            f"--base-url={profile(slowdown)}",
        ]
        command += [f"--baseline-url={profile(0)}", "--batch-sizes=4", "--decode-input-len=64"]
        command += [
            f"--decode-output-len={given.output_len}",
            f"--report-dir={folder}",
            "--progress=off",
            "-p",
            "no:cacheprovider",
        ]
        command += [f"--allow={given.allow}"] if given.allow else []
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        runs = list(Path(folder).glob("2*/run.json"))
        if len(runs) != 1:
            return "CRASHED", done.stdout[-500:] + done.stderr[-500:]
        (test,) = json.loads(runs[0].read_text(encoding="utf-8"))["tests"]
    open_ = test["word"] == "INVALID" and "INCONCLUSIVE" in test["reasons"]
    figures = (test.get("comparison") or {}).get("figures", ())
    return ("INCONCLUSIVE" if open_ else test["word"]), next(
        (metric["text"] for metric in figures), test["headline"]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comparisons", type=int, default=10)
    parser.add_argument("--slowdown", type=float, default=0.05)
    parser.add_argument("--output-len", type=int, default=192)
    parser.add_argument("--jobs", type=int, default=1, help="comparisons at a time: most of one is waiting")
    parser.add_argument(
        "--allow", default="", help="validity checks that may fail, on a machine that is not quiet"
    )
    given = parser.parse_args()
    kept = True
    for slowdown, good in ((0.0, "PASSED"), (given.slowdown, "FAILED")):
        with ThreadPoolExecutor(given.jobs) as pool:
            said = list(
                pool.map(lambda _, slowdown=slowdown: comparison(slowdown, given), range(given.comparisons))
            )
        found = Counter(word for word, _ in said)
        print(f"{slowdown:.0%} slower: {dict(found)}", flush=True)
        for word, line in said:
            print(f"  {word}: {line}", flush=True)
        wrong = found["FAILED"] if good == "PASSED" else found["PASSED"]
        kept = kept and not wrong and found[good] >= 0.9 * given.comparisons
    return int(not kept)


if __name__ == "__main__":
    sys.exit(main())
