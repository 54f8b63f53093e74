"""A server's loads in the order of a run: what each takes, and what comes before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slabench.loadgen import ClientOptions, Plan
from slabench.methods import Form
from slabench.session.load import LoadOptions
from slabench.session.plan_models import ServerModel, Took
from slabench.session.settings import SIM, Settings
from slabench.session.stream_probe import PROMPT_TOKENS, TOKENS
from slabench.session.warmup import OUTPUT_LEN, Shapes, WarmUp
from slabench.workloads import Workload, WorkloadSpec
from slabench.workloads.model import SHAREGPT, Prompt
from slabench.workloads.prepare import lengths

if TYPE_CHECKING:
    from slabench.calibration.shape import Shape

START_S = 2.0  # of a session: servers identified, tokenizer and first prompts made
CALIBRATION_S = 4.0  # the null server started, 2 s of answers, and compared
VOCABULARY_S = 10.0  # both servers' log-probabilities of 152,000 tokens after 16 beginnings (docs/answers.md)


def planned_workload(settings: Settings, form: Form) -> tuple[Workload, Plan] | None:
    """The lengths and due times of a form's first load, as prepare() draws them, without prompts.

    None where a data set's conversations have the lengths.
    """
    import numpy as np

    if settings.dataset_name == SHAREGPT:
        return None
    options = settings.options
    spec = WorkloadSpec(
        dataset_name=settings.dataset_name,
        num_prompts=form.num_prompts,
        input_len=form.input_len,
        output_len=form.output_len,
        range_ratio=options.random_range_ratio,
        seed=options.seed,
        prompt_form=settings.prompt_form,
    )
    draw = np.random.RandomState(spec.seed)
    inputs, outputs = (
        lengths(draw, full, spec.range_ratio, spec.num_prompts) for full in (form.input_len, form.output_len)
    )
    prompts = [Prompt(None, None, *each) for each in zip(inputs, outputs, strict=True)]
    gaps = tuple(draw.standard_exponential(spec.num_prompts).tolist())
    workload = Workload(spec, prompts, gaps)
    return workload, LoadOptions.of(settings).plan(form, workload)


@dataclass(slots=True)
class KnownCalibrations:
    """Of this machine's client: what has to be measured once in a session, and is not on disk."""

    settings: Settings
    made: set[Shape] = field(default_factory=set)

    def seconds(self, plan: Plan, took: Took) -> float:
        from slabench.calibration.shape import Shape
        from slabench.calibration.store import Store

        options, simulated = (
            self.settings.options,
            any(url.startswith(SIM) for url in self.settings.base_urls),
        )
        off = options.calibrate == "off" or (simulated and options.calibrate == "auto")
        if options.client != "slabench" or off:
            return 0.0
        client: ClientOptions = LoadOptions.of(self.settings).quiet.client
        at_once = min(plan.cap or plan.count, plan.count)
        shapes = {Shape.of(at_once, one_token=took.tpot_ms is None)}
        if took.tpot_ms is not None and took.tpot_ms < min(shape.itl_ms for shape in shapes):
            shapes.add(Shape.of(at_once, took.tpot_ms))
        fresh = options.calibrate == "fresh"
        new = [shape for shape in shapes - self.made if fresh or Store(client).load(shape) is None]
        self.made |= shapes
        return CALIBRATION_S * len(new)


@dataclass(frozen=True, slots=True)
class LoadTime:
    """Seconds: of the load, and of what comes before and after it."""

    load_s: float
    beside_s: float

    @property
    def whole_s(self) -> float:
        return self.load_s + self.beside_s


class ServerTime:
    """One server's part of a run, load by load: what is done once is counted once."""

    def __init__(self, name: str, model: ServerModel | None, settings: Settings) -> None:
        self.name, self.model, self.settings = name, model, settings
        self.options = LoadOptions.of(settings)
        self.served: Shapes = set()
        self.probed = self.replayed = False

    def load(
        self, test_id: str, workload: Workload, plan: Plan, calibrations: KnownCalibrations
    ) -> LoadTime | None:
        """The next load; None where the model does not know it."""
        took = None if self.model is None else self.model.load(test_id, workload, plan)
        if took is None or self.model is None:
            return None
        beside = self.model.beside_s + calibrations.seconds(plan, took)
        beside += self._probe_s(one_token=workload.spec.output_len == 1)
        warmup = WarmUp.of(self.options.warmup_requests, self.name, self.options.backend, workload, plan)
        if warmup.needed(self.served):
            self.served.add(warmup.shape)
            prompts = [workload.prompts[k % len(workload.prompts)] for k in range(warmup.requests)]
            short = min(workload.spec.output_len, OUTPUT_LEN)
            beside += self._at_once([(prompt.input_len, short) for prompt in prompts])
        return LoadTime(took.seconds, beside)

    def _probe_s(self, *, one_token: bool) -> float:
        """As stream_probe.py sends it."""
        if self.probed or (one_token and self.replayed):
            return 0.0
        self.probed, self.replayed = not one_token, True
        sent = (1, 1) if one_token else (1, TOKENS, 1)
        return sum(self._at_once([(PROMPT_TOKENS, tokens)]) for tokens in sent)

    def answers_s(self, form: Form) -> tuple[float, float]:
        """(least, most) of its own answers after the loads, and of its scores of both servers' answers: with
        the prompts in its prefix cache from the load, or not before it answers them.
        """
        from slabench.session.answers import SCORED_AT_ONCE, asked_of

        count, tokens = asked_of(form)
        scores = self._at_once([(tokens, 1)] * SCORED_AT_ONCE) * 2 * count / SCORED_AT_ONCE
        least, most = (self._at_once([(prompt, tokens)] * count) for prompt in (1, form.input_len))
        return least + scores, most + scores

    def _at_once(self, requests: list[tuple[int, int]]) -> float:
        seconds = None if self.model is None else self.model.at_once(tuple(requests))
        return seconds or 0.0
