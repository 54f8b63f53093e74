"""Where the load generator ran: what a reader needs to judge a metric of the client's side."""

from __future__ import annotations

import os
import platform
from importlib import metadata

from slabench.run_document.run import EnvironmentEntry

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


def environment() -> EnvironmentEntry:
    """Nothing heavy is imported for it."""
    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return EnvironmentEntry(
        python=platform.python_version(),
        platform=platform.platform(),
        cpu=_cpu(),
        cores=cores,
        packages=packages,
    )


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
