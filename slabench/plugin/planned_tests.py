"""The collected live tests as planned ones, without pytest's fixtures: for checks before the first load.

The suites' bodies run with recorders. Tests of other repositories are known by their mark `sends` alone:
their bodies may do anything, and will run once more.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from typing import Any

import pytest

from slabench.places import suite_id
from slabench.plugin.forms import MARKER, marked_forms
from slabench.plugin.order import is_live
from slabench.session.planned_load import PlannedLoad, PlannedTest, Recorders, follow

CALLED = ("run_load", "judge", "judge_curve", "find_capacity", "ask_questions", "server")


def planned_tests(items: Iterable[pytest.Item], options: Namespace) -> list[PlannedTest]:
    """One for each live test, in their order; without loads where nothing is known of it beforehand."""
    return [_planned(item, options) for item in items if is_live(item)]


def _planned(item: pytest.Item, options: Namespace) -> PlannedTest:
    function, arguments = getattr(item, "obj", None), _arguments(item, options)
    if function is not None and arguments is not None and suite_id(item.path) is not None:
        return follow(item.nodeid, lambda recorders: function(**_called(recorders, item), **arguments))
    if item.get_closest_marker(MARKER) is None:
        return PlannedTest(item.nodeid, ended="has no mark `sends`, so its load is not known beforehand")
    forms = marked_forms([item], options)
    loads = tuple(PlannedLoad(form) for _, form in forms)
    return PlannedTest(item.nodeid, loads, ended="is known by its mark `sends` alone")


def _names(item: pytest.Item) -> tuple[str, ...]:
    info = getattr(item, "_fixtureinfo", None)
    return () if info is None else tuple(info.argnames)


def _called(recorders: Recorders, item: pytest.Item) -> dict[str, Any]:
    return {name: getattr(recorders, name) for name in CALLED if name in _names(item)}


def _arguments(item: pytest.Item, options: Namespace) -> dict[str, Any] | None:
    """Of the body, beside the recorders; None if it asks for a fixture that is not known here."""
    callspec = getattr(item, "callspec", None)
    known = {"options": options} | (dict(callspec.params) if callspec is not None else {})
    names = [name for name in _names(item) if name not in CALLED]
    return {name: known[name] for name in names} if set(names) <= set(known) else None
