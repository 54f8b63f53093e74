"""A pytest plugin for the runs of the matrix: the load process stands still once, over all first tokens, as
if suspended.
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

AFTER_S, STOPPED_S = 0.07, 0.7  # from `ready`, 20 ms before the plan's zero


def _freeze(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        time.sleep(AFTER_S)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(STOPPED_S)
        os.kill(pid, signal.SIGCONT)


def frames(workers: Sequence[WorkerProcess]) -> Iterator[tuple[WorkerProcess, Frame | None]]:
    threads: list[threading.Thread] = []
    for worker, frame in heard(workers):
        yield worker, frame
        if frame is not None and frame.kind == "ready":
            threads.append(threading.Thread(target=_freeze, args=(worker.channel.process.pid,)))
            threads[-1].start()
    for thread in threads:
        thread.join()


run.frames = frames  # type: ignore[attr-defined]
