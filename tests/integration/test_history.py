"""A run appends itself to a history, and a later one is judged by what the history holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from slabench.cli.main import main
from slabench.history.file import append, read
from slabench.history.lines import MeasuredTest, RunLine
from tests.integration.conftest import Suite
from tests.integration.fault_matrix.servers import sim_server

DECODE = "tests/ali/test_decode.py"
SCATTER = (1.0, 1.01, 0.99, 1.005, 0.995)


def scaled(test: MeasuredTest, factor: float) -> MeasuredTest:
    """Slower by factor."""
    return replace(
        test,
        samples={
            key: tuple(value * (factor if key.startswith("tpot") else 1 / factor) for value in values)
            for key, values in test.samples.items()
        },
    )


def test_a_run_is_appended_and_gates_later_ones(suite: Suite, tmp_path: Path) -> None:
    """The first run stands for five days that differ by 1 %; a server at half of the speed FAILED by them."""
    path = tmp_path / "h.jsonl"
    options = ("--batch-sizes=2", f"--history={path}", "--history-version=image:1")
    first = suite(DECODE, "--base-url=sim:", *options)
    assert first.status == 0, first.output
    assert f"1 test of version image:1 appended to {path}." in first.output
    (line,) = read(str(path)).runs
    assert isinstance(line, RunLine) and line.simulated and line.run_id == first.run["run_id"]
    assert line.launch.by_slabench and line.launch.random_seed is not None
    (test_id,) = line.tests
    assert line.tests[test_id].samples["tpot.mean"] == (first.run["tests"][0]["metrics"]["tpot.mean"],)
    early = suite(DECODE, "--base-url=sim:", f"--baseline=history:{path}")
    assert early.status == 4 and "has no accepted version" in early.output
    for day, factor in enumerate(SCATTER[1:], 2):
        tests = {test_id: scaled(line.tests[test_id], factor)}
        append(str(path), replace(line, run_id=f"day-{day}", tests=tests))
    assert main(["history", "accept", str(path), "image:1"]) == 0
    slow = suite(
        DECODE,
        "--base-url=sim:demo?decode_base_ms=10",
        "--batch-sizes=2",
        f"--baseline=history:{path}",
    )
    assert slow.status == 1, slow.output
    comparison = slow.run["tests"][0]["comparison"]
    assert comparison["note_messages"][0]["id"] == "comparison.note_history"
    tpot = next(metric for metric in comparison["figures"] if metric["metric"] == "tpot.mean")
    assert (tpot["outcome"], len(tpot["new_samples"]), len(tpot["old_samples"])) == ("worse", 1, 5)


def test_an_embedded_server_at_an_address(suite: Suite, tmp_path: Path) -> None:
    """Its address does not show what it is: its answer does, and that comes before the load."""
    path = tmp_path / "at-an-address.jsonl"
    with sim_server(tmp_path) as url:
        work = (DECODE, f"--base-url={url}", "--batch-sizes=1", f"--history={path}")
        for lines in (1, 2):
            done = suite(*work)
            assert done.status == 0, done.output
            assert len(path.read_text().splitlines()) == lines
        (line, _) = read(str(path)).runs
        path.unlink()
        append(str(path), replace(line, labels=()))
        done = suite(*work)
    assert done.status == 4 and "holds runs of real servers" in done.output, done.output
    assert len(path.read_text().splitlines()) == 1
