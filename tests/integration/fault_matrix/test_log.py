"""The deploy log that the decode curve is made from: not there, empty, moved away, of another run."""

from __future__ import annotations

import gzip
import shutil
import time
from pathlib import Path

import pytest

from tests.integration.conftest import Suite
from tests.integration.fault_matrix.rows import (
    FAST,
    Row,
    expect_invalid,
    expect_usage_or_unreachable,
    measure,
)
from tests.integration.fault_matrix.servers import generating, once_decoding, sim_server

CURVE = ("tests/ali/test_decode.py", "tests/ali/test_decode_curve.py")
WORK = ("--decode-output-len=80", "--batch-sizes=2")
NO_LINE = "The deploy log contains no Decode line of this session's decode tests"


def row(log: Path, check: str, says: str) -> Row:
    return Row("log", "", check, says, options=(*WORK, f"--deploy-log={log}"), tests=CURVE)


def test_it_is_missing(suite: Suite, tmp_path: Path) -> None:
    with sim_server(tmp_path) as url:
        done = suite(*CURVE, f"--base-url={url}", *FAST, *WORK, f"--deploy-log={tmp_path / 'nosuch.log'}")
    expect_usage_or_unreachable(
        done, 4, "nosuch.log does not exist; give the file that the server's output goes to."
    )


def test_it_is_packed(suite: Suite, tmp_path: Path) -> None:
    packed = tmp_path / "server.log.gz"
    packed.write_bytes(gzip.compress(b"[2026-01-01 10:00:00] Decode batch.\n"))
    with sim_server(tmp_path) as url:
        done = suite(*CURVE, f"--base-url={url}", *FAST, *WORK, f"--deploy-log={packed}")
    expect_usage_or_unreachable(
        done, 4, "server.log.gz is packed by gzip; give the file that the server's output goes to now."
    )


def test_it_is_not_given(suite: Suite, tmp_path: Path) -> None:
    with sim_server(tmp_path) as url:
        done = suite(*CURVE, f"--base-url={url}", *FAST, *WORK)
    assert done.status == 6, done.output
    assert [entry["word"] for entry in done.run["tests"]] == ["PASSED", "INVALID"]
    assert "add --deploy-log=FILE" in done.run["tests"][1]["headline"]


def test_it_is_empty(suite: Suite, tmp_path: Path) -> None:
    empty = tmp_path / "empty.log"
    empty.touch()
    with sim_server(tmp_path) as url:
        done = measure(suite, row(empty, "curve_lines", NO_LINE), url)
    expect_invalid(done, row(empty, "curve_lines", NO_LINE))


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log of a run of the same form, an hour ago by its stamps."""
    folder = tmp_path_factory.mktemp("old")
    with sim_server(folder) as url:
        done = Suite(folder)(
            *CURVE, f"--base-url={url}", *FAST, *WORK, f"--deploy-log={folder / 'server.log'}"
        )
    assert done.status == 0, done.output
    path = folder / "old.log"
    stamp = time.strftime("[%Y-%m-%d %H:", time.localtime(time.time() - 3 * 24 * 3600))
    lines = (folder / "server.log").read_text().splitlines(keepends=True)
    path.write_text("".join(stamp + line[len(stamp) :] for line in lines))
    return path


def test_it_is_another_run_s(suite: Suite, tmp_path: Path, old: Path) -> None:
    with sim_server(tmp_path) as url:
        done = measure(suite, row(old, "curve_lines", NO_LINE), url)
    expect_invalid(done, row(old, "curve_lines", NO_LINE))


def test_another_run_s_lines_arrive_while_ours_goes_on(suite: Suite, tmp_path: Path, old: Path) -> None:
    """A collector that delivers late: the lines come at the right moment and tell of another time."""
    log = tmp_path / "collected.log"
    log.write_text(time.strftime("[%Y-%m-%d %H:%M:%S] The server is fired up and ready to roll!\n"))
    late = old.read_text()

    def deliver() -> None:
        with log.open("a") as file:
            file.write(
                time.strftime("[%Y-%m-%d %H:%M:%S] ours\n")
                + late
                + time.strftime("[%Y-%m-%d %H:%M:%S] ours\n")
            )

    with sim_server(tmp_path) as url, once_decoding(tmp_path / "server.log", deliver):
        done = measure(suite, row(log, "curve_lines", NO_LINE), url)
    expect_invalid(done, row(log, "curve_lines", NO_LINE))


def test_it_is_the_log_of_another_server_that_works_meanwhile(suite: Suite, tmp_path: Path) -> None:
    """Lines of this very time, with the right batch size, readable: their speed is another one, and so there
    are too many.
    """
    other = tmp_path / "other"
    other.mkdir()
    foreign = row(other / "server.log", "curve_agrees", "At batch size 2 the clean Decode lines stand for")
    with (
        sim_server(tmp_path, "demo?decode_base_ms=12") as url,
        sim_server(other, "demo?decode_base_ms=2") as second,
    ):
        with generating(second, 20000), generating(second, 20000):
            done = measure(suite, foreign, url)
    expect_invalid(done, foreign)
    assert done.run["tests"][0]["word"] == "INVALID"
    assert "log_agrees" in done.run["tests"][0]["reasons"]


def test_another_server_writes_to_it_too(suite: Suite) -> None:
    """Lines of the same batch, tokens and moment, half as fast again: no mean within a third and no word of
    theirs tells.
    """
    says = "tokens, but the client received 160."
    others = Row("others", "demo?fault=other_lines", "curve_agrees", says, options=WORK, tests=CURVE)
    done = measure(suite, others)
    assert done.words == {"test_decode_tpot[bs2]": "INVALID", "test_decode_curve": "INVALID"}
    for entry in done.run["tests"]:
        check = "log_agrees" if "tpot" in entry["id"] else "curve_agrees"
        assert check in entry["reasons"]
        assert says in next(stored["text"] for stored in entry["checks"] if stored["name"] == check)


def test_it_is_moved_away_while_the_run_goes_on(suite: Suite, tmp_path: Path) -> None:
    """The server goes on writing to the file that it has open, whose new place is not known here."""
    away = tmp_path / "elsewhere"
    away.mkdir()
    log = tmp_path / "server.log"

    def move() -> None:
        shutil.move(log, away / "moved.log")
        log.touch()

    with sim_server(tmp_path) as url, once_decoding(log, move):
        done = measure(suite, row(log, "curve_lines", NO_LINE), url)
    expect_invalid(done, row(log, "curve_lines", NO_LINE))
    assert any("was replaced during the run" in note for note in done.run["tests"][0]["server"]["notes"])


def test_it_is_deleted_while_the_run_goes_on(suite: Suite, tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    with sim_server(tmp_path) as url, once_decoding(log, log.unlink):
        done = measure(suite, row(log, "curve_lines", NO_LINE), url)
    expect_invalid(done, row(log, "curve_lines", NO_LINE))
    assert any("is gone" in note for note in done.run["tests"][0]["server"]["notes"])


def test_it_has_no_line_of_a_batch_size(suite: Suite) -> None:
    """The server ran two at once: the curve has that point, and none of the size that the test asks for."""
    capped = Row(
        "capped",
        "demo?fault=info_thin&max_running=2",  # else its answers show it, and it is sent no load
        "curve_samples",
        "Batch size 3 was never reached: the log contains no Decode line",
        options=("--decode-output-len=80", "--batch-sizes=2,3"),
        tests=CURVE,
    )
    done = measure(suite, capped)
    expect_invalid(done, capped)
    assert done.words == {
        "test_decode_tpot[bs2]": "PASSED",
        "test_decode_tpot[bs3]": "INVALID",
        "test_decode_curve": "INVALID",
    }


def test_green_where_it_is_rotated_beside_itself(suite: Suite, tmp_path: Path) -> None:
    """The earlier part is found under its new name, in the same folder."""
    log = tmp_path / "server.log"

    def rotate() -> None:
        log.rename(tmp_path / "server.log.1")
        log.touch()

    with sim_server(tmp_path) as url, once_decoding(log, rotate):
        done = suite(*CURVE, f"--base-url={url}", *FAST, *WORK, f"--deploy-log={log}")
    assert done.status == 0, done.output
    assert any("was rotated during the run" in note for note in done.run["tests"][0]["server"]["notes"])
    assert {point["running"] for point in done.run["tests"][1]["curve"]} >= {2}
