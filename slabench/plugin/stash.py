"""What the plugin keeps on pytest's own objects, by typed keys."""

from __future__ import annotations

from typing import Any

import pytest

from slabench.session.deployment import Campaign
from slabench.session.settings import Settings

SETTINGS = pytest.StashKey[Settings]()  # on the config
CAMPAIGN = pytest.StashKey[Campaign]()  # on the config, from the first live test on
ENTRY = pytest.StashKey[dict[str, Any]]()  # on the item, what judge() left: {"entry", "server", "labels"}
