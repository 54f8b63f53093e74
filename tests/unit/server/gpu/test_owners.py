"""Which GPUs are a server's, on a /proc made by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from slabench.server.gpu.owners import (
    Wanted,
    choose,
    is_local,
    listener,
    process_name,
    strangers,
    tree,
    visible_devices,
)
from tests.unit.gpu_factories import gpu, sample

GPUS = (
    gpu(0, processes=(100, 900)),
    gpu(1, processes=(101,)),
    gpu(2, processes=()),
    gpu(3, processes=(500,)),
)


def chosen(gpus: Any = GPUS, **wanted: Any) -> tuple[list[int], str, str]:
    choice = choose(gpus, Wanted(**wanted))
    return [each.index for each in choice.gpus], choice.by, choice.why


def test_the_option_is_first_and_its_number_is_the_users() -> None:
    assert chosen(named=(3, 0), own=frozenset({101}), count=4) == ([3, 0], "option", "")
    assert chosen(named=(0, 4)) == ([], "option", "gpu.not_there")


def test_the_servers_own_processes() -> None:
    own = frozenset({99, 100, 101})
    assert chosen(own=own, count=2, alone=False) == ([0, 1], "processes", "")
    assert chosen(own=own, count=None) == ([0, 1], "processes", "")
    # of a server on two machines only some are here
    assert chosen(own=own, count=4) == ([], "processes", "gpu.other_count")


@pytest.mark.parametrize(
    ("visible", "indices"),
    [("2", [2]), ("2,1", [2, 1]), (" 1 , 3", [1, 3]), ("GPU-3", [3]), ("1,-1,2", [1]), ("1,9,2", [1])],
)
def test_cuda_visible_devices(visible: str, indices: list[int]) -> None:
    assert chosen(visible=visible, count=len(indices), alone=False) == (indices, "visible_devices", "")


def test_those_in_use_are_a_lone_servers_if_it_has_as_many() -> None:
    assert chosen(count=3) == ([0, 1, 3], "in_use", "")
    assert chosen(count=2) == ([], "in_use", "gpu.other_count")
    assert chosen(count=3, alone=False) == ([], "in_use", "gpu.two_servers")
    assert chosen(gpus=[gpu(0)], count=None) == ([], "in_use", "gpu.other_count")


def test_where_no_process_is_listed_memory_shows_the_use() -> None:
    full = gpu(0, processes=(), samples=[sample(memory_mib=60_000.0)])
    idle = gpu(1, processes=None, samples=[sample(memory_mib=500.0), sample(memory_mib=None)])
    assert chosen(gpus=[full, idle], visible="", count=1) == ([0], "in_use", "")


def test_strangers_are_what_is_of_no_server() -> None:
    assert strangers(GPUS[:2], frozenset({100, 101}), Path("/nowhere")) == {900: ""}
    assert strangers([gpu(0, processes=None)], frozenset()) == {}


def test_a_tree_of_processes_and_their_names(tmp_path: Path) -> None:
    for pid, parent, name in ((5, 1, "launch"), (6, 5, "sglang::sched) 1"), (7, 6, "x y"), (8, 1, "other")):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "stat").write_text(f"{pid} ({name}) S {parent} 1 1")
        (tmp_path / str(pid) / "comm").write_text(f"{name}\n")
    (tmp_path / "9").mkdir()  # it ended meanwhile
    (tmp_path / "uptime").write_text("")
    assert tree(5, tmp_path) == {5, 6, 7}
    assert process_name(6, tmp_path) == "sglang::sched) 1" and process_name(9, tmp_path) == ""


def test_the_process_that_listens_is_found_with_its_environment() -> None:
    code = (
        "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); "
        "print(s.getsockname()[1], flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "2,3"},
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        port = int(process.stdout.readline())
        assert listener(port) == process.pid
        assert visible_devices(process.pid) == "2,3"
        assert process.pid in tree(os.getpid())
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()
    assert listener(port) is None and visible_devices(process.pid) is None


def test_this_machine() -> None:
    assert is_local("127.0.0.1") and is_local("localhost")
    assert not is_local("192.0.2.1")  # RFC 5737
