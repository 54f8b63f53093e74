"""Warm-up: what a server does once (kernels, CUDA graphs, memory) is done before it is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slabench.loadgen.plan import Plan
from slabench.loadgen.run import LoadResult
from slabench.loadgen.workers import streams_at_once
from slabench.messages import Sentence
from slabench.workloads.model import Prompt, Workload

BATCH = "batch"
OUTPUT_LEN = 16  # at most: a prefill and the first steps of decoding; bench_serving waits for 32 tokens
Send = Callable[[Sequence[Prompt]], LoadResult]
Shapes = set[tuple[object, ...]]  # load shapes that their server has already served


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What --warmup-requests asks for before one load: so many of its own first prompts, sent at once."""

    requests: int
    once: bool  # `batch`: for each server process and shape
    prompts: Sequence[Prompt]
    server: tuple[object, ...]
    shape: tuple[object, ...]

    @classmethod
    def of(cls, wanted: int | str, url: str, backend: str, workload: Workload, plan: Plan) -> WarmUp:
        prompts, spec = workload.prompts, workload.spec
        lengths = [prompt.output_len for prompt in prompts]
        once = wanted == BATCH
        requests = min(streams_at_once(plan, lengths), len(prompts)) if once else int(wanted)
        recipe = (spec.dataset_name, spec.prompt_form, spec.input_len, spec.range_ratio)
        server = (url, backend, *recipe)
        shape = (*server, min(max(lengths, default=0), OUTPUT_LEN), requests)
        return cls(requests, once, prompts, server, shape)

    def needed(self, served: Shapes, *, first_counts: bool = True) -> bool:
        """Whether it has to be sent, to a server that has served these shapes."""
        shape = self.shape if first_counts else self.server
        return bool(self.requests) and not (self.once and shape in served)

    def run(self, served: Shapes, send: Send, *, first_counts: bool = True) -> list[str]:
        """Send it, and add its shape to those served; the answer: notes.

        first_counts=False: `batch` once for each server and prompt lengths, whatever the load's size.
        """
        if not self.needed(served, first_counts=first_counts):
            return []
        result = send([self.prompts[k % len(self.prompts)] for k in range(self.requests)])
        failed = sum(not record.ok for record in result.requests)
        if failed:
            return [Sentence.of("warmup.failed", failed=failed, requests=len(result.requests))]
        served.add(self.shape if first_counts else self.server)
        return []
