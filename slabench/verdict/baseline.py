"""The old side of a comparison: a baseline file, a baseline server or an earlier run, test by test."""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from slabench.messages import Message
from slabench.verdict.accuracy import Answers
from slabench.verdict.gated_metrics import Gathered
from slabench.verdict.launch_spread import ONE_LAUNCH, Launches, LaunchSpread


@dataclass(frozen=True, slots=True)
class BaselineTest:
    """One test."""

    samples: Gathered
    workload: Mapping[str, Any] = field(default_factory=dict)
    floors: Mapping[str, float] = field(default_factory=dict)
    allowed: Mapping[str, str] = field(default_factory=dict)  # checks that --allow permitted, and their text
    information: Mapping[str, float] = field(default_factory=dict)  # metrics that gate nothing
    accept_length: float | None = None  # of speculative decoding, mean over the repeats
    method: str = "serving"
    # A file without samples was written by hand, such as the published tables: only what it names is
    # compared.
    by_hand: bool = False
    notes: tuple[Message, ...] = ()  # what is known of it, beside the verdict
    launches: Launches = ONE_LAUNCH  # of these samples, and of one new launch
    answers: Answers | None = None  # to the questions of --accuracy-file

    @classmethod
    def read(cls, entry: Mapping[str, Any], path: str = "") -> BaselineTest:
        """A test of the baseline document at path; a metric without samples is one."""
        samples = {key: [value] for key, value in entry.get("figures", {}).items()} | entry.get("samples", {})
        return cls(
            Gathered(
                {key: [float(value) for value in values] for key, values in samples.items()},
                entry.get("lacking", {}),
            ),
            entry.get("workload", {}),
            entry.get("floors", {}),
            entry.get("allowed", {}),
            entry.get("information", {}),
            entry.get("information", {}).get("accept_length"),
            entry.get("method", "serving"),
            not entry.get("samples"),
            launches=_launches(entry, path),
            answers=None if (stored := entry.get("answers")) is None else Answers(**stored),
        )

    @property
    def means(self) -> dict[str, float]:
        return {key: statistics.fmean(values) for key, values in self.samples.values.items()}

    def only(self, keys: Collection[str]) -> BaselineTest:
        """The same with these metrics alone."""
        values = {key: each for key, each in self.samples.values.items() if key in keys}
        lacking = {key: each for key, each in self.samples.lacking.items() if key in keys}
        return replace(self, samples=Gathered(values, lacking))

    def compared(self, gated: Iterable[str]) -> list[str]:
        """The metrics that a comparison needs on both sides: those of this test, and the new side's gated
        ones.
        """
        own = (*self.samples.values, *self.samples.lacking)
        more = () if self.by_hand else (key for key in gated if f"classic.{key}" not in own)
        return list(dict.fromkeys((*own, *more)))


def _launches(entry: Mapping[str, Any], path: str) -> Launches:
    spread = entry.get("launch_spread")
    if spread is None:
        return ONE_LAUNCH
    stored = LaunchSpread(spread["sd"], spread["launches"])
    return Launches(stored, old=entry.get("launches", 1), source=path)


@dataclass(frozen=True, slots=True)
class Baseline:
    """All tests of an old side.

    of_runs: a sample is a whole run, of a day and a launch of its own, and so is the new run (history.py).
    refused: tests that cannot be compared with it, and why. labels: of the runs that it was made of.
    """

    path: str
    source: str
    fingerprint: Mapping[str, Mapping[str, Any]]
    tests: Mapping[str, BaselineTest]
    refused: Mapping[str, Message] = field(default_factory=dict)
    of_runs: bool = False
    labels: tuple[str, ...] = ()

    def digest(self) -> str:
        """SHA-256 of the file's bytes; of a history what is taken of it, since it grows while a run is
        interrupted. OSError if the file cannot be read.
        """
        content = repr(self).encode() if self.of_runs else Path(self.path).read_bytes()
        return hashlib.sha256(content).hexdigest()
