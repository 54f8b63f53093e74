"""What the checks looked at besides the records, as run.json keeps it, and back: a run folder is enough to judge a run again."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from slabench.records import RunRecord
from slabench.verdict.validity.streamed import Probe
from slabench.verdict.validity.subject import Behind, LogEvidence, Margin, Served, Subject, Texts

_PER_REQUEST = ("counted", "shared")


def as_dict(subject: Subject) -> dict[str, Any]:
    """Built-in types, a field each; what has one number a request as runs of equal ones: [[value, how many], ...]."""
    found = {field.name: getattr(subject, field.name) for field in fields(subject) if field.name != "run"}
    for name in _PER_REQUEST:
        found[name] = [[value, sum(1 for _ in same)] for value, same in itertools.groupby(found[name])]
    for name in ("identity_before", "identity_after"):
        found[name] = None if found[name] is None else [[key, value] for key, value in found[name]]
    for name in ("log", "served", "texts", "probe"):
        found[name] = asdict(found[name]) if found[name] is not None else None
    found["behind"] = asdict(found["behind"])
    found["margins"] = [asdict(one) for one in found["margins"]]
    return found


def restore(run: RunRecord, stored: Mapping[str, Any]) -> Subject:
    """The Subject of as_dict() with its records. Fields that a later version added are left out."""
    known = {field.name for field in fields(Subject)} - {"run"}
    given = {name: value for name, value in stored.items() if name in known}
    for name in _PER_REQUEST:
        given[name] = _each(given[name])
    log, served = given.pop("log"), given.pop("served")
    given["texts"] = None if given.get("texts") is None else Texts(**given["texts"])
    given["behind"] = Behind(**given.get("behind", {}))
    given["probe"] = None if given.get("probe") is None else Probe.read(given["probe"])
    given["margins"] = tuple(Margin(**one) for one in given.get("margins", ()))
    subject = Subject(run=run, **given)
    return replace(subject, log=None if log is None else LogEvidence(**log), served=None if served is None else Served(**served))


def _each(runs: Sequence[Sequence[int]]) -> tuple[int, ...]:
    return tuple(value for value, count in runs for _ in range(count))
