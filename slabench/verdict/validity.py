"""Was this run valid? Small named checks over one run's records and the server's evidence.

Each check says what it looks at, its threshold and why in its docstring, and answers with one Check. A method's policy turns
the checks that its published form breaks by design into findings (FINDINGS); `--allow` does the same for one run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from slabench.records import RequestRecord, RunRecord
from slabench.verdict.words import Check, State

CACHED_SHARE_LIMIT = 0.01  # of the input; one shared first token a prompt stays far below it at the methods' lengths
DRIFT_SHARE_LIMIT = 0.01
OTHER_TOKENIZER_SHARE = 0.10  # text that is decoded and encoded again drifts by a few per cent at most
REPEATS_LIMIT = 4  # the role, the finish reason and the usage may come in events of their own, which bring no token
CPU_SHARE_LIMIT = 0.95  # of one core per load process: beyond it the client paces the run
LAG_SHARE_LIMIT = 0.02
LAG_SHARE_LIMIT_P99 = 0.1  # both of the time TPOT is taken over
ONE_MOMENT_SHARE_LIMIT = 0.02  # each such answer counts as a TPOT of 0 ms and pulls the mean down by its share


@dataclass(frozen=True, slots=True)
class Subject:
    """What the checks look at."""

    run: RunRecord
    exact_prompt: bool  # prompts were sent as ids: prompt_tokens must equal their length
    planned: int  # requests the test asked for; the data set may have given fewer
    batch_size: int | None = None  # set for a batch-size point
    token_capacity: int | None = None
    max_running: int | None = None
    identity_before: object = None  # what must not change while the run is on; None: unknown
    identity_after: object = None


Judge = Callable[[Subject], Check]


def _ok(name: str, text: str) -> Check:
    return Check(name, State.OK, text)


def _example(records: list[RequestRecord]) -> str:
    texts = [record.error_text for record in records if record.error_text]
    return f" The first says: {texts[0]}" if texts else ""


def completed(subject: Subject) -> Check:
    """Every planned request was sent and its answer came back whole: a figure over the survivors flatters the server."""
    run = subject.run
    if len(run.requests) < subject.planned:
        text = f"{len(run.requests)} of {subject.planned} requests could be made: the data set gives no more prompts."
        return Check("completed", State.INVALID, text, "Use a larger data set, or ask for fewer prompts.")
    bad = [record for record in run.requests if not record.ok]
    if not bad:
        return _ok("completed", f"All {len(run.requests)} requests came back whole.")
    kinds = Counter(record.error.value if record.error else "no end" for record in bad)
    named = ", ".join(f"{count} x {kind}" for kind, count in kinds.most_common())
    text = f"{len(bad)} of {len(run.requests)} requests failed ({named}); none may.{_example(bad)}"
    return Check("completed", State.INVALID, text, "Look at the server's log; a deployment that fails requests cannot be judged.")


def finish_reason(subject: Subject) -> Check:
    """Every answer ended because its length was reached: an abort or a stop token makes the work another one."""
    odd = [record for record in subject.run.requests if record.ok and record.finish_reason != "length"]
    if not odd:
        return _ok("finish_reason", "Every answer ended with finish_reason length.")
    kinds = Counter(str(record.finish_reason) for record in odd)
    named = ", ".join(f"{count} x {kind}" for kind, count in kinds.most_common(3))
    text = f"{len(odd)} answers did not end with finish_reason length ({named})."
    return Check("finish_reason", State.INVALID, text, "See that the server honours ignore_eos and aborts nothing.")


def output_length(subject: Subject) -> Check:
    """The server counted exactly the tokens that were asked for."""
    odd = [record for record in subject.run.requests if record.ok and record.completion_tokens != record.output_len]
    if not odd:
        return _ok("output_length", "Every answer has the length asked for.")
    one = odd[0]
    text = (
        f"{len(odd)} answers have another length than asked for (request {one.index}: {one.completion_tokens} of {one.output_len})."
    )
    return Check("output_length", State.INVALID, text, "See that the server honours max_new_tokens and ignore_eos.")


def token_counts(subject: Subject) -> Check:
    """The counts along a stream are finite, grow, begin above 0 and end at completion_tokens; stamps never go back."""
    for record in subject.run.requests:
        if not record.ok:
            continue
        counts, stamps = list(record.arrival_tokens), list(record.arrival_ns)
        if not counts and record.last_text_ns is not None:
            text = "The server counts no tokens along the stream, only at its end: TPOT and ITL are not defined."
            return Check("token_counts", State.NOT_CHECKED, text, "Use a server with stream_options.continuous_usage_stats.")
        if not counts:
            seen = "no token was ever counted"
        elif min(counts) < 1:
            seen = "a count is not a positive number"
        elif counts != sorted(counts):
            seen = "the count falls along the stream"
        elif (repeats := len(counts) - len(set(counts))) > REPEATS_LIMIT:
            seen = f"{repeats} of {len(counts)} events repeat the count before them, at most {REPEATS_LIMIT} may"
        elif stamps != sorted(stamps) or (record.sent_ns is not None and stamps[0] < record.sent_ns):
            seen = "a token arrived before the request was sent, or before its predecessor"
        elif record.end_ns is not None and stamps[-1] > record.end_ns:
            seen = "a token arrived after the stream said [DONE]"
        elif record.completion_tokens is not None and counts[-1] != record.completion_tokens:
            seen = f"the stream counts {counts[-1]} tokens, its last event says {record.completion_tokens}"
        else:
            continue
        text = f"The token counts of request {record.index} cannot be trusted: {seen}."
        return Check("token_counts", State.INVALID, text, "A proxy may reorder or buffer the stream; measure the server itself.")
    several = [record for record in subject.run.requests if record.ok and len(set(record.arrival_tokens)) > 1]
    at_once = sum(record.arrival_ns[0] == record.arrival_ns[-1] for record in several)
    if at_once > ONE_MOMENT_SHARE_LIMIT * len(several):
        text = f"All tokens of {at_once} of {len(several)} answers arrived at one moment, so their pace cannot be measured."
        return Check("token_counts", State.INVALID, text, "A proxy may buffer the stream; measure the server itself.")
    return _ok("token_counts", "Token counts are finite and grow to completion_tokens in every stream.")


def prompt_length(subject: Subject) -> Check:
    """prompt_tokens equals the ids sent; text may drift when the server tokenises again, by 1 % unsaid and by 10 % at all."""
    known = [(record, record.prompt_tokens) for record in subject.run.requests if record.ok and record.prompt_tokens is not None]
    if not known:
        return Check(
            "prompt_length", State.NOT_CHECKED, "The server reports no prompt_tokens.", "Use a server that reports meta_info."
        )
    if subject.exact_prompt:
        odd = [(record, seen) for record, seen in known if seen != record.input_len]
        if odd:
            record, seen = odd[0]
            first = f"request {record.index}: {record.input_len} ids, {seen} there"
            text = f"{len(odd)} prompts have another length at the server ({first})."
            return Check("prompt_length", State.INVALID, text, "The server may cut prompts (--allow-auto-truncate); turn that off.")
        return _ok("prompt_length", f"prompt_tokens equals the ids sent for all {len(known)} answers.")
    meant, seen_sum = sum(record.input_len for record, _ in known), sum(seen for _, seen in known)
    drift = (seen_sum - meant) / meant if meant else 0.0
    text = f"The server counts {seen_sum} prompt tokens where {meant} were meant ({drift:+.1%})."
    if abs(drift) > OTHER_TOKENIZER_SHARE:
        remedy = "Give the tokenizer of the model that the server runs (--tokenizer=DIR), or send exact ids with --prompt-form=ids."
        return Check("prompt_length", State.INVALID, f"{text[:-1]}, more than {OTHER_TOKENIZER_SHARE:.0%}.", remedy)
    if abs(drift) > DRIFT_SHARE_LIMIT:
        remedy = "Text that is decoded and encoded again changes its length; --prompt-form=ids sends exact ids."
        return Check("prompt_length", State.FINDING, text, remedy)
    return _ok("prompt_length", text)


def prefix_cache(subject: Subject) -> Check:
    """Cached prompt tokens are at most 1 % of the input: beyond it the run measures the prefix cache."""
    known = [record for record in subject.run.requests if record.ok and record.cached_tokens is not None]
    if not known:
        return Check(
            "prefix_cache", State.NOT_CHECKED, "The server reports no cached_tokens.", "Use a server that reports meta_info."
        )
    cached = sum(record.cached_tokens for record in known if record.cached_tokens is not None)
    total = sum(record.input_len if record.prompt_tokens is None else record.prompt_tokens for record in known)
    text = f"{cached} of {total} prompt tokens came from the prefix cache"
    if total and cached / total > CACHED_SHARE_LIMIT:
        remedy = "Flush the cache before the run, use distinct prompts, or start the server with --disable-radix-cache."
        return Check("prefix_cache", State.INVALID, f"{text} ({cached / total:.1%}), more than {CACHED_SHARE_LIMIT:.0%}.", remedy)
    return _ok("prefix_cache", f"{text}.")


def flush(subject: Subject) -> Check:
    """The flush before the run was confirmed by its status; the text says `flushed` even when it was refused."""
    status = subject.run.server.flush_status
    if status == 200:
        return _ok("flush", "The server confirmed the cache flush.")
    if status is None:
        return Check("flush", State.NOT_CHECKED, "No cache flush was asked for.", "Leave out --no-flush-cache.")
    text = f"The server answered the cache flush with HTTP {status}; it must be 200."
    return Check(
        "flush", State.INVALID, text, "Let the server come to rest: nothing else may run on it; /flush_cache needs no admin key."
    )


def same_server(subject: Subject) -> Check:
    """One and the same server process answered from the session's start to this run's end; one that falls silent proves nothing."""
    before, after = subject.identity_before, subject.identity_after
    if before is None:
        return Check(
            "same_server", State.NOT_CHECKED, "The server did not say who it is before and after.", "See that server_info answers."
        )
    if after is None:
        text = "The server said who it is at the start, and no longer does: nobody can say that this is the same one."
        return Check("same_server", State.INVALID, text, "See that server_info answers before and after every run.")
    if before != after:
        text = "Another server process answered after the run than before it: a restart, or more than one behind the URL."
        return Check("same_server", State.INVALID, text, "Measure one server process that stays up.")
    return _ok("same_server", "The same server process answered before and after.")


def batch_fits(subject: Subject) -> Check:
    """A batch-size point needs room: batch x (in + out) tokens in the KV pool, and the running cap not below the batch."""
    size = subject.batch_size
    if size is None:
        return _ok("batch_fits", "Not a batch-size point.")
    sent = subject.run.requests if subject.run.told is None else subject.run.told.requests
    longest = max((record.input_len + record.output_len for record in sent), default=0)
    if subject.max_running is not None and size > subject.max_running:
        text = f"Batch size {size} is over the server's running cap of {subject.max_running}."
        return Check(
            "batch_fits", State.INVALID, text, f"Use --batch-sizes up to {subject.max_running}, or raise --max-running-requests."
        )
    if subject.token_capacity is None:
        return Check(
            "batch_fits", State.NOT_CHECKED, "The server does not say its token capacity.", "See that server_info answers."
        )
    if size * longest > subject.token_capacity:
        fits = subject.token_capacity // longest
        text = f"Batch size {size} needs {size * longest} tokens of KV cache, the server has {subject.token_capacity}."
        return Check("batch_fits", State.INVALID, text, f"Use --batch-sizes up to {fits}, or a server with a larger KV pool.")
    return _ok("batch_fits", f"Batch size {size} needs {size * longest} of {subject.token_capacity} tokens of KV cache.")


def batch_reached(subject: Subject) -> Check:
    """At some moment as many requests as the point is named after were between their first and last token."""
    size = subject.batch_size
    if size is None:
        return _ok("batch_reached", "Not a batch-size point.")
    moments: list[tuple[int, int]] = []
    for record in subject.run.requests:
        if record.ok and record.span_ns is not None:
            moments += [(record.span_ns[0], 0), (record.span_ns[1], 1)]
    running = peak = 0
    for _, is_end in sorted(moments):
        running += -1 if is_end else 1
        peak = max(peak, running)
    if peak < size:
        text = f"At most {peak} requests were decoding at once; the point is named after {size}."
        return Check("batch_reached", State.INVALID, text, "Raise --decode-output-len, or use --batch-sizes that the server holds.")
    return _ok("batch_reached", f"All {size} requests were decoding at once.")


def retraction(subject: Subject) -> Check:
    """No request was retracted: a retracted request waits at the end of the queue and its tokens are computed twice."""
    keys = ("num_retractions", "total_retractions")
    counts = [max(record.server.get(key, -1.0) for key in keys) for record in subject.run.requests if record.ok]
    known = [count for count in counts if count >= 0]
    if not known:
        text = "The server's answers count no retractions."
        return Check("retraction", State.NOT_CHECKED, text, "sglang 0.5.4 and newer report them in meta_info.")
    total = sum(known)
    if total:
        text = f"The server retracted requests {total:.0f} times: its KV pool was full."
        return Check("retraction", State.INVALID, text, "Lower the concurrency, or give the server a larger KV pool.")
    return _ok("retraction", "No request was retracted.")


def client(subject: Subject) -> Check:
    """The client kept up: its CPU below 95 % of a core a process, its event loop's lateness small against the time measured."""
    seen = subject.run.client
    if seen.cpu_s is None:
        return Check("client", State.NOT_CHECKED, "The client does not tell how busy it was.", "Use --client=slabench, which does.")
    if seen.wall_s > 0.5 and seen.cpu_s / seen.wall_s / seen.workers > CPU_SHARE_LIMIT:
        text = (
            f"The client used {seen.cpu_s / seen.wall_s / seen.workers:.0%} of a core a process, more than {CPU_SHARE_LIMIT:.0%}."
        )
        return Check("client", State.INVALID, text, "Run the client on a machine with free cores.")
    spans = [
        span
        for record in subject.run.requests
        if record.ok and len(record.arrival_ns) > 1 and (span := record.arrival_ns[-1] - record.arrival_ns[0]) > 0
    ]
    if seen.loop_lag_p99_ms is None or not spans:
        return _ok("client", f"The client used {seen.cpu_s:.2f} s of CPU in {seen.wall_s:.2f} s.")
    span_ms = sorted(spans)[len(spans) // 2] / 1e6
    # Both ends of a stream's span are stamped late: by the mean lateness on average, which bounds the error of a mean, by the p99
    # in the worst of a hundred, which bounds the error of a percentile.
    mean_ms = seen.loop_lag_p99_ms if seen.loop_lateness_ms is None else seen.loop_lateness_ms
    mean, worst = 2 * mean_ms / span_ms, 2 * seen.loop_lag_p99_ms / span_ms
    text = (
        f"The client stamped {mean_ms:.2f} ms late on average (p99 of its event loop {seen.loop_lag_p99_ms:.1f} ms): at most "
        f"{mean:.1%} of the time TPOT is taken over, {worst:.1%} at p99"
    )
    limits = f"{LAG_SHARE_LIMIT:.0%} for the mean, {LAG_SHARE_LIMIT_P99:.0%} for the p99"
    if mean > LAG_SHARE_LIMIT or worst > LAG_SHARE_LIMIT_P99:
        remedy = "Run the client on a machine with free cores."
        return Check("client", State.INVALID, f"{text}; the limits are {limits}.", remedy)
    if worst > LAG_SHARE_LIMIT:
        return Check(
            "client", State.FINDING, f"{text}.", "Read the percentiles with that; a free core for the client makes them sharp."
        )
    return _ok("client", f"{text}.")


CHECKS: tuple[Judge, ...] = (
    completed,
    finish_reason,
    output_length,
    token_counts,
    prompt_length,
    prefix_cache,
    flush,
    same_server,
    batch_fits,
    batch_reached,
    retraction,
    client,
)
BATCH_CHECKS = ("batch_fits", "batch_reached")

# Which checks a method takes as findings, with the reason. Transport, counting and identity invalidate everywhere.
FINDINGS: Mapping[str, Collection[str]] = {
    "tencent": ("retraction", "log_retraction"),  # queueing is the method: the published run retracts 7 of 128
    "serving": ("retraction", "log_retraction"),
    "ali-saturation": ("retraction", "log_retraction"),  # 4096 prompts at 2048: meant to fill the server
}


def examine(
    subject: Subject,
    method: str,
    *,
    allow: Collection[str] = (),
    strict: bool = False,
    checks: Sequence[Judge] | None = None,
) -> tuple[Check, ...]:
    """All checks that apply, with the method's and the command line's policy; strict turns what is not ok into INVALID.

    checks: others than CHECKS, for a run that another client drove (verdict/told.py).
    """
    found = []
    for judge in CHECKS if checks is None else checks:
        if subject.batch_size is None and judge.__name__ in BATCH_CHECKS:
            continue
        found.append(settle(judge(subject), method, allow=allow, strict=strict))
    return tuple(found)


def settle(one: Check, method: str, *, allow: Collection[str] = (), strict: bool = False) -> Check:
    """A check's outcome under the method's and the command line's policy."""
    if one.state is State.INVALID and (one.name in FINDINGS.get(method, ()) or one.name in allow):
        return replace(one, state=State.FINDING)
    if strict and one.state in (State.FINDING, State.NOT_CHECKED):
        return replace(one, state=State.INVALID)
    return one


def names() -> tuple[str, ...]:
    """The checks' names, for --allow."""
    return tuple(judge.__name__ for judge in CHECKS)
