"""Was this run valid? Small named checks over one run's records and the server's evidence.

A check is a function in any module of this folder: it registers itself (registry.py) with its evidence, when
it is INVALID, and why; its sentences stand in slabench/messages/english/validity_*.py. policy.py holds how
the method and the command line change a check's result.
"""

import importlib
import pkgutil

from slabench.verdict.validity.context import CheckContext, LogEvidence, Margin
from slabench.verdict.validity.policy import examine, names, settle
from slabench.verdict.validity.registry import Registration, Stage, registered

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = [
    "CheckContext",
    "LogEvidence",
    "Margin",
    "Registration",
    "Stage",
    "examine",
    "names",
    "registered",
    "settle",
]
