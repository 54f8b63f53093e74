"""A check that is made from all loads of a test: slabench/session/measurement.py."""

from __future__ import annotations

from slabench.verdict.validity.registry import REGISTERED, Registration, Stage

REGISTERED.append(
    Registration(
        Stage.TEST,
        evidence="repeats of a test",
        invalid=(
            "never; a finding when an objective holds on the repeats' average and not in each repeat; it "
            "names the worst repeat"
        ),
        why="one repeat was disturbed, or the deployment is not steady",
        name="every_repeat",
    )
)
