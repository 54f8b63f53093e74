"""--gpu-telemetry in a session: when the GPUs are read, which are the server's, and what is noted."""

from __future__ import annotations

import json
import os
import socket
import time
from argparse import Namespace
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.records import GpuCounts
from slabench.server.gpu import process
from slabench.session import gpu_telemetry
from slabench.session.gpu_telemetry import Telemetry, Watched
from tests.unit.gpu_factories import WITH_DOUBLE


@pytest.fixture
def listening() -> Iterator[str]:
    """The URL of a server whose process is ours."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def deployment(url: str, **more: Any) -> Any:
    fields = {"simulated": False, "info": SimpleNamespace(device="cuda"), "gpus": GpuCounts.alike(1)}
    return SimpleNamespace(url=url, **fields | more)


def watch(
    server: Any,
    how: str = "auto",
    index: tuple[int, ...] = (),
    old: tuple[int, ...] = (),
    baseline: Any = None,
) -> Watched:
    telemetry = Telemetry(Namespace(gpu_telemetry=how, gpu_index=index, baseline_gpu_index=old))
    servers: Any = SimpleNamespace(new=server, baseline=baseline, launched=None, launched_baseline=None)
    try:
        ended = telemetry.watch(servers, server)
        time.sleep(0.05)
        return ended()
    finally:
        telemetry.close()


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(process, "COMMAND", WITH_DOUBLE)

    def set_to(*fields: dict[str, Any]) -> None:
        monkeypatch.setenv("FAKE_GPUS", json.dumps(fields))

    set_to({"pids": [os.getpid(), 1]}, {"pids": [1]})
    return set_to


def test_auto_reads_the_gpus_of_the_process_that_listens(gpus: Any, listening: str) -> None:
    watched = watch(deployment(listening))
    assert watched.note == "" and watched.gpus is not None
    assert (watched.gpus.source, watched.gpus.chosen_by) == ("nvml", "processes")
    assert [gpu.index for gpu in watched.gpus.gpus] == [0]
    assert watched.gpus.others is not None and list(watched.gpus.others) == [1]


def test_the_old_servers_processes_are_no_strangers(gpus: Any, listening: str) -> None:
    gpus({"pids": [os.getpid()]})
    watched = watch(deployment(listening), baseline=deployment(listening))
    assert watched.gpus is not None and watched.gpus.others == {}


def test_in_a_b_each_server_has_the_gpus_that_are_named_for_it(gpus: Any, listening: str) -> None:
    new, old = deployment("http://192.0.2.1:30000"), deployment(listening)
    servers: Any = SimpleNamespace(new=new, baseline=old, launched=None, launched_baseline=None)
    named = {(0,): (), (): (1,)}
    found = []
    for index, baseline_index in named.items():
        telemetry = Telemetry(
            Namespace(gpu_telemetry="auto", gpu_index=index, baseline_gpu_index=baseline_index)
        )
        try:
            watched = telemetry.watch(servers, old)()
        finally:
            telemetry.close()
        assert watched.gpus is not None
        found.append((watched.gpus.chosen_by, [gpu.index for gpu in watched.gpus.gpus]))
    # --gpu-index is the new server's: the old one's are those of its processes
    assert found == [("processes", [0]), ("option", [1])]


def test_where_the_servers_processes_are_not_known_nor_are_strangers(gpus: Any, listening: str) -> None:
    gpus({"memory": 0}, {"pids": [1]})
    watched = watch(deployment(listening))
    assert watched.gpus is not None and watched.gpus.chosen_by == "in_use" and watched.gpus.others is None


def test_more_gpus_in_use_than_the_server_has_are_noted(gpus: Any, listening: str) -> None:
    gpus({"pids": [1]}, {"pids": [1]})
    watched = watch(deployment(listening))
    assert watched.gpus is None
    assert watched.note.startswith("GPUs in use: 0, 1; the server reports 1 of its own")
    assert watch(deployment(listening), index=(1,)).gpus is not None


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("http://192.0.2.1:30000", {}),
        (None, {"simulated": True}),
        (None, {"info": SimpleNamespace(device="cpu")}),
    ],
)
def test_auto_starts_nothing_where_no_gpu_can_be_read(
    url: str | None, more: dict[str, Any], listening: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_telemetry, "SamplerProcess", None)
    assert watch(deployment(url or listening, **more)) == Watched()


def test_auto_is_silent_without_a_driver_and_without_the_package(
    gpus: Any, listening: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus()
    assert watch(deployment(listening)) == Watched()
    monkeypatch.setattr(gpu_telemetry, "SamplerProcess", None)
    monkeypatch.setattr(gpu_telemetry.importlib.util, "find_spec", lambda name: None)
    assert watch(deployment(listening)) == Watched()


def test_off_reads_nothing(listening: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_telemetry, "SamplerProcess", None)
    assert watch(deployment(listening), how="off") == Watched()


def test_an_exporter_that_was_asked_for_and_does_not_answer_is_noted(listening: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    watched = watch(deployment(listening, simulated=True), how=url)
    assert watched.gpus is None and watched.note.startswith(
        "The GPUs were not read: the DCGM exporter cannot"
    )


def test_a_reading_that_failed_is_noted(gpus: Any, listening: str) -> None:
    gpus({"fails": {"nvmlDeviceGetTotalEnergyConsumption": "NVMLError_GpuIsLost"}})
    watched = watch(deployment(listening), index=(0,))
    assert watched.gpus is not None and "GPU 0 cannot be read by NVML" in watched.note
