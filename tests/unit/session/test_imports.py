"""What tests import when they are collected brings no client, no TLS, no numpy, and never pytest."""

from __future__ import annotations

import subprocess
import sys

from slabench.places import child_environment
from slabench.plugin import PARTS

COLLECTED = ("run_load", "judge", "curve", "usage", "settings", "measurement")
LATE = ("ssl", "numpy", "transformers", "slabench.session.trial", "slabench.session.evaluate")


def imported(modules: tuple[str, ...]) -> set[str]:
    """Names within slabench.session."""
    return brought(*(f"slabench.session.{name}" for name in modules))


def brought(*modules: str) -> set[str]:
    names = ", ".join(modules)
    code = f"import sys, {names}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=child_environment(), capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_a_collection_imports_nothing_that_sends_or_evaluates() -> None:
    assert imported(COLLECTED) & {*LATE, "pytest"} == set()


def test_the_plugin_brings_no_check_before_a_load_and_no_model_of_a_server() -> None:
    """Both come with the run, or with --plan: a collection takes half as long again with them."""
    late = {"slabench.session.preflight", "slabench.session.plan", "slabench.sim.scheduler", "numpy"}
    assert brought(*PARTS) & late == set()


def test_a_command_can_measure_and_evaluate_without_pytest() -> None:
    assert imported(("load", "servers", "evaluate", "entry")) & {"pytest", "_pytest", "numpy"} == set()
