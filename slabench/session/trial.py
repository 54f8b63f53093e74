"""One trial of a test, from its form to what was measured: prompts, plan, calibration, warm-up, load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slabench.bench_serving.client import find
from slabench.errors import interrupted_by, system_words
from slabench.loadgen import LoadInterrupted, Progress
from slabench.messages import Message
from slabench.methods import Form
from slabench.metrics.per_request import tpot
from slabench.records import RequestRecord, RunRecord, ServerEvidence
from slabench.report.document import utc_now
from slabench.report.records_file import ATTEMPT, PROBE
from slabench.server.control import BUSY, requests_there
from slabench.server.log.last_batch import LastLines
from slabench.session import partial_entry, reference
from slabench.session.campaign import Campaign
from slabench.session.deployment import Deployment
from slabench.session.live_view import LiveView
from slabench.session.load import Load, LoadOptions, Sent, make_ready, measure, send
from slabench.session.measurement import BASELINE, Measured, StillRunning, Trial
from slabench.session.progress import LoadShape
from slabench.session.prompts import Prompts
from slabench.session.pytest_benchmark import Sidecar
from slabench.workloads.model import Workload

if TYPE_CHECKING:
    from slabench.capacity.watch import Watch


@dataclass(frozen=True, slots=True)
class TestParts:
    """What belongs to one test beside the session's parts."""

    __test__ = False  # for pytest

    test_id: str
    prompts: Prompts
    progress: LiveView
    sidecar: Sidecar


def _which(trial: Trial) -> Message | None:
    """Of a test's loads; None for its only one."""
    return None if trial == Trial() else trial.message


def _load(campaign: Campaign, deployment: Deployment, form: Form, workload: Workload) -> Load:
    options = LoadOptions.of(campaign.settings)
    return Load(deployment, options, workload, options.plan(form, workload))


def run_trial(
    campaign: Campaign,
    test: TestParts,
    form: Form,
    trial: Trial,
    *,
    point: Mapping[str, Any],
    labels: tuple[str, ...],
    batch_size: int | None,
    loads: int = 1,
) -> Measured:
    """loads: of the test, all together."""
    servers = campaign.servers
    servers.check_alive()
    deployment = servers.new
    if trial.side == BASELINE and servers.baseline is not None:
        deployment = servers.baseline
    test.progress.prepare(test.test_id, Message("live.prepare"), _which(trial))
    workload = test.prompts.workload(form, test.test_id, repeat=trial.repeat)
    load = _load(campaign, deployment, form, workload)
    calibrate = campaign.calibration.begin(
        load.options.quiet.client,
        load.plan,
        one_token=form.output_len == 1,
        simulated=servers.new.simulated,
        place=load.options.place,
    )
    ready = make_ready(load, campaign.history, say=campaign.say)
    began_utc = utc_now()
    run = measure(
        load,
        ready,
        lambda: _drive(campaign, test, load, trial, labels, loads),
        count_tokens=campaign.tokenizer.count,
        watch=lambda server: campaign.gpus.watch(servers, server),
    )
    return load.measured(
        calibrate(run),
        form,
        point=dict(point),
        labels=labels,
        began_utc=began_utc,
        batch_size=batch_size,
        trial=trial,
    )


def run_probe(campaign: Campaign, test: TestParts, form: Form, number: int, watch: Watch) -> RunRecord:
    """A load of the capacity search, which has no verdict of its own: prompts of its own, ended when `watch`
    has enough. number: from 1; part of its records' name.
    """
    campaign.servers.check_alive()
    workload = test.prompts.workload(form, test.test_id, probe=number)
    load = _load(campaign, campaign.servers.new, form, workload)
    # A search begins at its largest load, and what that warms up serves the smaller ones.
    ready = make_ready(load, campaign.history, first_counts=False, say=campaign.say)
    if ready.flush_status in BUSY and (running := requests_there(load.deployment.http)):
        raise StillRunning(Message("capacity.still_running", number=number, running=running))
    name = f"{test.test_id}{PROBE}{number}"

    def keep(record: RequestRecord) -> None:
        campaign.files.records.append(name, record)
        test.progress.answer(tpot(record))
        watch.keep(record)

    def progress(report: Progress) -> None:
        _show(campaign, test, report)
        watch.progress(report.elapsed_s, report.output_tokens)

    _show_begin(test, load, name)
    try:
        result = send(
            load.deployment,
            load.options,
            workload.prompts,
            load.plan,
            on_record=keep,
            on_progress=progress,
            until=watch.enough,
        )
    finally:
        test.progress.end()
        campaign.files.flush()
    return RunRecord(
        result.requests,
        result.began_ns,
        result.began_unix,
        workload.describe(),
        load.plan.describe(),
        result.client,
        ServerEvidence(notes=ready.notes),
    )


def _drive(
    campaign: Campaign,
    test: TestParts,
    load: Load,
    trial: Trial,
    labels: tuple[str, ...],
    loads: int,
) -> Sent:
    """The load by the client that --client names; Ctrl-C leaves what was measured with the campaign."""
    client = _by_bench_serving if campaign.settings.options.client == "bench_serving" else _by_ours
    workload, plan = load.workload, load.plan
    _show_begin(test, load, test.test_id, load=_which(trial), loads=loads, at_most=bool(trial.added))
    try:
        sent = test.sidecar.time(lambda: client(campaign, test, load, trial))
    except LoadInterrupted as stop:
        gpus = load.deployment.gpus
        entry = partial_entry.entry(test.test_id, trial, stop, workload, plan, gpus)
        partial_entry.hand_over(campaign, load.deployment, entry, labels)
        raise
    except KeyboardInterrupt as stop:
        signal = interrupted_by(stop)
        entry = partial_entry.entry_of_another_client(test.test_id, signal, workload, plan)
        partial_entry.hand_over(campaign, load.deployment, entry, labels)
        raise
    finally:
        test.progress.end()
        campaign.files.flush()
    notes = tuple(
        f"{file} could not be written ({why}): records are missing from it."
        for file, why in campaign.files.lost.items()
    )
    return Sent(sent.result, sent.reported, notes)


def _show_begin(test: TestParts, sent: Load, name: str, **more: Any) -> None:
    shape, log = LoadShape.of(sent.workload.prompts, sent.plan), LastLines(sent.deployment.logs)
    test.progress.begin(name, shape, log=log, **more)


def _show(campaign: Campaign, test: TestParts, report: Progress) -> None:
    campaign.files.records.tick()
    test.progress.update(report)


def _by_ours(campaign: Campaign, test: TestParts, load: Load, trial: Trial) -> Sent:
    records, attempt = campaign.files.records, campaign.attempt_of(test.test_id)
    name = test.test_id if attempt == 1 else f"{test.test_id}{ATTEMPT}{attempt}"

    def keep(record: RequestRecord) -> None:
        records.append(name, record, trial.side, trial.repeat)
        test.progress.answer(tpot(record))

    result = send(
        load.deployment,
        load.options,
        load.workload.prompts,
        load.plan,
        on_record=keep,
        on_progress=lambda report: _show(campaign, test, report),
    )
    return Sent(result)


def _by_bench_serving(campaign: Campaign, test: TestParts, load: Load, trial: Trial) -> Sent:
    options = campaign.settings.options
    client = find(options.bench_serving_python)
    test.progress.prepare(test.test_id, Message("live.bench_serving"), _which(trial))
    campaign.tokenizer.required()
    tokenizer = campaign.tokenizer.folder()
    assert tokenizer is not None, "there is a tokenizer, so it has a folder or a name"
    sent, output = reference.drive(
        load,
        client,
        tokenizer=tokenizer,
        trust_remote_code=options.trust_remote_code,
        allow_download=options.allow_download,
    )
    try:
        reference.append_row(campaign.folder, test.test_id, output.row)
    except OSError as error:
        campaign.files.lose(reference.FILE, system_words(error))
    return sent
