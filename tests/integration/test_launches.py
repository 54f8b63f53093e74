"""--launches on the embedded server: every test in each launch, and words in the last."""

from __future__ import annotations

import json
from pathlib import Path

from slabench.strict_json import dumps
from tests.integration.conftest import Suite
from tests.integration.test_gate import BUSY, SLOW

ID = "tests/ali/test_decode.py::test_decode_tpot[bs1]"
WIDE = ("--batch-sizes=1", "--repeats=2", "--tolerance=25", BUSY)


def spread(folder: Path) -> str:
    sd = {"tpot.mean": 0.001, "output_throughput": 0.001}
    entry = {"launch_spread": {"launches": 8, "freedom": 7, "sd": sd}}
    path = folder / "spread.json"
    path.write_text(dumps({"schema": "slabench.baseline/2", "fingerprint": {}, "tests": {ID: entry}}))
    return str(path)


def test_every_test_is_measured_in_each_launch_and_judged_in_the_last(suite: Suite, tmp_path: Path) -> None:
    done = suite(
        "tests/ali/test_decode.py",
        f"--base-url={SLOW}",
        "--baseline-url=sim:",
        "--launches=2",
        f"--launch-spread={spread(tmp_path)}",
        *WIDE,
    )
    assert done.status == 1, done.output
    assert done.words == {"test_decode_tpot[bs1]": "FAILED"}
    (entry,) = done.run["tests"]
    launches = entry["comparison"]["launches"]
    assert (launches["new"], launches["old"], launches["evidence"]) == (2, 2, "stored")
    assert "ONE_LAUNCH" not in entry["reasons"] and "4 pairs of 2 launches" in entry["headline"]
    assert done.folder is not None
    first, last = done.run["launches"]
    assert (first["number"], last["number"], last["run"]) == (1, 2, "")
    processes = [row[name] for row in (first, last) for name in ("random_seed", "baseline_random_seed")]
    assert len(set(processes)) == 4  # each launch, of each side, is a process of its own
    assert all(row["start"]["ready_s"] > 0 and row["baseline_start"]["began_utc"] for row in (first, last))
    earlier = json.loads((done.folder / first["run"] / "run.json").read_text())
    (before,) = earlier["tests"]
    assert (before["id"], len(before["repeats"])) == (ID, 4)
    assert "ONE_LAUNCH" in before["reasons"]  # of itself alone
    assert f"Launch 1: started {first['start']['began_utc']}" in done.output


def test_too_few_without_a_stored_spread_start_nothing(suite: Suite) -> None:
    done = suite("tests/ali/test_decode.py", "--base-url=sim:", "--baseline-url=sim:", "--launches=5")
    assert done.status == 4 and done.folder is None, done.output
    assert "own launches alone decide from --launches=6 on" in done.output
