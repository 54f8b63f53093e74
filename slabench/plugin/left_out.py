"""Live tests that a run leaves out: deselected ones, and those of a baseline file that it requires."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import pytest

from slabench.plugin.order import is_live
from slabench.plugin.stash import NOT_CHOSEN
from slabench.session.settings import Settings


def deselected(items: Iterable[pytest.Item]) -> list[str]:
    """Ids of the live ones, by -k, -m, --lf or another plugin; what a gate does not choose is its own affair
    and said by it.
    """
    return [item.nodeid for item in items if is_live(item) and NOT_CHOSEN not in item.stash]


def baseline_not_run(settings: Settings, planned: Collection[str], left: Collection[str]) -> tuple[str, ...]:
    """With --require-baseline: the file's tests that are not planned, of the suites (folders) of those that
    are, or that were deselected (left).
    """
    if settings.baseline is None or not settings.options.require_baseline:
        return ()
    suites = {_folder(test_id) for test_id in (*planned, *left)}
    stored = (*settings.baseline.tests, *settings.baseline.refused)
    return tuple(test_id for test_id in stored if _folder(test_id) in suites and test_id not in set(planned))


def _folder(test_id: str) -> str:
    return test_id.partition("::")[0].rpartition("/")[0]
