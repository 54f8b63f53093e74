"""What every output says of a run as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from slabench.messages import Message
from slabench.report.comparison import sides
from slabench.report.left_out import left_out_lines
from slabench.report.rerun import doctor, resumed
from slabench.report.resume import finished
from slabench.run_document.run import LaunchRow, RunDocument, RunState, ServerEntry, StartRecord


def run_facts(document: RunDocument) -> list[str]:
    """Sentences that every output of a run begins or ends with: its labels, its prompts, its server."""
    facts = [*_run_facts(document), *_server_facts(document)]
    return [*map(str, facts), *sides(document)]


def _run_facts(document: RunDocument) -> Iterator[Message]:
    if document.labels:
        yield Message("run.labels", labels=document.labels)
    yield from left_out_lines(document)
    if document.state is RunState.INTERRUPTED:
        yield Message("run.interrupted", **interruption(document), command=resumed(document))
    for part in document.resumed:
        server = None if part.server is None else Message("run.resumed_server", server=part.server)
        yield Message("run.resumed", utc=part.utc, server=server, kept=len(part.kept))
    allowed = document.options.get("allow")
    if isinstance(allowed, Sequence) and allowed:
        yield Message("run.allowed", checks=tuple(map(str, allowed)))
    if document.unreachable is not None:
        yield Message("run.unreachable", why=document.unreachable)
        if look := doctor(document):
            yield Message("run.doctor", command=look)
    if document.failed_besides:
        yield Message("run.failed_besides", tests=document.failed_besides)
    if document.deselected:
        yield Message("run.deselected", tests=document.deselected)
    if document.baseline_not_run:
        yield Message("run.baseline_not_run", tests=document.baseline_not_run)
    for sentence in document.not_saved.values():
        yield Message("run.not_saved", output=sentence)
    if document.unjudged:
        yield Message("run.unjudged", tests=tuple(document.unjudged))
    workloads = [entry.workload for entry in document.tests if "num_prompts" in entry.workload]
    prompts = {str(message): message for message in map(prompts_message, workloads)}
    yield from (prompts[text] for text in sorted(prompts))


def interruption(document: RunDocument) -> dict[str, Message | str | int]:
    """Which signal, and how many of the planned tests have ended."""
    return {
        "signal": document.interrupted_by or Message("run.either_signal"),
        "kept": len(finished(document)),
        "planned": len(document.planned),
    }


def can_resume(document: RunDocument) -> bool:
    """A test that was interrupted has an entry, and is not among those that did not run."""
    return bool(document.not_run) or document.state is RunState.INTERRUPTED


def _server_facts(document: RunDocument) -> Iterator[Message]:
    if document.server is not None:
        yield from _server(document.server)
    yield from map(_launch, document.launches)
    if document.servers:
        yield Message("run.servers", servers=len(document.servers), names=document.servers)
    if document.servers_alike is not None:
        yield Message("run.servers_alike", why=document.servers_alike)


def _server(server: ServerEntry) -> Iterator[Message]:
    source = None if server.gpus is None else server.gpus.source
    version = server.version or Message("run.unknown_version")
    gpus = source or Message("run.unknown_gpus")
    yield Message("run.server", version=version, model=server.model_path, gpus=gpus)
    if not server.reference:
        yield Message("run.not_reference")


def _launch(row: LaunchRow) -> Message:
    old = row.baseline_start
    server = None if old is None else _started(old, row.baseline_random_seed)
    return Message(
        "launches.row",
        number=row.number,
        new=_started(row.start, row.random_seed),
        old="" if server is None else Message("launches.baseline", server=server),
    )


def _started(start: StartRecord | None, seed: int | None) -> Message:
    if start is None:
        return Message("launches.unstarted")
    clocks = [f"{gpu.sm_mhz:g}" for gpu in start.clocks if gpu.sm_mhz is not None]
    return Message(
        "launches.server",
        utc=start.began_utc,
        ready_s=start.ready_s,
        seed="" if seed is None else Message("launches.seed", seed=seed),
        caches=Message(f"launches.caches_{start.caches}") if start.caches in ("cold", "warm") else "",
        clocks=Message("launches.clocks", clocks=clocks) if clocks else "",
    )


def prompts_message(workload: Mapping[str, object]) -> Message:
    """`random from sharegpt.json, sent as text` or `random-ids, sent as ids, no data set`."""
    parts = {
        "name": str(workload.get("dataset_name", "unknown")),
        "form": str(workload.get("prompt_form", "unknown")),
    }
    if "dataset" in workload:
        return Message("run.prompts_from", **parts, dataset=str(workload["dataset"]))
    return Message("run.prompts", **parts)
