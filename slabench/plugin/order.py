"""Which collected tests are live, and in which order they run: decode before the curve before prefill,
whatever reorders, and what asks after the loads last.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest


def is_live(item: pytest.Item) -> bool:
    """A test is live because it asks, directly or not, for our fixture `server`, which asks for `campaign`.

    A fixture `server` of another repository's conftest.py, which comes before ours there, does not.
    """
    return {"server", "campaign"} <= set(getattr(item, "fixturenames", ()))


def _stage(item: pytest.Item) -> tuple[int, tuple[int, ...]]:
    marker = item.get_closest_marker("stage")
    callspec = getattr(item, "callspec", None)
    return (marker.args[0] if marker else 0), tuple(callspec.indices.values()) if callspec is not None else ()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """Outermost wrapper: plugins that shuffle have had their turn when this sorts the staged tests into their
    own places, and the marked ones to the end.
    """
    result = yield
    places = [place for place, item in enumerate(items) if item.get_closest_marker("stage") is not None]
    staged = sorted((items[place] for place in places), key=_stage)
    for place, item in zip(places, staged, strict=True):
        items[place] = item
    items.sort(key=lambda item: item.get_closest_marker("after_loads") is not None)
    return result
