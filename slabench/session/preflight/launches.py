"""Launches: whether few of them have the spread that they need, and whether the earlier ones were valid."""

from __future__ import annotations

from collections.abc import Iterator

from slabench.messages import Message
from slabench.server.secrets import redact_url
from slabench.session.preflight.context import PreflightContext
from slabench.session.preflight.registry import Preflight, Result, Stage, Status, ok, stop
from slabench.verdict.comparison import Comparison, ComparisonState
from slabench.verdict.launch_spread import LEAST_OWN


@Preflight(
    Stage.COMMAND_LINE,
    needs="--launches, --launch-spread",
    stops=f"fewer than {LEAST_OWN} launches of both servers, and no stored spread of launches of the test",
)
def launch_spread(context: PreflightContext) -> Iterator[Result]:
    settings = context.settings
    file, both = settings.launch_spread, settings.baseline_url is not None
    if file is None or not both or not 1 < settings.launches < LEAST_OWN:
        return
    stored = {test_id for test_id, test in file.tests.items() if test.launches.spread.sd}
    points = [test for test in context.tests if any(load.batch_size for load in test.loads)]
    # of the batch sizes a quick gate measures those that the file has
    some = settings.quick and any(test.test_id in stored for test in points)
    asked = [test for test in context.tests if not (some and test in points)]
    without = [test.test_id for test in asked if test.test_id not in stored]
    if without:
        yield stop(
            "launch_spread.missing", without, launches=settings.launches, file=file.path, least=LEAST_OWN
        )
    else:
        yield ok("launch_spread.stored", file=file.path)


@Preflight(
    Stage.SERVER,
    needs="the runs at the earlier launches (--launches)",
    stops="an earlier launch has no valid result of the test",
)
def earlier_launches(context: PreflightContext) -> Iterator[Result]:
    campaign = context.campaign
    old = None if campaign is None else campaign.servers.baseline
    if campaign is None or old is None or not campaign.earlier:
        return
    refused = False
    for test in context.tests:
        loads = [launch.loads(test.test_id) for launch in campaign.earlier]
        why = next((each for each in loads if isinstance(each, Message)), None)
        if why is None:
            continue
        refused = True
        comparison = Comparison(redact_url(old.url), ComparisonState.NOT_COMPARABLE).refused(why)
        assert comparison.not_comparable is not None, "it was refused for that"
        yield Result(Status.STOP, comparison.not_comparable, tests=(test.test_id,), comparison=comparison)
    if not refused:
        yield ok("earlier_launches.valid", launches=len(campaign.earlier))
