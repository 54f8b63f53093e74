"""What can be known before a load is sent: small named checks that register themselves (registry.py).

Every live session makes those of the command line and of the servers' answers; `slabench doctor` makes all.
A check is a function in any module of this folder; its sentences stand in
slabench/messages/english/preflight.py.
"""

import importlib
import pkgutil

from slabench.session.preflight.context import PreflightContext
from slabench.session.preflight.registry import Result, Stage, Status, examine, registered

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["PreflightContext", "Result", "Stage", "Status", "examine", "registered"]
