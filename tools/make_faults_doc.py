"""docs/faults.md from real runs: what slabench reports of each fault, and bench_serving with an assertion.

`make faults-doc` runs both against the same embedded server, fault by fault; it takes some quiet minutes and
needs .venv-client. `python tools/make_faults_doc.py FAULT ...` makes the rows with these faults anew, and
those that are missing; the others stay.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
PAGE = REPO / "docs" / "faults.md"
CLIENT = REPO / ".venv-client" / "bin" / "python"
TOKENIZER = REPO / "fixtures" / "data" / "tokenizer"
TIMEOUT_S = 15.0  # bench_serving's own time-out is six hours
LIMIT_MS = 50.0


@dataclass(frozen=True, slots=True)
class Case:
    """title: what is wrong; profile: the embedded server with that fault."""

    title: str
    profile: str
    note: str = ""

    @property
    def faults(self) -> frozenset[str]:
        found = re.search(r"fault=([\w,]+)", self.profile)
        return frozenset(found[1].split(",") if found else ())


CASES = (
    Case("nothing", "demo"),
    Case("half of the requests answered with 503", "demo?fault=busy&fault_share=0.5"),
    Case("all requests answered with 503", "demo?fault=busy"),
    Case("429 with Retry-After to half", "demo?fault=rate_limit&fault_share=0.5"),
    Case("one answer is a proxy's 502 page", "demo?fault=page&fault_index=0"),
    Case("all answers are a page with status 200", "demo?fault=page_ok"),
    Case("all answers redirect", "demo?fault=redirect"),
    Case("empty 200 to half", "demo?fault=empty&fault_share=0.5"),
    Case("answers in vLLM's form", "demo?fault=vllm_stream"),
    Case("[DONE] without a token", "demo?fault=no_tokens"),
    Case("reset before the answer, one request", "demo?fault=reset_before&fault_index=1"),
    Case("silence, one request", "demo?fault=silence&fault_index=1"),
    Case("error event in all streams", "demo?fault=stream_error&fault_tokens=0"),
    Case(
        "error event in half of the streams after 8 tokens",
        "demo?fault=stream_error&fault_share=0.5&fault_tokens=8",
    ),
    Case("reset in mid-stream, one request", "demo?fault=reset&fault_index=2"),
    Case("connection closed in mid-stream, one request", "demo?fault=drop&fault_index=2"),
    Case("streams end after 4 tokens without [DONE]", "demo?fault=cut"),
    Case("stall, then silence, one request", "demo?fault=stall&fault_index=2"),
    Case("answers end early, finish_reason stop", "demo?fault=stop"),
    Case("answers are aborted after 4 tokens", "demo?fault=abort"),
    Case("answers end early, finish_reason length", "demo?fault=short"),
    Case("more tokens than asked for", "demo?fault=longer&fault_tokens=12"),
    Case("prompts cut to half", "demo?fault=truncated"),
    Case("half of each prompt from the prefix cache", "demo?fault=cached"),
    Case("an event that is no JSON", "demo?fault=malformed"),
    Case("the last event is no JSON", "demo?fault=malformed_last"),
    Case("a token count falls", "demo?fault=count_falls"),
    Case("a token count jumps and falls again", "demo?fault=count_jumps"),
    Case("a token count is NaN", "demo?fault=count_nan"),
    Case("[DONE] before the last tokens", "demo?fault=done_early"),
    Case("every event twice", "demo?fault=duplicate"),
    Case("half of the answers come in one event", "demo?fault=single_event&fault_share=0.5"),
    Case(
        "answers are gathered and let go six events at a time",
        "demo?decode_base_ms=40&fault=buffered&fault_tokens=6",
    ),
    Case("half of the ids that are counted", "demo?fault=few_ids&fault_tokens=6"),
    Case("half of the words that are counted, no ids", "demo?fault=few_words&fault_tokens=3"),
    Case(
        "counts in events without output, output 60 ms later without counts", "demo?fault=apart&fault_s=0.06"
    ),
    Case("events hold the first token's output until the last one, and count on", "demo?fault=behind"),
    Case("an empty event that counts a token, at once", "demo?fault=early_count&prefill_overhead_ms=150"),
    Case("all tokens but one in the first event", "demo?fault=lump&fault_tokens=1"),
    Case("meta_info reports an e2e_latency of 999 s and -1 retractions", "demo?fault=odd_times"),
    Case("[DONE] 1.5 s after the last token", "demo?fault=late_done&fault_s=1.5"),
    Case("an error beside a count, one request", "demo?fault=error_beside&fault_index=2"),
    Case("an error behind nine other events, one request", "demo?fault=error_object&fault_index=2"),
    Case("an event that is named error, one request", "demo?fault=error_named&fault_index=2"),
    Case("a number of 400 digits in one answer", "demo?fault=huge_number&fault_index=2"),
    Case("one answer is nested 5,000 deep", "demo?fault=deep_json&fault_index=2"),
    Case("a request is taken and its connection closed 50 ms later", "demo?fault=taken&fault_index=4"),
    Case(
        "the reason to end 1.5 s after the last token, the count repeated",
        "demo?fault=late_reason&fault_s=1.5",
    ),
    Case("connections are closed after each answer, without announcement", "demo?fault=closes_idle"),
    Case("numbers of 400 digits in server_info", "demo?fault=info_huge"),
    Case("server_info nested 5,000 deep", "demo?fault=info_deep"),
    Case(
        "a gateway that has the whole answer and plays it again",
        "demo?decode_base_ms=20&fault=replayed&fault_skip=0",
    ),
    Case("all answers have the id of one", "demo?fault=one_id"),
    Case(
        "half of the answers report neither prompt_tokens nor cached_tokens",
        "demo?fault=silent_meta&fault_share=0.5",
    ),
    Case("events out of order", "demo?fault=out_of_order"),
    Case("flush refused with 400, its body says flushed", "demo?fault=flush_refused&fault_skip=0"),
    Case("no flush endpoint", "demo?fault=flush_missing"),
    Case("no server_info", "demo?fault=info_missing"),
    Case("server_info fails in mid-run", "demo?fault=info_lost"),
    Case("another server process in mid-run", "demo?fault=restart"),
    Case(
        "one of the decode servers behind mini_lb is restarted in mid-run",
        "demo?fault=mini_lb,decode_restart",
    ),
    Case("the whole server stops for 2 s in mid-run", "demo?fault=freeze&fault_index=3&fault_s=2"),
    Case("another version and model in mid-run, no random_seed", "demo?fault=renamed"),
    Case("/metrics has every time 1.1 times as long as it was", "demo?decode_base_ms=45&fault=late_clock"),
    Case("no /metrics, as without --enable-metrics", "demo?fault=no_metrics", "no fault"),
    Case("TPOT of 80 ms", "demo?decode_base_ms=80"),
    Case("events of 6 tokens", "demo?stream_interval=6", "no fault"),
    Case("bytes in pieces of 7", "demo?fault=chunks", "no fault"),
    Case("deltas", "demo?fault=deltas", "no fault"),
    Case("a prefill server and two decode servers behind mini_lb", "demo?fault=mini_lb", "no fault"),
    Case("a router that hands on one decode server's server_info", "demo?fault=one_of_pd", "no fault"),
    Case("the first tokens have an empty text", "demo?fault=empty_text", "no fault"),
)
# Cases since the page was last made; the next run of this tool has them, and empties this.
NOT_YET_RUN: frozenset[str] = frozenset()
# Shown by tests/integration alone: forms that are no fault, and what this load does not meet.
LEFT_OUT = frozenset(
    "cr_lines dies early_id fixed_seed info_boasts info_error info_slow info_thin loose_json moved no_ids "
    "no_seed other_lines pause pings portal stays_open uncounted vllm".split()
)
LOAD = (
    "--random-input-len=64 --random-output-len=12 --num-prompts=6 --request-rate=50 --max-concurrency=3 "
    "--seed=123"
).split()


@contextlib.contextmanager
def sim_server(folder: Path, profile: str) -> Iterator[str]:
    log = folder / "server.log"
    command = [sys.executable, "-m", "slabench.sim", "--profile", profile, "--port", "0", "--log", str(log)]
    process = subprocess.Popen([*command, "--tokenizer", str(TOKENIZER)], cwd=REPO)
    try:
        running = None
        deadline = time.monotonic() + 20
        while running is None and time.monotonic() < deadline:
            running = re.search(r"running on (http://\S+)", log.read_text()) if log.exists() else None
            time.sleep(0.02)
        if running is None:
            raise SystemExit(f"The embedded server with {profile} did not start.")
        yield running[1]
    finally:
        process.kill()
        process.wait()


def by_slabench(url: str, folder: Path) -> str:
    """Its outcome, exit status and first line."""
    options = [
        "--progress=off",
        "--allow=client",
        "--idle-timeout=3",
        "--first-byte-timeout=3",
        f"--report-dir={folder}",
    ]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "tests/tencent",
        f"--base-url={url}",
        *LOAD,
        *options,
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, timeout=120, check=False)
    # `latest` names no run whose server was not there.
    run = json.loads(max(folder.glob("*/run.json")).read_text())
    line = run["tests"][0]["headline"] if run["tests"] else run["unreachable"]
    return f"**{run['word']}** ({done.returncode}): {shortened(line, url)}"


def by_bench_serving(url: str, folder: Path) -> str:
    """Green or red of `bench_serving && assert mean_tpot_ms <= 50`, with what it printed."""
    out = folder / "out.jsonl"
    command = [
        *(
            str(CLIENT),
            "-m",
            "sglang.bench_serving",
            "--backend",
            "sglang",
            "--base-url",
            url,
            "--flush-cache",
            "--disable-tqdm",
        ),
        *("--model", str(TOKENIZER), "--tokenizer", str(TOKENIZER), "--dataset-name", "random-ids"),
        *("--random-range-ratio", "1.0", "--output-file", str(out), *LOAD),
    ]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"does not end (stopped after {TIMEOUT_S:g} s)"
    if done.returncode or not out.exists():
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return f"red: ends with {done.returncode}: {shortened(last, url)}"
    row = json.loads(out.read_text().splitlines()[-1])
    outcome = "green" if row["mean_tpot_ms"] <= LIMIT_MS else "red"
    tpot, tokens = row["mean_tpot_ms"], row["total_output_tokens"]
    return f"{outcome}: {row['completed']} of 6 requests, mean TPOT {tpot:.2f} ms, {tokens} tokens"


def shortened(text: str, url: str) -> str:
    """One table cell."""
    text = " ".join(
        text.replace(url, "URL").replace(str(REPO), ".").replace("|", "\\|").replace("<", "&lt;").split()
    )
    return text if len(text) <= 200 else f"{text[:197]}..."


HEAD = """# Faults

What slabench reports of a faulty server, and beside it what `sglang.bench_serving` 0.5.7 reports of the
same server when a script asserts `mean_tpot_ms <= 50` on its output file. Both send 6 prompts of 64 tokens,
12 out, at rate 50 and at most 3 in flight to the embedded server (docs/sim.md, *Faults*); slabench's
time-outs are 3 s here, and bench_serving is stopped after 15 s. In brackets the exit status. This file is
generated by `make faults-doc` from an actual run; the numbers are the embedded server's.

bench_serving prints metrics and gives no verdict. The table shows what a gate on its output alone would let
through.

| what is wrong | profile | slabench | bench_serving and an assertion |
|---|---|---|---|
"""


def row(case: Case) -> str:
    """The table's line."""
    with tempfile.TemporaryDirectory(prefix="slabench-faults-") as name:
        folder = Path(name)
        # A server for each: a fault counts the requests that it has seen.
        (folder / "a").mkdir()
        (folder / "b").mkdir()
        with sim_server(folder / "a", case.profile) as url:
            mine = by_slabench(url, folder / "a")
        with sim_server(folder / "b", case.profile) as url:
            theirs = by_bench_serving(url, folder / "b")
    title = f"{case.title} ({case.note})" if case.note else case.title
    return f"| {title} | `{case.profile}` | {mine} | {theirs} |"


def lets_through(line: str) -> bool:
    """Whether the assertion is green where slabench is not."""
    *_, mine, theirs, _ = re.split(r"(?<!\\)\|", line)
    return theirs.strip().startswith("green") and not mine.strip().startswith("**PASSED")


def stored_rows() -> dict[str, str]:
    """The page's lines by profile."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return {found[1]: line for line in lines if (found := re.match(r"\| [^|]+ \| `([^`]+)` \|", line))}


def main(faults: Sequence[str] = ()) -> int:
    if not CLIENT.exists():
        raise SystemExit("There is no .venv-client; `make .venv-client/.stamp` installs bench_serving.")
    if any(name.startswith(("PYTEST", "SLABENCH")) for name in os.environ):
        raise SystemExit("Run it outside pytest, without SLABENCH_ variables.")
    kept = stored_rows() if faults else {}
    lines = []
    for case in CASES:
        if case.profile in kept and case.faults.isdisjoint(faults):
            lines.append(kept[case.profile])
            continue
        lines.append(row(case))
        print(lines[-1], flush=True)
    through = sum(map(lets_through, lines))
    tail = f"\nOf {len(CASES)} servers the assertion lets {through} through that slabench does not.\n"
    PAGE.write_text(HEAD + "\n".join(lines) + "\n" + tail, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
