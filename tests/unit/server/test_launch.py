"""The environment of a launched server."""

from __future__ import annotations

import os

import pytest

from slabench.places import CLONE
from slabench.server import launch


def test_a_clone_is_found_by_its_supervisor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert launch._environment({})["PYTHONPATH"] == str(CLONE)
    assert launch._environment({"PYTHONPATH": "/own"})["PYTHONPATH"] == f"{CLONE}{os.pathsep}/own"


def test_an_installed_packages_folder_is_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its neighbours, our transformers among them, would stand before those of the server's own
    environment.
    """
    monkeypatch.setattr(launch, "CLONE", None)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert "PYTHONPATH" not in launch._environment({})
    assert launch._environment({"PYTHONPATH": "/own"})["PYTHONPATH"] == "/own"
