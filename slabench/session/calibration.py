"""The client's own error beside a test's run: known before it, and measured for a faster token rate after it
where the run was faster.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from slabench.loadgen import ClientOptions, Plan
from slabench.loadgen.transports.base import LoadHosts
from slabench.messages import Message
from slabench.metrics.compute import compute
from slabench.records import Calibration, RunRecord

if TYPE_CHECKING:
    from slabench.calibration import Calibrator


class ClientCalibration:
    """One a session: its calibrator, where there is one."""

    def __init__(self, options: Namespace, say: Callable[[Message | str], None]) -> None:
        self.options, self.say = options, say
        self._calibrator: Calibrator | None = None

    def calibrator(
        self, client: ClientOptions, place: LoadHosts | None = None, *, simulated: bool
    ) -> Calibrator | None:
        """None where the client's error is not asked for: another client, or the embedded server without
        --calibrate=fresh.
        """
        options = self.options
        off = options.calibrate == "off" or (simulated and options.calibrate == "auto")
        if options.client != "slabench" or off:
            return None
        if self._calibrator is None:
            from slabench.calibration import Calibrator  # numpy: only where the client is calibrated
            from slabench.calibration.at_hosts import measurer

            self._calibrator = Calibrator(
                client,
                fresh=options.calibrate == "fresh",
                say=self.say,
                measurer=None if place is None else measurer(place),
                place=place,
            )
        return self._calibrator

    def begin(
        self,
        client: ClientOptions,
        plan: Plan,
        *,
        one_token: bool,
        simulated: bool,
        place: LoadHosts | None = None,
    ) -> Callable[[RunRecord], RunRecord]:
        """Calibrate for the plan's concurrency; the answer adds the result to the run that was measured."""
        calibrator = self.calibrator(client, place, simulated=simulated)
        if calibrator is None:
            off = Calibration("off", "--calibrate=off") if self.options.calibrate == "off" else None
            return lambda run: _with(run, off if run.reported is None else None)
        concurrency = min(plan.cap or plan.count, plan.count)
        known = calibrator.before(concurrency, one_token=one_token)
        return lambda run: _with(run, calibrator.after(known, concurrency, compute(run).get("tpot.mean")))


def _with(run: RunRecord, calibration: Calibration | None) -> RunRecord:
    return replace(run, client=replace(run.client, calibration=calibration))
