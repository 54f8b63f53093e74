"""How a server was started: when, how long it took, whether compiled kernels were there, the GPUs' clocks."""

from __future__ import annotations

import getpass
import itertools
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from slabench.run_document.run import GpuClocks, StartRecord

MOST_FILES = 200_000  # that are counted
SMI_S = 10.0
QUERY = "index,clocks.sm,clocks.mem,temperature.gpu"


class Start:
    """From before a launch to when the server is ready. environment: NAME=VALUE words of its command."""

    def __init__(self, environment: Sequence[str] = ()) -> None:
        own = dict(word.split("=", 1) for word in environment if "=" in word)
        self._folders = kernel_caches({**os.environ, **own})
        self._files = _files(self._folders)
        self._began_utc = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._began = time.monotonic()

    def ready(self) -> StartRecord:
        seconds, files = time.monotonic() - self._began, _files(self._folders)
        caches = None if not files else "cold" if files > self._files else "warm"
        return StartRecord(
            began_utc=self._began_utc, ready_s=round(seconds, 3), caches=caches, clocks=tuple(gpu_clocks())
        )


def kernel_caches(environment: Mapping[str, str]) -> list[Path]:
    """Where kernels that are compiled at a start or at the first request are kept: Triton, TorchInductor,
    FlashInfer, DeepGEMM, TVM.
    """
    home = Path(environment.get("HOME") or "~").expanduser()
    inductor = environment.get("TORCHINDUCTOR_CACHE_DIR") or f"/tmp/torchinductor_{_user()}"
    flashinfer = Path(environment.get("FLASHINFER_WORKSPACE_BASE") or home) / ".cache" / "flashinfer"
    return [
        Path(environment.get("TRITON_CACHE_DIR") or home / ".triton" / "cache"),
        Path(inductor),
        flashinfer,
        Path(environment.get("DG_JIT_CACHE_DIR") or home / ".cache" / "deep_gemm"),
        Path(environment.get("TVM_FFI_CACHE_DIR") or home / ".cache" / "tvm-ffi"),
    ]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _files(folders: Sequence[Path]) -> int:
    names = (name for folder in folders for _, _, names in os.walk(folder) for name in names)
    return sum(1 for _ in itertools.islice(names, MOST_FILES))


def gpu_clocks() -> Iterator[GpuClocks]:
    """Of this machine's GPUs; none without nvidia-smi, or where it does not answer."""
    if shutil.which("nvidia-smi") is None:
        return
    command = ["nvidia-smi", f"--query-gpu={QUERY}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SMI_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return
    for line in done.stdout.splitlines() if done.returncode == 0 else ():
        values = [_number(text) for text in line.split(",")]
        if len(values) == 4 and values[0] is not None:
            index, sm, memory, temperature = values
            assert index is not None, "it was looked at"
            yield GpuClocks(index=int(index), sm_mhz=sm, memory_mhz=memory, temperature_c=temperature)


def _number(text: str) -> float | None:
    """None for `[N/A]`."""
    try:
        return float(text)
    except ValueError:
        return None


def words_before(command: str) -> list[str]:
    """The words of a command that split_command() takes for its environment, if any."""
    try:
        return list(itertools.takewhile(lambda word: "=" in word, shlex.split(command)))
    except ValueError:
        return []
