"""Checks of one run against the deploy log: does it contain the run, was the run disturbed, and does its
speed agree with the client's?
"""

from __future__ import annotations

from slabench.messages import Message
from slabench.verdict.outcome import Check, CheckStatus, check, finding, invalid, not_checked, ok
from slabench.verdict.validity.context import LogEvidence
from slabench.verdict.validity.registry import BATCH, FILLING, RETRACTS, Registration, Stage

AGREE_SHARE = 0.10  # log and client are two clocks at two ends of one stream: a larger difference has a cause
# Over the same time: no clock or network that leaves a run valid makes such a difference. A stall can, where
# the line that contains it is not clean: with few clean lines only twice or half proves another server.
OTHER_LOG_SHARE, FEW_SHARE, FEW = 0.33, 1.0, 5
OTHER_TOKENS_SHARE = 0.10  # beyond what the client received: a clean line's steps and requests are exact
MOSTLY_FULL = 0.5  # of the run: a smaller part of it stands for waves, not for the batch size
ONE_WRITER = Message("remedy.one_writer")


@Registration(
    Stage.LOG,
    evidence="log",
    invalid=(
        "the log contains no batch line of this run; lines that cannot be read, or no Decode line at a "
        "batch-size point, are findings"
    ),
    why="it is not this server's log",
    client="any",
)
def log_lines(evidence: LogEvidence) -> Check:
    if not evidence.lines and not evidence.prefill_lines and not evidence.outside:
        return invalid("log_lines.none")
    if evidence.rejected or evidence.outside:
        reasons = tuple(f"{count} {reason}" for reason, count in sorted(evidence.rejected.items()))
        rejected, outside = sum(evidence.rejected.values()), evidence.outside
        parts = [Message("log_lines.rejected", rejected=rejected, reasons=reasons)] if reasons else []
        parts += [Message("log_lines.outside", outside=outside)] if outside else []
        return finding("log_lines.left_out", parts=tuple(parts), lines=evidence.lines)
    if not evidence.lines and evidence.batch_size is not None:
        return finding("log_lines.no_decode")
    return ok("log_lines.ok", lines=evidence.lines)


@Registration(
    Stage.LOG,
    evidence="log",
    invalid="it reports retractions",
    why="servers before 0.5.4 report it nowhere else; `--allow=retraction` covers it",
    client="any",
    finding_for=FILLING,
    finding_why=RETRACTS,
    allowed_with="retraction",
)
def log_retraction(evidence: LogEvidence) -> Check:
    if evidence.retractions:
        return invalid("log_retraction.retracted", retractions=evidence.retractions)
    return ok("log_retraction.none")


@Registration(
    Stage.LOG,
    evidence="log",
    invalid="a kernel was compiled or a server started while the run was on",
    why="both stop decoding for seconds",
    client="any",
)
def log_disturbed(evidence: LogEvidence) -> Check:
    events = [Message("log_disturbed.compilations", jit=evidence.jit)] if evidence.jit else []
    events += [Message("log_disturbed.starts", restarts=evidence.restarts)] if evidence.restarts else []
    return invalid("log_disturbed.disturbed", events=tuple(events)) if events else ok("log_disturbed.none")


@Registration(
    Stage.LOG,
    evidence="log, arrivals",
    invalid=(
        "the log's TPOT and the client's differ by more than a third over the same full batch (a factor of "
        "2 where fewer than 5 lines are clean), a line has more running requests than the client had in "
        "flight, or the clean lines stand for over 10 % more tokens than it received: it is another "
        "server's log, or another one writes to it too; more than 10 % between the two TPOTs is a finding, "
        "with the likely cause"
    ),
    why=(
        "two clocks at two ends of one stream; a clean line stands for decode_log_interval steps of its "
        "running requests"
    ),
    applies=BATCH,
    client="any",
    without_log=True,
)
def log_agrees(evidence: LogEvidence) -> Check:
    log, mean, full = evidence.log_tpot, evidence.mean_tpot, evidence.full_tpot
    foreign = _foreign_lines(evidence)
    if foreign is not None:
        return foreign
    if log is None:
        return not_checked("log_agrees.no_clean_line", batch_size=evidence.batch_size)
    if mean is None:
        return not_checked("log_agrees.no_client_tpot")
    share = Message("log_agrees.full_share", share=evidence.full_share)
    comparison = Message(
        "log_agrees.comparison",
        log_tpot=log,
        batch_size=evidence.batch_size,
        samples=evidence.samples,
        mean_tpot=mean,
        mean_off=mean / log - 1,
        full=Message("log_agrees.never_full")
        if full is None
        else Message(
            "log_agrees.full",
            full_tpot=full,
            full_off=full / log - 1,
            share=None if evidence.full_share is None else share,
        ),
    )
    # Both are of the same time: when they differ, other times are no explanation.
    if full is not None and abs(full / log - 1) > AGREE_SHARE:
        most = 1 + (OTHER_LOG_SHARE if evidence.samples >= FEW else FEW_SHARE)
        status = CheckStatus.INVALID if max(full, log) > most * min(full, log) else CheckStatus.FINDING
        return check(status, "log_agrees.same_batch", comparison=comparison)
    if abs(mean / log - 1) <= AGREE_SHARE:
        return ok("log_agrees.agrees", comparison=comparison)
    return finding("log_agrees.differs", comparison=comparison, cause=_cause(evidence, mean, log))


def more_tokens(tokens: float, received: float) -> bool:
    """Whether Decode lines stand for more tokens than the client received, so that some are of other
    requests.
    """
    return tokens > (1 + OTHER_TOKENS_SHARE) * received


def _foreign_lines(evidence: LogEvidence) -> Check | None:
    """INVALID where some lines cannot be of this run's requests."""
    size, tokens, received = evidence.batch_size, evidence.tokens, evidence.received
    # a request that has just ended may be counted for one more step
    if size is not None and evidence.running_max > 1.1 * size + 1:
        return invalid(
            "log_agrees.more_running", remedy=ONE_WRITER, running=evidence.running_max, batch_size=size
        )
    if tokens is not None and received is not None and more_tokens(tokens, received):
        return invalid("log_agrees.more_tokens", remedy=ONE_WRITER, tokens=tokens, received=received)
    return None


def _cause(evidence: LogEvidence, mean: float, log: float) -> Message:
    """Why a token of whole answers took another time than one of the full batch."""
    if evidence.full_tpot is None:
        return Message("log_agrees.waves")
    if mean > log:
        planned, size = evidence.planned, evidence.batch_size
        in_waves = planned is not None and size is not None and planned > size
        return Message("log_agrees.prefill_stalls" if in_waves else "log_agrees.first_prefill_stalls")
    mostly = evidence.full_share is not None and evidence.full_share < MOSTLY_FULL
    return Message("log_agrees.mostly_smaller_batch" if mostly else "log_agrees.smaller_batch")
