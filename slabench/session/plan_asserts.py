"""What a planned test will be judged by: its objectives, the baseline's floors, the comparison."""

from __future__ import annotations

from slabench.messages import Message
from slabench.methods import Form
from slabench.session.planned_load import PlannedTest
from slabench.session.settings import Settings
from slabench.session.trial_checks import applicable
from slabench.verdict import sla
from slabench.verdict.gated_metrics import gating
from slabench.verdict.validity.curve import METHOD as CURVE


def asserted(test: PlannedTest, settings: Settings) -> tuple[Message, ...]:
    """In the order in which the report shows them. Beside them every test asserts that its run is valid."""
    if test.accuracy:
        return _accuracy(test, settings)
    parts: list[Message] = []
    if test.ended is not None:
        parts.append(Message("plan.ended", ended=test.ended))
    forms = [load.form for load in test.loads]
    batch = any(load.batch_size is not None for load in test.loads)
    wanted, _ = applicable(settings.slos, max((form.output_len for form in forms), default=2), batch=batch)
    quick = any(form.quick for form in forms)
    slos = () if test.curve else wanted if quick else sla.merge(test.rules, wanted)
    if quick and test.rules:
        parts.append(Message("plan.not_judged", rules=", ".join(map(str, test.rules))))
    if slos:
        parts.append(Message("plan.slos", slos=", ".join(map(str, slos))))
    compared, objectives = _compared(test, forms, settings)
    parts += compared
    if not slos and not objectives:
        gate = settings.gate
        parts.append(Message("plan.nothing") if gate is None else Message("plan.nothing_gate", gate=gate))
    return tuple(parts)


def _accuracy(test: PlannedTest, settings: Settings) -> tuple[Message, ...]:
    parts, floor, points = list[Message](), settings.options.accuracy_floor, settings.tolerance * 100
    if floor is not None:
        parts.append(Message("plan.accuracy_floor", floor=floor))
    stored = None if settings.baseline is None else settings.baseline.tests.get(test.test_id)
    if settings.baseline_url is not None:
        parts.append(Message("plan.accuracy_server", points=points))
    elif settings.baseline is not None and stored is not None and stored.answers is not None:
        parts.append(Message("plan.accuracy_file", file=settings.baseline.path, points=points))
    if not parts:
        gate = settings.gate
        parts.append(Message("plan.nothing") if gate is None else Message("plan.nothing_gate", gate=gate))
    count = 0 if settings.questions is None else len(settings.questions.questions)
    return (Message("plan.questions", questions=count), *parts)


def _compared(test: PlannedTest, forms: list[Form], settings: Settings) -> tuple[list[Message], bool]:
    """(what is said, whether any of it is an objective)"""
    methods = [(CURVE, False)] if test.curve else dict.fromkeys((form.method, form.quick) for form in forms)
    gates = [metric for method, quick in methods for metric in gating(method, quick=quick)]
    names = [f"{metric.name}.mean" if metric.spread else metric.name for metric in gates]
    metrics, tolerance = ", ".join(dict.fromkeys(names)), settings.tolerance * 100
    if settings.baseline_url is not None:
        return [Message("plan.old_server", metrics=metrics, tolerance=tolerance)], True
    if settings.baseline is None:
        return [], False
    stored = settings.baseline.tests.get(test.test_id)
    if stored is None:
        required = settings.options.require_baseline
        return [Message("plan.no_baseline_failed" if required else "plan.no_baseline")], bool(required)
    gated = ", ".join(stored.samples.values)
    parts = [Message("plan.file", file=settings.baseline.path, metrics=gated, tolerance=tolerance)]
    if stored.floors:
        floors = ", ".join(f"{key} {limit:g}" for key, limit in stored.floors.items())
        parts.insert(0, Message("plan.floors", floors=floors))
    return parts, True
