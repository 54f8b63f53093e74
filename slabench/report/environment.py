"""Where the client ran: what a reader needs to judge a client-side figure."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any

PACKAGES = (
    "pytest",
    "pytest-benchmark",
    "pytest-html",
    "pytest-xdist",
    "numpy",
    "scipy",
    "transformers",
    "tokenizers",
)


def environment() -> dict[str, Any]:
    """Python, platform, processor, usable cores, and the versions that matter; nothing heavy is imported for
    it.
    """
    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cores": cores,
        "packages": packages,
    }


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
