"""What a test is judged by: its own objectives and the command line's, with goodput's limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from slabench.bench_serving import objectives
from slabench.messages import Message, Sentence
from slabench.metrics.bounded import bounds
from slabench.reported_records import ReportedRun
from slabench.session.comparison import ComparedWith
from slabench.session.measurement import Measured
from slabench.session.settings import Settings
from slabench.session.trial_checks import applicable
from slabench.verdict import sla
from slabench.verdict.gated_metrics import gated_keys
from slabench.verdict.outcome import Check
from slabench.verdict.request_limits import check_goodput, checked
from slabench.verdict.sla import Slo


@dataclass(frozen=True, slots=True)
class Rules:
    """shown: metrics that stand for the test where it has no objective."""

    slos: tuple[Slo, ...] = ()
    shown: tuple[str, ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)  # ms that each request is held to, of goodput
    labels: tuple[str, ...] = ()  # of objectives that the command line loosened
    checks: tuple[Check, ...] = ()  # objectives of the command line that do not apply to the test

    @classmethod
    def of(
        cls,
        settings: Settings,
        load: Measured,
        own: tuple[Slo, ...],
        *,
        shown: Sequence[str] = (),
        goodput: Mapping[str, float] | None = None,
    ) -> Rules:
        """own: the test's objectives; goodput: its limits, where --goodput gives none."""
        limits = settings.goodput or checked(goodput or {}, "judge(goodput=...)")
        check_goodput((*own, *settings.slos), limits)
        wanted, checks = applicable(settings.slos, load.form.output_len, batch=load.batch_size is not None)
        if load.form.quick:
            return cls(wanted, tuple(shown), limits, (not_judged(own),), checks)
        return cls(sla.merge(own, wanted), tuple(shown), limits, tuple(sla.loosened(own, wanted)), checks)

    def for_reported(self, reported: ReportedRun) -> Rules:
        """The same on another client's own metrics."""
        return replace(
            self,
            slos=objectives.classic_rules(self.slos),
            shown=tuple(objectives.as_classic(key) for key in self.shown),
            labels=(*self.labels, objectives.label(reported, self.slos)),
        )


def not_judged(own: Sequence[Slo]) -> str:
    """The label of a test in its short form."""
    rules = Message("label.not_judged_rules", rules=[str(rule) for rule in own]) if own else None
    return Sentence.of("label.not_judged", rules=rules)


def judged_metrics(
    load: Measured,
    metrics: Mapping[str, float],
    slos: Sequence[Slo],
    shown: Sequence[str],
    compared: ComparedWith,
) -> tuple[str, ...]:
    """Keys of the metrics: objectives, and what the old side or a later run is compared by.

    Where there is neither, the first of those shown for the test.
    """
    keys = [slo.metric for slo in slos]
    sides = (compared.server, compared.before, compared.file)
    # a run with repeats is made to be compared
    if load.trial.repeats > 1 or compared.saved or any(side is not None for side in sides):
        classic = load.run.reported is not None
        keys += gated_keys(load.form.method, metrics, classic=classic, quick=load.form.quick)
        keys += [*compared.stored.samples.values, *compared.stored.floors]
    defined = [key for key in keys or shown[:1] if key in metrics or bounds(key, metrics) is not None]
    return tuple(dict.fromkeys(defined))
