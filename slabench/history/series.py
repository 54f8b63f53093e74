"""A history as series: one metric of one test on one deployment, over its runs; and where each changed."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from slabench.history.file import History
from slabench.history.lines import RunLine
from slabench.metrics.definitions import declared
from slabench.run_document.entry import short_name
from slabench.verdict.change_points import ChangePoint, change_points
from slabench.verdict.comparison import gates
from slabench.verdict.differences import lasting
from slabench.verdict.statistics import geometric_mean


@dataclass(frozen=True, slots=True)
class Series:
    """values: a run's repeats' geometric mean each, oldest run first, in the metric's unit."""

    test_id: str
    metric: str
    deployment: str  # `DeepSeek-R1 on 8 x H200`; with a number where several read the same
    runs: tuple[RunLine, ...]
    values: tuple[float, ...]
    changes: tuple[ChangePoint, ...] = ()

    @property
    def test(self) -> str:
        return short_name(self.test_id)

    @property
    def unit(self) -> str:
        return declared(self.metric).unit

    def worse(self, change: ChangePoint) -> bool:
        return (change.ratio > 1) != (declared(self.metric).better == "higher")

    def by_version(self) -> Iterator[tuple[str, list[float]]]:
        """Each version's values, in the order in which the versions first came."""
        versions = [run.version for run in self.runs]
        for version in dict.fromkeys(versions):
            yield (
                version,
                [value for name, value in zip(versions, self.values, strict=True) if name == version],
            )


Key = tuple[str, str, str, str]  # test, metric, deployment, workload


def series(history: History) -> list[Series]:
    """Every metric that has a better direction, with its changes: all series of the file are searched
    together.
    """
    gathered: dict[Key, list[tuple[RunLine, float]]] = {}
    for run in history.runs:
        deployment = _key(lasting(run.fingerprint))
        for test_id, test in run.tests.items():
            for metric, values in test.samples.items():
                if gates(metric):
                    key = (test_id, metric, deployment, _key(test.workload))
                    gathered.setdefault(key, []).append((run, geometric_mean(values)))
    names = _names({key[2:]: points[0][0] for key, points in gathered.items()})
    changes_of = change_points([[value for _, value in points] for points in gathered.values()])
    return [
        Series(
            key[0],
            key[1],
            names[key[2:]],
            tuple(run for run, _ in points),
            tuple(value for _, value in points),
            changes,
        )
        for (key, points), changes in zip(gathered.items(), changes_of, strict=True)
    ]


def _key(values: Mapping[str, object]) -> str:
    return json.dumps(values, sort_keys=True)


def _names(kinds: Mapping[tuple[str, ...], RunLine]) -> dict[tuple[str, ...], str]:
    """Deployment and workload in words; numbered where two that differ read the same."""
    words = {kind: _deployment(run) for kind, run in kinds.items()}
    names: dict[tuple[str, ...], str] = {}
    for word, group in itertools.groupby(sorted(words, key=words.__getitem__), words.__getitem__):
        alike: Sequence[tuple[str, ...]] = [*group]
        for number, kind in enumerate(alike, 1):
            names[kind] = word if len(alike) == 1 else f"{word} ({number} of {len(alike)} that differ)"
    return names


def _deployment(run: RunLine) -> str:
    hardware, model = (run.fingerprint.get(section, {}) for section in ("hardware", "model"))
    gpus = f"{hardware['gpus']} x " if hardware.get("gpus") else ""
    return f"{model.get('name') or 'unknown model'} on {gpus}{hardware.get('gpu') or 'unknown hardware'}"
