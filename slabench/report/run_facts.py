"""What every output says of a run as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from slabench.report.comparison import sides
from slabench.run_document.run import RunDocument, RunState, ServerEntry


def run_facts(document: RunDocument) -> list[str]:
    """Sentences that every output of a run begins or ends with: its labels, its prompts, its server."""
    return [*_run_facts(document), *_server_facts(document), *sides(document)]


def _run_facts(document: RunDocument) -> Iterator[str]:
    if document.labels:
        yield f"This run is {', '.join(document.labels)}."
    if document.state is RunState.INTERRUPTED:
        yield "The run was interrupted (Ctrl-C or SIGTERM) before all tests had run; finished tests are kept."
    for part in document.resumed:
        server = f", {part.server}" if part.server is not None else ""
        yield f"Resumed at {part.utc}{server}: {len(part.kept)} finished tests were kept."
    allowed = document.options.get("allow")
    if isinstance(allowed, Sequence) and allowed:
        yield f"Checks that --allow makes findings of: {', '.join(allowed)}."
    if document.unreachable is not None:
        yield f"No test was tried: {document.unreachable}"
    for sentence in document.not_saved.values():
        yield f"NOT_SAVED: {sentence}; the verdicts stand on the console."
    if document.unjudged:
        names = ", ".join(document.unjudged)
        yield f"NOTHING_JUDGED: no objective, floor or comparison applies to {names}: measured only."
    workloads = [entry.workload for entry in document.tests if "num_prompts" in entry.workload]
    for prompts in sorted({prompts_text(workload) for workload in workloads}):
        yield f"Prompts: {prompts}."


def _server_facts(document: RunDocument) -> Iterator[str]:
    if document.server is not None:
        yield from _server(document.server)
    if document.servers:
        servers = (
            f"{len(document.servers)} servers that report the same version, arguments, hardware and model"
        )
        names = ", ".join(document.servers)
        yield f"Tests were spread over {servers} (their speed was not compared): {names}."
    if document.servers_alike is not None:
        yield f"They may be one process: {document.servers_alike}, and nothing shows that they are several."


def _server(server: ServerEntry) -> Iterator[str]:
    source = None if server.gpus is None else server.gpus.source
    gpus = source or "number of GPUs not known, so there is no metric per GPU"
    yield f"Server: sglang {server.version or 'of unknown version'}, {server.model_path}, {gpus}."
    if not server.reference:
        yield "This is not the reference environment, sglang 0.5.7, which the published tables are of."


def prompts_text(workload: Mapping[str, object]) -> str:
    """`random from sharegpt.json, sent as text` or `random-ids, sent as ids, no data set`."""
    name, form = workload.get("dataset_name", "unknown"), workload.get("prompt_form", "unknown")
    if "dataset" in workload:
        return f"{name} from {workload['dataset']}, sent as {form}"
    return f"{name}, sent as {form}, no data set"
