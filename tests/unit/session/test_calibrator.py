"""Who is calibrated: our client against a real server, unless switched off; against the embedded one only
when asked.
"""

from __future__ import annotations

from argparse import Namespace

import pytest

from slabench.loadgen import ClientOptions
from slabench.session.calibration import ClientCalibration


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
    session = ClientCalibration(Namespace(client=client, calibrate=calibrate), lambda sentence: None)
    calibrator = session.calibrator(ClientOptions(), simulated=simulated)
    assert (calibrator is not None) is expected
    if calibrator is not None:
        assert calibrator.fresh is (calibrate == "fresh")
        assert session.calibrator(ClientOptions(), simulated=simulated) is calibrator
