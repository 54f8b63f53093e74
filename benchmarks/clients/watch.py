"""A process tree from outside: CPU time over any stretch, and memory.

The same for every client, whatever it says of itself.
"""

from __future__ import annotations

import bisect
import os
import re
import threading
import time
from pathlib import Path

from slabench.server.supervise import descendants

PERIOD_S = 0.04
TREE_S = 0.2  # how often new processes and memory are looked for: that reads all of /proc


def cpu_ns(pid: int) -> int:
    """CPU time of a process and all its threads, ended ones too: the kernel's clock for it.

    OSError once it is gone.
    """
    return time.clock_gettime_ns((~pid << 3) | 2)


def peak_rss_mb(pid: int) -> float:
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(errors="replace"), re.M)
    return int(found[1]) / 1024 if found else 0.0


class Watch:
    """Samples a tree until stop(). A process that has ended keeps its last reading."""

    def __init__(self, root: int) -> None:
        self.root = root
        self.times_ns: list[int] = []
        self.sums_ns: list[int] = []
        self._cpu: dict[int, int] = {}
        self._rss: dict[int, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        looked, pids = 0.0, [self.root]
        while not self._ended.is_set():
            look = time.monotonic() - looked > TREE_S
            if look:
                looked, pids = time.monotonic(), [self.root, *descendants(self.root)]
            for pid in pids:
                try:
                    self._cpu[pid] = cpu_ns(pid)
                    if look:
                        self._rss[pid] = max(self._rss.get(pid, 0.0), peak_rss_mb(pid))
                except OSError:
                    continue
            self.times_ns.append(time.perf_counter_ns())
            self.sums_ns.append(sum(self._cpu.values()))
            self._ended.wait(PERIOD_S)

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def cpu_s(self, begin_ns: int, end_ns: int) -> float:
        """CPU seconds between two perf_counter_ns readings."""
        return (
            interpolate(self.times_ns, self.sums_ns, end_ns)
            - interpolate(self.times_ns, self.sums_ns, begin_ns)
        ) / 1e9

    @property
    def rss_mb(self) -> float:
        """Peaks of all processes, summed: an upper bound of the peak of the sum."""
        return sum(self._rss.values())


def interpolate(times: list[int], values: list[int], at: int) -> float:
    """Between the two readings around a moment; the first or last one outside."""
    right = bisect.bisect_left(times, at)
    if right == 0:
        return float(values[0]) if values else 0.0
    if right == len(times):
        return float(values[-1])
    t0, t1, v0, v1 = times[right - 1], times[right], values[right - 1], values[right]
    return v0 + (v1 - v0) * (at - t0) / (t1 - t0) if t1 > t0 else float(v1)


def physical_cores() -> list[int]:
    """One logical core of each physical one that this process may use, so that two measured programs never
    share one."""
    chosen: dict[str, int] = {}
    for core in sorted(os.sched_getaffinity(0)):
        try:
            siblings = (
                Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list").read_text().strip()
            )
        except OSError:
            siblings = str(core)
        chosen.setdefault(siblings, core)
    return list(chosen.values())
