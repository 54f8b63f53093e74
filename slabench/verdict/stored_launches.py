"""What a baseline file holds of launches, by test: their spread, and how many its samples are of.

"launches": 8,
"launch_spread": {"launches": 8, "freedom": 7, "sd": {"tpot.mean": 0.0042, ...}}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slabench.messages import Message
from slabench.metrics.definitions import metric_of
from slabench.verdict.launch_spread import LEAST_STORED, spread_of
from slabench.verdict.statistics import geometric_mean

OF_LAUNCHES = "launches"  # of the samples
SPREAD = "launch_spread"
Document = Mapping[str, Any]  # a baseline file's content


def wrong_spread(entry: Mapping[str, Any]) -> Message | None:
    """Why a test's spread of launches cannot be used, or None."""
    launches, spread = entry.get(OF_LAUNCHES, 1), entry.get(SPREAD)
    if not _count(launches, 1):
        return Message("wrong.launches", launches=launches)
    if spread is None:
        return None
    number, freedom, sds = (spread.get(key) for key in ("launches", "freedom", "sd"))
    if not _count(number, LEAST_STORED) or freedom != number - 1:
        return Message("wrong.freedom", launches=number, freedom=freedom, least=LEAST_STORED)
    if not isinstance(sds, dict):
        return Message("wrong.sd", sd=sds)
    for key, sd in sds.items():
        number_like = isinstance(sd, int | float) and not isinstance(sd, bool)
        if metric_of(key) is None or not number_like or not 0 <= sd < 10:
            return Message("wrong.one_sd", key=key, sd=sd)
    return None


def _count(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def stored_spread(launches: Sequence[Document], test_id: str) -> dict[str, Any] | None:
    """Of one test; launches: one baseline document a launch. None: too few of them have it.

    The sd is that of the launches' geometric means over their repeats: what the repeats of one launch scatter
    is in it, divided by their number.
    """
    entries = [launch["tests"][test_id] for launch in launches if test_id in launch["tests"]]
    if len(entries) < LEAST_STORED:
        return None
    keys = [key for key in entries[0]["samples"] if all(key in entry["samples"] for entry in entries)]
    sds = {
        key: spread_of([geometric_mean(entry["samples"][key]) for entry in entries])
        for key in keys
        if all(min(entry["samples"][key]) > 0 for entry in entries)
    }
    return {"launches": len(entries), "freedom": len(entries) - 1, "sd": sds}


def with_spread(document: Document, launches: Sequence[Document]) -> dict[str, Any]:
    """The document with the spread of launches of each test that enough of them have."""
    tests = {test_id: dict(entry) for test_id, entry in document["tests"].items()}
    for test_id, entry in tests.items():
        spread = stored_spread(launches, test_id)
        if spread is not None:
            entry[SPREAD] = spread
    return {**document, "tests": tests}
