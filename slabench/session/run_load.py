"""run_load: a test's workload to what was measured."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from slabench.errors import InvalidRun, interrupted_by
from slabench.messages import Message
from slabench.methods import Form
from slabench.session import usage
from slabench.session.measurement import NEW, Measured, Trial, trials
from slabench.units import duration

if TYPE_CHECKING:
    from slabench.capacity.watch import Watch
    from slabench.records import RunRecord
    from slabench.session.campaign import Campaign
    from slabench.session.deployment import Deployment
    from slabench.session.trial import TestParts

# trial.py imports the client, TLS and the tokenizer: imported with the first load, since tests import this
# module when they are collected.


def from_options(form: Form, options: Namespace) -> Form:
    """The workload options of tests/tencent and tests/serving over a form's defaults."""
    return form.replaced(
        num_prompts=options.num_prompts,
        request_rate=options.request_rate,
        max_concurrency=options.max_concurrency,
        input_len=options.random_input_len,
        output_len=options.random_output_len,
    )


class RunLoad:
    """Callable handed to a test; one object a test. test_ids: of all tests of the session."""

    def __init__(self, campaign: Campaign, test: TestParts, test_ids: Sequence[str] = ()) -> None:
        self.campaign, self.test, self.test_ids = campaign, test, test_ids
        self.loaded = False

    @property
    def test_id(self) -> str:
        return self.test.test_id

    @property
    def deployment(self) -> Deployment:
        return self.campaign.servers.new

    def __call__(
        self,
        form: Form,
        *,
        point: Mapping[str, Any] | None = None,
        labels: tuple[str, ...] = (),
        batch_size: int | None = None,
    ) -> Measured:
        """Measure, --repeats times or until the comparison is decided, and on both servers of an A/B run.

        point has to be given: usage.py says what it is where it is missing.
        """
        from slabench.session.pairs import Looking, until_decided
        from slabench.session.trial import run_trial

        point = usage.check_load(form, point, labels, batch_size)
        usage.first_load(self.loaded)
        self.loaded = True
        campaign, settings = self.campaign, self.campaign.settings
        both = campaign.servers.baseline is not None

        looks, stopped = settings.looks, None
        most = settings.repeats if looks is None else looks.last
        planned = tuple(trials(most, both=both, until_decided=looks is not None))

        def measure(trial: Trial) -> Measured:
            return run_trial(
                campaign,
                self.test,
                form,
                trial,
                point=point,
                labels=labels,
                batch_size=batch_size,
                loads=len(planned),
            )

        if looks is None:
            loads = [measure(trial) for trial in planned]
        else:
            compared = campaign.compared_with(self.test_id, self.test_ids)
            look = Looking(looks, settings, compared, campaign.facts)
            loads, stopped = until_decided(planned, measure, look, campaign.over)
            if not loads:
                raise InvalidRun(Message("gate.no_pair", budget=duration(settings.options.time_budget)))
        first = next(load for load in loads if load.trial.side == NEW)
        from slabench.session.answers import after_the_loads

        try:
            answers = after_the_loads(campaign, self.test, form)
        except KeyboardInterrupt as stop:
            self._keep(first, len(loads), interrupted_by(stop))
            raise
        return replace(first, trials=tuple(loads), stopped=stopped, answers=answers)

    def _keep(self, first: Measured, loads: int, signal: str) -> None:
        """All loads are measured: a signal ended what is asked after them."""
        from slabench.session import partial_entry

        entry = partial_entry.after_the_loads(self.test_id, first, loads, signal)
        partial_entry.hand_over(self.campaign, first.deployment, entry, first.labels)

    def probe(self, form: Form, number: int, watch: Watch) -> RunRecord:
        """One probe of the capacity search."""
        from slabench.session.trial import run_probe

        return run_probe(self.campaign, self.test, form, number, watch)
