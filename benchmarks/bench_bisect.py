"""`slabench bisect` against versions whose change is known: sixteen embedded servers, or real sglang 0.5.7 on
CPU beside patched copies.

Run by hand: python benchmarks/bench_bisect.py sim [--changes=1,6,15], python benchmarks/bench_bisect.py
sglang (after `make sglang-server`, on a quiet machine). Ends with 1 if an answer is not the true one.

A patched copy is the same installation under a Python that loads a sitecustomize.py: after each forward of
the model it sleeps FACTOR - 1 times as long as the forward took. Its stream is more than 1.6 times slower, as
the probes' lines show; the gate has --tolerance=60, so that other work on the two cores decides nothing.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / "tools" / "sglang_cpu"
VENV = ROOT / ".venv-sglang"
FACTOR = 2.5
ALLOW = "--allow=client,one_read,log_agrees,first_run,server_agrees"  # what two busy cores cannot hold
SIM_LOAD = ("--batch-sizes=2", "--decode-input-len=64", "--decode-output-len=128", ALLOW)
SGLANG_LOAD = (
    *(
        "--batch-sizes=2",
        "--decode-input-len=16",
        "--decode-output-len=1024",
        "--repeats=4",
        "--tolerance=60",
    ),
    *("--calibrate=off", ALLOW),
)
PATCH = """
import importlib.abc, importlib.util, sys, time

NAME = "sglang.srt.model_executor.model_runner"

class Patch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != NAME:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            forward = module.ModelRunner.forward

            def slowed(*args, **more):
                begin = time.perf_counter()
                result = forward(*args, **more)
                time.sleep({extra} * (time.perf_counter() - begin))
                return result

            module.ModelRunner.forward = slowed

        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Patch())
"""


def bisect(
    versions: Sequence[str], launch: str, load: Sequence[str], folder: Path
) -> tuple[str | None, float]:
    """(the first slower version by slabench, seconds); prints its path."""
    words = [sys.executable, "-m", "slabench", "bisect", "tests/ali/test_decode.py"]
    words += [f"--versions={','.join(versions)}", f"--launch={launch}", f"--state={folder / 'state.json'}"]
    begin = time.monotonic()
    done = subprocess.run([*words, f"--report-dir={folder}", *load], cwd=ROOT, check=False)
    seconds = time.monotonic() - begin
    state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    found = state.get("found")
    print(f"exit status {done.returncode}, {len(state['probes'])} probes, {state['launches']} launches, "
          f"{seconds:.0f} s\n", flush=True)  # fmt: skip
    return (None if found is None or found["unresolved"] else found["slower"]), seconds


def sim(changes: Sequence[int]) -> bool:
    """Sixteen versions named by their step in ms: 20.00 to 20.15, and 5 % more from the change on."""
    right = True
    for change in changes:
        steps = [(20.0 + k / 100) * (1.05 if k >= change else 1.0) for k in range(16)]
        versions = [f"{step:.4f}" for step in steps]
        launch = shlex.join(
            [sys.executable, "-m", "slabench", "sim", "--profile", "demo?decode_base_ms={version}"]
        )
        print(f"change at version {change + 1} of 16, {versions[change]}:", flush=True)
        with tempfile.TemporaryDirectory() as name:
            answer, _ = bisect(versions, f"{launch} --port {{port}}", SIM_LOAD, Path(name))
        print(f"answer {answer}, truth {versions[change]}", flush=True)
        right &= answer == versions[change]
    return right


def sglang(count: int, change: int, folder: Path) -> bool:
    """Versions v1 to vN, patched from the change on. folder: what is in it already is continued."""
    model = folder / "tiny"
    if not model.exists():
        subprocess.run([sys.executable, str(TOOLS / "make_model.py"), str(model)], check=True)
    versions = [f"v{k + 1}" for k in range(count)]
    for k, version in enumerate(versions):
        python, patch = folder / version / "bin" / "python", folder / version / "patch"
        for made in (python.parent, patch):
            made.mkdir(parents=True, exist_ok=True)
        if k >= change:
            (patch / "sitecustomize.py").write_text(PATCH.replace("{extra}", str(FACTOR - 1)))
        python.write_text(f'#!/bin/bash\nPYTHONPATH={patch}:$PYTHONPATH exec {VENV}/bin/python "$@"\n')
        python.chmod(0o755)
    launch = f"bash {TOOLS / 'start.sh'} {folder}/{{version}} {model} {{port}} --port {{port}}"
    answer, _ = bisect(versions, launch, SGLANG_LOAD, folder)
    print(f"answer {answer}, truth {versions[change]}")
    return answer == versions[change]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("servers", choices=("sim", "sglang"))
    parser.add_argument(
        "--changes", default="1,6,15", help="of sim: places from 0 of the first slower version"
    )
    parser.add_argument("--versions", type=int, default=8, help="of sglang")
    parser.add_argument("--change", type=int, default=5, help="of sglang")
    parser.add_argument("--folder", help="of sglang: keep what is made here, and continue what was")
    options = parser.parse_args()
    if options.servers == "sim":
        return int(not sim([int(place) for place in options.changes.split(",")]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(options.folder or name).resolve()
        return int(not sglang(options.versions, options.change, folder))


if __name__ == "__main__":
    sys.exit(main())
