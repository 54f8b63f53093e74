"""Judging a run that another client drove: its own figures stand for ours, and what it cannot tell is NOT CHECKED."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from slabench.metrics.definitions import metric_of
from slabench.records import ToldRun
from slabench.verdict.sla import Slo
from slabench.verdict.validity.batch import batch_fits
from slabench.verdict.validity.identity import same_server
from slabench.verdict.validity.policy import Judge
from slabench.verdict.validity.server import flush
from slabench.verdict.validity.streamed import streamed
from slabench.verdict.validity.subject import Subject
from slabench.verdict.words import Check, State

OURS = "Use --client=slabench, which records it."


def as_classic(key: str) -> str:
    """The classic figure that stands for one of ours: tpot.p50 -> classic.tpot.median. The same key if there is none."""
    figure, _, statistic = key.rpartition(".")
    found = f"classic.{figure}.{'median' if statistic == 'p50' else statistic}" if figure else f"classic.{key}"
    return found if metric_of(found) is not None else key


def classic_rules(rules: Iterable[Slo]) -> tuple[Slo, ...]:
    """Objectives on its figures. One without a counterpart stays, is not defined for the run, and so makes it INVALID."""
    return tuple(Slo(as_classic(rule.metric), rule.op, rule.limit) for rule in rules)


def label(told: ToldRun, rules: Iterable[Slo]) -> str:
    """What every output says of such a run."""
    renamed = [f"{one.metric} by {as_classic(one.metric)}" for one in rules if as_classic(one.metric) != one.metric]
    judged = f"; objectives are judged by its own figures: {', '.join(renamed)}" if renamed else ""
    return f"BENCH_SERVING: {told.client} drove the load{judged}"


def _told(subject: Subject) -> ToldRun:
    assert subject.run.told is not None, "only a run that another client drove is judged here"
    return subject.run.told


def completed(subject: Subject) -> Check:
    """It ended, counts every request as completed, stores no error, and text came for each.

    An error inside a 200 stream is a success to it, with no text, TTFT 0 and the length asked for as if it had been generated.
    """
    told = _told(subject)
    remedy = "Look at the server's log; a deployment that fails requests cannot be judged."
    if told.failure:
        return Check("completed", State.INVALID, told.failure, "Run it by hand with the same options to see what it says.")
    if told.planned < subject.planned:
        text = f"{told.planned} of {subject.planned} requests could be made: the data set gives no more prompts."
        return Check("completed", State.INVALID, text, "Use a larger data set, or ask for fewer prompts.")
    counted = told.figures.get("completed")
    errors = [one.error for one in told.requests if one.error]
    if errors or counted != told.planned or len(told.requests) != told.planned:
        first = f" The first says: {errors[0]}" if errors else ""
        seen = "does not say how many" if counted is None else f"counts {counted:g}"
        text = f"{told.client} {seen} of {told.planned} requests as completed; none may fail.{first}"
        return Check("completed", State.INVALID, text, remedy)
    silent = [one for one in told.requests if not one.has_text or one.ttft_s <= 0]
    if silent:
        text = (
            f"{len(silent)} of {told.planned} answers brought no text (the first: request {silent[0].index}); to {told.client} "
            "an error inside the stream looks the same, and it counts them as successes."
        )
        return Check("completed", State.INVALID, text, "--client=slabench tells an error from an empty text.")
    return Check("completed", State.OK, f"All {told.planned} requests brought text and no error.")


def output_length(subject: Subject) -> Check:
    """The count it kept is what was asked for. Without a server's count (/v1) it keeps the length asked for: no evidence."""
    told = _told(subject)
    odd = [one for one in told.requests if one.has_text and one.told_output_len != one.output_len]
    if odd:
        one = odd[0]
        seen = f"request {one.index}: {one.told_output_len} of {one.output_len}"
        text = f"{len(odd)} answers have another length than asked for ({seen})."
        return Check("output_length", State.INVALID, text, "See that the server honours max_new_tokens and ignore_eos.")
    if subject.run.plan.get("backend", "sglang") != "sglang":
        text = f"{told.client} stores the length asked for where a server sends no counts."
        return Check("output_length", State.NOT_CHECKED, text, OURS)
    return Check("output_length", State.OK, "Every answer has the length asked for.")


def prompt_length(subject: Subject) -> Check:
    """It drew the prompts that we draw: their intended lengths are the same, in order. The server's counts it does not keep."""
    told = _told(subject)
    odd = [one for one in told.requests if one.told_input_len != one.input_len]
    if odd:
        one = odd[0]
        seen = f"request {one.index}: {one.told_input_len} tokens, planned {one.input_len}"
        text = f"{told.client} sent other prompts than planned ({seen})."
        return Check("prompt_length", State.INVALID, text, "Its data set, tokenizer and version must be the ones of this run.")
    text = f"{told.client} meant the prompts that were planned; it does not keep the server's prompt_tokens."
    return Check("prompt_length", State.NOT_CHECKED, text, OURS)


def batch_reached(subject: Subject) -> Check:
    """Its peak counts requests that touch one second, never fewer than ran at once: too low is INVALID, enough proves nothing."""
    told, size = _told(subject), subject.batch_size
    peak = told.figures.get("max_concurrent_requests")
    if size is not None and peak is not None and peak < size:
        text = f"At most {peak:g} requests were in one second; the point is named after {size}."
        return Check("batch_reached", State.INVALID, text, "Raise --decode-output-len, or use --batch-sizes that the server holds.")
    text = f"{told.client} does not tell when a request began, so nobody knows how many ran at once."
    return Check("batch_reached", State.NOT_CHECKED, text, OURS)


def _untold(name: str, what: str) -> Judge:
    def judge(subject: Subject) -> Check:
        return Check(name, State.NOT_CHECKED, f"{_told(subject).client} does not tell {what}.", OURS)

    judge.__name__ = name
    return judge


CHECKS: tuple[Callable[[Subject], Check], ...] = (
    completed,
    _untold("finish_reason", "why an answer ended"),
    output_length,
    _untold("token_counts", "the counts along a stream"),
    streamed,
    prompt_length,
    _untold("prefix_cache", "how many prompt tokens were cached"),
    flush,
    same_server,
    batch_fits,
    batch_reached,
    _untold("retraction", "how often requests were retracted"),
    _untold("client", "how busy it was itself"),
)
