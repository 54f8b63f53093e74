"""Which metric a wrong name may stand for: another client's name, a misspelling, no statistic."""

from __future__ import annotations

import difflib
import re

from slabench.messages import Message
from slabench.metrics.declaration import Metric
from slabench.metrics.definitions import METRICS, STATISTICS, statistics_of

_OTHER_FORM = re.compile(r"(?P<statistic>mean|median|std|p\d+|max|min)_(?P<metric>[a-z0-9_]+?)(?:_ms)?")
NEAR = 0.75  # of difflib's ratio: tpto for tpot, total_throughtput for total_throughput


def meant(key: str) -> tuple[str, ...]:
    """The keys that a name may stand for, best first; none where no name is close."""
    key = key.lower()
    base, _, statistic = key.rpartition(".") if key.rpartition(".")[2] in STATISTICS else (key, "", "")
    forms = [(key, ""), (key.removesuffix("_ms"), ""), (base, statistic)]
    if (form := _OTHER_FORM.fullmatch(key)) is not None:
        forms.insert(1, (form["metric"], "p50" if form["statistic"] == "median" else form["statistic"]))
    for name, wanted in forms:
        metrics = [metric for metric in METRICS.values() if name in (metric.name, *metric.also_called)]
        if metrics and (not wanted or wanted in statistics_of(metrics[0].name)):
            return tuple(_key(metric, wanted) for metric in metrics)
    near = difflib.get_close_matches(base, METRICS, n=2, cutoff=NEAR)
    return tuple(_key(METRICS[name], statistic) for name in near)


def _key(metric: Metric, statistic: str) -> str:
    return f"{metric.name}.{statistic or 'mean'}" if metric.spread else metric.name


def did_you_mean(key: str) -> Message | str:
    """` Did you mean tpot.mean?`, or nothing."""
    keys = meant(key)
    return Message("part.meant", names=keys) if keys else ""
