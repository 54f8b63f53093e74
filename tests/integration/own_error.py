"""A pytest plugin for runs of the suite: the null server is taken as read, with a client that reads first
tokens 40 ms late.

Whether a machine that runs these tests has two free cores to calibrate with is not what they are about.
"""

from __future__ import annotations

from slabench.calibration import Shape, calibrate
from slabench.loadgen import ClientOptions
from slabench.records import Calibration


def read(shape: Shape, options: ClientOptions) -> Calibration:
    return Calibration(
        "measured",
        "",
        shape.streams,
        shape.itl_ms,
        shape.tokens,
        0.05,
        40.0,
        1.5,
        0.1,
        "2026-01-02T03:04:05+00:00",
    )


calibrate.measure = read
