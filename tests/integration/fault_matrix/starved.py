"""A pytest plugin for the runs of the matrix: the load process is stopped again and again, as on a machine without a free core."""

import contextlib
import os
import signal
import threading
import time

from slabench.loadgen import run

STOPPED_S, RUNNING_S = 0.12, 0.06
_listen = run._Load._listen


def _starve(pid: int, ended: threading.Event) -> None:
    with contextlib.suppress(ProcessLookupError):
        while not ended.wait(RUNNING_S):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(STOPPED_S)
            os.kill(pid, signal.SIGCONT)


def listen(self: run._Load) -> None:
    assert self.process is not None
    ended = threading.Event()
    thread = threading.Thread(target=_starve, args=(self.process.pid, ended))
    thread.start()
    try:
        _listen(self)
    finally:
        ended.set()
        thread.join()


run._Load._listen = listen  # type: ignore[method-assign]
