"""The client's own error beside a test's run: known before it, measured for a faster token rate after it
where it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from slabench.records import Calibration, RunRecord
from slabench.session.deployment import Campaign

if TYPE_CHECKING:
    from slabench.loadgen.options import ClientOptions
    from slabench.loadgen.plan import Plan


def begin(
    campaign: Campaign, options: ClientOptions, plan: Plan, *, one_token: bool
) -> Callable[[RunRecord], RunRecord]:
    """Calibrate for the plan's concurrency; the answer puts what is known into the run that was measured."""
    calibrator = campaign.calibrator(options)
    if calibrator is None:
        off = Calibration("off", "--calibrate=off") if campaign.settings.given.calibrate == "off" else None
        return lambda run: _with(run, off if run.reported is None else None)
    concurrency = min(plan.cap or plan.count, plan.count)
    known = calibrator.before(concurrency, one_token=one_token)

    def finish(run: RunRecord) -> RunRecord:
        from slabench.metrics.compute import compute

        return _with(run, calibrator.after(known, concurrency, compute(run).get("tpot.mean")))

    return finish


def _with(run: RunRecord, found: Calibration | None) -> RunRecord:
    return replace(run, client=replace(run.client, calibration=found))
