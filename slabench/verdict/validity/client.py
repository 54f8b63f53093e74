"""Checks about ourselves: a client that is late measures itself."""

from __future__ import annotations

import math
from collections.abc import Sequence

from slabench.metrics.declaration import ClientError
from slabench.metrics.definitions import METRICS, counterpart, declared
from slabench.metrics.stall_error import error_bound
from slabench.records import Calibration, ClientRecord, RequestRecord
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity.context import CheckContext, Margin, ok
from slabench.verdict.validity.registry import Applies, Registration, Stage

CALIBRATED = Applies(
    "loads whose client was calibrated: the embedded server's are not unless --calibrate=fresh asks",
    lambda subject: subject.run.client.calibration is not None,
)
CPU_SHARE_LIMIT = 0.95  # of one core per load process: beyond it the client paces the run
CLOCK_STEP_MS = 0.1  # two readings of the distance between two clocks differ by less
LAG_SHARE_LIMIT = 0.02
SEND_LAG_MS = 100.0  # below it a plan of arrivals is what it says
SEND_SHARE_LIMIT, SEND_SHARE_SAID = 0.1, 0.01  # of the run's duration
BETWEEN_TOKENS = (ClientError.TPOT, ClientError.ITL, ClientError.BETWEEN_TOKENS)
OF_A_TOKEN = (ClientError.TTFT, ClientError.E2EL)
LAG_SHARE_LIMIT_P99 = 0.1  # both of the time TPOT is taken over
MARGIN_SHARE_LIMIT = 0.1  # of the distance between a figure and its limit


@Registration(
    Stage.CLIENT,
    evidence="load processes",
    invalid=(
        "one of them died; the time of day was set by more than 0.1 ms while they ran (the kernel's times of arrival are "
        "by it); they used more than 95 % of a core each; read late by more than 2 % (on average) or 10 % (p99 of its "
        "event loop) of the time TPOT is taken over, a p99 over 2 % is a finding (where no time between tokens is judged: "
        "of the mean TTFT or E2EL that is, the p99 for percentiles alone; rates hang on neither); stood still just when "
        "tokens came, so that a judged figure may be wrong by more than 2 %; in a run of one-token answers read late by "
        "more than 2 % of the mean TTFT on average; sent a request late by more than 100 ms and 10 % of the run, 1 % is a "
        "finding"
    ),
    why="beyond it the client measures itself",
    unreported=True,
    probe=True,
)
def client(subject: CheckContext) -> Check:
    """Lateness counts twice: on average, over all stamps, and at the stamps that the judged figures are made
    of.

    What is not judged is not looked at; a run of which nothing is known to be judged is held to its TPOT.
    """
    found, others = _stamping(subject), (_stalls(subject), _sending(subject))
    if found.state not in (CheckStatus.OK, CheckStatus.FINDING):
        return found
    for state in (CheckStatus.INVALID, CheckStatus.FINDING):
        if found.state is state:
            return found
        worse = next((one for one in others if one is not None and one.state is state), None)
        if worse is not None:
            return worse
    return found


def _stalls(subject: CheckContext) -> Check | None:
    """The client stood still just when tokens came that a judged figure hangs on: more than 2 % of it is
    INVALID.

    On average it may have been on time all the same: one freeze over all first tokens shortens every TPOT of
    the run. In a run of one-token answers the figure is the mean TTFT, whatever is judged.
    """
    run, keys = subject.run, list(subject.judged)
    if not run.client.stalls_ms:
        return None
    if _one_token(run.requests):
        keys.append("ttft.mean")
    known = [(bound, key) for key in dict.fromkeys(keys) if (bound := error_bound(run, key)) is not None]
    bound, key = max(known, default=(0.0, ""))
    if bound <= LAG_SHARE_LIMIT:
        return None
    begin, length = max(run.client.stalls_ms, key=lambda one: one[1])
    text = (
        f"The client stood still {len(run.client.stalls_ms)} times, at most for {length:.0f} ms (after {begin / 1000:.1f} s), when "
        f"tokens came: {key} may be wrong by {bound:.1%}; the limit is {LAG_SHARE_LIMIT:.0%}."
    )
    return Check(
        "client",
        CheckStatus.INVALID,
        text,
        "Run the client on a machine with free cores that nothing suspends.",
    )


def _one_token(requests: Sequence[RequestRecord]) -> bool:
    """Whether no answer has a token after its first: then TTFT is the only time that a request has."""
    counts = [record.output_tokens for record in requests if record.ok and record.output_tokens is not None]
    return bool(counts) and max(counts) <= 1


def _sending(subject: CheckContext) -> Check | None:
    """Requests that waited for no slot left when due:

    10 % of the run late is another load than the plan's, 1 % is said.
    """
    seen, lag = subject.run.client, subject.run.client.send_lag_max_ms
    if lag is None or seen.wall_s <= 0 or lag <= SEND_LAG_MS:
        return None
    share = lag / 1000 / seen.wall_s
    text = f"A request was sent {lag:.0f} ms after it was due, {share:.0%} of the run's {seen.wall_s:.1f} s"
    remedy = "Run the client on a machine with free cores."
    if share > SEND_SHARE_LIMIT:
        return Check("client", CheckStatus.INVALID, f"{text}; the limit is {SEND_SHARE_LIMIT:.0%}.", remedy)
    return Check("client", CheckStatus.FINDING, f"{text}.", remedy) if share > SEND_SHARE_SAID else None


def _stamping(subject: CheckContext) -> Check:
    seen = subject.run.client
    if seen.failure:
        return Check(
            "client",
            CheckStatus.INVALID,
            seen.failure,
            "Its output on the console says why; look for a memory limit too.",
        )
    if abs(seen.clock_step_ms or 0.0) > CLOCK_STEP_MS:  # None: another client, whose times are its own
        text = f"The time of day was set by {seen.clock_step_ms:+.3f} ms during the load, and times of arrival are by it."
        return Check("client", CheckStatus.INVALID, text, "Run it again once the machine's clock is set.")
    if seen.cpu_s is None:
        return Check(
            "client",
            CheckStatus.NOT_CHECKED,
            "The client does not tell how busy it was.",
            "Use --client=slabench, which does.",
        )
    if seen.wall_s > 0.5 and seen.cpu_s / seen.wall_s / seen.workers > CPU_SHARE_LIMIT:
        text = f"The client used {seen.cpu_s / seen.wall_s / seen.workers:.0%} of a core a process, more than {CPU_SHARE_LIMIT:.0%}."
        return Check("client", CheckStatus.INVALID, text, "Run the client on a machine with free cores.")
    spans = [
        last - first
        for record in subject.run.requests
        if record.ok and record.stamps_ns
        for first, last in (record.span_ns or (0, 0),)
        if last > first
    ]
    unjudged = bool(subject.judged) and not any(
        metric.client_error in BETWEEN_TOKENS for metric in subject.judged_metrics
    )
    if seen.loop_lag_p99_ms is None or not spans or unjudged:
        return _of_requests(subject) or ok(
            "client", f"The client used {seen.cpu_s:.2f} s of CPU in {seen.wall_s:.2f} s."
        )
    span_ms = sorted(spans)[len(spans) // 2] / 1e6
    # Both ends of a stream's span are read late: by the mean lateness on average, which bounds the error of a
    # mean, by the p99 in the worst of a hundred, which bounds the error of a percentile. The kernel's own
    # time of arrival is not late, but what waited for one read has one time.
    mean_ms = seen.loop_lag_p99_ms if seen.loop_lateness_ms is None else seen.loop_lateness_ms
    mean, worst = 2 * mean_ms / span_ms, 2 * seen.loop_lag_p99_ms / span_ms
    text = (
        f"The client read {mean_ms:.2f} ms late on average (p99 of its event loop {seen.loop_lag_p99_ms:.1f} ms): at most "
        f"{mean:.1%} of the time TPOT is taken over, {worst:.1%} at p99"
    )
    limits = f"{LAG_SHARE_LIMIT:.0%} for the mean, {LAG_SHARE_LIMIT_P99:.0%} for the p99"
    if mean > LAG_SHARE_LIMIT or worst > LAG_SHARE_LIMIT_P99:
        remedy = "Run the client on a machine with free cores."
        return Check("client", CheckStatus.INVALID, f"{text}; the limits are {limits}.", remedy)
    if worst > LAG_SHARE_LIMIT:
        return Check(
            "client",
            CheckStatus.FINDING,
            f"{text}.",
            "Read the percentiles with that; a free core for the client makes them sharp.",
        )
    return ok("client", f"{text}. {_left(seen)}".rstrip())


def _of_requests(subject: CheckContext) -> Check | None:
    """Where no time between tokens is judged: the average lateness is at most 2 % of the mean of each judged
    time of a request.

    Of one-token answers TTFT is looked at whatever is judged. A percentile is held against the p99 of the
    event loop, 10 %.
    """
    seen = subject.run.client
    late = seen.loop_lag_p99_ms if seen.loop_lateness_ms is None else seen.loop_lateness_ms
    metrics = [counterpart(metric) for metric in subject.judged_metrics if metric.client_error in OF_A_TOKEN]
    metrics += [METRICS["ttft"]] if _one_token(subject.run.requests) else []
    done = [record for record in subject.run.requests if record.ok]
    means = [
        (sum(values) / len(values), metric.label) for metric in metrics if (values := metric.sample(done))
    ]
    if late is None or not means:
        return None
    mean, label = min(means)
    text = f"The client read {late:.2f} ms late on average, where the mean {label} is {mean:.1f} ms"
    remedy = "Run the client on a machine with free cores."
    if late > LAG_SHARE_LIMIT * mean:
        return Check(
            "client", CheckStatus.INVALID, f"{text}; the limit is {LAG_SHARE_LIMIT:.0%} of it.", remedy
        )
    worst = seen.loop_lag_p99_ms or 0.0
    tails = [key for key in subject.judged if key.endswith((".p90", ".p95", ".p99", ".max"))]
    if any(declared(key).client_error in OF_A_TOKEN for key in tails) and worst > LAG_SHARE_LIMIT_P99 * mean:
        text += f", and {worst:.2f} ms at p99; a percentile is judged"
        return Check(
            "client",
            CheckStatus.INVALID,
            f"{text}, and the limit is {LAG_SHARE_LIMIT_P99:.0%} of it.",
            remedy,
        )
    return ok("client", f"{text}. {_left(seen)}".rstrip())


def _left(seen: ClientRecord) -> str:
    """How late requests left, of those that had a slot."""
    if seen.send_lag_mean_ms is None or seen.send_lag_p99_ms is None or seen.send_lag_max_ms is None:
        return ""
    late = f"{seen.send_lag_mean_ms:.2f} ms on average, p99 {seen.send_lag_p99_ms:.2f} ms, at most {seen.send_lag_max_ms:.2f} ms"
    return f"Requests left {late} after they were due."


@Registration(
    Stage.CLIENT,
    evidence="calibration",
    invalid=(
        "the client's own error, read off the null server under the same load, is more than a tenth of the distance "
        "between an objective's figure and its limit; not known: not checked"
    ),
    why="a verdict must not hang on the instrument; ten of its errors away it does not",
    applies=CALIBRATED,
)
def client_error(subject: CheckContext) -> Check:
    """For a percentile the mean's error stands."""
    bar = subject.run.client.calibration
    if bar is None or bar.state != "measured":
        why = "it was not measured" if bar is None else bar.why
        remedy = (
            "Leave out --calibrate=off."
            if bar is not None and bar.state == "off"
            else "Run the client on a machine with two free cores (the null server takes one), with --calibrate=fresh."
        )
        return Check(
            "client_error", CheckStatus.NOT_CHECKED, f"The client's own error is not known: {why}.", remedy
        )
    rate = _tokens_per_s(subject)
    if rate is not None and rate > bar.chunks_per_s:
        text = (
            f"The run's {rate:,.0f} tokens/s are more than the {bar.chunks_per_s:,.0f} that the client was calibrated at, so its "
            "own error is not known."
        )
        return Check("client_error", CheckStatus.NOT_CHECKED, text, "Read the figures with that.")
    worst: tuple[float, Margin, float] | None = None
    for margin in subject.margins:
        error = _error_ms(bar, margin, subject)
        if error is None:
            continue
        distance = abs(margin.observed - margin.limit)
        share = error / distance if distance else (math.inf if error else 0.0)
        if worst is None or share > worst[0]:
            worst = (share, margin, error)
    if worst is None or worst[0] <= MARGIN_SHARE_LIMIT:
        beside = (
            "" if worst is None else f"; at most {worst[0]:.1%} of an objective's distance from its limit"
        )
        return ok("client_error", f"The client's own error: {told(bar)}{beside}.")
    share, margin, error = worst
    distance = abs(margin.observed - margin.limit)
    text = (
        f"The client's own error on {margin.metric} is {error:.3g} ms, more than {MARGIN_SHARE_LIMIT:.0%} of the {distance:.3g} ms "
        f"between {margin.observed:.6g} and the limit of {margin.limit:g} ms ({told(bar)})"
    )
    remedy = "Run the client on a machine with free cores; --calibrate=fresh measures its error again."
    return Check("client_error", CheckStatus.INVALID, f"{text}.", remedy)


def told(bar: Calibration) -> str:
    """A calibration's figures with their signs, and the load they hold for."""
    return (
        f"TPOT {bar.tpot_error_pct:+.3f} %, TTFT {bar.ttft_error_ms:+.2f} ms, p99 of the gaps {bar.p99_itl_error_ms:+.2f} ms, read "
        f"off the null server with {bar.streams} streams, a token each every {bar.itl_ms:g} ms"
    )


def _error_ms(bar: Calibration, margin: Margin, subject: CheckContext) -> float | None:
    """Of the figure that an objective is about; None for one that is no time between tokens or to the first."""
    error = declared(margin.metric).client_error
    if error is ClientError.TPOT and bar.tpot_error_pct is not None:
        # Part of it lies at an answer's two ends: it weighs more in a test's answers that are shorter than
        # the calibration's.
        lengths = sorted(n for one in subject.run.requests if one.ok and (n := one.output_tokens or 0) > 1)
        shorter = max(1.0, (bar.tokens - 1) / (lengths[len(lengths) // 2] - 1)) if lengths else 1.0
        return abs(bar.tpot_error_pct) / 100 * margin.observed * shorter
    if error is ClientError.TTFT:
        return None if bar.ttft_error_ms is None else abs(bar.ttft_error_ms)
    if error is ClientError.ITL:
        return None if bar.p99_itl_error_ms is None else abs(bar.p99_itl_error_ms)
    return None


def _tokens_per_s(subject: CheckContext) -> float | None:
    """Of the whole run, from its first token to its last."""
    spans = [
        (span, one.output_tokens or 0)
        for one in subject.run.requests
        if one.ok and (span := one.span_ns) is not None
    ]
    if not spans:
        return None
    lasted = max(span[1] for span, _ in spans) - min(span[0] for span, _ in spans)
    return sum(tokens for _, tokens in spans) * 1e9 / lasted if lasted > 0 else None
