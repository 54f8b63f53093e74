"""The ali decode curve, from the deploy log lines that the decode tests wrote, to its entry in run.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slabench.errors import InvalidRun
from slabench.messages import Message, messages_of, sentences_of
from slabench.metrics.curve import CurveBuilder, shares
from slabench.records import LogSpan
from slabench.report.curve_rows import curve_rows
from slabench.report.document import utc_now
from slabench.run_document.entry import Entry, RepeatEntry
from slabench.server.log.merge import Merged, samples
from slabench.server.roles import Roles
from slabench.session.comparison import ComparedWith, compare_runs
from slabench.session.deployment import Deployment
from slabench.session.entry import concluded
from slabench.session.evaluate import codes
from slabench.session.evidence import graph_limit
from slabench.session.measurement import BASELINE, NEW
from slabench.session.settings import Settings
from slabench.verdict.judge import Case, judge
from slabench.verdict.reasons import Reason, code_of
from slabench.verdict.validity.curve import METHOD, examine_curve
from slabench.verdict.validity.curve_evidence import CurveEvidence, Scale

Spans = tuple[LogSpan, ...]  # the parts of the deploy logs that one load wrote


@dataclass(frozen=True, slots=True)
class DecodePoint:
    """One decode test; word: its outcome, or INCONCLUSIVE."""

    batch_size: int
    workload: Mapping[str, object]
    labels: tuple[str, ...]
    word: str
    metrics: Mapping[str, float]
    new: tuple[Spans, ...]  # of each repeat
    baseline: tuple[Spans, ...]  # of each repeat at the baseline server, in an A/B run

    @property
    def spans(self) -> Spans:
        """Of all its loads, the first repeat's first."""
        return tuple(span for load in (*self.new, *self.baseline) for span in load)

    @classmethod
    def of(cls, entry: Entry, batch_size: int) -> DecodePoint:
        assert entry.server is not None, "a load was measured"
        sides = {
            side: tuple(
                load.server.log_spans
                for load in entry.repeats
                if load.side == side and load.server is not None
            )
            for side in (NEW, BASELINE)
        }
        return cls(
            batch_size=batch_size,
            workload=entry.workload,
            labels=sentences_of(entry.labels, entry.label_messages),
            word="INCONCLUSIVE" if entry.only_inconclusive else entry.word.value,
            metrics=entry.metrics,
            new=sides[NEW] or (entry.server.log_spans,),
            baseline=sides[BASELINE],
        )


SAME = (
    "dataset_name",
    "prompt_form",
    "input_len",
    "output_len",
)  # of every point; they differ in num_prompts
Medians = dict[str, float]  # `curve.N`: the median throughput with N running requests


def curve_entry(
    points: Sequence[DecodePoint],
    deployment: Deployment,
    settings: Settings,
    compared: ComparedWith,
    refused_sizes: Sequence[int] = (),
) -> Entry:
    """refused_sizes: of decode tests without a load, which have no point.

    InvalidRun where the baseline server of an A/B run has no log."""
    began_utc, options, info = utc_now(), settings.options, deployment.info
    merged = Merged(interval=info.decode_log_interval)
    every = [span for point in points for spans in point.new for span in spans]
    builder = CurveBuilder().add_all(samples(every, merged))
    scale = _scale(deployment.roles, options.decode_gpu_num, merged)
    classic = builder.classic(scale.gpus_per_line)
    clean = builder.clean(scale.gpus_per_line, graph_up_to=graph_limit(info, builder.largest_graph))
    evidence = CurveEvidence(
        points=[(point.batch_size, point.word) for point in points],
        refused=refused_sizes,
        lines=builder.lines,
        copies=merged.copies,
        rejected={reason.value: count for reason, count in merged.rejected().items()},
        outside=merged.outside,
        files=len(deployment.logs),
        classic=classic,
        clean=clean,
        scale=scale,
        tpots=_pairs(points, "full_batch.tpot", "log.tpot"),
        clients={
            point.batch_size: point.metrics["full_batch.tpot"]
            for point in points
            if "full_batch.tpot" in point.metrics
        },
        tokens={
            size: tokens
            for size, tokens in _pairs(points, "log.tokens", "output_tokens").items()
            if tokens[1]
        },
        engines=merged.engines,
        mixed=merged.mixed,
    )
    running = {row.running: row.median for row in classic.points}
    sizes = sorted({size for point in points for size in shares(point.batch_size, scale.ranks)})
    metrics = {f"curve.{size}": running[size] for size in sizes if size in running}
    labels = dict.fromkeys(
        label for point in points for label in point.labels if code_of(label) != Reason.LATER_FORM
    )
    new = [metrics]
    if max(len(point.new) for point in points) > 1:
        new = _medians([point.new for point in points], sizes)
    old = [] if compared.server is None else _baseline_medians(points, sizes)
    workload = {key: points[0].workload[key] for key in SAME}
    case = Case(
        metrics=metrics,
        sizes={},
        checks=examine_curve(evidence, allow=options.allow, strict=options.strict_validity),
        # an old curve may have more batch sizes than were measured here, which alone are compared
        comparison=compare_runs(
            compared,
            METHOD,
            new,
            old,
            workload,
            [{}],
            only=[f"curve.{size}" for size in sizes],
            repeats=_repeats(points, scale.ranks),
        ),
        require_baseline=options.require_baseline,
        gate=settings.gate,
        labels=codes(tuple(labels), simulated=deployment.simulated),
        shown=tuple(metrics)[-1:],
    )
    rows = curve_rows(classic, clean, compared.stored.means, _clients(points, scale.ranks))
    loads = [
        RepeatEntry(side=side, repeat=number, metrics=medians)
        for side, repeats in ((NEW, new), (BASELINE, old))
        for number, medians in enumerate(repeats, 1)
    ]
    return Entry(
        id=compared.test_id,
        method=METHOD,
        point={},
        labels=tuple(labels),
        label_messages=messages_of(tuple(labels)),
        **concluded(judge(case), metrics, case.comparison),
        workload=workload,
        plan={},
        curve=tuple(rows),
        curve_left_out=dict(clean.left_out),
        gpus_per_line=scale.gpus_per_line,
        began_utc=began_utc,
        duration_s=0.0,
        repeats=tuple(loads) if len(loads) > 1 else (),
    )


def _scale(roles: Roles, decode_gpus: int | None, merged: Merged) -> Scale:
    """decode_gpus: --decode-gpu-num. Where one of several decode servers answered, it gives their number."""
    info, decoding = roles.info, max(1, len(roles.decoding()))
    gpus, servers = info.gpus.count, decoding
    if not roles.whole and decode_gpus is not None and gpus and not decode_gpus % gpus:
        gpus, servers = decode_gpus, decode_gpus // gpus
    return Scale(
        option_gpus=decode_gpus,
        reported_gpus=gpus,
        reported_source=info.gpus.source,
        reported_dp=None if info.dp is None else info.dp // decoding,
        servers=servers,
        reported_pp=info.pp,
        logged_dp=frozenset(merged.dp_ranks),
        logged_pp=frozenset(merged.pp_ranks),
    )


def _pairs(points: Sequence[DecodePoint], first: str, second: str) -> dict[int, tuple[float, float]]:
    """Two metrics of each decode test that has both, by its batch size."""
    return {
        point.batch_size: (point.metrics[first], point.metrics[second])
        for point in points
        if first in point.metrics and second in point.metrics
    }


def _medians(points: Sequence[Sequence[Spans]], sizes: Sequence[int]) -> list[Medians]:
    """Each repeat's `curve.N`, where it has lines of N; points: each decode test's log parts by repeat.

    A test that was decided early has fewer repeats than another.
    """
    repeats = []
    for repeat in range(max(map(len, points))):
        spans = [span for point in points if repeat < len(point) for span in point[repeat]]
        curve = CurveBuilder().add_all(samples(spans)).classic(None)
        repeats.append({f"curve.{row.running}": row.median for row in curve.points if row.running in sizes})
    return repeats


def _repeats(points: Sequence[DecodePoint], ranks: int) -> dict[str, int]:
    """How many repeats each `curve.N` has: those of the decode test whose batch size it is."""
    ascending = sorted(points, key=lambda point: len(point.new))
    return {
        f"curve.{size}": len(point.new) for point in ascending for size in shares(point.batch_size, ranks)
    }


def _baseline_medians(points: Sequence[DecodePoint], sizes: Sequence[int]) -> list[Medians]:
    medians = _medians([point.baseline for point in points], sizes)
    if not any(medians):
        raise InvalidRun(Message("curve.no_baseline_log"))
    return medians


def _clients(points: Sequence[DecodePoint], ranks: int) -> dict[int, Mapping[str, float]]:
    """The decode tests' own metrics by the number of running requests that a rank's lines show; only where
    that is one number.
    """
    alone = [(shares(point.batch_size, ranks), point.metrics) for point in points]
    return {sizes[0]: metrics for sizes, metrics in alone if len(sizes) == 1}
