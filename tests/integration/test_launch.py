"""--launch: a server is started, ready, and gone afterwards with everything it started, whatever happens to
us.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from slabench.errors import ConfigError, ServerError
from slabench.server.launch import launch

ROOT = Path(__file__).resolve().parents[2]
STANDIN = ROOT / "tests" / "data" / "server" / "standin.py"


def command(*more):
    return [sys.executable, str(STANDIN), "--port", "{port}", *more]


def running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def gone(pids, seconds=10.0):
    deadline = time.monotonic() + seconds
    while any(running(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [pid for pid in pids if running(pid)]


def test_started_ready_and_stopped_with_its_children(tmp_path):
    pids_file, log = tmp_path / "pids", tmp_path / "new" / "server.log"
    server = launch(command("--pids", str(pids_file)), str(log), ready_timeout=20, grace=1)
    pids = [*json.loads(pids_file.read_text()), server.supervisor_pid]
    assert server.alive()
    assert server.pid == pids[0]
    assert server.url.startswith("http://127.0.0.1:")
    assert [pid for pid in pids if not running(pid)] == []
    assert "fired up" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0
    assert server.stop() == 0
    assert not server.alive()
    assert gone(pids, 0) == []
    assert server.stop() == 0  # twice does no harm


def test_a_server_without_the_ready_line_is_asked_for_a_token(tmp_path):
    with launch(command("--silent"), str(tmp_path / "log"), ready_timeout=20, grace=1) as server:
        assert '"POST /generate' in str(server.log_end())


def test_a_server_that_dies_at_start_gives_the_logs_last_lines(tmp_path):
    with pytest.raises(ServerError) as caught:
        launch(command("--die", "no such model: x --api-key hush1"), str(tmp_path / "log"), ready_timeout=20)
    text = str(caught.value)
    assert "ended with status 7 before it was ready" in text
    assert "loading\nno such model: x" in text
    assert "hush1" not in text


def test_a_server_that_dies_without_a_word_has_no_last_lines(tmp_path):
    with pytest.raises(ServerError) as caught:
        launch("false --port {port}", str(tmp_path / "log"), ready_timeout=20)
    assert str(caught.value).endswith(f"It wrote nothing to its log {tmp_path / 'log'}.")
    assert "last lines" not in str(caught.value)


def test_a_server_that_dies_later_is_noticed(tmp_path):
    pids_file = tmp_path / "pids"
    with launch(
        command("--pids", str(pids_file)), str(tmp_path / "log"), ready_timeout=20, grace=1
    ) as server:
        pids = json.loads(pids_file.read_text())
        os.kill(pids[0], signal.SIGKILL)
        assert gone(pids) == []  # its children do not outlive it
        deadline = time.monotonic() + 5
        while server.alive() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert server.exit_status == -signal.SIGKILL


def test_not_ready_in_time_leaves_nothing(tmp_path):
    sleeper = tmp_path / "sleeper.py"
    sleeper.write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)\n")
    log = tmp_path / "log"
    with pytest.raises(ServerError, match="was not ready after 1 s") as caught:
        launch([sys.executable, str(sleeper), "--port", "{port}"], str(log), ready_timeout=1, grace=1)
    assert "connection refused" in str(caught.value)
    assert gone([int(log.read_text())]) == []


def test_a_command_that_does_not_exist(tmp_path):
    with pytest.raises(ConfigError, match="cannot be started"):
        launch("no-such-program --port {port}", str(tmp_path / "log"), ready_timeout=5)


def test_a_port_that_is_taken_is_refused(tmp_path):
    with launch(command(), str(tmp_path / "log"), ready_timeout=20, grace=1) as server:
        port = server.url.rpartition(":")[2]
        with pytest.raises(ConfigError, match=r"Another process listens at "):
            launch([sys.executable, str(STANDIN), "--port", port], str(tmp_path / "other"))


PARENT = """
import sys, time
from slabench.server.launch import launch
server = launch(sys.argv[2:], sys.argv[1], ready_timeout=20, grace=1)
try:
    print(server.supervisor_pid, flush=True)  # whoever reads it may interrupt at once
    time.sleep(600)
except KeyboardInterrupt:
    server.stop()
    print("stopped", flush=True)
    sys.exit(2)
"""


@pytest.fixture
def parent(tmp_path):
    """A process of ours that has launched a server -> (process, every pid below it)."""
    pids_file = tmp_path / "pids"
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "log"), *command("--pids", str(pids_file))],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    supervisor = int(process.stdout.readline())
    yield process, [*json.loads(pids_file.read_text()), supervisor]
    process.kill()
    process.wait()
    process.stdout.close()


def test_kill_9_of_the_parent_leaves_no_process(parent):
    process, pids = parent
    assert gone(pids, 0) == pids
    process.kill()
    assert gone(pids) == []


def test_ctrl_c_ends_the_server_in_order(parent):
    process, pids = parent
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 2
    assert process.stdout.read() == "stopped\n"
    assert gone(pids, 0) == []


def test_sigterm_to_the_supervisor_ends_everything(parent):
    _, pids = parent
    os.kill(pids[-1], signal.SIGTERM)
    assert gone(pids) == []
