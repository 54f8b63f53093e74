"""A warning is an error in the project's own tests, and only there: another release of a library must not end
a measurement.
"""

import pytest

from slabench.plugin.order import is_live


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not is_live(item):
            item.add_marker(pytest.mark.filterwarnings("error"))
