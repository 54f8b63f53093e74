"""A pytest plugin for the runs of the matrix: load processes are stopped again and again, as on a machine
without a free core.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence

from slabench.loadgen import run
from slabench.loadgen.frames import Frame
from slabench.loadgen.workers import WorkerProcess
from slabench.loadgen.workers import frames as heard

STOPPED_S, RUNNING_S = 0.12, 0.06


def _starve(pid: int, ended: threading.Event) -> None:
    with contextlib.suppress(ProcessLookupError):
        while not ended.wait(RUNNING_S):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(STOPPED_S)
            os.kill(pid, signal.SIGCONT)


def frames(workers: Sequence[WorkerProcess]) -> Iterator[tuple[WorkerProcess, Frame | None]]:
    ended = threading.Event()
    threads = [
        threading.Thread(target=_starve, args=(worker.channel.process.pid, ended)) for worker in workers
    ]
    for thread in threads:
        thread.start()
    try:
        yield from heard(workers)
    finally:
        ended.set()
        for thread in threads:
            thread.join()


run.frames = frames  # type: ignore[attr-defined]
