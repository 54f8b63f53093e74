"""bench_client's runs of a client against a server: what a client does wrong is a row, never an exception."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.clients import measure, peers
from benchmarks.clients.truth import Server


def test_a_client_that_fails_is_a_row(tmp_path: Path) -> None:
    with Server([0], ttft_ms=10, itl_ms=2, command=None, log=tmp_path / "log") as server:
        broken = peers.Peer("broken", [sys.executable, "-c", "raise SystemExit('no luck')"])
        silent = peers.Peer("silent", [sys.executable, "-c", "pass"])
        slow = peers.Peer("slow", [sys.executable, "-c", "import time; time.sleep(60)"])
        rows = [
            measure.measure(peer, server, [0], streams=2, tokens=3, input_len=4, timeout_s=limit)
            for peer, limit in ((broken, 10.0), (silent, 10.0), (slow, 0.5))
        ]
        assert [row.failure for row in rows] == [
            "ended with 1: no luck",
            "it wrote no result with mean_ttft_ms, mean_tpot_ms, p99_itl_ms",
            "not done after 0.5 s",
        ]
        ours = measure.measure(peers.ours(), server, [0], streams=4, tokens=60, input_len=4, timeout_s=30)
    assert (
        ours.failure == "" and ours.chunks_per_s is not None and ours.rss_mb is not None and ours.rss_mb > 20
    )


def test_the_table_from_its_command_line(tmp_path: Path) -> None:
    import json
    import subprocess

    root = Path(__file__).resolve().parents[2]
    words = [
        sys.executable,
        "-m",
        "benchmarks.bench_client",
        "--mode=table",
        "--streams=4,8",
        "--tokens=60",
        "--runs=2",
        "--itl-ms=5",
    ]
    words += [
        "--only=slabench,floor",
        f"--json={tmp_path / 'runs.jsonl'}",
        f"--markdown={tmp_path / 'table.md'}",
        "--cores=0,0",
    ]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text().splitlines()]
    ours = [row for row in rows if row["client"] == "slabench"]
    assert [(row["streams"], row["turn"]) for row in ours] == [(8, 0), (8, 1), (4, 0), (4, 1)]
    assert not [row for row in rows if "failure" in row]
    page = (tmp_path / "table.md").read_text()
    assert "| slabench | " in page and "SIMULATED" in page and "Mean TTFT error ms" in page
    wrong = subprocess.run(
        [*words[:3], "--mode=nothing"], cwd=root, capture_output=True, text=True, timeout=60, check=False
    )
    assert wrong.returncode == 2 and "--mode=nothing is none of" in wrong.stderr
