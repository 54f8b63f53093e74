"""--backend's endpoints by name.

A module of this package that registers a Backend is all that another endpoint needs.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

from slabench.loadgen.backends.base import BACKENDS, Backend

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

DEFAULT = "sglang"
NAMES = tuple(sorted(BACKENDS))


def backend_of(plan: Mapping[str, Any]) -> Backend:
    """The endpoint that a run's plan names."""
    return BACKENDS[plan.get("backend", DEFAULT)]


__all__ = ["BACKENDS", "DEFAULT", "NAMES", "Backend", "backend_of"]
