"""Checks that are made where a test's loads meet: slabench/capacity/agrees.py and
slabench/session/measurement.py.
"""

from __future__ import annotations

from slabench.verdict.validity.registry import REGISTERED, Registration, Stage

REGISTERED.extend(
    [
        Registration(
            Stage.TEST,
            evidence="the search's probes",
            invalid=(
                "the judged run's time between tokens is more than 15 % outside of what the probes of its "
                "load had, or it holds although no load held in the search"
            ),
            why="the server was another one (cold, disturbed) during the search",
            name="capacity_agrees",
        ),
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
