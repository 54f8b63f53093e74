"""The last batch lines of logs that grow."""

from __future__ import annotations

from pathlib import Path

from slabench.server.log.last_batch import TAIL, LastBatch, LastLines

DECODE = (
    "[2025-11-29 10:00:{second:02}{rank}] Decode batch, #running-req: {running}, #token: 100, "
    "token usage: 0.01, cuda graph: True, gen throughput (token/s): 100.00, #queue-req: {queue}, \n"
)
PREFILL = (
    "[2025-11-29 10:00:01] Prefill batch, #new-seq: 1, #new-token: 64, #cached-token: 0, token usage: 0.00, "
    "#running-req: {running}, #queue-req: {queue}, \n"
)


def decode(running: int, queue: int = 0, second: int = 0, rank: str = "") -> str:
    return DECODE.format(running=running, queue=queue, second=second, rank=rank)


def add(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_what_was_written_before_is_not_of_this_load(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    add(log, decode(9))
    last = LastLines([str(log)])
    assert last() is None
    add(log, decode(3, 1) + decode(4, 2) + "a torn line: Decode batch, #running-req: 77")
    assert last() == LastBatch(4, 2)
    add(log, "\n" + PREFILL.format(running=5, queue=7))
    assert last() == LastBatch(5, 7)


def test_the_ranks_of_a_file_and_the_files_are_added(tmp_path: Path) -> None:
    logs = [tmp_path / "a.log", tmp_path / "b.log"]
    last = LastLines(list(map(str, logs)))
    add(
        logs[0], decode(3, 1, rank=" DP0 TP0") + decode(4, 2, rank=" DP1 TP1") + decode(5, 1, rank=" DP0 TP0")
    )
    assert last() == LastBatch(9, 3)
    add(logs[1], decode(1, 1))
    assert last() == LastBatch(10, 4)


def test_only_the_end_of_a_long_log_is_read(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    last = LastLines([str(log)])
    add(log, decode(1, rank=" DP0 TP0") + "x" * TAIL + "\n" + decode(2, rank=" DP1 TP1"))
    assert last() == LastBatch(2, 0)


def test_a_log_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    assert LastLines([str(tmp_path / "none.log")])() is None
