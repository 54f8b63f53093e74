"""The process that reads the GPUs: `python -m slabench.server.gpu.sampler nvml`, or the URL of an exporter.

Its own, so that a driver's call delays no arrival time. It reads nothing between loads. Lines in: `begin`
before a load, `end` after it. Lines out, JSON: {"ready": true} or {"failed": why} once, {"began": true} when
the first reading is there, {"gpus": [...], "failed": how many readings, "why": of the last} after a load's
last one. It ends with its standard input.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

from slabench.gpu_records import GpuSample
from slabench.server.gpu.dcgm import Dcgm
from slabench.server.gpu.nvml import Nvml
from slabench.server.gpu.reading import Gpu, Reading, Source, SourceError


@dataclass(slots=True)
class Course:
    """What was read of one GPU during a load."""

    gpu: Gpu
    energy: list[tuple[int, int]] = field(default_factory=list)
    samples: list[GpuSample] = field(default_factory=list)
    processes: set[int] | None = None

    def add(self, reading: Reading) -> None:
        if reading.energy is not None:
            self.energy.append(reading.energy)
        if reading.sample is not None:
            self.samples.append(reading.sample)
        if reading.processes is not None:
            self.processes = (self.processes or set()) | set(reading.processes)

    def as_json(self) -> dict[str, Any]:
        """For gpu_records.read_record()."""
        gpu = self.gpu
        return {
            "index": gpu.index,
            "uuid": gpu.uuid,
            "name": gpu.name,
            "mig": gpu.mig,
            "energy": self.energy,
            "samples": [astuple(sample) for sample in self.samples],
            "processes": None if self.processes is None else sorted(self.processes),
        }


class Sampler:
    """The readings of one load after another."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._courses: dict[int, Course] = {}
        self._failed, self._why, self._count = 0, "", 0

    def begin(self) -> None:
        self._courses = {gpu.index: Course(gpu) for gpu in self._source.gpus}
        self._failed, self._why, self._count = 0, "", 0
        self.read()

    def read(self, *, whole: bool = False) -> None:
        whole = whole or self._count % self._source.every == 0
        self._count += 1
        try:
            readings = self._source.read(whole=whole)
        except SourceError as error:
            self._failed, self._why = self._failed + 1, str(error)
            return
        for index, reading in readings.items():
            if index in self._courses:
                self._courses[index].add(reading)

    def end(self) -> dict[str, Any]:
        """After the source's last readings."""
        for _ in range(self._source.after):
            time.sleep(self._source.period_s)
            self.read(whole=True)
        courses, self._courses = self._courses, {}
        return {
            "gpus": [course.as_json() for course in courses.values()],
            "failed": self._failed,
            "why": self._why,
        }


def _write(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def serve(source: Source) -> None:
    """Until standard input ends."""
    sampler, pending, due = Sampler(source), b"", None
    while True:
        wait = None if due is None else max(0.0, due - time.monotonic())
        if not select.select([0], [], [], wait)[0]:
            sampler.read()
            # a reading that took longer than the period is followed by a pause all the same
            due = max((due or 0.0) + source.period_s, time.monotonic() + source.period_s / 2)
            continue
        data = os.read(0, 4096)
        if not data:
            return
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            if line == b"begin":
                sampler.begin()
                due = time.monotonic() + source.period_s
                _write({"began": True})
            elif line == b"end":
                due = None
                _write(sampler.end())


def main(arguments: Sequence[str]) -> int:
    """arguments: `nvml`, or an exporter's URL."""
    [where] = arguments
    try:
        source: Source = Nvml.open() if where == "nvml" else Dcgm(where)
    except SourceError as error:
        _write({"failed": str(error)})
        return 1
    _write({"ready": True})
    serve(source)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
