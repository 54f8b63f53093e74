"""What a baseline is compared under: server, hardware and model in built-in types. None means unknown; an
argument that a server does not report is left out, and one that it reports as null is NULL.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from slabench.records import GpuCounts
from slabench.server.info import Role, ServerInfo
from slabench.server.roles import Roles
from slabench.server.url import parse_url
from slabench.server_arguments import DRAFT_MODEL, MODEL_ARGS, NULL, of_server

_LAYOUT = (("tp", "tp"), ("dp", "dp"), ("pp", "pp"), ("ep", "ep"), ("dp_attention", "enable_dp_attention"))


def fingerprint(
    roles: Roles, hardware_label: str | None = None, *, url: str | None = None, gpus: GpuCounts | None = None
) -> dict[str, dict[str, Any]]:
    """{"server": ..., "hardware": ..., "model": ...}, of every server of the deployment.

    gpus: what the metrics per GPU divide by. hardware_label, the user's own name for the accelerator, has
    precedence over the server's; this machine's is read only if url leads here. Where prefill and decode
    servers are separate, keys begin with the role.
    """
    info, counts = roles.info, roles.gpus(None, None) if gpus is None else gpus
    server: dict[str, Any] = {"version": info.version, "simulated": info.simulated}
    hardware: dict[str, Any] = {
        "device": info.device,
        "gpu": hardware_label or _accelerators(roles) or _device_name(info, url),
        "gpus": counts.total,
    }
    if roles.disaggregated:
        server["versions"] = _versions(roles)
        hardware |= {"prefill.gpus": counts.prefill, "decode.gpus": counts.decode}
    reported = 0
    for role in Role:
        workers = roles.of(role)
        if not workers:
            continue
        prefix = f"{role.value}." if roles.disaggregated else ""
        infos = [worker.info for worker in workers]
        names = dict.fromkeys(name for info in infos for name in info.raw if of_server(name))
        reported += len(names)
        server |= {f"{prefix}{name}": _each(_reported(info, name) for info in infos) for name in names}
        hardware |= {f"{prefix}{name}": _each(getattr(info, key) for info in infos) for name, key in _LAYOUT}
        if len(workers) > 1 or roles.disaggregated:
            hardware[f"{prefix}servers"] = len(workers) if roles.whole else None
    # files of before have no such number, and a fixed choice of arguments
    server |= {"token_capacity": info.token_capacity, "arguments": reported}
    known = {name: _each(_reported(worker.info, name) for worker in roles.workers) for name in MODEL_ARGS}
    model = {
        "name": PurePosixPath(info.model_path.rstrip("/")).name if info.model_path else None,
        "repository": _repository(info.model_path),
        "architectures": list(info.architectures) if info.architectures is not None else None,
        "model_type": info.model_type,
        **{name: value for name, value in known.items() if value is not None},
    }
    return {"server": server, "hardware": hardware, "model": model}


def _repository(path: str | None) -> str | None:
    """ORGANISATION/NAME of a hub, for sentences; None for a folder, which other machines have elsewhere."""
    hub = path is not None and path.count("/") == 1 and not path.startswith(("/", ".", "~"))
    return path if hub else None


def _reported(info: ServerInfo, name: str) -> Any:
    """An argument's value, NULL where it is reported as null, None where it is not reported."""
    resolved = getattr(info, name, None) if name in MODEL_ARGS else None
    if name not in info.raw:
        return resolved
    value = info.raw[name] if resolved is None else resolved
    if name == DRAFT_MODEL and isinstance(value, str):
        return PurePosixPath(value.rstrip("/")).name  # as the model's: folders differ between machines
    if name == "json_model_override_args" and isinstance(value, str):
        return _same_text(value)
    return NULL if value is None else value


def _same_text(text: str) -> str:
    """JSON that differs in spaces and order alone, as one text."""
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except (ValueError, RecursionError):
        return text


def _each(values: Iterable[Any]) -> Any:
    """The value that all servers have; where they differ, how many have which."""
    known = list(values)
    kinds = [value for place, value in enumerate(known) if value not in known[:place]]
    if len(kinds) == 1:
        return kinds[0]
    names = ["not known" if kind is None else repr(kind) for kind in kinds]
    counts = [known.count(kind) for kind in kinds]
    return "; ".join(f"{name} ({n} of {len(known)})" for name, n in zip(names, counts, strict=True))


def _versions(roles: Roles) -> str:
    """One version in all servers may be upgraded to another; two versions side by side are another deployment
    than either.
    """
    versions = Counter((worker.role.value, worker.info.version) for worker in roles.workers)
    if len({version for _, version in versions}) == 1:
        return "one for all servers"
    return "; ".join(f"{count} {role} {version}" for (role, version), count in versions.items())


def _accelerators(roles: Roles) -> str | None:
    """The names in /v1/loads; None unless every server has one."""
    infos = [worker.info for worker in roles.workers]
    names = [info.accelerator for info in infos if info.accelerator is not None and info.device != "cpu"]
    return ", ".join(dict.fromkeys(names)) or None if len(names) == len(infos) else None


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
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    names = sorted({line.strip() for line in done.stdout.splitlines() if line.strip()})
    return " + ".join(names) or None
