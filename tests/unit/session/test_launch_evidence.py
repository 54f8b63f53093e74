"""What is recorded of a server's start."""

from __future__ import annotations

from pathlib import Path

import pytest

from slabench.report.run_facts import run_facts
from slabench.run_document.run import GpuClocks, LaunchRow, StartRecord
from slabench.run_document.write import stored
from slabench.session.launch_evidence import Start, gpu_clocks, kernel_caches, words_before
from tests.unit.report.samples import document


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "inductor"))
    for name in ("TRITON_CACHE_DIR", "FLASHINFER_WORKSPACE_BASE", "DG_JIT_CACHE_DIR", "TVM_FFI_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def compiled(folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"")


def test_caches_are_cold_where_the_start_added_kernels(home: Path) -> None:
    start = Start()
    assert start.ready().caches is None
    compiled(home / ".triton" / "cache" / "ab", "kernel.cubin")
    assert start.ready().caches == "cold"
    assert Start().ready().caches == "warm"


def test_the_servers_own_environment_names_the_caches(home: Path) -> None:
    start = Start(["TRITON_CACHE_DIR=" + str(home / "own")])
    compiled(home / "own", "kernel.cubin")
    assert start.ready().caches == "cold"
    assert home / "own" in kernel_caches({"TRITON_CACHE_DIR": str(home / "own")})
    assert words_before("A=1 B=2 python -m x --port=3") == ["A=1", "B=2"]
    assert words_before("python 'x") == []


def test_clocks_are_those_of_nvidia_smi(home: Path) -> None:
    assert list(gpu_clocks()) == []
    script = home / "bin" / "nvidia-smi"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\necho '0, 1980, 3201, 41'\necho '1, [N/A], 3201, 40'\n")
    script.chmod(0o755)
    assert list(gpu_clocks()) == [
        GpuClocks(index=0, sm_mhz=1980.0, memory_mhz=3201.0, temperature_c=41.0),
        GpuClocks(index=1, sm_mhz=None, memory_mhz=3201.0, temperature_c=40.0),
    ]
    script.write_text("#!/bin/sh\nexit 9\n")
    assert list(gpu_clocks()) == []


def test_every_output_has_a_line_a_launch() -> None:
    clocks = (GpuClocks(index=0, sm_mhz=1980.0, memory_mhz=3201.0, temperature_c=41.0),)
    start = StartRecord(began_utc="2026-11-29T10:00:00Z", ready_s=61.2, caches="warm", clocks=clocks)
    rows = (
        LaunchRow(number=1, run="launch-1/x", random_seed=7, start=start, baseline_start=start),
        LaunchRow(number=2, run="", random_seed=None, start=None),
    )
    facts = run_facts(document(launches=[stored(row) for row in rows]))
    began = "started 2026-11-29T10:00:00Z, ready after 61 s"
    beside = ", caches of compiled kernels warm, GPU clocks 1980 MHz"
    assert f"Launch 1: {began}, random_seed 7{beside}; baseline server {began}{beside}." in facts
    assert "Launch 2: not started by slabench." in facts
