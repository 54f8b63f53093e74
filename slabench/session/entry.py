"""A test's entry in run.json, from what was evaluated of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from slabench.messages import messages_of
from slabench.metrics.ttft_breakdown import Crowd, explained, retracted
from slabench.records import RunRecord
from slabench.run_document.entry import (
    CheckEntry,
    ComparisonEntry,
    Entry,
    ErrorsEntry,
    LoadServer,
    ObjectiveEntry,
    RecordsEntry,
    RepeatEntry,
)
from slabench.run_document.read import parse
from slabench.session import reference
from slabench.session.answers import answers_entry
from slabench.session.evaluate import Evaluation
from slabench.session.measurement import Evaluated, Measured
from slabench.session.series import chart_series
from slabench.session.witnesses import witnesses
from slabench.verdict.comparison import Comparison
from slabench.verdict.outcome import CheckStatus, Verdict
from slabench.verdict.validity import context_json

NO_BASELINE = ComparisonEntry(baseline=None, state="NO_BASELINE", differences=(), metrics=())


def entry_of(test_id: str, test: Measured, evaluation: Evaluation, records_file: str) -> Entry:
    """records_file: in the run folder, of the requests of our own client."""
    run, case = test.run, evaluation.case
    first, runs = evaluation.new[0], [load.measured.run for load in evaluation.evaluated]
    log = first.context.log
    crowd = None if log is None else Crowd(log.lines, log.running_max, log.waited_max, log.waited)
    why_ttft = explained(case.metrics, crowd, without=retracted(run.requests))
    beside = witnesses(evaluation.new)
    records = RecordsEntry(file=records_file, requests=sum(len(each.requests) for each in runs))
    if run.reported is not None:
        reported = sum(len(each.reported.requests) for each in runs if each.reported is not None)
        records = RecordsEntry(file=reference.FILE, requests=reported)
    return Entry(
        id=test_id,
        method=test.form.method,
        point=test.point,
        labels=evaluation.labels,
        label_messages=messages_of(evaluation.labels),
        **concluded(evaluation.verdict, case.metrics, case.comparison),
        workload=dict(run.workload),
        plan=dict(run.plan),
        answers=None if evaluation.answers is None else answers_entry(evaluation.answers),
        explained=None if why_ttft is None else str(why_ttft),
        explained_message=why_ttft,
        witnesses=tuple(map(str, beside)),
        witness_messages=beside,
        errors=_errors(runs),
        evidence=context_json.as_dict(first.context),
        server=_server(run),
        client=run.client,
        began_utc=test.began_utc,
        duration_s=sum(each.client.wall_s for each in runs),
        records=records,
        repeats=tuple(map(_repeat, evaluation.evaluated)) if len(runs) > 1 else (),
        **chart_series(evaluation.evaluated, case.metrics, evaluation.verdict.objectives),
        **test.entry_parts,
    )


def concluded(
    verdict: Verdict, metrics: Mapping[str, float], comparison: Comparison | None
) -> dict[str, Any]:
    """The fields of an entry that a verdict fills."""
    return {
        "word": verdict.word,
        "headline": verdict.headline,
        "headline_message": verdict.message,
        "reasons": tuple(map(str, verdict.reasons)),
        "absent": tuple(map(str, verdict.absent)),
        "objectives": tuple(
            parse(ObjectiveEntry, each.as_dict(), strict=True) for each in verdict.objectives
        ),
        "checks": tuple(parse(CheckEntry, check.as_dict(), strict=True) for check in verdict.checks),
        "advice": tuple(map(str, verdict.advice)),
        "advice_messages": verdict.advice,
        "metrics": {key: float(value) for key, value in metrics.items()},
        "comparison": NO_BASELINE
        if comparison is None
        else parse(ComparisonEntry, comparison.as_dict(), strict=True),
    }


def _repeat(load: Evaluated) -> RepeatEntry:
    measured = load.measured
    run = measured.run
    return RepeatEntry(
        side=load.side,
        repeat=measured.trial.repeat,
        began_utc=measured.began_utc,
        duration_s=run.client.wall_s,
        invalid=tuple(check.name for check in load.checks if check.state is CheckStatus.INVALID),
        metrics={key: float(value) for key, value in load.metrics.items()},
        workload=dict(run.workload),
        client=run.client,
        server=_server(run),
        evidence=context_json.as_dict(load.context),
    )


def _server(run: RunRecord) -> LoadServer:
    server = run.server
    return LoadServer(
        flush_status=server.flush_status,
        flush_workers=server.flush_workers,
        flush_lines=server.flush_lines,
        notes=server.notes,
        note_messages=messages_of(server.notes),
        log_spans=server.log_spans,
    )


def _errors(runs: Sequence[RunRecord]) -> ErrorsEntry:
    """Of another client, which names no kinds, all under its name."""
    if runs[0].reported is not None:
        texts = [
            each.error
            for run in runs
            if run.reported is not None
            for each in run.reported.requests
            if each.error
        ]
        counts = {"bench_serving": len(texts)} if texts else {}
    else:
        failed = [record for run in runs for record in run.requests if record.error is not None]
        counts = Counter(record.error.value for record in failed if record.error is not None)
        texts = [record.error_text for record in failed if record.error_text]
    return ErrorsEntry(counts=dict(counts), examples=tuple(dict.fromkeys(texts))[:3])
