"""The first screen: the verdict, why, what ran on what, and what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from slabench.messages import Message
from slabench.program import slabench_program
from slabench.report import comparison
from slabench.report.headline import remedy
from slabench.report.headline_metric import run_verdict
from slabench.report.left_out import left_out_lines
from slabench.report.page.table import Cell, Table, columns, label, texts
from slabench.report.rerun import command, doctor, rerun, resumed, typed
from slabench.report.run_facts import can_resume, interruption
from slabench.run_document.entry import Entry
from slabench.run_document.run import RunDocument, RunState, ServerEntry
from slabench.server_arguments import NULL
from slabench.verdict.outcome import NOTHING_JUDGED, CheckStatus, Outcome


@dataclass(frozen=True, slots=True)
class Reason:
    """Why tests are not PASSED: the first reason, what to do, and the tests that it is true of."""

    word: str
    text: str
    remedy: str
    tests: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of what ran on what; code: shown as typed, with a button that copies it."""

    label: str
    lines: tuple[str, ...]
    code: bool = False


@dataclass(frozen=True, slots=True)
class FirstScreen:
    """next_steps: (sentence, command or empty)."""

    verdict: str
    word: str
    line: str
    compared: str  # of a gate: the metric with the least room; empty without a comparison
    labels: tuple[str, ...]
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...]
    facts: tuple[Fact, ...]
    loads: Table
    next_steps: tuple[tuple[str, str], ...]


def first_screen(document: RunDocument, anchors: Mapping[str, str]) -> FirstScreen:
    """anchors: test id -> the page's link to it."""
    return FirstScreen(
        run_verdict(document),
        document.word or "",
        _line(document),
        comparison.least_room(document.tests),
        document.labels,
        tuple(_reasons(document, anchors)),
        tuple(_notes(document)),
        tuple(_facts(document)),
        _loads(document.tests),
        tuple(_next(document)),
    )


def _line(document: RunDocument) -> str:
    counts = Counter(entry.word for entry in document.tests)
    parts = [label("count", count=counts[word], word=word.value) for word in Outcome if counts[word]]
    parts += [label("count_not_run", count=len(document.not_run))] if document.not_run else []
    among = label("tests_of", parts=parts) if parts else label("no_test")
    status = document.exit_status
    return among if status is None else label("sentences", parts=(among, label("exit_status", status=status)))


def _reasons(document: RunDocument, anchors: Mapping[str, str]) -> Iterator[Reason]:
    """FAILED first, each sentence once with all its tests; before them that there was no server, and what a
    time budget had no room for.
    """
    tests = document.tests
    if document.left_out is not None and document.left_out.methods:
        line, missing = map(str, left_out_lines(document))
        yield Reason(Outcome.INVALID.value, line, missing, ())
    if document.unreachable is not None:
        why = label("unreachable", why=document.unreachable)
        yield Reason(Outcome.INVALID.value, why, label("unreachable_remedy"), ())
    if document.failed_besides:
        text = str(Message("run.failed_besides", tests=document.failed_besides))
        yield Reason(Outcome.FAILED.value, text, "", ())
    grouped: dict[tuple[str, str, str], list[Cell]] = {}
    red = [entry for entry in tests if entry.word is not Outcome.PASSED]
    for entry in sorted(red, key=lambda entry: entry.word is not Outcome.FAILED):
        key = (entry.word.value, entry.headline, remedy(entry))
        grouped.setdefault(key, []).append(Cell(entry.name, href=anchors[entry.id]))
    for (word, text, todo), names in grouped.items():
        yield Reason(word, text, todo, tuple(names))


def _notes(document: RunDocument) -> Iterator[str]:
    """What qualifies the verdict."""
    if document.left_out is not None and not document.left_out.methods:
        yield from map(str, left_out_lines(document))
    if document.state is RunState.INTERRUPTED:
        yield label("interrupted", **interruption(document))
    for part in document.resumed:
        yield label("resumed", utc=part.utc, kept=len(part.kept))
    if document.deselected:
        yield str(Message("run.deselected", tests=document.deselected))
    if document.baseline_not_run:
        yield str(Message("run.baseline_not_run", tests=document.baseline_not_run))
    for text in document.not_saved.values():
        yield label("not_saved", what=text)
    if document.unjudged:
        yield label("unjudged", tests=document.unjudged)
    findings = sum(
        any(check.state is CheckStatus.FINDING for check in entry.checks) for entry in document.tests
    )
    if findings:
        yield label("with_findings", count=findings)
    yield from comparison.sides(document)


def _facts(document: RunDocument) -> Iterator[Fact]:
    if (server := document.server) is not None:
        yield from _server_facts(server)
        if server.baseline is not None:
            old = server.baseline
            yield Fact(label("fact.baseline"), (f"{_version(old)}, {old.url}", str(old.model_path or "")))
    if document.servers:
        yield Fact(label("fact.servers"), document.servers)
    workloads = [entry.workload for entry in document.tests if "num_prompts" in entry.workload]
    if workloads:
        yield Fact(label("fact.data"), tuple(sorted({_prompts(workload) for workload in workloads})))
    differences = dict.fromkeys(text for entry in document.tests for text in entry.labels)
    published = any(entry.method.startswith(("ali", "tencent")) for entry in document.tests)
    unchanged = label("as_published" if published else "own_workload")
    if document.tests:
        yield Fact(label("fact.differences"), tuple(differences) or (unchanged,))
    client = [f"{document.client.name}, slabench {document.slabench}"]
    if (environment := document.environment) is not None:
        cores = "" if environment.cores is None else label("cores", cores=environment.cores)
        parts = (environment.cpu, cores, f"Python {environment.python}")
        client.append(label("listed", parts=tuple(filter(None, parts))))
    yield Fact(label("fact.client"), tuple(client))
    yield Fact(
        label("fact.run"),
        (label("run_line", id=document.run_id, began=document.created_utc, ended=document.updated_utc),),
    )
    if document.command:
        yield Fact(label("fact.command"), (typed(document),), code=True)


def _prompts(workload: Mapping[str, object]) -> str:
    data, form = (str(workload.get(key) or "–") for key in ("dataset_name", "prompt_form"))
    if "dataset" in workload:
        return label("prompts_from", name=data, dataset=str(workload["dataset"]), form=form)
    return label("prompts_alone", name=data, form=form)


def _version(server: ServerEntry) -> str:
    return f"sglang {server.version or label('unknown')}"


def _server_facts(server: ServerEntry) -> Iterator[Fact]:
    reference = "" if server.reference else f" ({label('not_reference')})"
    yield Fact(label("fact.server"), (f"{_version(server)}{reference}, {server.url}",))
    served = server.served_model_name
    model = [str(server.model_path or label("unknown"))]
    model += [served] if served and served != server.model_path else []
    described = server.fingerprint.get("model", {})
    model += [
        f"{key} {described[key]}"
        for key in ("model_type", "quantization", "dtype", "kv_cache_dtype")
        if described.get(key) not in (None, "", NULL)
    ]
    yield Fact(label("fact.model"), (label("listed", parts=model),))
    hardware = server.fingerprint.get("hardware", {})
    gpus = [str(hardware["gpu"])] if hardware.get("gpu") else []
    source = None if server.gpus is None else server.gpus.source
    gpus.append(source or label("gpus_unknown"))
    gpus += [f"{key} {hardware[key]}" for key in ("dp", "ep") if hardware.get(key) not in (None, 1)]
    yield Fact(label("fact.gpu"), (label("listed", parts=gpus),))
    limits = [label("pool", tokens=f"{server.token_capacity:,}")] if server.token_capacity else []
    limits += [label("cap", requests=server.max_running_requests)] if server.max_running_requests else []
    settings = server.fingerprint.get("server", {})
    wanted = (
        "attention_backend",
        "chunked_prefill_size",
        "cuda_graph_max_bs",
        "speculative_algorithm",
        "schedule_policy",
    )
    limits += [f"{key} {settings[key]}" for key in wanted if settings.get(key) not in (None, "", NULL)]
    roles = [f"{role.role} {role.where}".strip() for role in server.roles if len(server.roles) > 1]
    if limits or roles:
        yield Fact(
            label("fact.settings"), tuple(label("listed", parts=each) for each in (limits, roles) if each)
        )


def _loads(tests: Sequence[Entry]) -> Table:
    """What was sent: a row for all tests of a method that differ in number and length of prompts alone."""
    rows: dict[tuple[str, ...], list[Entry]] = {}
    for entry in tests:
        plan = entry.plan
        if "num_prompts" in entry.workload or plan.get("count"):
            cap = label("none") if plan.get("max_concurrency") is None else str(plan["max_concurrency"])
            kind = _kind(plan)
            key = (
                entry.method,
                _shown([entry.workload.get("output_len")]),
                kind,
                _shown([plan.get("request_rate")]),
                cap,
            )
            rows.setdefault(key, []).append(entry)
    cells = []
    for (method, output_len, *how), entries in rows.items():
        counts = _shown(entry.workload.get("num_prompts", entry.plan.get("count")) for entry in entries)
        inputs = _shown(entry.workload.get("input_len") for entry in entries)
        cells.append(texts((method, inputs, output_len, counts, *how)))
    head = columns(
        "method:text", "input_len", "output_len", "prompts", "arrivals:text", "rate", "concurrency"
    )
    return Table(label("loads"), head, cells)


def _kind(plan: Mapping[str, object]) -> str:
    """How requests leave: a cap makes of an open loop one that waits."""
    kind = plan.get("kind")
    if kind == "open_loop" and plan.get("max_concurrency") is not None:
        return label("load.capped")
    return label(f"load.{kind}") if kind in ("at_once", "closed_loop", "open_loop") else str(kind or "–")


def _shown(values: Iterable[object]) -> str:
    """`1, 8, 64`: each value once, numbers in their order."""
    known = {value for value in values if value is not None}
    numbers = sorted(value for value in known if isinstance(value, int | float))
    others = sorted(str(value) for value in known if not isinstance(value, int | float))
    return ", ".join([*(f"{value:g}" for value in numbers), *others]) or "–"


def _next(document: RunDocument) -> Iterator[tuple[str, str]]:
    """What to do, and the command for it where there is one."""
    tests = document.tests
    run = f"{str(document.options.get('report_dir') or 'reports').rstrip('/')}/{document.run_id}"
    invalid = [entry.id for entry in tests if entry.word is Outcome.INVALID]
    failed = [entry.id for entry in tests if entry.word is Outcome.FAILED]
    if document.unreachable is not None and (look := doctor(document)):
        yield label("next.doctor"), look
    if can_resume(document):
        yield label("next.resume"), resumed(document)
    if invalid:
        yield label("next.invalid"), rerun(document, invalid)
    if failed:
        yield label("next.failed"), rerun(document, failed)
    if any(NOTHING_JUDGED in entry.reasons for entry in tests):
        yield label("next.unjudged"), ""
    if tests and document.word is Outcome.PASSED:
        yield label("next.save"), command([*slabench_program(), "baseline", "save", run, "-o", "prod.json"])
        # a search's answer stands with its results
        advice = [text for entry in tests if entry.capacity is None for text in entry.advice]
        yield from ((text, "") for text in dict.fromkeys(advice))
