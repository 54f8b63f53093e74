"""Checks of a load that another client drove: by its own figures, as far as it reports them."""

from __future__ import annotations

from slabench.records import ReportedRun
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity.context import CheckContext
from slabench.verdict.validity.registry import BATCH, RECORDED, Registration, Stage


def _told(subject: CheckContext) -> ReportedRun:
    assert subject.run.told is not None, "only a run that another client drove is judged here"
    return subject.run.told


@Registration(
    Stage.ANSWERS,
    evidence="its result row",
    invalid="it failed, or does not count every request as completed, stores an error, or an answer has no text",
    why="an error inside a 200 stream is a success to it: without text, TTFT 0, and the length asked for as if it had come",
    client="other",
)
def completed(subject: CheckContext) -> Check:
    told = _told(subject)
    remedy = "Look at the server's log; a deployment that fails requests cannot be judged."
    if told.failure:
        return Check(
            "completed",
            CheckStatus.INVALID,
            told.failure,
            "Run it by hand with the same options to see what it says.",
        )
    if told.planned < subject.planned:
        text = (
            f"{told.planned} of {subject.planned} requests could be made: the data set gives no more prompts."
        )
        return Check(
            "completed", CheckStatus.INVALID, text, "Use a larger data set, or ask for fewer prompts."
        )
    counted = told.figures.get("completed")
    errors = [one.error for one in told.requests if one.error]
    if errors or counted != told.planned or len(told.requests) != told.planned:
        first = f" The first says: {errors[0]}" if errors else ""
        seen = "does not say how many" if counted is None else f"counts {counted:g}"
        text = f"{told.client} {seen} of {told.planned} requests as completed; none may fail.{first}"
        return Check("completed", CheckStatus.INVALID, text, remedy)
    silent = [one for one in told.requests if not one.has_text or one.ttft_s <= 0]
    if silent:
        text = (
            f"{len(silent)} of {told.planned} answers brought no text (the first: request {silent[0].index}); to {told.client} "
            "an error inside the stream looks the same, and it counts them as successes."
        )
        return Check(
            "completed", CheckStatus.INVALID, text, "--client=slabench tells an error from an empty text."
        )
    return Check("completed", CheckStatus.OK, f"All {told.planned} requests brought text and no error.")


@Registration(
    Stage.ANSWERS,
    evidence="the counts it kept",
    invalid="a count is not what was asked for; over `/v1` it keeps the length asked for: not checked",
    client="other",
)
def output_length(subject: CheckContext) -> Check:
    told = _told(subject)
    odd = [one for one in told.requests if one.has_text and one.told_output_len != one.output_len]
    if odd:
        one = odd[0]
        seen = f"request {one.index}: {one.told_output_len} of {one.output_len}"
        text = f"{len(odd)} answers have another length than asked for ({seen})."
        return Check(
            "output_length",
            CheckStatus.INVALID,
            text,
            "See that the server honours max_new_tokens and ignore_eos.",
        )
    if subject.run.plan.get("backend", "sglang") != "sglang":
        text = f"{told.client} stores the length asked for where a server sends no counts."
        return Check("output_length", CheckStatus.NOT_CHECKED, text, RECORDED)
    return Check("output_length", CheckStatus.OK, "Every answer has the length asked for.")


@Registration(
    Stage.PROMPTS,
    evidence="the lengths it meant",
    invalid="they are not those of the prompts that slabench draws, in order; the server's counts are not kept: not checked",
    client="other",
)
def prompt_length(subject: CheckContext) -> Check:
    told = _told(subject)
    odd = [one for one in told.requests if one.told_input_len != one.input_len]
    if odd:
        one = odd[0]
        seen = f"request {one.index}: {one.told_input_len} tokens, planned {one.input_len}"
        text = f"{told.client} sent other prompts than planned ({seen})."
        return Check(
            "prompt_length",
            CheckStatus.INVALID,
            text,
            "Its data set, tokenizer and version must be the ones of this run.",
        )
    text = f"{told.client} meant the prompts that were planned; it does not keep the server's prompt_tokens."
    return Check("prompt_length", CheckStatus.NOT_CHECKED, text, RECORDED)


@Registration(
    Stage.BATCH,
    evidence="its peak of requests in one second",
    invalid="the peak is below the batch size; enough proves nothing, since it over-counts: not checked",
    applies=BATCH,
    client="other",
)
def batch_reached(subject: CheckContext) -> Check:
    told, size = _told(subject), subject.batch_size
    peak = told.figures.get("max_concurrent_requests")
    if size is not None and peak is not None and peak < size:
        text = f"At most {peak:g} requests were in one second; the point is named after {size}."
        return Check(
            "batch_reached",
            CheckStatus.INVALID,
            text,
            "Raise --decode-output-len, or use --batch-sizes that the server holds.",
        )
    text = f"{told.client} does not tell when a request began, so nobody knows how many ran at once."
    return Check("batch_reached", CheckStatus.NOT_CHECKED, text, RECORDED)
