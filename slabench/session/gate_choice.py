"""What a quick gate measures: lengths by the time that the server takes, and three batch sizes that fit.

Times are a plan's (plan_models.py): of a profile, or of a short probe at the server. Points and lengths that
the command line gives, or that an old side has, are kept.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from slabench.methods import ALI_DECODE, ALI_PREFILL, TENCENT, Form
from slabench.session.gate_quick import QuickSizes
from slabench.session.plan_models import ServerModel, VirtualServer
from slabench.session.plan_time import planned_workload
from slabench.session.planned_load import PlannedTest
from slabench.session.preflight import PreflightContext, Stage, Status, examine
from slabench.session.settings import Settings

LEAST_S = 10.0  # of a load: in one of a second the noise of a pair's ratio is 1.7 % in throughput
WAVES = 3  # of tencent's load: so many times what the server runs at once
DECODE_OUT = (256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096)
PREFILL_PROMPTS = (16, 32, 64, 128, 256, 512, 1024)
SLA_OUT = (400, 600, 800, 1200)
SLA_COUNTS = (1, 2, 4)  # times the prompts, with the longest answers


def sizes_of(workloads: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """The sizes that tests of an earlier run or a baseline have; workloads: by the ids of quick tests."""
    known: dict[str, int] = {}
    for test_id, workload in workloads.items():
        for field, key in _KEYS.get(test_id.rpartition("/")[2].partition("[")[0], ()):
            if type(workload.get(key)) is int:
                known[field] = workload[key]
    return known


_KEYS = {
    "test_decode.py::test_decode_tpot": (("decode_output_len", "output_len"),),
    "test_prefill.py::test_prefill_throughput": (("prefill_prompts", "num_prompts"),),
    "test_sla.py::test_sla": (("sla_prompts", "num_prompts"), ("sla_output_len", "output_len")),
}


def given(settings: Settings) -> set[str]:
    """The sizes that options fix, so that the choice does not matter."""
    options = settings.options
    fixed = {
        "decode_output_len": options.decode_output_len,
        "prefill_prompts": options.prefill_prompts,
        "sla_prompts": options.num_prompts,
        "sla_output_len": options.random_output_len,
    }
    return {name for name, value in fixed.items() if value is not None}


def needed(tests: Sequence[PlannedTest], known: Collection[str]) -> set[str]:
    """The sizes that these tests read, without those that are known."""
    methods = {form.method for form in _forms(tests)}
    read = {
        ALI_DECODE.method: ("decode_output_len",),
        ALI_PREFILL.method: ("prefill_prompts",),
        TENCENT.method: ("sla_prompts", "sla_output_len"),
    }
    return {name for method in methods for name in read[method]} - set(known)


def _forms(tests: Sequence[PlannedTest]) -> list[Form]:
    return [load.form for test in tests for load in test.loads if load.form.quick]


@dataclass(frozen=True, slots=True)
class Sizing:
    """models: of the servers whose time is known; without any the sizes stay as they are."""

    settings: Settings
    models: Sequence[ServerModel]

    def seconds(self, form: Form) -> float | None:
        """Of the fastest server; None where it is not known."""
        made = planned_workload(self.settings, form)
        if made is None:
            return None
        took = [model.load("", *made) for model in self.models]
        known = [each.seconds for each in took if each is not None]
        return min(known) if known and len(known) == len(took) else None

    def sizes(self, tests: Sequence[PlannedTest], wanted: Collection[str], sizes: QuickSizes) -> QuickSizes:
        """sizes with other values for those that are wanted."""
        changes: dict[str, int] = {}
        for form in _smallest(tests):
            for step in _steps(form, wanted, self._running(form)):
                seconds = self.seconds(
                    form.replaced(**{_FIELDS[name]: value for name, value in step.items()})
                )
                if seconds is None:
                    break
                changes |= step
                if seconds >= LEAST_S:
                    break
        return replace(sizes, **changes)

    def _running(self, form: Form) -> int:
        """Requests that run at once, on the smallest server; those of the published form where no model has
        limits.
        """
        limits = [model.limits for model in self.models if isinstance(model, VirtualServer)]
        tokens = form.input_len + SLA_OUT[0]
        running = [min(limit.max_running, limit.pool_tokens // tokens) for limit in limits]
        cap = form.max_concurrency or form.num_prompts
        return max(1, min([cap, *running]))


_FIELDS = {
    "decode_output_len": "output_len",
    "prefill_prompts": "num_prompts",
    "sla_prompts": "num_prompts",
    "sla_output_len": "output_len",
}
assert set(_FIELDS) == {field.name for field in fields(QuickSizes)}


def _smallest(tests: Sequence[PlannedTest]) -> Iterator[Form]:
    """Of each method the form with the fewest tokens."""
    by_method: dict[str, Form] = {}
    for form in _forms(tests):
        known = by_method.get(form.method)
        if known is None or form.num_prompts * form.input_len < known.num_prompts * known.input_len:
            by_method[form.method] = form
    yield from by_method.values()


def _steps(form: Form, wanted: Collection[str], running: int) -> Iterator[dict[str, int]]:
    """Sizes of a method's load, shortest first."""
    if form.method == ALI_DECODE.method and "decode_output_len" in wanted:
        yield from ({"decode_output_len": length} for length in DECODE_OUT)
    elif form.method == ALI_PREFILL.method and "prefill_prompts" in wanted:
        yield from ({"prefill_prompts": count} for count in PREFILL_PROMPTS)
    elif form.method == TENCENT.method:
        count = min(TENCENT.num_prompts, WAVES * running)
        lengths = [(count, length) for length in SLA_OUT]
        more = [(count * times, SLA_OUT[-1]) for times in SLA_COUNTS[1:]]
        steps = [{"sla_prompts": count, "sla_output_len": length} for count, length in (*lengths, *more)]
        kept = [{name: step[name] for name in step if name in wanted} for step in steps]
        yield from (step for step in kept if step)


def batch_points(sizes: Sequence[int]) -> tuple[int, ...]:
    """A small, a middle and the largest of the batch sizes that fit."""
    ordered = sorted(set(sizes))
    if len(ordered) <= 3:
        return tuple(ordered)
    small, *inner, large = ordered
    center = (math.log(small) + math.log(large)) / 2
    return small, min(inner, key=lambda size: abs(math.log(size) - center)), large


def chosen_points(
    tests: Sequence[PlannedTest], settings: Settings, stopped: Collection[str], kept: Collection[str] = ()
) -> list[str]:
    """ids of the tests to run. stopped: ids of those that cannot be measured.

    kept: of quick tests that an old side has: of the batch sizes then these alone, while a prompt length or
    a load that it lacks stays, and is not green. A point that the command line names stays, and is refused as
    it is in a full gate.
    """
    if any(_is_decode(test) and test.test_id in kept for test in tests):
        return [test.test_id for test in tests if not _is_decode(test) or test.test_id in kept]
    by_size = {
        load.batch_size: test.test_id
        for test in tests
        for load in test.loads
        if load.batch_size is not None and load.form.quick and test.test_id not in stopped
    }
    if settings.options.batch_sizes is not None or not by_size:
        return [test.test_id for test in tests]
    points = {by_size[size] for size in batch_points(list(by_size))}
    return [test.test_id for test in tests if not _is_decode(test) or test.test_id in points]


def stopped_tests(context: PreflightContext) -> set[str]:
    """ids of those that the servers' answers make impossible."""
    stops = (result.tests for result in examine(context, Stage.SERVER) if result.status is Status.STOP)
    return {test_id for tests in stops for test_id in tests}


def measured(context: PreflightContext) -> list[PlannedTest]:
    """The context's tests that a gate would keep."""
    chosen = chosen_points(context.tests, context.settings, stopped_tests(context))
    return [test for test in context.tests if test.test_id in chosen]


def has_short_form(test: PlannedTest) -> bool:
    return any(load.form.quick for load in test.loads)


def _is_decode(test: PlannedTest) -> bool:
    return any(load.form.quick and load.batch_size is not None for load in test.loads)
