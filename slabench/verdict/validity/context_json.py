"""The evidence of the checks besides the records, as run.json keeps it, and back: a run folder is enough to
evaluate a run again.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any

from slabench.metrics.answer_contents import Contents
from slabench.records import RunRecord
from slabench.verdict.validity.context import (
    Behind,
    CheckContext,
    GpuEvidence,
    LogEvidence,
    Margin,
    Served,
    Texts,
)
from slabench.verdict.validity.streamed import Probe

_PER_REQUEST = ("counted", "shared")
_PARTS: Mapping[str, Callable[..., object]] = {
    "log": LogEvidence,
    "served": Served,
    "gpus": GpuEvidence,
    "contents": Contents,
    "texts": Texts,
    "probe": Probe.read,
    "behind": Behind,
}


def as_dict(context: CheckContext) -> dict[str, Any]:
    """Built-in types, a field each; what has one number a request as runs of equal ones:

    [[value, how many], ...].
    """
    stored = {field.name: getattr(context, field.name) for field in fields(context) if field.name != "run"}
    for name in _PER_REQUEST:
        stored[name] = [[value, sum(1 for _ in same)] for value, same in itertools.groupby(stored[name])]
    for name in ("identity_before", "identity_after"):
        stored[name] = None if stored[name] is None else [[key, value] for key, value in stored[name]]
    stored |= {name: None if stored[name] is None else asdict(stored[name]) for name in _PARTS}
    return stored | {"margins": [asdict(margin) for margin in context.margins]}


def restore(run: RunRecord, stored: Mapping[str, Any]) -> CheckContext:
    """The CheckContext of as_dict() with its records. Fields that a later version added are left out."""
    values = {field.name: stored[field.name] for field in fields(CheckContext) if field.name in stored}
    for name in _PER_REQUEST:
        values[name] = tuple(value for value, count in values[name] for _ in range(count))
    values |= {name: part(**values[name]) for name, part in _PARTS.items() if values.get(name) is not None}
    values["margins"] = tuple(Margin(**margin) for margin in values.get("margins", ()))
    return CheckContext(run=run, **values)
