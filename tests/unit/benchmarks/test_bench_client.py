"""What bench_client makes of a truth, of a client's figures and of samples; figures by hand."""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path

import pytest

from benchmarks.clients import claims, measure, peers
from benchmarks.clients.measure import Row
from benchmarks.clients.tables import accuracy, ceiling
from benchmarks.clients.truth import NoTruth, read
from benchmarks.clients.watch import Watch, interpolate
from slabench.calibration.compare import read_trace

MS = 1_000_000


def row(key: str, accept: int, writes: list[int], *, received: int = 0, done: int = 1) -> dict[str, object]:
    return {
        "id": key,
        "done": done,
        "n_tokens": len(writes),
        "t_rx": received,
        "t_accept": accept,
        "t_first_write": accept + writes[0],
        "t_last_write": accept + writes[-1],
    }


def trace(*requests: list[int]) -> bytes:
    return b"".join(
        struct.pack(f"<II{len(writes)}I", index, len(writes), *(at // 100 for at in writes))
        for index, writes in enumerate(requests)
    )


WRITES = ([200 * MS, 220 * MS, 250 * MS], [201 * MS, 221 * MS, 241 * MS])


def test_truth_of_two_requests() -> None:
    """TTFT 201 (the kernel had it 1 ms before) and 201, TPOT (25 + 20) / 2, gaps 20, 30, 20, 20."""
    warm = [199 * MS]
    document = {
        "requests": [
            row("w", 0, warm),
            row("a", 5 * MS, WRITES[0], received=4 * MS),
            row("b", 6 * MS, WRITES[1]),
        ],
        "late_us": {"mean": 7.0, "p99": 9.0},
        "blocked": 0,
    }
    found = read(document, trace(warm, *WRITES), 2, 3)
    assert found.ttft_ms == pytest.approx(201) and found.tpot_ms == pytest.approx(22.5)
    # between the third (20) and the fourth (30) of four: 2.97 steps
    assert found.p99_itl_ms == pytest.approx(29.7)
    assert (found.begin_ns, found.end_ns, found.tokens, found.late_p99_us) == (4 * MS, 255 * MS, 6, 9.0)
    assert set(found.rows) == {"a", "b"}


def test_a_truth_with_too_few_answers_is_none() -> None:
    document = {
        "requests": [row("a", 0, WRITES[0]), row("b", 0, WRITES[1], done=0)],
        "late_us": {},
        "blocked": 0,
    }
    with pytest.raises(NoTruth, match="1 whole answers of 3 tokens, not 2"):
        read(document, trace(*WRITES), 2, 3)


def test_trace_units() -> None:
    assert [list(times) for times in read_trace(trace([100, 2500], []))] == [[100, 2500], []]


def test_interpolation() -> None:
    times, values = [0, 10, 20], [0, 100, 100]
    assert [interpolate(times, values, at) for at in (-5, 0, 5, 10, 15, 25)] == [0, 0, 50, 100, 100, 100]
    assert interpolate([], [], 3) == 0


def test_a_watch_sees_cpu_and_memory_of_a_tree() -> None:
    import subprocess
    import time

    code = (
        "x = bytearray(40_000_000)\nimport time\nt = time.process_time()\nwhile time.process_time() - t < "
        "0.6: pass\n"
    )
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"
    begin = time.perf_counter_ns()
    process = subprocess.Popen([sys.executable, "-c", outer])
    watch = Watch(process.pid)
    process.wait()
    watch.stop()
    # of the child, less what came after its last reading
    assert watch.cpu_s(begin, time.perf_counter_ns()) > 0.15
    assert watch.rss_mb > 40


def test_figures_come_from_the_file_or_from_what_was_printed(tmp_path: Path) -> None:
    good = {"mean_ttft_ms": 1, "mean_tpot_ms": 2.5, "p99_itl_ms": 3}
    (tmp_path / "a").write_text(json.dumps({"other": 1}) + "\n" + json.dumps(good) + "\n")
    assert peers.read_figures(tmp_path / "a", "")["mean_tpot_ms"] == 2.5
    assert peers.read_figures(tmp_path / "none", "noise\n" + json.dumps(good))["p99_itl_ms"] == 3
    with pytest.raises(ValueError, match="no result"):
        peers.read_figures(tmp_path / "none", "Traceback ...")


def test_medians_leave_failed_runs_out_and_say_so() -> None:
    rows = [Row("x", 64, 256, tpot_error_pct=value) for value in (1.0, 5.0, 2.0)]
    assert measure.median(rows).tpot_error_pct == 2.0
    found = measure.median([*rows[:2], Row("x", 64, 256, "broke")])
    assert found.tpot_error_pct == 3.0 and found.client == "x (1 of 3 runs failed)"
    assert measure.median([Row("x", 64, 256, "broke")]).failure == "broke"


def whole(client: str, streams: int, share: float = 0.2) -> Row:
    return Row(client, streams, 256, "", 1.0, 0.1, 0.5, 10.0, share, 60.0, 1000.0, 5.0, 9.0, 0)


def test_a_row_says_that_the_server_was_late() -> None:
    from dataclasses import replace

    from benchmarks.clients.tables import cell

    assert cell(whole("x", 64)) == "+1.0 / +0.100 / +0.50 / 10.0 / 60"
    assert cell(replace(whole("x", 64), server_late_p99_us=5001.0)).endswith(" (server late)")


def test_the_table_has_a_line_a_client_and_says_what_failed() -> None:
    rows = [
        whole("slabench", 64),
        whole("slabench", 256, 0.99),
        Row("other", 64, 256, "no | way"),
        whole("other", 256),
    ]
    lines = accuracy(rows, [64, 256], "T").splitlines()
    assert (
        "| slabench | +1.0 / +0.100 / +0.50 / 10.0 / 60 | +1.0 / +0.100 / +0.50 / 10.0 / 60 (full) |" in lines
    )
    assert "| other | failed: no / way | +1.0 / +0.100 / +0.50 / 10.0 / 60 |" in lines


def test_scaling_is_the_cost_of_a_chunk_beside_one_pair_s() -> None:
    alone = Row("s", 9, 9, tpot_error_pct=0.1, cpu_ms_per_1000=10.0, chunks_per_s=100.0)
    two = [Row("s", 9, 9, tpot_error_pct=-0.4, cpu_ms_per_1000=12.5, chunks_per_s=100.0)] * 2
    lines = ceiling([alone, *two], [1, 2], 1, title="T").splitlines()
    assert lines[-2:] == ["| 1 | 100 | 0.100 | 10.00 | 1.00 |", "| 2 | 200 | 0.400 | 12.50 | 0.80 |"]
    run = Row("s", 9, 9, tpot_error_pct=0.2, cpu_ms_per_1000=10.0, chunks_per_s=190.0)
    assert (
        ceiling([alone, run], [1, 2], 1, title="T", each=1).splitlines()[-1]
        == "| 2 | 190 | 0.200 | 10.00 | 1.00 |"
    )


def test_claims_are_held_against_limits_the_floor_and_the_best_of_the_others() -> None:
    def row(client: str, ttft: float, tpot: float, itl: float, cpu: float) -> Row:
        return Row(client, 256, 256, "", ttft, tpot, itl, cpu, server_late_p99_us=9.0)

    rows = [
        row("slabench", -2.9, 0.05, 2.4, 9.0),
        row("floor (C)", 0.1, 0.0, 1.7, 6.0),
        row("sglang 0.5.23, Rust", 11.0, 0.04, 0.5, 20.0),
    ]
    rows += [row("sglang.bench_serving 0.5.7", 49.0, 0.24, 2.3, 17.0), Row("broken", 256, 256, "no")]
    assert [(claim.measured, claim.limit, claim.holds) for claim in claims.accuracy(rows, "sglang")] == [
        (2.9, 3, True),  # its size counts, not its sign
        (2.9, 11.0, True),
        (0.05, 0.1, True),
        (0.05, 0.04, False),
        (2.4, 2, False),  # the floor is within the limit, so that stays
        (2.4, 0.5, False),
        (9.0, pytest.approx(9.6), True),
        (9.0, 20.0, True),
        (9.0, 8.5, False),
    ]
    rows[1] = row("floor (C)", 0.1, 0.0, 2.1, 6.0)
    assert claims.accuracy(rows, "sglang")[4] == claims.Claim(
        "256 streams: p99 ITL error ms", 2.4, pytest.approx(3.15), True
    )
    assert claims.accuracy(rows, "sglang-oai")[6:] == [
        claims.Claim("256 streams: CPU ms per 1000 chunks, 2 x the floor's", 9.0, 12.0, True)
    ]
    alone = claims.accuracy(rows[:1], "sglang")
    assert [claim.holds for claim in alone] == [
        True,
        None,
        True,
        None,
        False,
        None,
        None,
        None,
        None,
    ]
    assert (
        "| 256 streams: mean TTFT error ms, beside the best of the others | 2.9 | - | not shown |"
        in claims.table(alone)
    )


def test_claims_of_the_other_modes() -> None:
    first = Row("slabench", 256, 1536, cpu_ms_per_1000=10.0, server_late_p99_us=9.0)
    for cpu, within in ((19.9, False), (20.0, True)):
        other = Row("sglang.bench_serving 0.5.7", 256, 1536, cpu_ms_per_1000=cpu, server_late_p99_us=9.0)
        assert [claim.holds for claim in claims.long([first, other])] == [within]
    assert [
        claim.holds
        for claim in claims.memory([Row("slabench", 640, 1536, rss_mb=399.0, server_late_p99_us=9.0)])
    ] == [True]
    # a server that does not tell its lateness proves nothing
    for late, holds in ((9.0, False), (None, None)):
        rows = [Row("slabench", 1440, 256, tpot_error_pct=-1.1, server_late_p99_us=late)]
        assert [claim.holds for claim in claims.rate(rows, 1440)] == [holds]
    assert [claim.holds for claim in claims.rate([Row("slabench", 1440, 256, "broke")], 1440)] == [None]
