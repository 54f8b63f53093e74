"""Ctrl-C or SIGTERM: what a test had measured becomes its entry, which is INVALID."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from slabench.messages import Message, Sentence, messages_of
from slabench.records import GpuCounts, RunRecord
from slabench.session.measurement import NEW, Measured, Trial
from slabench.verdict.outcome import Outcome

if TYPE_CHECKING:
    from slabench.loadgen.plan import Plan
    from slabench.loadgen.run import LoadInterrupted
    from slabench.run_document.entry import Entry
    from slabench.session.campaign import Campaign
    from slabench.session.deployment import Deployment
    from slabench.workloads.model import Workload

_AGAIN = Message("session.again")


def entry(
    test_id: str, trial: Trial, stop: LoadInterrupted, workload: Workload, plan: Plan, gpus: GpuCounts
) -> Entry:
    """Of the load that was running; whole loads of the same test before it are in requests.jsonl.gz. A load
    of the baseline server has no metrics of this test."""
    from slabench.metrics.compute import compute
    from slabench.run_document.entry import RecordsEntry

    result = stop.result
    times = (result.began_ns, result.began_unix)
    run = RunRecord(
        result.requests, *times, workload.describe(), plan.describe(), result.client, interrupted=True
    )
    metrics = compute(run, gpus) if trial.side == NEW else {}
    done, count = sum(record.ok for record in result.requests), len(result.requests)
    load = None if trial == Trial() else Message("session.of_load", load=trial.message)
    again = None if load is None else _AGAIN
    kept = Message("session.kept", done=done, requests=count, load=load, again=again)
    line = Sentence.of("session.interrupted", signal=stop.by, kept=kept)
    return replace(
        bare_entry(test_id, Outcome.INVALID, line, "interrupted"),
        workload=run.workload,
        plan=run.plan,
        metrics={key: float(value) for key, value in metrics.items()},
        duration_s=result.client.wall_s,
        records=RecordsEntry(file="requests.jsonl.gz", requests=count),
    )


def after_the_loads(test_id: str, first: Measured, loads: int, signal: str) -> Entry:
    """Of the new server's first load, while the servers were asked for answers."""
    from slabench.metrics.compute import compute
    from slabench.run_document.entry import RecordsEntry

    run = first.run
    kept = Message("session.all_kept", loads=loads, again=_AGAIN)
    line = Sentence.of("session.interrupted", signal=signal, kept=kept)
    return replace(
        bare_entry(test_id, Outcome.INVALID, line, "interrupted"),
        workload=run.workload,
        plan=run.plan,
        metrics={key: float(value) for key, value in compute(run, first.deployment.gpus).items()},
        duration_s=None if run.client is None else run.client.wall_s,
        records=RecordsEntry(file="requests.jsonl.gz", requests=len(run.requests)),
    )


def hand_over(campaign: Campaign, deployment: Deployment, entry: Entry, labels: Sequence[str]) -> None:
    """To the recorder, with the labels of a verdict: pytest makes no report of a test that a signal ended."""
    entry = replace(entry, labels=tuple(labels), label_messages=messages_of(labels))
    finished = campaign.finished(entry, deployment)
    reasons = (*entry.reasons, *finished.labels)
    campaign.interrupted = replace(finished, entry=replace(finished.entry, reasons=reasons))


def entry_of_another_client(test_id: str, signal: str, workload: Workload, plan: Plan) -> Entry:
    """It writes its output at its end, so nothing of the load is left."""
    line = Sentence.of("session.bench_serving_interrupted", signal=signal)
    empty = bare_entry(test_id, Outcome.INVALID, line, "interrupted")
    return replace(empty, workload=workload.describe(), plan=plan.describe())


def bare_entry(test_id: str, word: Outcome, line: str, reason: str) -> Entry:
    """The entry of a test that never came to a measurement."""
    from slabench.report.document import utc_now
    from slabench.run_document.entry import Entry

    parts = test_id.split("/")
    return Entry(
        id=test_id,
        method=parts[1] if parts[0] == "tests" and len(parts) > 2 else "serving",
        point={},
        word=word,
        headline=line,
        headline_message=line.message if isinstance(line, Sentence) else None,
        reasons=(str(reason),) if reason else (),
        labels=(),
        objectives=(),
        checks=(),
        advice=(),
        workload={},
        plan={},
        metrics={},
        began_utc=utc_now(),
        duration_s=0.0,
    )
