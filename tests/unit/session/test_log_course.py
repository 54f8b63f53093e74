"""Running, queued and tokens a second of a load, from hand-written deploy logs."""

from __future__ import annotations

import calendar
from pathlib import Path

import pytest

from slabench.records import LogSpan
from slabench.session.log_course import Happening, Point, log_course, totals
from tests.unit.factories import decode_line, message_line, prefill_line, write_text

ZERO = float(calendar.timegm((2026, 11, 1, 10, 0, 0)))  # 10:00:00 by the log's stamps, taken as UTC
ONE, TWO = ("a.log", 0), ("a.log", 1)


def whole(path: str, began: float | None = ZERO) -> list[LogSpan]:
    ended = None if began is None else began + 60
    return [LogSpan(path, 0, Path(path).stat().st_size, began, ended)]


def test_lines_become_series_by_the_seconds_of_the_load(tmp_path: Path) -> None:
    path = write_text(
        tmp_path / "a.log",
        prefill_line(1),
        decode_line(running=8, speed=800.0, second=2, queue=3),
        message_line("KV cache pool is full. Retract requests. #retracted_reqs: 2", 3),
        prefill_line(4),
        decode_line(running=6, speed=600.0, second=4),
    )
    course = log_course(whole(path), ZERO - 1)
    assert course is not None and not course.from_first_line
    # the load began a second before 10:00:00; its stamps are whole seconds, each of which is its middle
    assert course.series["running"] == ([2.5, 3.5, 5.5, 5.5], [0, 8, 0, 6])
    assert course.series["queued"] == ([2.5, 3.5, 5.5, 5.5], [0, 3, 0, 0])
    assert course.series["decode"] == ([3.5, 5.5], [800, 600])
    assert course.prefill == [(2.5, 512), (5.5, 512)]
    assert course.events == [Happening("retraction", 4.5, 4.5)]


def test_stamps_with_milliseconds_are_taken_as_they_are(tmp_path: Path) -> None:
    line = decode_line(second=2).replace("10:00:02]", "10:00:02.250]")
    course = log_course(whole(write_text(tmp_path / "a.log", line, decode_line(second=3))), ZERO)
    assert course is not None and course.series["running"][0] == [2.25, 3]


@pytest.mark.parametrize("zone_s", [8 * 3600, -5 * 3600, 900])
def test_a_log_in_another_time_zone(tmp_path: Path, zone_s: float) -> None:
    path = write_text(tmp_path / "a.log", decode_line(second=5))
    course = log_course(whole(path, began=ZERO - 0.3), ZERO - zone_s)
    assert course is not None and course.series["running"][0] == [5.5]


def test_an_unknown_clock_counts_from_the_first_line(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.log", prefill_line(40), decode_line(second=43))
    course = log_course(whole(path, began=None), ZERO)
    assert course is not None and course.from_first_line
    assert course.series["running"][0] == [0, 3]


def test_no_series_without_dates_lines_or_logs(tmp_path: Path) -> None:
    undated = decode_line(second=1).replace("2026-11-01 ", "")
    assert log_course(whole(write_text(tmp_path / "a.log", undated)), ZERO) is None
    assert log_course(whole(write_text(tmp_path / "b.log", "hello\n")), ZERO) is None
    assert log_course([], ZERO) is None


def test_ranks_are_summed_and_lines_of_one_second_are_one_point() -> None:
    points = [
        Point(1.0, ONE, 4, 0, None),
        Point(1.0, TWO, 5, 1, None),
        Point(1.0, TWO, 6, 1, None),  # the second of this rank in the same second
        Point(2.0, ONE, 3, 0, None),
    ]
    assert list(totals(points, "running")) == [(1.0, 9.0), (1.0, 10.0), (2.0, 9.0)]


def test_a_scheduler_that_is_silent_for_three_of_its_gaps_counts_no_more() -> None:
    """Lines each second up to 3 s: idle from 3 x 1 + 2 s after the last one."""
    silent = [Point(float(second), ONE, 4, 0, None) for second in range(4)]
    other = [Point(8.0, TWO, 5, 0, None), Point(9.0, TWO, 5, 0, None)]
    assert list(totals([*silent, *other], "running"))[-2:] == [(8.0, 9.0), (9.0, 5.0)]
