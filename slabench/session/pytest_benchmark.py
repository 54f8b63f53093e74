"""pytest-benchmark beside a load, where its output was asked for: one round, metrics in extra_info."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class Sidecar:
    """Times a load with the `benchmark` fixture if there is one. It never decides a verdict."""

    def __init__(self, benchmark: Any) -> None:
        self.benchmark = benchmark
        self.timed = False

    def time(self, load: Callable[[], T]) -> T:
        if self.benchmark is None or self.timed:
            return load()
        self.timed = True  # the fixture works once a test: of several loads it times the first
        # One round: by default the fixture runs a load of ten minutes five times, to calibrate itself.
        result: T = self.benchmark.pedantic(load, rounds=1, iterations=1)
        return result

    def note(self, metrics: Mapping[str, float], word: str) -> None:
        if self.benchmark is not None:
            self.benchmark.extra_info.update({"verdict": word, **metrics})
