"""What the checks before a load look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slabench.loadgen.plan import Plan
from slabench.session.planned_load import PlannedLoad, PlannedTest
from slabench.session.settings import Settings

if TYPE_CHECKING:
    from slabench.session.campaign import Campaign
    from slabench.session.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Side:
    """A server of the session. baseline: the one that the server under test is compared with."""

    deployment: Deployment
    baseline: bool


@dataclass(frozen=True, slots=True)
class PreflightContext:
    """campaign: its servers have answered; None while only the command line is known."""

    settings: Settings
    tests: Sequence[PlannedTest]
    campaign: Campaign | None = None

    @property
    def loads(self) -> Iterator[tuple[str, PlannedLoad]]:
        """(test id, load); not those of a capacity search, which sets its loads itself."""
        for test in self.tests:
            yield from ((test.test_id, load) for load in test.loads if not load.search)

    @property
    def sides(self) -> Sequence[Side]:
        if self.campaign is None:
            return ()
        servers = self.campaign.servers
        old = () if servers.baseline is None else (Side(servers.baseline, baseline=True),)
        return (Side(servers.new, baseline=False), *old)

    @property
    def streams(self) -> tuple[str, PlannedLoad] | None:
        """The test that has the most requests in flight."""
        return max(self.loads, key=lambda pair: pair[1].in_flight, default=None)

    def least_lengths(self, load: PlannedLoad) -> tuple[int, int] | None:
        """Tokens of the shortest prompt and answer that may be drawn; None: conversations have their own."""
        options = self.settings.options
        if self.settings.dataset_name == "sharegpt":
            return None
        form, ratio = load.form, options.random_range_ratio
        return max(int(form.input_len * ratio), 1), max(int(form.output_len * ratio), 1)


def plan_of(load: PlannedLoad) -> Plan:
    """Without due times: what the client's limits depend on is how many are in flight."""
    count, cap = load.form.num_prompts, load.form.max_concurrency
    return Plan.at_once(count) if cap is None else Plan.closed_loop(count, cap)
