"""`slabench baseline launches` over run folders written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from slabench.cli.main import main
from slabench.verdict import baseline_file
from tests.unit.cli.test_cli_compare import ID, PRINT, run

FACTORS = (1.0, 1.01, 0.99, 1.02, 1.003, 1.005, 0.995, 0.98)


def launched(folder: Path, place: int, factor: float, **more: Any) -> str:
    """A run at a server that slabench started."""
    return run(folder, f"l{place}", factor, factor * 1.002, **{"options": {"launch": "serve"}} | more)


def launches(folder: Path, count: int = 8, **more: Any) -> list[str]:
    return [launched(folder, place, factor, **more) for place, factor in enumerate(FACTORS[:count])]


def at(seed: int) -> dict[str, Any]:
    """A server that was found, not started."""
    server = {"version": "0.5.7", "fingerprint": PRINT, "info": {"random_seed": seed}}
    return {"options": {}, "server": server}


def test_eight_launches_make_a_baseline_with_their_spread(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "spread.json"
    assert main(["baseline", "launches", *launches(tmp_path), "-o", str(target)]) == 0
    entry = json.loads(target.read_text())["tests"][ID]
    assert entry["launches"] == 8 and len(entry["samples"]["tpot.mean"]) == 16
    spread = entry["launch_spread"]
    assert (spread["launches"], spread["freedom"]) == (8, 7)
    # ln of the factors: sd 1.2297 %
    assert spread["sd"]["tpot.mean"] == pytest.approx(0.012297, abs=2e-5)
    (known,) = baseline_file.load(str(target)).tests.values()
    assert (known.launches.old, known.launches.spread.freedom) == (8, 7)
    out = capsys.readouterr().out
    assert "1.23 %" in out and "1.66 %" in out and "--launch-spread=" in out  # 1.23 x 1.353


def test_a_baseline_that_is_there_keeps_its_samples(tmp_path: Path) -> None:
    target = tmp_path / "prod.json"
    assert main(["baseline", "save", run(tmp_path, "old", 1.0, 1.001), "-o", str(target)]) == 0
    assert main(["baseline", "launches", *launches(tmp_path), "-o", str(target)]) == 0
    entry = json.loads(target.read_text())["tests"][ID]
    assert len(entry["samples"]["tpot.mean"]) == 2 and "launches" not in entry
    assert entry["launch_spread"]["launches"] == 8


def test_saving_again_keeps_the_spread_that_was_measured_once(tmp_path: Path) -> None:
    target = tmp_path / "prod.json"
    assert main(["baseline", "launches", *launches(tmp_path), "-o", str(target)]) == 0
    assert main(["baseline", "save", run(tmp_path, "next", 1.0, 1.001), "-o", str(target)]) == 0
    entry = json.loads(target.read_text())["tests"][ID]
    assert entry["launch_spread"]["launches"] == 8 and "launches" not in entry


def test_seven_are_too_few(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "spread.json"
    assert main(["baseline", "launches", *launches(tmp_path, 7), "-o", str(target)]) == 6
    assert "it needs 8 launches of a test, and these runs have 7" in capsys.readouterr().out
    assert not target.exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (at(7), "are of one server process (random_seed 7)"),
        ({"options": {}}, "does not show which launch it is of"),
        ({"resumed": [{"utc": "2026-01-02T03:04:05Z", "kept": []}]}, "continued by --resume"),
    ],
)
def test_runs_that_are_no_launches_of_their_own_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: dict[str, Any], words: str
) -> None:
    names = [launched(tmp_path, place, factor, **more) for place, factor in enumerate(FACTORS)]
    assert main(["baseline", "launches", *names, "-o", str(tmp_path / "x.json")]) == 4
    assert words in capsys.readouterr().err


def test_servers_that_were_found_are_kept_apart_by_their_seeds(tmp_path: Path) -> None:
    names = [launched(tmp_path, place, factor, **at(place)) for place, factor in enumerate(FACTORS)]
    assert main(["baseline", "launches", *names, "-o", str(tmp_path / "x.json")]) == 0


def test_two_versions_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = launches(tmp_path, 7)
    other = {"version": "0.5.8", "fingerprint": PRINT | {"server": {"version": "0.5.8"}}}
    names.append(launched(tmp_path, 7, 1.04, server=other))
    assert main(["baseline", "launches", *names, "-o", str(tmp_path / "x.json")]) == 4
    assert "server.version: '0.5.8', '0.5.7' in the first" in capsys.readouterr().err


def test_the_earlier_launches_of_one_run_are_found_in_its_folder(tmp_path: Path) -> None:
    """As --launches leaves them."""
    last = Path(launched(tmp_path, 0, FACTORS[0]))
    for number, factor in enumerate(FACTORS[1:], 1):
        folder = last / f"launch-{number}"
        folder.mkdir()
        Path(launched(folder, number, factor)).rename(folder / "latest")
    target = tmp_path / "spread.json"
    assert main(["baseline", "launches", str(last), "-o", str(target)]) == 0
    entry = json.loads(target.read_text())["tests"][ID]
    assert entry["launch_spread"]["sd"]["tpot.mean"] == pytest.approx(0.012297, abs=2e-5)


def test_a_file_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["baseline", "launches", str(tmp_path / "no"), "-o", str(tmp_path / "x.json")]) == 4
    assert "is no run folder" in capsys.readouterr().err


def test_a_launch_that_failed_leaves_the_others_usable(tmp_path: Path) -> None:
    names = [*launches(tmp_path), launched(tmp_path, 8, 1.1, test={"word": "INVALID"})]
    target = tmp_path / "spread.json"
    assert main(["baseline", "launches", *names, "-o", str(target)]) == 0
    assert json.loads(target.read_text())["tests"][ID]["launch_spread"]["launches"] == 8
    assert main(["baseline", "launches", names[-1], "-o", str(target)]) == 6


def test_compare_takes_the_spread_of_an_old_side_that_has_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = str(tmp_path / "spread.json")
    assert main(["baseline", "launches", *launches(tmp_path), "-o", target]) == 0
    new = run(tmp_path, "new", 1.2, 1.201, 1.199)
    assert main(["compare", target, new]) == 1
    out = capsys.readouterr().out
    assert "ONE_LAUNCH" not in out and "the spread of 8 launches in" in out
    assert main(["compare", run(tmp_path, "old", 1.0, 1.001, 0.999), new]) == 1
    assert "ONE_LAUNCH: one server process a side" in capsys.readouterr().out
