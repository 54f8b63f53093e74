"""--launches on the command line: what is refused before anything is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slabench.errors import ConfigError
from slabench.session.settings import Settings
from slabench.strict_json import dumps
from tests.unit.plugin.test_plugin_options import given

BOTH = {"launch": "new --port {port}", "baseline_launch": "old --port {port}"}


def settings(**options: Any) -> Settings:
    return Settings.of(given(**{"base_url": [], **options}), {})


def spread(folder: Path) -> str:
    entry = {"launch_spread": {"launches": 8, "freedom": 7, "sd": {"tpot.mean": 0.004}}}
    path = folder / "spread.json"
    path.write_text(dumps({"schema": "slabench.baseline/2", "fingerprint": {}, "tests": {"t": entry}}))
    return str(path)


def test_six_launches_of_both_servers_decide_alone() -> None:
    found = settings(launches=6, **BOTH)
    assert (found.launches, found.repeats, found.looks) == (6, 3, None)
    assert settings(launches=6, repeats=5, **BOTH).repeats == 5


def test_of_the_embedded_server_too() -> None:
    assert settings(launches=6, base_url=["sim:"], baseline_url="sim:").launches == 6


def test_fewer_need_a_stored_spread(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"own launches alone decide from --launches=6 on.*--launches=8"):
        settings(launches=5, **BOTH)
    found = settings(launches=2, launch_spread=spread(tmp_path), **BOTH)
    assert found.launches == 2 and found.launch_spread is not None


def test_one_side_alone_is_measured_as_often_as_asked() -> None:
    found = settings(launches=8, launch="serve --port {port}")
    assert (found.launches, found.repeats, found.gate) == (8, 3, None)


def test_without_the_option_there_is_one(tmp_path: Path) -> None:
    found = settings(base_url=["http://127.0.0.1:1"])
    assert (found.launches, found.repeats) == (1, 1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"launches": 1, **BOTH}, "a run like any other"),
        ({"launches": 6, "base_url": ["http://127.0.0.1:1"]}, "is one launch: give --launch=CMD"),
        ({"launches": 6, "base_url": ["sim:", "sim:"]}, "is one launch"),
        (
            {"launches": 6, "launch": "new", "baseline_url": "http://127.0.0.1:1"},
            "--baseline-launch=CMD for the old one",
        ),
        ({"launches": 6, "one_after_the_other": True, **BOTH}, "combined with --one-after-the-other"),
        ({"launches": 6, "repeats": "auto", **BOTH}, "combined with --repeats=auto"),
        ({"launches": 6, "launch": "new", "find_capacity": True}, "combined with --find-capacity"),
    ],
)
def test_what_cannot_be_launched_again_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        settings(**options)


def test_one_pair_a_launch_has_no_spread(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="measure 2 pairs a launch or more"):
        settings(launches=2, repeats=1, launch_spread=spread(tmp_path), **BOTH)
    assert settings(launches=6, repeats=1, **BOTH).repeats == 1


def test_a_file_without_a_spread_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prod.json"
    entry = {"figures": {"tpot.mean": 5.0}}
    path.write_text(dumps({"schema": "slabench.baseline/2", "fingerprint": {}, "tests": {"t": entry}}))
    with pytest.raises(ConfigError, match="holds no spread of launches"):
        settings(launch_spread=str(path), base_url=["http://127.0.0.1:1"])
