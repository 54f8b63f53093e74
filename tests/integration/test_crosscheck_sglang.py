"""`python -m slabench crosscheck` as a user starts it.

How close the two are is measured in benchmarks/, on a quiet machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.data.loadgen.unreliable import unreliable
from tests.integration.conftest import environment
from tests.integration.real_sglang import REPO, RealServer

pytestmark = pytest.mark.sglang

SMALL = (
    "--num-prompts=4 --max-concurrency=2 --random-input-len=32 --random-output-len=16 --allow=client".split()
)


def crosscheck(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "slabench", "crosscheck", *SMALL, *options]
    return subprocess.run(
        command, cwd=REPO, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )


def test_the_table_and_the_file(tmp_path: Path) -> None:
    done = crosscheck(
        "--base-url=sim:",
        "--rounds=2",
        "--tokenizer=fixtures/data/tokenizer",
        f"--json={tmp_path / 'x.json'}",
    )
    assert done.returncode == 0, done.stderr
    assert (
        "4 prompts (random) of 32 tokens, 16 out, request rate inf, concurrency 2"
        in done.stdout.splitlines()[0]
    )
    assert done.stdout.splitlines()[1] == "This run is SIMULATED."
    order = [
        line.partition(": ")[2].partition(":")[0]
        for line in done.stderr.splitlines()
        if line.startswith("round ")
    ]
    assert order == ["slabench", "sglang.bench_serving 0.5.7"] * 2
    assert "95 % interval" in done.stdout
    found = json.loads((tmp_path / "x.json").read_text())
    assert found["labels"] == ["SIMULATED"]
    rows = {row["figure"]: row for row in found["rows"]}
    assert {"tpot.mean", "ttft.mean", "output_throughput", "duration"} <= set(rows)
    for side in ("ours", "theirs"):
        assert [run["classic.total_output"] for run in found[side]] == [64, 64]
        assert [run["classic.total_input"] for run in found[side]] == [128, 128]
    assert rows["tpot.mean"]["client"]["low"] <= rows["tpot.mean"]["client"]["estimate"]


def test_on_the_real_server_both_clients_see_the_same_tokens(
    sglang_cpu_server: RealServer, tmp_path: Path
) -> None:
    """Tokens: when they were read is the business of a machine that the server computes on too."""
    where = (
        f"--base-url={sglang_cpu_server.url}",
        f"--tokenizer={sglang_cpu_server.model}",
        f"--json={tmp_path / 'x.json'}",
    )
    done = crosscheck(*where, "--rounds=2", "--random-output-len=128", "--allow=client,one_read")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "x.json").read_text())
    for side in ("ours", "theirs"):
        assert [run["classic.total_output"] for run in found[side]] == [512, 512]
    assert {"tpot.mean", "output_throughput"} <= {row["figure"] for row in found["rows"]}


def test_a_run_that_is_not_valid_says_nothing_of_either() -> None:
    with unreliable("abort") as server:
        done = crosscheck(
            f"--base-url={server.url}",
            "--rounds=1",
            f"--tokenizer={REPO / 'fixtures' / 'data' / 'tokenizer'}",
        )
    assert done.returncode == 6
    assert "INVALID: round 1 by slabench: finish_reason" in done.stderr
    assert "metric" not in done.stdout


def test_no_server_is_one_sentence() -> None:
    done = crosscheck("--base-url=http://127.0.0.1:9", "--rounds=1")
    assert done.returncode == 6
    assert "Traceback" not in done.stderr


def test_prompts_that_begin_alike_are_named_where_the_run_is_invalid() -> None:
    """The recipe of random-ids over the small vocabulary; one at a time, so that each finds the one before in
    the cache.
    """
    load = ("--num-prompts=32", "--max-concurrency=1", "--random-input-len=256", "--random-output-len=2")
    done = crosscheck("--base-url=sim:", "--rounds=1", "--dataset-name=random-ids", *load)
    assert done.returncode == 6
    note, judged = done.stderr.splitlines()
    assert note.startswith("5 of 32 prompts share up to 225 tokens")
    assert judged.startswith("INVALID: round 1 by slabench: prefix_cache: 621 of 9937 prompt tokens")
    assert note in judged


def test_what_is_wrong_with_the_command_line_is_4() -> None:
    done = crosscheck("--base-url=sim:", "--num-prompts=-1")
    assert done.returncode == 4
    assert "'-1' cannot be taken (-1 is below 1)" in done.stderr.splitlines()[-1]
