"""What the plugin keeps on pytest's own objects, by typed keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slabench.session.screen import Screen
from slabench.session.settings import Settings

if TYPE_CHECKING:
    from slabench.run_document.run import FinishedTest
    from slabench.session.campaign import Campaign

SETTINGS = pytest.StashKey[Settings]()  # on the config
CAMPAIGN: pytest.StashKey[Campaign] = pytest.StashKey()  # on the config, from the first live test on
IN_BODY = pytest.StashKey[bool]()  # on the item, while its function runs
ENTRY: pytest.StashKey[FinishedTest] = pytest.StashKey()  # on the item, what judge() left
NOT_CHOSEN = pytest.StashKey[bool]()  # on the item, which a gate leaves out of its own
SCREEN = pytest.StashKey[Screen]()  # on the config, from the first load on
