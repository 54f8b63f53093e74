"""Warm-up: what a server does for the first time (kernels, CUDA graphs, memory) is done before it is
measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from slabench.loadgen.workers import streams_at_once

if TYPE_CHECKING:
    from slabench.loadgen.plan import Plan
    from slabench.loadgen.run import LoadResult
    from slabench.session.deployment import Campaign, Deployment
    from slabench.workloads.model import Prompt, Workload

BATCH = "batch"
OUTPUT_LEN = 16  # at most: a prefill and the first steps of decoding; bench_serving waits for 32 tokens
Send = Callable[[Sequence["Prompt"]], "LoadResult"]


class Warmup:
    """What --warmup-requests asks for before one load: so many of its own first prompts, sent at once."""

    def __init__(self, campaign: Campaign, deployment: Deployment, workload: Workload, plan: Plan) -> None:
        wanted = campaign.settings.given.warmup_requests
        lengths = [prompt.output_len for prompt in workload.prompts]
        self.once = wanted == BATCH
        self.requests = (
            min(streams_at_once(plan, lengths), len(workload.prompts)) if self.once else int(wanted)
        )
        self._warm, self._prompts = campaign.warm, workload.prompts
        spec = workload.spec
        given = campaign.settings.given
        self._server = (
            deployment.url,
            given.backend,
            spec.dataset_name,
            spec.prompt_form,
            spec.input_len,
            spec.range_ratio,
        )
        self._shape = (*self._server, min(max(lengths, default=0), OUTPUT_LEN), self.requests)

    def run(self, send: Send, *, first_counts: bool = True) -> list[str]:
        """Notes. `batch`: once for each server process and shape; with first_counts=False once for each
        server and lengths.
        """
        shape = self._shape if first_counts else self._server
        if not self.requests or (self.once and shape in self._warm):
            return []
        result = send([self._prompts[k % len(self._prompts)] for k in range(self.requests)])
        bad = sum(not record.ok for record in result.requests)
        if bad:
            return [f"{bad} of {len(result.requests)} warm-up requests failed."]
        self._warm.add(shape)
        return []
