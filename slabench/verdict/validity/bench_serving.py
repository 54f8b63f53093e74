"""Checks of a load that another client drove: by its own metrics, as far as it reports them."""

from __future__ import annotations

from slabench.loadgen.backends import backend_of
from slabench.messages import Message
from slabench.reported_records import ReportedRun
from slabench.verdict.outcome import Check, invalid, not_checked, ok
from slabench.verdict.validity.context import CheckContext
from slabench.verdict.validity.registry import BATCH, RECORDED, SERVER_LOG, Registration, Stage


def _reported(context: CheckContext) -> ReportedRun:
    assert context.run.reported is not None, "these checks are of a run that another client drove"
    return context.run.reported


@Registration(
    Stage.ANSWERS,
    evidence="its result row",
    invalid=(
        "it failed, does not count every request as completed, or reports an error; or an answer has no text"
    ),
    why=(
        "it counts an error inside a 200 stream as a success: without text, TTFT 0, and the requested length "
        "as if it had been generated"
    ),
    client="other",
)
def completed(context: CheckContext) -> Check:
    run = _reported(context)
    if run.failure:
        return invalid("completed.client_failure", failure=run.failure)
    if run.planned < context.planned:
        return invalid("completed.too_few_prompts", requests=run.planned, planned=context.planned)
    counted = run.metrics.get("completed")
    errors = [request.error for request in run.requests if request.error]
    if errors or counted != run.planned or len(run.requests) != run.planned:
        return invalid(
            "completed.counted",
            client=run.client,
            counted=Message("completed.no_count") if counted is None else int(counted),
            requests=run.planned,
            example=Message("error.example", text=errors[0]) if errors else None,
            remedy=SERVER_LOG,
        )
    silent = [request for request in run.requests if not request.has_text or request.ttft_s <= 0]
    if silent:
        return invalid(
            "completed.no_text",
            silent=len(silent),
            requests=run.planned,
            index=silent[0].index,
            client=run.client,
        )
    return ok("completed.all", requests=run.planned)


@Registration(
    Stage.ANSWERS,
    evidence="the counts it kept",
    invalid=("a count is not what was requested; over `/v1` it keeps the requested length: not checked"),
    client="other",
)
def output_length(context: CheckContext) -> Check:
    run = _reported(context)
    answers = [request for request in run.requests if request.has_text]
    other = [request for request in answers if request.reported_output_len != request.output_len]
    if other:
        return invalid(
            "output_length.other",
            other=len(other),
            answers=len(answers),
            index=other[0].index,
            tokens=other[0].reported_output_len,
            requested=other[0].output_len,
        )
    if backend_of(context.run.plan).optional_counts:
        return not_checked("output_length.as_requested", client=run.client, remedy=RECORDED)
    return ok("output_length.requested", answers=len(answers))


@Registration(
    Stage.PROMPTS,
    evidence="the lengths it planned",
    invalid=(
        "they are not those of the prompts that slabench draws, in order; the server's counts are not kept: "
        "not checked"
    ),
    client="other",
)
def prompt_length(context: CheckContext) -> Check:
    run = _reported(context)
    other = [request for request in run.requests if request.reported_input_len != request.input_len]
    if other:
        return invalid(
            "prompt_length.not_planned",
            client=run.client,
            index=other[0].index,
            sent=other[0].reported_input_len,
            planned=other[0].input_len,
        )
    return not_checked("prompt_length.planned", client=run.client, remedy=RECORDED)


@Registration(
    Stage.BATCH,
    evidence="its peak of requests in one second",
    invalid=(
        "the peak is below the batch size; a sufficient peak proves nothing, since it over-counts: not "
        "checked"
    ),
    applies=BATCH,
    client="other",
)
def batch_reached(context: CheckContext) -> Check:
    run, size = _reported(context), context.batch_size
    peak = run.metrics.get("max_concurrent_requests")
    if size is not None and peak is not None and peak < size:
        return invalid("batch_reached.never_in_a_second", size=size, peak=peak)
    return not_checked("batch_reached.unknown", client=run.client, remedy=RECORDED)
