"""Can the decode curve be used? Checks over the samples of all decode tests."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from slabench.messages import Message
from slabench.metrics.curve import WANTED_SAMPLES, CurvePoint, shares
from slabench.verdict.outcome import Check, Outcome, finding, invalid, not_checked, ok
from slabench.verdict.validity.curve_evidence import CurveEvidence, Scale
from slabench.verdict.validity.log import ONE_WRITER, more_tokens
from slabench.verdict.validity.policy import settle
from slabench.verdict.validity.registry import Applies, Registration, Stage, registered

METHOD = "ali-decode-curve"
MOST_RANKS = 10_000  # server_info may report any number
WITH_LINES = Applies("a curve with lines", lambda curve: curve.lines > 0)
DISTURBED_SHARE = 0.10  # between the median of all lines and of the clean ones
# an H200's differed by 0.03 % at most (docs/examples), a CPU's with few samples by some per cent
AGREE_SHARE = 0.10
# The range of n lines holds their distribution's median with 1 - 2^(1-n): 97 % of 6, 94 % of 5.
LEAST_SAMPLES = 6
# however few and scattered the lines are: another server's are further off, or their metric is not
MOST_SHARE = 0.33


@Registration(
    Stage.CURVE,
    evidence="log",
    invalid="the decode curve has no line; rejected lines are a finding",
)
def curve_lines(curve: CurveEvidence) -> Check:
    if not curve.lines:
        return invalid("curve_lines.none")
    counts = Message(
        "curve_lines.counts",
        lines=curve.lines,
        copies=Message("curve_lines.copies", copies=curve.copies) if curve.copies else None,
        rejected=sum(curve.rejected.values()),
        outside=curve.outside,
    )
    scale = curve.scale
    expected = max(1, scale.servers) * (1 if scale.logged_dp else scale.ranks_of_one)
    one_log = Message("curve_lines.one_log")
    if curve.engines > expected:
        return finding("curve_lines.several", counts=counts, engines=curve.engines, one_log=one_log)
    if curve.mixed:
        return finding("curve_lines.mixed", counts=counts, one_log=one_log)
    if curve.rejected or curve.outside:
        named = tuple(f"{count} {reason}" for reason, count in sorted(curve.rejected.items()))
        reasons = Message("curve_lines.reasons", reasons=named) if named else None
        return finding("curve_lines.rejected", counts=counts, reasons=reasons)
    return ok("curve_lines.ok", counts=counts)


@Registration(
    Stage.CURVE,
    evidence="log",
    invalid=(
        "a tested batch size has no line, or has fewer than 6 and none of them clean (with several decode "
        "servers a finding: a router need not distribute evenly); fewer than 100 are a finding"
    ),
    why="the method's authors require 100; of fewer than 6 a median has no 95 % interval",
    applies=WITH_LINES,
)
def curve_samples(curve: CurveEvidence) -> Check:
    counts = {row.running: row.samples for row in curve.classic.points}
    clean = {row.running: row.samples for row in curve.clean.points}
    wanted = {size: shares(size, curve.scale.ranks) for size, _ in curve.points}
    missing = tuple(size for size, runs in wanted.items() if not any(run in counts for run in runs))
    servers = curve.scale.servers
    if missing and servers > 1:
        return finding("curve_samples.missing_of_several", sizes=missing, servers=servers)
    if missing:
        return invalid("curve_samples.missing", sizes=missing)
    samples = {size: sum(counts.get(run, 0) for run in runs) for size, runs in wanted.items()}
    clean_samples = {size: sum(clean.get(run, 0) for run in runs) for size, runs in wanted.items()}
    weak = {
        size: count for size, count in samples.items() if count < LEAST_SAMPLES and not clean_samples[size]
    }
    if weak:
        lines = tuple(Message("curve_samples.weak_size", size=size, lines=weak[size]) for size in weak)
        say = finding if servers > 1 else invalid
        return say("curve_samples.weak", least=LEAST_SAMPLES, sizes=lines)
    of_sizes = tuple(
        Message(
            "curve_samples.of_size",
            size=size,
            samples=samples[size],
            clean=clean_samples[size],
        )
        for size in wanted
    )
    message = Message("curve_samples.counts", wanted=WANTED_SAMPLES, counts=of_sizes)
    few = any(count < WANTED_SAMPLES for count in samples.values())
    return finding("curve_samples.few", counts=message) if few else ok("curve_samples.ok", counts=message)


@Registration(
    Stage.CURVE,
    evidence="decode tests",
    invalid="never: a finding when a decode test before the curve was INVALID, or was refused before load",
    why="the lines of the one are in the published form too, and the other has no row",
    applies=WITH_LINES,
)
def curve_points(curve: CurveEvidence) -> Check:
    sizes = tuple(size for size, outcome in curve.points if outcome == Outcome.INVALID.value)
    texts = [Message("curve_points.measured", sizes=sizes)] if sizes else []
    texts += [Message("curve_points.refused", sizes=tuple(curve.refused))] if curve.refused else []
    return finding("curve_points.invalid", texts=tuple(texts)) if texts else ok("curve_points.ok")


@Registration(
    Stage.CURVE,
    evidence="log, decode tests",
    invalid=(
        "at a batch size the mean of the clean lines differs from the client's full-batch TPOT by more than "
        "10 % (by four standard errors of few or scattered lines, at most 33 %), or lines of which none is "
        "clean are faster by more than 33 %; or the clean lines stand for over 10 % more tokens than the "
        "client received; a median further off than the limit, with a mean that agrees, is a finding"
    ),
    why="it is another server's log, or one that another server writes to as well",
    applies=WITH_LINES,
)
def curve_agrees(curve: CurveEvidence) -> Check:
    """By the mean of the clean lines, which cover the client's time: on the server's own log it agrees
    however noisy the machine is.

    The median is what is published, and leaves slow moments out.
    """
    many = {size: pair for size, pair in curve.tokens.items() if more_tokens(*pair)}
    if many:
        size, (tokens, received) = max(many.items(), key=lambda item: item[1][0] / item[1][1])
        remedy = ONE_WRITER
        return invalid("curve_agrees.more_tokens", remedy=remedy, size=size, tokens=tokens, received=received)
    offs = _offs(curve)
    odd = {size: off for size, off in offs.items() if abs(off.mean) > off.limit}
    if odd:
        size, off = max(odd.items(), key=lambda item: abs(item[1].mean))
        return invalid(
            "curve_agrees.differs",
            remedy=ONE_WRITER,
            size=size,
            log_ms=off.log,
            off=off.mean,
            limit=off.limit,
            samples=off.samples,
            lines=Message("curve_agrees.clean_lines" if off.clean else "curve_agrees.disturbed_lines"),
            client_ms=off.client,
        )
    if not curve.tpots:
        return not_checked("curve_agrees.not_seen")
    far = tuple(
        Message("curve_agrees.median", size=size, off=off.median)
        for size, off in offs.items()
        if off.median is not None and abs(off.median) > off.limit
    )
    if far:
        return finding("curve_agrees.median_differs", sizes=far)
    return ok("curve_agrees.ok", tests=len(curve.tpots))


@dataclass(frozen=True, slots=True)
class Off:
    """One batch size: the log against the client, as shares of the client's time per token."""

    client: float  # ms
    log: float  # ms
    mean: float
    median: float | None
    limit: float
    samples: int
    clean: bool = True  # the lines that it is made of


def _offs(curve: CurveEvidence) -> dict[int, Off]:
    clean = {row.running: row for row in curve.clean.points}
    classic = {row.running: row for row in curve.classic.points}
    clients = {**curve.clients, **{size: pair[0] for size, pair in curve.tpots.items()}}
    offs: dict[int, Off] = {}
    for size, client in clients.items():
        runs = shares(size, curve.scale.ranks)
        if client > 0 and size in curve.tpots:
            rows = [clean[run] for run in runs if run in clean]
            log = curve.tpots[size][1]
            error = max(map(_standard_error, rows), default=0.0)
            limit = min(MOST_SHARE, max(AGREE_SHARE, 4 * error))
            medians = [row.tpot_ms / client - 1 for row in rows if row.tpot_ms is not None]
            median = min(medians, key=abs, default=None)
            samples = sum(row.samples for row in rows)
            offs[size] = Off(client, log, log / client - 1, median, limit, samples)
        elif client > 0:
            # Without a clean line: what disturbs a line slows it, so it cannot be faster than the full batch.
            rows = [classic[run] for run in runs if run in classic]
            fast = [(row.tpot_ms, row.samples) for row in rows if row.tpot_ms is not None]
            if fast:
                log, samples = min(fast)
                mean = min(0.0, log / client - 1)
                offs[size] = Off(client, log, mean, None, MOST_SHARE, samples, clean=False)
    return offs


def _standard_error(row: CurvePoint) -> float:
    """Of the lines' mean, as a share, by their quartiles."""
    if row.q1 is None or row.q3 is None or not row.median > 0:
        return 0.0
    return (row.q3 - row.q1) / 1.35 / row.median / math.sqrt(row.samples)


@Registration(
    Stage.CURVE,
    evidence="log",
    invalid="never: a finding when all lines and the clean ones differ by more than 10 %",
    why="prefills are in the median then",
    applies=WITH_LINES,
)
def curve_clean(curve: CurveEvidence) -> Check:
    clean = {row.running: row.median for row in curve.clean.points}
    runs = {run for size, _ in curve.points for run in shares(size, curve.scale.ranks)}
    off = {
        row.running: row.median / clean[row.running] - 1
        for row in curve.classic.points
        if row.running in runs and clean.get(row.running, 0.0) > 0
    }
    causes = sorted(curve.clean.left_out.items(), key=lambda item: -item[1])
    named = tuple(f"{count} {cause}" for cause, count in causes)
    left_out = Message("curve_clean.left_out", causes=named) if named else None
    far = tuple(
        Message("curve_clean.of_size", running=running, share=share)
        for running, share in off.items()
        if abs(share) > DISTURBED_SHARE
    )
    if far:
        return finding("curve_clean.differs", limit=DISTURBED_SHARE, sizes=far, left_out=left_out)
    if not off:
        return not_checked("curve_clean.none", left_out=left_out)
    return ok("curve_clean.ok", limit=DISTURBED_SHARE, left_out=left_out)


@Registration(
    Stage.CURVE,
    evidence="log, server_info",
    invalid=(
        "never: a finding when command line, server_info and rank tags contradict each other; ranks that "
        "cannot be on these GPUs have no metric per GPU"
    ),
    why="metrics per GPU depend on it",
    applies=WITH_LINES,
)
def curve_gpus(curve: CurveEvidence) -> Check:
    contradictions = _contradictions(curve, curve.scale)
    if contradictions:
        return finding("curve_gpus.contradiction", contradictions=contradictions)
    if curve.scale.gpus_per_line is None:
        return not_checked("curve_gpus.unknown")
    return ok("curve_gpus.ok", gpus=curve.scale.gpus_per_line, ranks=curve.scale.ranks)


def _contradictions(curve: CurveEvidence, scale: Scale) -> tuple[Message, ...]:
    option, reported, ranks, files = scale.option_gpus, scale.reported_gpus, scale.ranks_of_one, curve.files
    missing = sorted(set(range(min(ranks, MOST_RANKS))) - set(scale.logged_dp))
    rank = max(scale.logged_dp, default=-1)
    stage = max(scale.logged_pp, default=-1)
    source, stages = scale.reported_source, Message("curve_gpus.stages") if len(scale.logged_pp) > 1 else None
    first = missing[0] if missing else None
    cases = (
        (
            option is not None and reported is not None and option != reported,
            Message("curve_gpus.option", option=option, reported=reported, source=source),
        ),
        (
            scale.reported_dp is not None and rank >= scale.reported_dp,
            Message("curve_gpus.rank", tag="DP", rank=rank, size_name="dp", size=scale.reported_dp),
        ),
        (
            scale.reported_pp is not None and stage >= scale.reported_pp,
            Message("curve_gpus.rank", tag="PP", rank=stage, size_name="pp", size=scale.reported_pp),
        ),
        (
            ranks > 1 and scale.logged_dp and missing,
            Message("curve_gpus.missing_ranks", missing=len(missing), ranks=ranks, files=files, first=first),
        ),
        (ranks > 1 and not scale.logged_dp and curve.lines, Message("curve_gpus.no_rank", ranks=ranks)),
        (files < scale.servers, Message("curve_gpus.files", servers=scale.servers, files=files)),
        (not scale.fits, Message("curve_gpus.divide", gpus=scale.gpus, ranks=scale.ranks, stages=stages)),
    )
    return tuple(message for holds, message in cases if holds)


def examine_curve(
    curve: CurveEvidence, *, allow: Collection[str] = (), strict: bool = False
) -> tuple[Check, ...]:
    """All that apply, with the command line's policy."""
    checks = [check for check in registered(Stage.CURVE) if check.applies.to(curve)]
    return tuple(settle(check.function(curve), METHOD, allow=allow, strict=strict) for check in checks)
