"""The environment of a launched server."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from slabench.places import CLONE
from slabench.server import launch, launch_command


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


def test_a_launched_server_may_add_ten_thousand_to_its_port() -> None:
    """sglang 0.5.12 does, for gRPC, and ends where that is no port."""
    assert all(launch_command.free_port() + 10_000 < 32_768 for _ in range(200))


def test_a_port_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        busy = taken.getsockname()[1]
        monkeypatch.setattr(launch_command, "PORTS", range(busy, busy + 100))
        assert launch_command.free_port() != busy


@pytest.mark.parametrize(
    ("command", "port"),
    [
        ("sh {script} {port}", "{port}"),
        ("PORT={port} sh {script} v1", "{port}"),
        ("sh {script} --nccl-port {port}", "30000"),  # of something else: the server's is sglang's default
        ("sh {script} {port} --port 5", "5"),
    ],
)
def test_a_script_may_take_the_port_by_its_place(
    command: str, port: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`serve.sh {port}` has no --port: its server is at the port that it was given."""
    asked: list[str] = []
    monkeypatch.setattr(launch, "wait_ready", lambda url, *_, **__: asked.append(url))
    monkeypatch.setattr(launch, "_refuse_taken", lambda url: None)
    monkeypatch.setattr(launch, "free_port", lambda: 4711)
    script = tmp_path / "serve.sh"
    script.write_text("exec sleep 60\n")
    with launch.launch(command.replace("{script}", str(script)), str(tmp_path / "log")):
        assert asked == [f"http://127.0.0.1:{port.replace('{port}', '4711')}"]
