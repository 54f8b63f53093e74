"""The session's prompts: one recipe for each form, made once for all tests that want it, ahead of them where
a core is free.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from slabench.methods import Form
from slabench.session.deployment import Campaign

if TYPE_CHECKING:
    from slabench.workloads import Workload, WorkloadSpec
    from slabench.workloads.prefetch import Prefetch

FREE_CORES = 4  # below it making prompts would take from the load that is being measured, or from the server


class Prompts:
    """One a session. workload() gives a test's prompts; forms: what the session's tests will ask for, in
    their order.
    """

    def __init__(self, campaign: Campaign, forms: Callable[[], list[tuple[str, Form]]]) -> None:
        self.campaign = campaign
        self._forms = forms
        self._planned: list[WorkloadSpec] | None = None
        self._ahead: Prefetch | None = None

    def spec(self, form: Form, *, salt: str, further: int) -> WorkloadSpec:
        """further: 0 for the prompts that every run of a test has; its repeats and probes have others, by the
        seed and by salt.
        """
        from slabench.workloads import WorkloadSpec

        settings, given = self.campaign.settings, self.campaign.settings.given
        size = given.vocab_size
        if size is None and settings.prompt_form == "ids" and settings.dataset_name == "random-ids":
            folder = self.campaign.tokenizer_folder()
            if folder is not None:
                size = self.campaign.store.vocabulary(folder, self.campaign.required_tokenizer)
        return WorkloadSpec(
            dataset_name=settings.dataset_name,
            num_prompts=form.num_prompts,
            input_len=form.input_len,
            output_len=form.output_len,
            range_ratio=given.random_range_ratio,
            seed=given.seed + further,
            prompt_form=settings.prompt_form,
            dataset_path=given.dataset_path,
            sharegpt_output_len=given.sharegpt_output_len,
            vocab_size=size,
            salt=salt,
        )

    def workload(self, form: Form, *, salt: str, further: int = 0) -> Workload:
        from slabench.workloads import prepare

        spec = self.spec(form, salt=salt, further=further)
        if self._planned is None:
            sets = 1 if self.campaign.settings.given.same_prompts else self.campaign.settings.repeats
            forms = self._forms()
            self._planned = [
                self.spec(planned, salt=name, further=k) for k in range(sets) for name, planned in forms
            ]
        return prepare(
            spec,
            tokenizer=self.campaign.required_tokenizer,
            store=self.campaign.store,
            tokenizer_folder=self.campaign.tokenizer_folder(),
            at_least=max(
                (one.num_prompts for one in self._planned if _recipe(one) == _recipe(spec)), default=0
            ),
            awaited=self._await,
        )

    def _await(self, spec: WorkloadSpec) -> bool:
        """Prompts that are not kept yet: a process of its own makes them, and those of the tests to come
        while this one runs.
        """
        from slabench.workloads.prefetch import Prefetch

        folder = self.campaign.tokenizer_folder()
        if len(os.sched_getaffinity(0)) < FREE_CORES or folder is None:
            return False
        if self._ahead is None:
            # One making a recipe, of the most prompts that any test wants, in the tests' order.
            most: dict[Any, WorkloadSpec] = {}
            for one in [spec, *(self._planned or ())]:
                key = _recipe(one)
                most[key] = max(most.get(key, one), one, key=lambda spec: spec.num_prompts)
            given = self.campaign.settings.given
            self._ahead = Prefetch(
                list(most.values()),
                folder,
                self.campaign.store.folder,
                trust_remote_code=given.trust_remote_code,
                allow_download=given.allow_download,
            )
        return self._ahead.wait(lambda one: _recipe(one) == _recipe(spec))

    def close(self) -> None:
        if self._ahead is not None:
            self._ahead.close()


def _recipe(spec: WorkloadSpec) -> WorkloadSpec:
    """Of two specs with the same, the longer serves both: prompts do not depend on their number, nor on the
    answers' lengths.
    """
    return replace(spec, num_prompts=0, output_len=0, salt="")
