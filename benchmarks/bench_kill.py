"""Is anything lost? `python benchmarks/bench_kill.py [ROUNDS [SEED]]`: runs on the embedded server, killed at
random moments.

An undisturbed run is timed first: the moments are drawn from its length and a tenth more. Each round starts a
run, ends it with SIGKILL (the suite's process alone: what it started has to end by itself), reads what is
left, and continues the run with --resume. A round fails if a test whose word was on the console is not in
run.json, if run.json or the records cannot be read, if a kept entry changes, if the continued run does not
end as an undisturbed one does, or if a process stays.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO))

from slabench.report.records_file import read_records  # noqa: E402 - run as a script, from anywhere

OPTIONS = (
    "tests/tencent tests/ali --base-url=sim: --random-input-len=64 --random-output-len=40 "
    "--num-prompts=12 --request-rate=50 "
    "--max-concurrency=3 --decode-input-len=64 --decode-output-len=60 --batch-sizes=1,2 "
    "--prefill-lens=64 --prefill-prompts=6 "
    "--progress=off --allow=client -p no:cacheprovider"
).split()
TESTS = 5
BEYOND = 1.1  # a kill after a run's end has to be harmless too
MARK = "BENCH_KILL_ROUND"


class Lost(AssertionError):
    """One sentence: what was lost."""


@dataclass(frozen=True)
class Round:
    """What one round saw."""

    after_s: float
    begun: bool  # there was a run to continue
    finished: int  # tests in run.json after the kill
    records: int  # of the test that was running
    gone_s: float  # until no process was left

    def __str__(self) -> str:
        gone = f"processes gone in {self.gone_s:.2f} s"
        if not self.begun:
            return f"before the run began, nothing to continue, {gone}"
        kept = f"{self.finished} tests finished, {self.records} records of the running one"
        return f"{kept}, {gone}, continued and PASSED"


def run_round(folder: Path, after_s: float, *, words: int | None = None) -> Round:
    """Kill after so many seconds, look, continue, look again. Lost if something is not as it should be.

    words: the seconds count from when the run has begun and its console has so many words, instead of from
    the start.
    """
    mark = f"{os.getpid()}-{time.monotonic_ns()}"
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "SLABENCH"))
    }
    environment |= {MARK: mark, "PYTHONUNBUFFERED": "1", "SLABENCH_CACHE": str(folder / "cache")}
    reports = folder / "reports"
    command = [sys.executable, "-m", "pytest", *OPTIONS, f"--report-dir={reports}"]
    console = folder / "console.txt"
    with console.open("wb") as out:
        process = subprocess.Popen(command, cwd=REPO, env=environment, stdout=out, stderr=out)
        _wait_for_words(console, process, words)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(after_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
    gone_s = _wait_until_gone(mark)
    said = {test: word for word, test in WORD.findall(console.read_text())}
    # Not by `latest`: that names a run that has a test.
    document = next((path for path in reports.glob("*/run.json") if not path.parent.is_symlink()), None)
    if document is None:  # killed before the plugin was configured
        if said:
            raise Lost(f"There is no run.json, and the console has {len(said)} words.")
        return Round(after_s, False, 0, 0, gone_s)
    before = _read(document)
    kept = {test["id"]: test["word"] for test in before["tests"]}
    if missing := {test: word for test, word in said.items() if kept.get(test) != word}:
        raise Lost(f"Words on the console that run.json does not have: {missing}.")
    records = _records(document.parent, before)
    _resume(command, environment, document.parent, before)
    _wait_until_gone(mark)
    return Round(after_s, True, len(kept), records, gone_s)


WORD = re.compile(r"^(PASSED|FAILED|INVALID) (\S+::\S+):", re.M)


def _wait_for_words(
    console: Path, process: subprocess.Popen[bytes], words: int | None, limit_s: float = 200.0
) -> None:
    deadline = time.monotonic() + limit_s
    while words is not None and process.poll() is None and time.monotonic() < deadline:
        text = console.read_text()
        if "slabench: Run folder" in text and len(WORD.findall(text)) >= words:
            return
        time.sleep(0.01)


def _resume(command: list[str], environment: dict[str, str], folder: Path, before: dict[str, Any]) -> None:
    again = [*command, f"--resume={folder}"]
    done = subprocess.run(
        again, cwd=REPO, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    after = _read(folder / "run.json")
    if done.returncode != 0 or after["word"] != "PASSED" or after["not_run"] or len(after["tests"]) != TESTS:
        raise Lost(
            f"The continued run ended with {done.returncode} and "
            f"{after['word']}:\n{done.stdout[-3000:]}{done.stderr[-1000:]}"
        )
    entries = {test["id"]: test for test in after["tests"]}
    if changed := [test["id"] for test in before["tests"] if entries[test["id"]] != test]:
        raise Lost(f"Finished tests that are not as they were: {changed}.")
    _records(folder, after)


def _records(folder: Path, data: dict[str, Any]) -> int:
    """Every finished test has all its records; the number of records of unfinished ones."""
    path = folder / "requests.jsonl.gz"
    counted = Counter(test for test, _ in read_records(path)) if path.exists() else Counter[str]()
    for test in data["tests"]:
        wanted = test.get("records", {}).get("requests", 0)
        if counted.pop(test["id"], 0) != wanted:
            raise Lost(f"{test['id']} has not its {wanted} records.")
    return counted.total()


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Lost(f"run.json cannot be read: {error}.") from error
    return found


def _wait_until_gone(mark: str, limit_s: float = 20.0) -> float:
    """Seconds until no process with the round's mark in its environment is left."""
    begin = time.monotonic()
    while left := _living(f"{MARK}={mark}\0".encode()):
        if time.monotonic() - begin > limit_s:
            raise Lost(f"Processes that did not end: {left}.")
        time.sleep(0.05)
    return time.monotonic() - begin


def _living(wanted: bytes) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return [line for line in found if line]


def undisturbed_s() -> float:
    """How long a run takes here and now."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "SLABENCH"))
    }
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", *OPTIONS, f"--report-dir={folder}"]
        begin = time.monotonic()
        subprocess.run(command, cwd=REPO, env=environment, capture_output=True, timeout=300, check=True)
        return time.monotonic() - begin


def main(rounds: int, seed: int) -> int:
    dice, lost, seen = random.Random(seed), 0, []
    longest_s = BEYOND * undisturbed_s()
    print(f"Kills at moments from 0 to {longest_s:.1f} s.", flush=True)
    for k in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            after_s = dice.uniform(0.0, longest_s)
            try:
                done = run_round(Path(folder), after_s)
            except Lost as error:
                lost += 1
                print(f"round {k + 1}: killed after {after_s:.2f} s: LOST. {error}", flush=True)
                continue
        seen.append(done)
        print(f"round {k + 1}: killed after {after_s:.2f} s: {done}", flush=True)
    longest = max((done.gone_s for done in seen), default=0.0)
    begun = [done for done in seen if done.begun]
    finished = ", ".join(
        f"{count} with {number}" for number, count in sorted(Counter(done.finished for done in begun).items())
    )
    summary = f"{lost} lost something, {len(begun)} continued to the end ({finished} tests finished)"
    summary = f"{summary}, {len(seen) - len(begun)} had not begun"
    print(f"{rounds} kills (seed {seed}): {summary}; no process stayed for more than {longest:.2f} s")
    return 1 if lost else 0


if __name__ == "__main__":
    raise SystemExit(
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 50, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    )
