"""The gate between real sglang 0.5.7 servers on CPU: one with chunks of 32 tokens fails with prefill named,
an equal one passes.

Run by hand on a quiet machine, after `make sglang-server`: python benchmarks/bench_gate_sglang.py [--repeats
6] [--tolerance 40]. Starts three servers, takes the first for the old one, and ends with 1 if a word is not
as it should be.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from slabench.server.launch import Launched, launch  # noqa: E402

TOOLS = ROOT / "tools" / "sglang_cpu"
LOADS = (
    "--prefill-lens=512 --prefill-prompts=48 --decode-input-len=16 --decode-output-len=384 "
    "--batch-sizes=2 --progress=off "
    "--slo=tpot.mean<=1000 --calibrate=off -p no:cacheprovider"
).split()


def gate(new: Launched, old: Launched, folder: Path, options: list[str]) -> tuple[int, dict[str, str]]:
    """(exit status, word by test); prints every comparison."""
    words = [sys.executable, "-m", "pytest", "tests/ali/test_prefill.py", "tests/ali/test_decode.py"]
    words += [f"--base-url={new.url}", f"--baseline-url={old.url}", f"--report-dir={folder}"]
    words += [f"--deploy-log={new.log_path}", f"--baseline-deploy-log={old.log_path}"]
    done = subprocess.run([*words, *LOADS, *options], cwd=ROOT, capture_output=True, text=True, check=False)
    run = json.loads((folder / "latest" / "run.json").read_text(encoding="utf-8"))
    for test in run["tests"]:
        print(f"  {test['word']} {test['id'].rpartition('::')[2]}: {test['headline']}")
        for metric in (test.get("comparison") or {}).get("figures", ()):
            print(f"    {metric['text']}")
    return done.returncode, {test["id"].rpartition("::")[2]: test["word"] for test in run["tests"]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=6)
    parser.add_argument("--tolerance", type=float, default=40)
    parser.add_argument(
        "--allow", default="client,one_read,log_agrees,first_run", help="checks that two cores cannot hold"
    )
    given = parser.parse_args()
    options = [f"--repeats={given.repeats}", f"--tolerance={given.tolerance}", f"--allow={given.allow}"]
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        subprocess.run([sys.executable, str(TOOLS / "make_model.py"), str(folder / "tiny")], check=True)
        servers = {}
        for which, flags in (("old", ""), ("equal", ""), ("chunked", "--chunked-prefill-size 32")):
            command = (
                f"bash {TOOLS / 'start.sh'} {ROOT / '.venv-sglang'} {folder / 'tiny'} {{port}} --port "
                f"{{port}} {flags}"
            )
            servers[which] = stack.enter_context(
                launch(command, str(folder / f"{which}.log"), ready_timeout=600.0)
            )
            print(f"{which} is ready", flush=True)
        print("chunks of 32 tokens against the default:")
        allowed = [*options, "--allow-diff=server.chunked_prefill_size"]
        status, words = gate(servers["chunked"], servers["old"], folder, allowed)
        good = (
            status == 1
            and words["test_prefill_throughput[in512-quick]"] == "FAILED"
            and words["test_decode_tpot[bs2-quick]"] != "FAILED"
        )
        print("equal servers:")
        status, words = gate(servers["equal"], servers["old"], folder, options)
        return int(not (good and status == 0))


if __name__ == "__main__":
    sys.exit(main())
