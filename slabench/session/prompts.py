"""The session's prompts: one recipe for each form, made once for all tests that ask for it, and before them
where a core is free.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

from slabench.methods import Form
from slabench.session.settings import Settings
from slabench.session.tokenizer import TokenizerSource
from slabench.workloads import Workload, WorkloadSpec, prepare
from slabench.workloads.cache import DatasetStore
from slabench.workloads.prefetch import Prefetch

FREE_CORES = 4  # below it making prompts would take from the load that is being measured, or from the server


class Prompts:
    """One a session. workload() gives a test's prompts; forms: (test id, form) of the session's tests, in
    their order.
    """

    def __init__(
        self,
        settings: Settings,
        tokenizer: TokenizerSource,
        forms: Callable[[], list[tuple[str, Form]]],
        store: DatasetStore | None = None,
    ) -> None:
        self.settings, self.tokenizer = settings, tokenizer
        self.store = DatasetStore() if store is None else store
        self._forms = forms
        self._planned: list[WorkloadSpec] | None = None
        self._prefetch: Prefetch | None = None

    def spec(self, form: Form, *, salt: str, further: int) -> WorkloadSpec:
        """further: 0 for the prompts that every run of a test has; its repeats and probes have others, by the
        seed and by salt.
        """
        settings, options = self.settings, self.settings.options
        size = options.vocab_size
        if size is None and settings.prompt_form == "ids" and settings.dataset_name == "random-ids":
            folder = self.tokenizer.folder()
            if folder is not None:
                size = self.store.vocabulary(folder, self.tokenizer.required)
        return WorkloadSpec(
            dataset_name=settings.dataset_name,
            num_prompts=form.num_prompts,
            input_len=form.input_len,
            output_len=form.output_len,
            range_ratio=options.random_range_ratio,
            seed=options.seed + further,
            prompt_form=settings.prompt_form,
            dataset_path=options.dataset_path,
            sharegpt_output_len=options.sharegpt_output_len,
            vocab_size=size,
            salt=salt,
        )

    def workload(self, form: Form, test_id: str, *, repeat: int = 1, probe: int = 0) -> Workload:
        """repeat: from 1, the first with the prompts that every run has, and with --same-prompts all of them.
        probe: the number of a capacity search's probe, from 1, which has prompts of its own.
        """
        same_prompts = self.settings.options.same_prompts
        further = 0 if same_prompts else repeat - 1
        salt = f"{test_id}#{repeat}" if further else test_id
        spec = self.spec(form, salt=salt, further=further + probe)
        if self._planned is None:
            sets = 1 if same_prompts else self.settings.repeats
            forms = self._forms()
            self._planned = [
                self.spec(planned, salt=name, further=k) for k in range(sets) for name, planned in forms
            ]
        same = [planned.num_prompts for planned in self._planned if _recipe(planned) == _recipe(spec)]
        made = prepare(
            spec,
            tokenizer=self.tokenizer.required,
            store=self.store,
            tokenizer_folder=self.tokenizer.folder(),
            at_least=max(same, default=0),
            awaited=self._await,
        )
        return replace(made, same_prompts=same_prompts)

    def _await(self, spec: WorkloadSpec) -> bool:
        """Prompts that are not in the cache: a process of its own makes them, and those of the tests to come
        while this one runs.
        """
        folder, options = self.tokenizer.folder(), self.settings.options
        if len(os.sched_getaffinity(0)) < FREE_CORES or folder is None:
            return False
        if self._prefetch is None:
            # One making a recipe, of the most prompts that any test asks for, in the tests' order.
            most: dict[WorkloadSpec, WorkloadSpec] = {}
            for planned in [spec, *(self._planned or ())]:
                key = _recipe(planned)
                most[key] = max(most.get(key, planned), planned, key=lambda spec: spec.num_prompts)
            self._prefetch = Prefetch(
                list(most.values()),
                folder,
                self.store.folder,
                trust_remote_code=options.trust_remote_code,
                allow_download=options.allow_download,
            )
        return self._prefetch.wait(lambda planned: _recipe(planned) == _recipe(spec))

    def close(self) -> None:
        if self._prefetch is not None:
            self._prefetch.close()


def _recipe(spec: WorkloadSpec) -> WorkloadSpec:
    """Of two specs with the same recipe the longer serves both: prompts depend neither on their number nor on
    the answers' lengths.
    """
    return replace(spec, num_prompts=0, output_len=0, salt="")
