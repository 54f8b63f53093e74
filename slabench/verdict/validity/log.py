"""What the deploy log says of one run: did it see the run, did anything disturb it, and does its speed agree
with the client's?
"""

from __future__ import annotations

from collections.abc import Callable

from slabench.messages import number
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity.context import LogEvidence
from slabench.verdict.validity.registry import BATCH, FILLING, RETRACTS, Registration, Stage

AGREE_SHARE = 0.10  # log and client are two clocks at two ends of one stream: more than this has a cause
# Over the same time: no clock or network that leaves a run valid makes such a difference. A stall can, where
# the line that has it is not clean: of few clean lines only twice or half is another server's.
OTHER_LOG_SHARE, FEW_SHARE, FEW = 0.33, 1.0, 5
OTHER_TOKENS_SHARE = 0.10  # beyond what the client received: a clean line's steps and requests are exact
MOSTLY_FULL = 0.5  # of the run: a smaller part of it stands for waves, not for the batch size


LogCheck = Callable[[LogEvidence], Check]
_LOWER_INTERVAL = "Start the server with a smaller --decode-log-interval, or raise --decode-output-len."


@Registration(
    Stage.LOG,
    evidence="log",
    invalid=(
        "the log has not one batch line of this run; lines that cannot be read, or no Decode line of a batch-size point, "
        "are findings"
    ),
    why="it is not this server's log",
    client="any",
)
def log_lines(seen: LogEvidence) -> Check:
    if not seen.lines and not seen.prefill_lines and not seen.outside:
        text = "The deploy log has not one batch line of this run."
        remedy = "See that --deploy-log names the log that this server writes, and that it can be read here while it grows."
        return Check("log_lines", CheckStatus.INVALID, text, remedy)
    if seen.rejected or seen.outside:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(seen.rejected.items()))
        told = (
            f"{sum(seen.rejected.values())} batch lines of the log could not be read ({reasons})"
            if seen.rejected
            else ""
        )
        late = f"{seen.outside} lines carry stamps of another time than this run's" if seen.outside else ""
        text = f"{'; '.join(one for one in (told, late) if one)}; they were left out of {seen.lines} Decode lines."
        remedy = (
            "See that one server alone writes to the log, and that nothing delivers it late or in pieces."
        )
        return Check("log_lines", CheckStatus.FINDING, text, remedy)
    if not seen.lines and seen.batch_size is not None:
        text = "The deploy log has no Decode line of this run."
        remedy = f"See that --deploy-log names the log that this server writes. {_LOWER_INTERVAL}"
        return Check("log_lines", CheckStatus.FINDING, text, remedy)
    return Check(
        "log_lines",
        CheckStatus.OK,
        f"The deploy log has {seen.lines} Decode lines of this run, none was rejected.",
    )


@Registration(
    Stage.LOG,
    evidence="log",
    invalid="it tells of retractions",
    why="servers before 0.5.4 say so nowhere else; `--allow=retraction` covers it",
    client="any",
    finding_for=FILLING,
    finding_why=RETRACTS,
    allowed_with="retraction",
)
def log_retraction(seen: LogEvidence) -> Check:
    if seen.retractions:
        text = (
            f"The deploy log tells of {seen.retractions} retractions during this run: the KV pool was full."
        )
        return Check(
            "log_retraction",
            CheckStatus.INVALID,
            text,
            "Lower the concurrency, or give the server a larger KV pool.",
        )
    return Check("log_retraction", CheckStatus.OK, "The deploy log tells of no retraction.")


@Registration(
    Stage.LOG,
    evidence="log",
    invalid="a kernel was compiled or a server started while the run was on",
    why="both stop decoding for seconds",
    client="any",
)
def log_disturbed(seen: LogEvidence) -> Check:
    happened = [f"{seen.jit} kernel compilations"] if seen.jit else []
    happened += [f"{seen.restarts} server starts"] if seen.restarts else []
    if happened:
        text = f"The deploy log tells of {' and '.join(happened)} during this run."
        return Check(
            "log_disturbed",
            CheckStatus.INVALID,
            text,
            "Run it again: what was compiled is there now (--warmup-requests).",
        )
    return Check("log_disturbed", CheckStatus.OK, "The deploy log tells of no compilation and no restart.")


@Registration(
    Stage.LOG,
    evidence="log, arrivals",
    invalid=(
        "the log's TPOT and the client's differ by more than a third over the same full batch (a factor of 2 where fewer "
        "than 5 lines are clean), a line has more running requests than the client had in flight, or the clean lines "
        "stand for over 10 % more tokens than it received: it is another server's log, or another one writes to it too; "
        "more than 10 % between the two figures is a finding, with the likely cause"
    ),
    why="two clocks at two ends of one stream; a clean line stands for decode_log_interval steps of its running requests",
    applies=BATCH,
    client="any",
    without_log=True,
)
def log_agrees(seen: LogEvidence) -> Check:
    others = _others(seen)
    if others is not None:
        return Check("log_agrees", CheckStatus.INVALID, others, ONE_WRITER)
    if seen.log_tpot is None:
        text = f"The deploy log has no clean Decode line at batch size {seen.batch_size}, so its speed cannot be compared."
        return Check("log_agrees", CheckStatus.NOT_CHECKED, text, _LOWER_INTERVAL)
    if seen.mean_tpot is None:
        text = "The client's TPOT is not defined, so the log's cannot be compared with it."
        return Check("log_agrees", CheckStatus.NOT_CHECKED, text, "Raise --decode-output-len.")
    log = f"The log says {number(seen.log_tpot)} ms a token at batch size {seen.batch_size} (n={seen.samples} clean lines)"
    client = (
        f"the client's mean TPOT is {number(seen.mean_tpot)} ms ({_off(seen.mean_tpot, seen.log_tpot):+.1%})"
    )
    if seen.full_tpot is None:
        full = "the batch was never full at the client"
    else:
        covers = "" if seen.full_share is None else f", over {seen.full_share:.0%} of the run"
        full = f"in its full-batch window {number(seen.full_tpot)} ms ({_off(seen.full_tpot, seen.log_tpot):+.1%}{covers})"
    text = f"{log}, {client}, {full}"
    # The two speak of the same time: when they differ, no explanation by other times can save them.
    if seen.full_tpot is not None and abs(_off(seen.full_tpot, seen.log_tpot)) > AGREE_SHARE:
        cause = "The likely cause is the client, the way to it, or a log that is not this server's: both saw the same batch."
        remedy = "Look at the client's lag above, measure without a proxy, and see that --deploy-log is this server's."
        state = (
            CheckStatus.INVALID
            if contradicts(seen.full_tpot, seen.log_tpot, seen.samples)
            else CheckStatus.FINDING
        )
        return Check("log_agrees", state, f"{text}. {cause}", remedy)
    if abs(_off(seen.mean_tpot, seen.log_tpot)) <= AGREE_SHARE:
        return Check("log_agrees", CheckStatus.OK, f"{text}.")
    return Check(
        "log_agrees",
        CheckStatus.FINDING,
        f"{text}. {_cause(seen, seen.mean_tpot, seen.log_tpot)}",
        _FULL_REMEDY,
    )


_FULL_REMEDY = "Compare full_batch.tpot or the decode curve for this batch size; raise --decode-output-len to make its share larger."


ONE_WRITER = "See that --deploy-log is the log of the server at --base-url, that it alone writes there, and no other client uses it."


def contradicts(client: float, log: float, samples: int) -> bool:
    """Two figures in ms of one batch over one time that cannot both be of this server; samples: clean lines
    in the log's.
    """
    share = OTHER_LOG_SHARE if samples >= FEW else FEW_SHARE
    return max(client, log) > (1 + share) * min(client, log)


def more_tokens(tokens: float, received: float) -> bool:
    """Whether Decode lines stand for more tokens than a client received, so that some are of other requests
    than its own."""
    return tokens > (1 + OTHER_TOKENS_SHARE) * received


def _others(seen: LogEvidence) -> str | None:
    """Why some lines cannot be of this run's requests."""
    size = seen.batch_size
    # one that has just ended may count a step longer
    if size is not None and seen.running_max > 1.1 * size + 1:
        return f"A Decode line of this run has {seen.running_max} running requests, and the client had at most {size} in flight."
    if seen.tokens is not None and seen.received is not None and more_tokens(seen.tokens, seen.received):
        return f"The clean Decode lines of this run stand for {seen.tokens:.0f} tokens, and the client received {seen.received:.0f}."
    return None


def _off(one: float, other: float) -> float:
    return one / other - 1


def _cause(seen: LogEvidence, mean: float, log: float) -> str:
    """Why whole answers took another time a token than the full batch did."""
    in_waves = seen.planned is not None and seen.batch_size is not None and seen.planned > seen.batch_size
    if seen.full_tpot is None:
        return "The likely cause is waves: at the client the requests did not all decode at once."
    if mean > log:
        if in_waves:
            return "The likely cause is prefill stalls: each answer's TPOT contains the prefills of the requests that came after it."
        return (
            "The likely cause is prefill stalls: the first answers' TPOT contains the prefills of the others."
        )
    part = seen.full_share is not None and seen.full_share < MOSTLY_FULL
    return f"The likely cause is waves: {'most of' if part else 'a part of'} each answer was decoded in a smaller batch."
