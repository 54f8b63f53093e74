"""Which of a load's figures the verdict hangs on: a check that finds one of them wrong makes the test
INVALID.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from slabench.metrics.bounded import bounds
from slabench.session.measurement import Measured
from slabench.verdict.sla import Slo

if TYPE_CHECKING:
    from slabench.session.evaluate import Judge


def judged(
    judge: Judge, measured: Measured, slos: Sequence[Slo], shown: Sequence[str], figures: Mapping[str, float]
) -> tuple[str, ...]:
    """Keys of the figures: objectives, and what the old side or a later run is compared by.

    Where there is neither, the first of those that stand for the test.
    """
    from slabench.verdict.gated_metrics import gated_keys

    found = [one.metric for one in slos]
    if _is_compared(judge, measured):
        known = judge.settings.baseline
        entry = {} if known is None else known.tests.get(judge.test_id, {})
        found += gated_keys(measured.form.method, figures, classic=measured.run.reported is not None)
        found += [*entry.get("figures", ()), *entry.get("floors", ())]
    return tuple(
        dict.fromkeys(key for key in found or shown[:1] if key in figures or bounds(key, figures) is not None)
    )


def _is_compared(judge: Judge, measured: Measured) -> bool:
    """With something older, or by something that comes later: a run with repeats is made for that."""
    campaign, settings = judge.campaign, judge.settings
    sides = (campaign.other, campaign.before, settings.baseline, settings.save_baseline)
    return measured.turn.repeats > 1 or any(one is not None for one in sides)
