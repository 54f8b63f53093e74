"""Who is calibrated: our client against a real server, unless switched off; against the embedded one only
when asked.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.loadgen import ClientOptions
from slabench.session.deployment import Campaign


@pytest.mark.parametrize(
    ("client", "calibrate", "simulated", "expected"),
    [
        ("slabench", "auto", False, True),
        ("slabench", "auto", True, False),
        ("slabench", "fresh", True, True),
        ("slabench", "fresh", False, True),
        ("slabench", "off", False, False),
        ("bench_serving", "auto", False, False),
        ("bench_serving", "fresh", False, False),
    ],
)
def test_who_is_calibrated(client: str, calibrate: str, simulated: bool, expected: bool) -> None:
    settings: Any = SimpleNamespace(given=SimpleNamespace(client=client, calibrate=calibrate))
    deployment: Any = SimpleNamespace(simulated=simulated)
    campaign = Campaign(settings, Path(), lambda sentence: None, deployment=deployment)
    found = campaign.calibrator(ClientOptions())
    assert (found is not None) is expected
    assert found is None or (
        found.fresh is (calibrate == "fresh") and campaign.calibrator(ClientOptions()) is found
    )
