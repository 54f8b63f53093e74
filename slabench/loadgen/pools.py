"""The load processes of this Python process, which stay from load to load."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import contextmanager

from slabench.loadgen.transports.base import LoadHosts
from slabench.loadgen.workers import LocalPool, WorkerPool

_IDLE: list[WorkerPool] = []  # of this Python process, between two loads


def _new_pool(place: LoadHosts | None) -> WorkerPool:
    if place is None:
        return LocalPool()
    from slabench.loadgen.remote_pool import RemotePool  # with launchers: for those who ask

    return RemotePool(place)


@contextmanager
def worker_pool(place: LoadHosts | None = None) -> Iterator[WorkerPool]:
    """The pool of the load before at this place, or a new one. After an exception its processes are ended."""
    pool = next((pool for pool in _IDLE if pool.place == place), None)
    if pool is None:
        pool = _new_pool(place)
    else:
        _IDLE.remove(pool)
    try:
        yield pool
    except BaseException:
        pool.close()
        raise
    _IDLE.append(pool)


@atexit.register
def end_idle_pools() -> None:
    while _IDLE:
        _IDLE.pop().close()
