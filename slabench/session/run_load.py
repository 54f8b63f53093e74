"""run_load: a test's workload to what was measured."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from slabench.methods import Form
from slabench.session import usage
from slabench.session.measurement import NEW, Measured, trials

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
    """Callable handed to a test; one object a test."""

    def __init__(self, campaign: Campaign, test: TestParts) -> None:
        self.campaign, self.test = campaign, test

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
        """Measure, --repeats times and on both servers of an A/B run.

        point has to be given: usage.py says what it is where it is missing.
        """
        from slabench.session.trial import run_trial

        point = usage.check_load(form, point, labels, batch_size)
        both = self.campaign.servers.baseline is not None
        asked = tuple(trials(self.campaign.settings.repeats, both=both))
        loads = tuple(
            run_trial(
                self.campaign,
                self.test,
                form,
                trial,
                point=point,
                labels=labels,
                batch_size=batch_size,
                loads=len(asked),
            )
            for trial in asked
        )
        return replace(next(load for load in loads if load.trial.side == NEW), trials=loads)

    def probe(self, form: Form, number: int, watch: Watch) -> RunRecord:
        """One probe of the capacity search."""
        from slabench.session.trial import run_probe

        return run_probe(self.campaign, self.test, form, number, watch)
