"""The client's own error: shapes, the comparison with the truth, and what is kept. Numbers by hand."""

from __future__ import annotations

import os
import struct
import time
from array import array
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.calibration import Calibrator, Shape
from slabench.calibration.compare import compare, read_trace
from slabench.calibration.store import MAX_AGE_S, Store
from slabench.loadgen import ClientOptions
from slabench.records import Calibration, ErrorKind, RequestRecord

MS = 1_000_000
SHAPE = Shape(16, 20.0)


@pytest.mark.parametrize(
    ("concurrency", "tpot", "expected"),
    [
        (1, None, (16, 20)),
        (16, None, (16, 20)),
        (17, None, (64, 20)),
        (128, 50.0, (256, 20)),
        (5000, None, (5000, 20)),
        (8, 19.9, (16, 10)),
        (8, 7.0, (16, 5)),
        (8, 0.5, (16, 2)),
        (8, 20.0, (16, 20)),
    ],
)
def test_shapes_are_steps_up(concurrency: int, tpot: float | None, expected: tuple[int, float]) -> None:
    assert Shape.of(concurrency, tpot) == Shape(*expected)


def test_answers_of_one_token_are_a_light_load() -> None:
    assert Shape.of(512, one_token=True) == Shape(1024, 200.0) and Shape(1024, 200.0).tokens == 11


@given(st.integers(1, 9000), st.floats(2, 1000))
def test_a_shape_is_never_an_easier_load(concurrency: int, tpot: float) -> None:
    shape = Shape.of(concurrency, tpot)
    assert shape.streams >= concurrency and shape.itl_ms <= tpot and shape.tokens > 100


def record(index: int, sent_ms: float, arrivals_ms: list[float], **more: object) -> RequestRecord:
    stamps = array("q", (round(at * MS) for at in arrivals_ms))
    counts = array("q", range(1, len(stamps) + 1))
    sent_ns, end_ns = round(sent_ms * MS), stamps[-1] + 1
    known = RequestRecord(
        index, 64, len(stamps), 0, sent_ns=sent_ns, arrival_ns=stamps, arrival_tokens=counts, end_ns=end_ns
    )
    known = replace(known, request_id=f"id{index}")
    return replace(known, **more)  # type: ignore[arg-type]


def truth(
    *rows: tuple[str, float, float, list[float]], late_p99_us: float = 50.0
) -> tuple[dict[str, object], bytes]:
    """(id, received, accepted, writes), all in ms."""
    trace = b"".join(
        struct.pack(f"<II{len(writes)}I", k, len(writes), *(round((at - accept) * MS / 100) for at in writes))
        for k, (_, _, accept, writes) in enumerate(rows)
    )
    requests = [
        {
            "id": key,
            "t_rx": round(received * MS),
            "t_accept": round(accept * MS),
            "t_first_write": round(writes[0] * MS),
        }
        for key, received, accept, writes in rows
    ]
    return {"requests": requests, "late_us": {"p99": late_p99_us}}, trace


def test_errors_are_client_minus_server() -> None:
    """Request 0: stamps 1, 1, 2 ms late: TPOT (241+1 - 200)... worked out below; request 1 exact.

    0: received 1, writes 201 221 241; sent 0.5, read 202 222 243: TTFT 201.5 - 200 = 1.5, TPOT 20.5 against
    20. 1: received 1, writes 201 221 241; sent 1, read 201 221 241: TTFT 200 - 200 = 0, TPOT 20.
    """
    writes = [201.0, 221.0, 241.0]
    made = compare(
        [record(1, 1.0, writes), record(0, 0.5, [202.0, 222.0, 243.0])],
        *truth(("id0", 1.0, 2.0, writes), ("id1", 1.0, 1.5, writes)),
        SHAPE,
        made_utc="now",
    )
    assert made.state == "measured" and (made.streams, made.itl_ms, made.tokens) == (16, 20.0, 101)
    assert made.ttft_error_ms == pytest.approx(0.75)
    assert made.tpot_error_pct == pytest.approx((20.25 / 20 - 1) * 100)
    # of 20 20 20 21: between the third and the fourth, 2.97 steps
    assert made.p99_itl_error_ms == pytest.approx(0.97)
    assert made.server_late_p99_ms == pytest.approx(0.05)


def test_a_server_that_is_late_knows_nothing() -> None:
    writes = [201.0, 221.0, 241.0]
    late = compare(
        [record(0, 1.0, writes)], *truth(("id0", 1.0, 2.0, writes), late_p99_us=10_040.0), SHAPE, made_utc=""
    )
    assert late.state == "ceiling" and "10.0 ms late at p99" in late.why and late.tpot_error_pct is None
    slow = [201.0, 222.0, 243.0]
    behind = compare([record(0, 1.0, slow)], *truth(("id0", 1.0, 2.0, slow)), SHAPE, made_utc="")
    assert behind.state == "ceiling" and "95 % of the rate" in behind.why


def test_failed_requests_and_unknown_answers_are_reported() -> None:
    writes = [201.0, 221.0]
    known = truth(("id0", 1.0, 2.0, writes))
    bad = compare(
        [record(0, 1.0, writes, error=ErrorKind.RESET, error_text="broke")], *known, SHAPE, made_utc=""
    )
    assert (bad.state, bad.why) == ("failed", "1 of 1 request to the null server failed; first: broke")
    other = compare([record(0, 1.0, writes, request_id="x")], *known, SHAPE, made_utc="")
    assert other.state == "failed" and "has records of 0 of 1 request" in other.why
    with pytest.raises(ValueError, match="in the middle"):
        read_trace(known[1][:-2])


MADE = Calibration("measured", "", 16, 20.0, 101, 0.1, 0.2, 0.3, 0.05, "2026-01-01T00:00:00+00:00")


class Measure:
    def __init__(self, state: str = "measured") -> None:
        self.shapes: list[Shape] = []
        self.state = state

    def __call__(self, shape: Shape, options: ClientOptions) -> Calibration:
        self.shapes.append(shape)
        return replace(MADE, state=self.state, streams=shape.streams, itl_ms=shape.itl_ms)


def calibrator(
    folder: Path, measure: Measure, *, fresh: bool = False, options: ClientOptions | None = None
) -> Calibrator:
    return Calibrator(options or ClientOptions(), fresh=fresh, folder=folder, measurer=measure)


def test_a_shape_is_measured_once_and_kept_for_the_next_session(tmp_path: Path) -> None:
    first, second, third = Measure(), Measure(), Measure()
    session = calibrator(tmp_path, first)
    assert session.before(8) == session.before(3) and first.shapes == [Shape(16, 20.0)]
    again = calibrator(tmp_path, second).before(8)
    assert again.kept and not session.before(8).kept and second.shapes == []
    assert replace(again, kept=False) == session.before(8)
    calibrator(tmp_path, third, fresh=True).before(8)
    # another client's error
    calibrator(tmp_path, third, options=ClientOptions(connections="per-request")).before(8)
    assert len(third.shapes) == 2


def test_a_faster_server_is_met_at_its_own_rate(tmp_path: Path) -> None:
    measure = Measure()
    session = calibrator(tmp_path, measure)
    known = session.before(40)
    assert session.after(known, 40, 30.0) is known and session.after(known, 40, None) is known
    assert session.after(known, 40, 6.0).itl_ms == 5.0
    assert measure.shapes == [Shape(64, 20.0), Shape(64, 5.0)]


def test_what_was_not_measured_is_not_kept(tmp_path: Path) -> None:
    busy, quiet = Measure("ceiling"), Measure()
    assert calibrator(tmp_path, busy).before(8).state == "ceiling"
    assert calibrator(tmp_path, quiet).before(8).state == "measured" and quiet.shapes


def test_a_damaged_old_or_unwritable_cache_is_no_cache(tmp_path: Path) -> None:
    store = Store(ClientOptions(), tmp_path)
    store.save(SHAPE, MADE)
    (path,) = tmp_path.iterdir()
    assert store.load(SHAPE) == replace(MADE, kept=True)
    old = time.time() - MAX_AGE_S - 60
    os.utime(path, (old, old))
    assert store.load(SHAPE) is None
    for text in (
        "",
        "{",
        "[]",
        "{}",
        '{"state": "measured"}',
        '{"state": "measured", "tpot_error_pct": "x"}',
    ):
        path.write_text(text)
        assert store.load(SHAPE) is None, text
    blocked = tmp_path / "file"
    blocked.write_text("")
    Store(ClientOptions(), blocked / "below").save(SHAPE, MADE)
