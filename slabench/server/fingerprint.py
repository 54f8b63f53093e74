"""What a baseline is compared under: server, hardware and model in built-in types. None means unknown."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path, PurePosixPath
from typing import Any

from slabench.server.http import parse_url
from slabench.server.info import ServerInfo

# Arguments that change speed; those that only name things (paths, ports, logging) are left out.
SPEED_ARGS = (
    "attention_backend",
    "chunked_prefill_size",
    "cuda_graph_max_bs",
    "disable_cuda_graph",
    "disable_overlap_schedule",
    "disable_radix_cache",
    "disaggregation_mode",
    "enable_mixed_chunk",
    "enable_torch_compile",
    "enable_two_batch_overlap",
    "max_prefill_tokens",
    "max_running_requests",
    "moe_a2a_backend",
    "moe_runner_backend",
    "num_continuous_decode_steps",
    "page_size",
    "sampling_backend",
    "schedule_conservativeness",
    "schedule_policy",
    "speculative_algorithm",
    "speculative_num_draft_tokens",
    "speculative_num_steps",
    "stream_interval",
)


def fingerprint(info: ServerInfo, hardware_label: str | None = None, *, url: str | None = None) -> dict[str, dict[str, Any]]:
    """{"server": ..., "hardware": ..., "model": ...}. The accelerator's name is looked up only if url leads to this machine.

    hardware_label, the user's own word for the machine, replaces the looked-up name.
    """
    raw = info.raw
    return {
        "server": {
            "version": info.version,
            "simulated": info.simulated,
            **{name: raw.get(name) for name in SPEED_ARGS},
            "token_capacity": info.token_capacity,
        },
        "hardware": {
            "device": info.device,
            "gpu": hardware_label or _device_name(info, url),
            "gpus": info.gpus.count,
            "tp": info.tp,
            "dp": info.dp,
            "pp": info.pp,
            "ep": info.ep,
            "dp_attention": info.enable_dp_attention,
        },
        "model": {
            "name": PurePosixPath(info.model_path.rstrip("/")).name if info.model_path else None,
            "architectures": list(info.architectures) if info.architectures is not None else None,
            "model_type": info.model_type,
            "quantization": info.quantization,
            "dtype": info.dtype,
            "kv_cache_dtype": info.kv_cache_dtype,
            "load_format": info.load_format,
        },
    }


def _device_name(info: ServerInfo, url: str | None) -> str | None:
    if info.simulated is not None:
        return f"simulated: {info.simulated}"
    if url is None or not parse_url(url).loopback:
        return None
    if info.device == "cpu":
        return cpu_name()
    return gpu_name() if info.device == "cuda" else None


def cpu_name() -> str | None:
    """Model and usable cores of this machine: "Some CPU @ 2.0GHz, 2 cores"."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores" if model else None


def gpu_name() -> str | None:
    """Names of this machine's GPUs as nvidia-smi gives them, each once; None without nvidia-smi."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    try:
        done = subprocess.run(
            [tool, "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    names = sorted({line.strip() for line in done.stdout.splitlines() if line.strip()})
    return " + ".join(names) or None
