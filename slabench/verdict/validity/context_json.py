"""What the checks looked at besides the records, as run.json keeps it, and back: a run folder is enough to
judge a run again.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any

from slabench.records import RunRecord
from slabench.verdict.validity.context import Behind, CheckContext, LogEvidence, Margin, Served, Texts
from slabench.verdict.validity.streamed import Probe

_PER_REQUEST = ("counted", "shared")
_PARTS: Mapping[str, Callable[..., object]] = {
    "log": LogEvidence,
    "served": Served,
    "texts": Texts,
    "probe": Probe.read,
    "behind": Behind,
}


def as_dict(subject: CheckContext) -> dict[str, Any]:
    """Built-in types, a field each; what has one number a request as runs of equal ones:

    [[value, how many], ...].
    """
    found = {field.name: getattr(subject, field.name) for field in fields(subject) if field.name != "run"}
    for name in _PER_REQUEST:
        found[name] = [[value, sum(1 for _ in same)] for value, same in itertools.groupby(found[name])]
    for name in ("identity_before", "identity_after"):
        found[name] = None if found[name] is None else [[key, value] for key, value in found[name]]
    for name in _PARTS:
        found[name] = None if found[name] is None else asdict(found[name])
    found["margins"] = [asdict(one) for one in found["margins"]]
    return found


def restore(run: RunRecord, stored: Mapping[str, Any]) -> CheckContext:
    """The Subject of as_dict() with its records. Fields that a later version added are left out."""
    given = {field.name: stored[field.name] for field in fields(CheckContext) if field.name in stored}
    for name in _PER_REQUEST:
        given[name] = tuple(value for value, count in given[name] for _ in range(count))
    for name, part in _PARTS.items():
        if given.get(name) is not None:
            given[name] = part(**given[name])
    given["margins"] = tuple(Margin(**one) for one in given.get("margins", ()))
    return CheckContext(run=run, **given)
