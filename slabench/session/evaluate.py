"""A test's loads to its outcome: metrics, checks, comparison, verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slabench.answer_records import Scored
from slabench.bench_serving.metrics import reported_metrics, reported_sizes
from slabench.messages import Message
from slabench.metrics.accepted import accept_length
from slabench.metrics.answer_contents import contents
from slabench.metrics.bounded import bounds
from slabench.metrics.classic import compute_classic, retokenized, text_sizes
from slabench.metrics.compute import compute, goodput, sample_sizes
from slabench.metrics.full_batch import full_batch
from slabench.metrics.gpu_energy import gpu_metrics
from slabench.metrics.repeats import fewest, summed, together
from slabench.metrics.server_clock import server_clock
from slabench.metrics.ttft_breakdown import waiting
from slabench.records import RequestRecord
from slabench.session.comparison import ComparedWith, compare, margins
from slabench.session.evidence import check_context, read_log
from slabench.session.measurement import NEW, Evaluated, Measured
from slabench.session.request_values import request_values
from slabench.session.rules import Rules, judged_metrics
from slabench.session.settings import Settings
from slabench.session.tokenizer import TokenizerSource
from slabench.session.trial_checks import on_average_only, worst
from slabench.verdict import advice, same_answers
from slabench.verdict.bounded import LABEL
from slabench.verdict.judge import Case, judge
from slabench.verdict.outcome import Check, CheckStatus, Objective, Verdict
from slabench.verdict.percentiles import Certified, certified, share_of
from slabench.verdict.reasons import code_of
from slabench.verdict.same_answers import Compared
from slabench.verdict.shares import GOOD, CertifiedShare
from slabench.verdict.sla import Slo
from slabench.verdict.validity import Margin, examine, settle
from slabench.verdict.validity.degenerate import objectives
from slabench.verdict.validity.streamed import Probe


def load_metrics(
    load: Measured,
    limits: Mapping[str, float] | None = None,
    *,
    retokenizer: Callable[[], Any] | None = None,
) -> tuple[dict[str, float], dict[str, int]]:
    """(metrics, how many requests are behind each). limits: goodput's; retokenizer: for --retokenize."""
    run, gpus = load.run, load.deployment.gpus
    if run.reported is not None:
        return reported_metrics(run.reported, gpus), reported_sizes(run.reported)
    metrics = compute(run, gpus) | compute_classic(run, gpus)
    metrics |= contents(run.requests, load.shared).metrics
    # which requests hold the limit of TPOT is not known within bounds
    if "tpot" not in (limits or {}) or bounds("tpot.mean", metrics) is None:
        metrics |= goodput(run, limits or {}, metrics.get("duration"))
    if retokenizer is not None:
        metrics |= _retokenized(run.requests, metrics, retokenizer())
    metrics |= gpu_metrics(run, load.batch_size or load.form.at_once, metrics.get("output_tokens"))
    if load.batch_size is not None:
        metrics |= full_batch(run.requests, load.batch_size, metrics.get("duration"))
    return metrics, sample_sizes(run) | text_sizes(run.requests)


def _retokenized(
    requests: Sequence[RequestRecord], metrics: Mapping[str, float], tokenizer: Any
) -> dict[str, float]:
    texts = [record.text for record in requests if record.ok]
    # a server that streams pieces, or answers without a text: their sum would stand for less than was made
    if not all(texts):
        return {}
    total = sum(len(tokenizer.encode(text, add_special_tokens=False)) for text in texts)
    return retokenized(metrics, total)


RETRACTED = ("retraction", "log_retraction")


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What is known of the session beside a test's own loads."""

    tokenizer: TokenizerSource
    stream_probes: Mapping[str, Probe] = field(default_factory=dict)  # by the server's URL
    twin: str = ""  # why the two servers may be one process


@dataclass(frozen=True, slots=True)
class Evaluation:
    """evaluated: every load; labels: all of the test; case: what the verdict was concluded from; answers: of
    both servers' as both score them.
    """

    evaluated: tuple[Evaluated, ...]
    labels: tuple[str, ...]
    case: Case
    verdict: Verdict
    answers: Compared | None = None

    @property
    def new(self) -> list[Evaluated]:
        """The loads of the server under test."""
        return [load for load in self.evaluated if load.side == NEW]


def codes(labels: Sequence[str], *, simulated: bool) -> tuple[str, ...]:
    """The reason codes of a test with these labels."""
    return tuple(dict.fromkeys([*map(code_of, labels), *(["SIMULATED"] if simulated else [])]))


def evaluate(
    test: Measured, rules: Rules, settings: Settings, compared: ComparedWith, facts: SessionFacts
) -> Evaluation:
    """test: the load that run_load() returned, with all trials of its test."""
    options, run, method = settings.options, test.run, test.form.method
    evaluated = evaluate_loads(test.trials or (test,), rules, settings, compared, facts)
    new = [load for load in evaluated if load.side == NEW]
    sizes = [load.sizes for load in new]
    metrics = together([load.metrics for load in new], sizes)
    if run.reported is not None:
        rules = rules.for_reported(run.reported)
    answers = Compared.of(test.answers) if isinstance(test.answers, Scored) else test.answers
    both = answers if isinstance(answers, Compared) else None
    metrics |= {} if both is None else both.metrics
    bounded = (LABEL,) if bounds("tpot.mean", metrics) is not None else ()
    labels = (*test.labels, *rules.labels, *bounded)
    further = on_average_only(new, rules.slos, metrics)
    gated = options.answers == "gate"
    if answers is not None:
        further += (same_answers.check(answers, gate=gated),)
    if test.further_checks is not None:
        further += test.further_checks(metrics)
    settled = (
        settle(check, method, allow=options.allow, strict=options.strict_validity) for check in further
    )
    checks = (*worst(evaluated), *rules.checks, *settled)
    case = Case(
        metrics=metrics,
        sizes=fewest(sizes),
        counted=summed(sizes),
        checks=checks,
        slos=rules.slos,
        comparison=compare(compared, method, evaluated, test.stopped),
        require_baseline=options.require_baseline,
        gate=settings.gate,
        labels=(*test.reasons, *codes(labels, simulated=test.deployment.simulated)),
        advice=(*test.advice, *_tuning(test, rules.slos, metrics, checks)),
        shown=rules.shown,
        certified={**percentiles_of(rules.slos, new), **shares_of(rules.slos, new)},
        answers=gate_objectives(metrics, both) if gated else (),
    )
    return Evaluation(evaluated, labels, case, judge(case), both)


def evaluate_loads(
    loads: Sequence[Measured],
    rules: Rules,
    settings: Settings,
    compared: ComparedWith,
    facts: SessionFacts,
) -> tuple[Evaluated, ...]:
    """Metrics first, of every load: a check asks for the limits that the old side's metrics set."""
    options, tokenizer = settings.options, facts.tokenizer
    computed = []
    for load in loads:
        metrics, sizes = load_metrics(
            load, rules.limits, retokenizer=tokenizer.required if options.retokenize else None
        )
        log, logged = read_log(load, metrics)
        accepted = accept_length(load.run.server.info_after, [logged.get("log.accept_len")])
        clock = server_clock(load.run.server.counted, load.run.requests, metrics.get("duration"))
        metrics |= logged | accepted | waiting(load.run.requests) | clock
        computed.append((load, metrics, sizes, log, clock))
    from_old = margins(compared, [(load, metrics) for load, metrics, *_ in computed])
    evaluated = []
    for load, metrics, sizes, log, clock in computed:
        context = check_context(
            load,
            log=log,
            clock=clock,
            margins=(*_margins(rules.slos, metrics), *from_old),
            judged=judged_metrics(load, metrics, rules.slos, rules.shown, compared),
            probes=facts.stream_probes,
            twin=facts.twin,
            tokenizer=tokenizer.optional,
            stall_limit_s=options.stall_limit,
        )
        checks = examine(context, load.form.method, allow=options.allow, strict=options.strict_validity)
        evaluated.append(Evaluated(load, metrics, sizes, checks, context))
    return tuple(evaluated)


def gate_objectives(metrics: Mapping[str, float], both: Compared | None) -> tuple[Objective, ...]:
    """Of --answers=gate. both: what both servers' answers show, in an A/B run."""
    return (*objectives(metrics), *(() if both is None else both.objectives))


def percentiles_of(slos: Sequence[Slo], new: Sequence[Evaluated]) -> dict[Slo, Certified]:
    """What the requests of all loads of the server under test certify of each percentile over requests."""
    known: dict[Slo, Certified] = {}
    for slo in slos:
        share = share_of(slo.metric)
        if share is None:
            continue
        values = [request_values(load.measured.run, slo.metric) for load in new]
        least, most = ([value for load in side for value in load] for side in zip(*values, strict=True))
        percentile = certified(least, slo.limit, share, slo.level, highest=most)
        known |= {} if percentile is None else {slo: percentile}
    return known


def shares_of(slos: Sequence[Slo], new: Sequence[Evaluated]) -> dict[Slo, CertifiedShare]:
    """What the same requests certify of the share within the limits of --goodput; empty where a load does not
    define it.
    """
    if not new or not all(GOOD in load.metrics for load in new):
        return {}
    counts = [len(load.measured.run.requests) for load in new]
    good = sum(round(load.metrics[GOOD] * n) for load, n in zip(new, counts, strict=True))
    return {slo: CertifiedShare(good, sum(counts), slo.level) for slo in slos if slo.metric == GOOD}


def _margins(slos: Sequence[Slo], metrics: Mapping[str, float]) -> list[Margin]:
    known = [(slo, metrics[slo.metric]) for slo in slos if slo.metric in metrics]
    known += [(slo, end) for slo in slos for end in bounds(slo.metric, metrics) or ()]
    return [Margin(slo.metric, value, slo.limit) for slo, value in known]


def _tuning(
    test: Measured, slos: Sequence[Slo], metrics: Mapping[str, float], checks: Sequence[Check]
) -> tuple[Message, ...]:
    """tencent's next step, for a run that is valid."""
    invalid = any(check.state is CheckStatus.INVALID for check in checks)
    if test.form.method != "tencent" or invalid:
        return ()
    full = any(check.name in RETRACTED and check.state is CheckStatus.FINDING for check in checks)
    return advice.tencent(slos, metrics, test.run.plan, full=full)
