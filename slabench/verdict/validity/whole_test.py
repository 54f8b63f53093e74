"""A check that is made where a test's loads meet: slabench/session/measurement.py."""

from __future__ import annotations

from slabench.verdict.validity.registry import REGISTERED, Registration, Stage

REGISTERED.extend(
    [
        Registration(
            Stage.TEST,
            evidence="repeats of a test",
            invalid=(
                "an objective holds on the repeats' average and not in each of them: a finding, with the "
                "worst repeat"
            ),
            why="one repeat was disturbed, or the deployment is not steady",
            name="every_repeat",
        ),
    ]
)
