"""May the decode curve be read? Checks over the samples of all decode tests."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from slabench.messages import number
from slabench.metrics.curve import WANTED_SAMPLES, CurvePoint, shares
from slabench.verdict.outcome import Check, CheckStatus, Outcome
from slabench.verdict.validity.curve_evidence import CurveEvidence
from slabench.verdict.validity.log import ONE_WRITER, more_tokens
from slabench.verdict.validity.policy import settle
from slabench.verdict.validity.registry import Applies, Registration, Stage, registered

METHOD = "ali-decode-curve"
MOST_RANKS = 10_000  # server_info may name any number
WITH_LINES = Applies("a curve with lines", lambda curve: curve.lines > 0)
DISTURBED_SHARE = 0.10  # between the median of all lines and of the clean ones


def _sizes(seen: CurveEvidence) -> list[int]:
    return [size for size, _ in seen.points]


def _list(values: Collection[int]) -> str:
    return ", ".join(map(str, values))


@Registration(
    Stage.CURVE,
    evidence="log",
    invalid="the decode curve has no line; rejected lines are a finding",
)
def curve_lines(seen: CurveEvidence) -> Check:
    if not seen.lines:
        remedy = "See that --deploy-log names the log that this server writes, and that it can be read here while it grows."
        return Check(
            "curve_lines",
            CheckStatus.INVALID,
            "The deploy log has no Decode line of this session's decode tests.",
            remedy,
        )
    bad = sum(seen.rejected.values())
    copies = f", {seen.copies} copies of other ranks counted once" if seen.copies else ""
    text = f"{seen.lines} Decode lines of this session's decode tests{copies}, {bad} rejected, {seen.outside} of another time."
    several = seen.engines > max(1, seen.scale.servers) * (
        1 if seen.scale.seen_dp else seen.scale.ranks_of_one
    )
    if several or seen.mixed:
        who = f"{seen.engines} servers write" if several else "More than one server may write"
        why = "" if several else ", as the tokens on their lines show"
        remedy = "Give the log of the server at --base-url alone; of several behind a router, see that all are at the same load."
        return Check(
            "curve_lines",
            CheckStatus.FINDING,
            f"{text} {who} to the deploy log at the same time{why}.",
            remedy,
        )
    if bad or seen.outside:
        named = ", ".join(f"{count} {reason}" for reason, count in sorted(seen.rejected.items()))
        text = f"{text} Rejected: {named}." if named else text
        remedy = (
            "See that one server alone writes to the log, and that nothing delivers it late or in pieces."
        )
        return Check("curve_lines", CheckStatus.FINDING, text, remedy)
    return Check("curve_lines", CheckStatus.OK, text)


@Registration(
    Stage.CURVE,
    evidence="log",
    invalid=(
        "a batch size that was tested has no line (of several decode servers a finding: a router need not share evenly); "
        "fewer than 100 are a finding"
    ),
    why="the method's authors ask for 100",
    applies=WITH_LINES,
)
def curve_samples(seen: CurveEvidence) -> Check:
    counts = {row.running: row.samples for row in seen.classic.points}
    clean = {row.running: row.samples for row in seen.clean.points}
    ranks = seen.scale.ranks
    wanted = {size: shares(size, ranks) for size in _sizes(seen)}
    missing = [size for size, runs in wanted.items() if not any(run in counts for run in runs)]
    remedy = "Start the server with a smaller --decode-log-interval, or raise --decode-output-len."
    if missing and seen.lines:
        text = f"The log has no Decode line with {_list(missing)} running requests, which decode tests are named after."
        if seen.scale.servers > 1:
            text = f"{text} A router need not share a batch out evenly to {seen.scale.servers} servers."
            return Check(
                "curve_samples",
                CheckStatus.FINDING,
                text,
                "Measure one decode server's curve, or route in turns.",
            )
        return Check("curve_samples", CheckStatus.INVALID, text, remedy)
    held = {
        size: (sum(counts.get(run, 0) for run in runs), sum(clean.get(run, 0) for run in runs))
        for size, runs in wanted.items()
    }
    told = "; ".join(
        f"batch size {size}: {every}, {undisturbed} of them clean"
        for size, (every, undisturbed) in held.items()
    )
    few = [size for size, (every, _) in held.items() if every < WANTED_SAMPLES]
    text = f"The method wants {WANTED_SAMPLES} samples a batch size; there are {told}."
    if few:
        return Check("curve_samples", CheckStatus.FINDING, text, f"{remedy} --prompts-per-batch adds waves.")
    return Check("curve_samples", CheckStatus.OK, text)


@Registration(
    Stage.CURVE,
    evidence="decode tests",
    invalid="never: a finding when a decode test before the curve was INVALID",
    why="its lines are in the published form too",
    applies=WITH_LINES,
)
def curve_points(seen: CurveEvidence) -> Check:
    bad = [size for size, word in seen.points if word == Outcome.INVALID.value]
    if bad:
        text = f"The decode tests of batch size {_list(bad)} were INVALID; their lines are in the curve."
        return Check("curve_points", CheckStatus.FINDING, text, "Read those numbers with the tests' reasons.")
    return Check("curve_points", CheckStatus.OK, "No decode test before the curve was INVALID.")


@Registration(
    Stage.CURVE,
    evidence="log, decode tests",
    invalid=(
        "at a batch size the mean of the clean lines is off the client's full-batch figure by more than 10 % (by four "
        "standard errors of few or scattered lines, at most 33 %), or lines of which none is clean are faster by more "
        "than 33 %; or the clean lines stand for over 10 % more tokens than the client received; a median further off than "
        "the limit, with a mean that agrees, is a finding"
    ),
    why="it is another server's log, or one that another server writes to as well",
    applies=WITH_LINES,
)
def curve_agrees(seen: CurveEvidence) -> Check:
    """By the mean of the clean lines, which cover the client's time: on one's own log it agrees however noisy
    the machine is.

    The median is what is published, and leaves slow moments out.
    """
    many = {size: pair for size, pair in seen.tokens.items() if more_tokens(*pair)}
    if many:
        size, (tokens, received) = max(many.items(), key=lambda item: item[1][0] / item[1][1])
        text = f"At batch size {size} the clean Decode lines stand for {tokens:.0f} tokens, and the client received {received:.0f}."
        return Check("curve_agrees", CheckStatus.INVALID, text, ONE_WRITER)
    odd = {size: off for size, off in _offs(seen).items() if abs(off.mean) > off.limit}
    if odd:
        size, off = max(odd.items(), key=lambda one: abs(one[1].mean))
        text = (
            f"At batch size {size} the log says {number(off.log)} ms a token ({off.mean:+.1%}, limit {off.limit:.0%}, "
            f"n={off.samples} {off.lines}) and the client saw {number(off.client)} ms of the same batch."
        )
        return Check("curve_agrees", CheckStatus.INVALID, text, ONE_WRITER)
    if not seen.tpots:
        text = "No decode test saw its full batch in the log and at the client, so nothing shows that the log is this server's."
        return Check(
            "curve_agrees",
            CheckStatus.NOT_CHECKED,
            text,
            "Raise --decode-output-len, or lower --decode-log-interval.",
        )
    far = {
        size: off
        for size, off in _offs(seen).items()
        if off.median is not None and abs(off.median) > off.limit
    }
    if far:
        told = ", ".join(f"{size}: {off.median:+.1%}" for size, off in far.items())
        text = f"The median of the clean lines is off the client's figure of the full batch, by batch size: {told}; their mean is not."
        return Check(
            "curve_agrees",
            CheckStatus.FINDING,
            text,
            "The machine's speed varies: measure longer, or keep other work off it.",
        )
    return Check(
        "curve_agrees",
        CheckStatus.OK,
        f"Log and client agree on the full batch in {len(seen.tpots)} decode tests.",
    )


# an H200's differed by 0.03 % at most (docs/examples), a CPU's with few samples by some per cent
AGREE_SHARE = 0.10
# however few and scattered the lines are: another server's are further off, or their figure is not
MOST_SHARE = 0.33


@dataclass(frozen=True, slots=True)
class Off:
    """One batch size: the log against the client, as shares of the client's time per token."""

    client: float  # ms
    log: float  # ms
    mean: float
    median: float | None
    limit: float
    samples: int
    lines: str  # which lines the figure is of


def _offs(seen: CurveEvidence) -> dict[int, Off]:
    clean = {row.running: row for row in seen.clean.points}
    classic = {row.running: row for row in seen.classic.points}
    found: dict[int, Off] = {}
    for size, client in {**seen.clients, **{size: pair[0] for size, pair in seen.tpots.items()}}.items():
        runs = shares(size, seen.scale.ranks)
        rows = [clean[run] for run in runs if run in clean]
        if size in seen.tpots and client > 0:
            log = seen.tpots[size][1]
            error = max((_standard_error(row) for row in rows), default=0.0)
            limit = min(MOST_SHARE, max(AGREE_SHARE, 4 * error))
            medians = [row.tpot_ms / client - 1 for row in rows if row.tpot_ms is not None]
            median = min(medians, key=abs) if medians else None
            found[size] = Off(
                client, log, log / client - 1, median, limit, sum(row.samples for row in rows), "clean lines"
            )
        elif client > 0:
            # Without a clean line: what disturbs a line slows it, so that it cannot be faster than the full
            # batch.
            disturbed = [classic[run] for run in runs if run in classic and classic[run].tpot_ms is not None]
            fast = [(row.tpot_ms, row.samples) for row in disturbed if row.tpot_ms is not None]
            if fast:
                log, samples = min(fast)
                found[size] = Off(
                    client,
                    log,
                    min(0.0, log / client - 1),
                    None,
                    MOST_SHARE,
                    samples,
                    "lines, none of them clean",
                )
    return found


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
def curve_clean(seen: CurveEvidence) -> Check:
    clean = {row.running: row.median for row in seen.clean.points}
    runs = {run for size in _sizes(seen) for run in shares(size, seen.scale.ranks)}
    off = {
        row.running: row.median / clean[row.running] - 1
        for row in seen.classic.points
        if row.running in runs and clean.get(row.running, 0.0) > 0
    }
    far = {running: share for running, share in off.items() if abs(share) > DISTURBED_SHARE}
    causes = ", ".join(
        f"{count} {cause}" for cause, count in sorted(seen.clean.left_out.items(), key=lambda one: -one[1])
    )
    left = f" Left out of the clean curve: {causes}." if causes else ""
    if far:
        told = ", ".join(f"{running} running {share:+.0%}" for running, share in far.items())
        text = f"The median of all lines differs from that of the clean ones by more than {DISTURBED_SHARE:.0%}: {told}.{left}"
        return Check(
            "curve_clean",
            CheckStatus.FINDING,
            text,
            "Compare with the clean median; longer outputs give more clean lines.",
        )
    if not off:
        text = f"No batch size that was tested has a clean line to compare with.{left}"
        return Check(
            "curve_clean",
            CheckStatus.NOT_CHECKED,
            text,
            "Start the server with a smaller --decode-log-interval.",
        )
    return Check(
        "curve_clean",
        CheckStatus.OK,
        f"All lines and the clean ones agree within {DISTURBED_SHARE:.0%}.{left}",
    )


@Registration(
    Stage.CURVE,
    evidence="log, server_info",
    invalid=(
        "never: a finding when command line, server_info and rank tags contradict each other; ranks that cannot be on "
        "these GPUs have no figure per GPU"
    ),
    why="a figure per GPU hangs on it",
    applies=WITH_LINES,
)
def curve_gpus(seen: CurveEvidence) -> Check:
    scale = seen.scale
    odd: list[str] = []
    if scale.given_gpus is not None and scale.told_gpus is not None and scale.given_gpus != scale.told_gpus:
        odd.append(
            f"--decode-gpu-num says {scale.given_gpus} GPUs, server_info {scale.told_gpus} ({scale.told_source})"
        )
    for tag, told, found in (("DP", scale.told_dp, scale.seen_dp), ("PP", scale.told_pp, scale.seen_pp)):
        if told is not None and found and max(found) + 1 > told:
            odd.append(f"the log has lines of rank {tag}{max(found)}, server_info says {tag.lower()} {told}")
    ranks = scale.ranks_of_one
    silent = (
        sorted(set(range(min(ranks, MOST_RANKS))) - set(scale.seen_dp)) if scale.seen_dp and ranks > 1 else []
    )
    if silent:
        files = f"{seen.files} file{'s' if seen.files > 1 else ''}"
        odd.append(
            f"{len(silent)} of {ranks} data-parallel ranks have no Decode line in {files} (DP{silent[0]} for one)"
        )
    elif ranks > 1 and not scale.seen_dp and seen.lines:
        odd.append(f"server_info says dp {ranks}, and no line of the log names a data-parallel rank")
    if seen.files < scale.servers:
        odd.append(
            f"{scale.servers} servers decode, and --deploy-log names {seen.files} file{'s' if seen.files > 1 else ''}"
        )
    if not scale.fits:
        each = f"{scale.ranks} data-parallel ranks{' of several pipeline stages' if len(scale.seen_pp) > 1 else ''}"
        odd.append(
            f"{scale.gpus} GPUs do not divide into {each} of the log, so the curve has no figure per GPU"
        )
    if odd:
        text = f"{'; '.join(odd)[0].upper()}{'; '.join(odd)[1:]}."
        return Check(
            "curve_gpus",
            CheckStatus.FINDING,
            text,
            "Set --decode-gpu-num right, and name the log of every node in --deploy-log.",
        )
    if scale.gpus_per_line is None:
        text = "The number of GPUs is unknown, so the curve has no figure per GPU."
        return Check("curve_gpus", CheckStatus.NOT_CHECKED, text, "Give --decode-gpu-num.")
    gpus, ranks = scale.gpus_per_line, scale.ranks
    text = f"One Decode line speaks of {gpus:g} GPU{'' if gpus == 1 else 's'}; there {'is' if ranks == 1 else 'are'} {ranks} scheduler"
    return Check("curve_gpus", CheckStatus.OK, f"{text}{'' if ranks == 1 else 's'}.")


def examine_curve(
    seen: CurveEvidence, *, allow: Collection[str] = (), strict: bool = False
) -> tuple[Check, ...]:
    """All that apply, with the command line's policy."""
    outcomes = [check.function(seen) for check in registered(Stage.CURVE) if check.applies.to(seen)]
    return tuple(settle(outcome, METHOD, allow=allow, strict=strict) for outcome in outcomes)
