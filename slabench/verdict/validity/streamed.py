"""Checks whether tokens arrived when they were made: not from a gateway that replays a complete answer, not
before their text, not many in one read.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slabench.messages import Message
from slabench.metrics import per_request
from slabench.metrics.stall_error import late_ns
from slabench.units import NS_PER_MS, NS_PER_S
from slabench.verdict.outcome import Check, CheckStatus, check, invalid, not_checked, ok
from slabench.verdict.validity.registry import Registration, Stage

if TYPE_CHECKING:
    from slabench.records import RequestRecord
    from slabench.verdict.validity.context import CheckContext

# both: below 100 ms a busy machine makes such a difference, below 3 times a slow server
GROWTH_FACTOR, GROWTH_MS = 3.0, 100.0
# the server's own time between tokens against the client's: more is no cause between two clocks
SERVER_FACTOR = 2.0
MOST_ANSWERS = 0.5
# Events of a run against those of the idle server, which is never faster under load: mean gaps, so that
# joined events count.
FASTER_ANSWERS, FASTER_EVENTS = 0.1, 5
# of an answer's events, and of its time from sent to its last token
GATHERED_EVENTS, GATHERED_TIME = 0.5, 0.25
# a shorter wait for an answer's first bytes may be a busy machine's, its kernel's or a proxy's
GATHERED_LEAST_S = 0.25
ONE_READ_SHARE_LIMIT = 0.02  # each such answer pulls the mean TPOT down by its share


@dataclass(frozen=True, slots=True)
class Shown:
    """How one answer of the probe arrived."""

    ttft_ms: float
    # The wait between its first counted event and its first text; where the first event has a text, the
    # second one.
    first_gap_ms: float | None
    later_gap_ms: float | None  # median of the gaps after that
    first_empty: bool  # its first counted event has no text


@dataclass(frozen=True, slots=True)
class Probe:
    """One prompt sent to the idle server with 1 and with `tokens` tokens out, twice if the first pair looked
    bad."""

    tokens: int
    pairs: Sequence[tuple[Shown, Shown]]  # none where all loads have answers of one token
    failure: str = ""
    replayed: str = ""  # the id of both answers to one request that was sent twice: the check request_ids

    @classmethod
    def read(
        cls, tokens: int, pairs: Iterable[Sequence[Mapping[str, Any]]], failure: str, replayed: str = ""
    ) -> Probe:
        """As run.json keeps it."""
        return cls(tokens, tuple((Shown(**short), Shown(**long)) for short, long in pairs), failure, replayed)


def held_back(short: Shown, long: Shown) -> bool:
    """The first token of a long answer comes far later than that of a short one."""
    return long.ttft_ms > GROWTH_FACTOR * short.ttft_ms and long.ttft_ms - short.ttft_ms > GROWTH_MS


def ahead(long: Shown) -> bool:
    """An event comes first, and the other tokens far later than they follow each other."""
    first, later = long.first_gap_ms, long.later_gap_ms
    return first is not None and later is not None and first > max(GROWTH_MS, GROWTH_FACTOR * later)


def looks_bad(short: Shown, long: Shown) -> bool:
    return held_back(short, long) or ahead(long)


@Registration(
    Stage.STREAM,
    evidence="a probe of the idle server, meta_info, log",
    invalid=(
        "answers are held back until they are complete. By the probe (before a server's first load one short "
        "prompt is sent with 1 and with 64 tokens out, both again if that looks bad): each time the first of "
        "64 tokens comes more than 3 times and 100 ms later than that of 1, or an event without text comes "
        "more than 100 ms and 3 times the later gaps before the first text (an event with text, before the "
        "second one: a finding). By the run: more than half of the answers came more than 2 times faster "
        "than the server made them (`decode_throughput`), or the median TPOT is below half of what nine in "
        "ten steady Decode lines report; a finding when the events of more than one answer in ten came more "
        "than 2 times faster than the idle server's. A token that was read during a stall of the client "
        "counts from the stall's begin. A probe that fails: not checked"
    ),
    why=(
        "a gateway that replays a complete answer can show any TPOT. A cold server compiles in its first "
        "answers, so one bad pair proves nothing; a first event of many tokens (stream interval) is allowed "
        "for"
    ),
    client="any",
)
def streamed(context: CheckContext) -> Check:
    answers = [record for record in context.answers if (record.output_tokens or 0) > 1]
    if not answers and context.run.reported is None:
        return ok("streamed.one_token")
    probed = by_probe(context.probe)
    if probed.state is CheckStatus.INVALID:
        return probed
    return _by_server(context, answers) or _by_log(context, answers) or _by_pace(context, answers) or probed


def by_probe(probe: Probe | None) -> Check:
    if probe is None or not probe.pairs:
        failed = probe is not None and probe.failure
        failure = Message("streamed.probe_failure", failure=failed) if failed else None
        return not_checked("streamed.not_probed", failure=failure)
    short, long = min(probe.pairs, key=lambda pair: looks_bad(*pair))
    first_tokens = Message(
        "streamed.first_tokens", short_ms=short.ttft_ms, long_ms=long.ttft_ms, tokens=probe.tokens
    )
    probes = len(probe.pairs)
    if all(held_back(*pair) for pair in probe.pairs):
        return invalid(
            "streamed.held_back", times=first_tokens, factor=GROWTH_FACTOR, limit_ms=GROWTH_MS, probes=probes
        )
    if not all(ahead(long) for _, long in probe.pairs):
        return ok("streamed.idle", times=first_tokens)
    empty = all(long.first_empty for _, long in probe.pairs)
    return check(
        CheckStatus.INVALID if empty else CheckStatus.FINDING,
        "streamed.empty_first" if empty else "streamed.early_first",
        first_ms=long.ttft_ms,
        gap_ms=long.first_gap_ms,
        later_ms=long.later_gap_ms,
        factor=GROWTH_FACTOR,
        limit_ms=GROWTH_MS,
        probes=probes,
    )


def _by_pace(context: CheckContext, answers: Sequence[RequestRecord]) -> Check | None:
    """No server makes a token faster under load than for one request alone: a finding, since the probe was of
    one moment.
    """
    pairs = context.probe.pairs if context.probe is not None else ()
    alone = [gap for _, long in pairs if (gap := long.later_gap_ms) is not None]
    known = [record for record in answers if len(record.stamps_ns) >= FASTER_EVENTS]
    if not alone or not known:
        return None
    late = late_ns(context.run, [record.stamps_ns[0] for record in known]) / NS_PER_MS
    gaps = [event_gap_ms(record, float(ms)) for record, ms in zip(known, late, strict=True)]
    times = [(gap, gap, min(alone)) for gap in gaps]
    return _faster(CheckStatus.FINDING, "streamed.faster_than_idle", FASTER_ANSWERS, times)


def event_gap_ms(record: RequestRecord, late_ms: float) -> float:
    """Mean time between an answer's events with output, at most: the first may have been read late."""
    stamps = record.stamps_ns
    return ((stamps[-1] - stamps[0]) / NS_PER_MS + late_ms) / (len(stamps) - 1)


def _by_server(context: CheckContext, answers: Sequence[RequestRecord]) -> Check | None:
    """decode_throughput of 0.5.5 and newer with --enable-metrics: tokens a second from the first to the last,
    by the server.
    """
    times = [
        (tpot, most, 1000 / rate)
        for record, tpot, most in _paces(context, answers)
        if (rate := record.server.get("decode_throughput", 0.0)) > 0
    ]
    return _faster(CheckStatus.INVALID, "streamed.faster_than_made", MOST_ANSWERS, times)


def _faster(
    status: CheckStatus, id: str, share: float, times: Sequence[tuple[float, float, float]]
) -> Check | None:
    """That status where more than that share of the answers came faster than they were made.

    times: of each answer between two tokens or events, in ms: measured, measured at most, by the server.
    """
    fast = [(measured, server) for measured, most, server in times if SERVER_FACTOR * most < server]
    if len(fast) <= share * len(times):
        return None
    return check(
        status,
        id,
        fast=len(fast),
        answers=len(times),
        share=share,
        client_ms=statistics.median(measured for measured, _ in fast),
        server_ms=statistics.median(server for _, server in fast),
        factor=SERVER_FACTOR,
    )


def _paces(
    context: CheckContext, answers: Sequence[RequestRecord]
) -> list[tuple[RequestRecord, float, float]]:
    """Each answer with its TPOT and the most that it can be, in ms: the client may have read its first token
    late.

    What waited for a client that stalled arrived no faster than it was made; the check `client` covers that.
    """
    known = [(record, tpot) for record in answers if (tpot := per_request.tpot(record)) is not None]
    late = late_ns(context.run, [record.arrival_ns[0] for record, _ in known]) / NS_PER_MS
    return [
        (record, tpot, tpot + float(ms) / (record.arrival_tokens[-1] - record.arrival_tokens[0]))
        for (record, tpot), ms in zip(known, late, strict=True)
    ]


def _by_log(context: CheckContext, answers: Sequence[RequestRecord]) -> Check | None:
    """The log's Decode lines: running requests / tokens a second is how long each of them waits for a
    token."""
    step_ms = None if context.log is None else context.log.step_ms
    paces = _paces(context, answers)
    if step_ms is None or not paces:
        return None
    if SERVER_FACTOR * statistics.median(most for _, _, most in paces) >= step_ms:
        return None
    client_ms = statistics.median(tpot for _, tpot, _ in paces)
    return invalid(
        "streamed.faster_than_log",
        client_ms=client_ms,
        answers=len(paces),
        step_ms=step_ms,
        factor=SERVER_FACTOR,
    )


@Registration(
    Stage.CLIENT,
    evidence="arrivals",
    invalid=(
        "more than 2 % of the answers arrived in a burst: in one read, or gathered (more than half of the "
        "events share a read with another one, and all came, after more than 0.25 s, in the last quarter of "
        "the time from send to last token)"
    ),
    why=(
        "the tokens of a burst have one time stamp, of the network and not of the server; a TPOT near 0 "
        "lowers the mean by its share. A queue alone, or a proxy that joins a few events, does not trigger it"
    ),
    probe=True,
)
def one_read(context: CheckContext) -> Check:
    many = [
        record
        for record in context.answers
        if len(set(record.arrival_tokens)) > 1 or (not record.arrival_tokens and len(record.text_ns) > 1)
    ]
    at_once = sum(stamps[0] == stamps[-1] for stamps in (record.stamps_ns for record in many))
    gathered = sum(map(_gathered, many))
    bad = at_once + gathered > ONE_READ_SHARE_LIMIT * len(many)
    return check(
        CheckStatus.INVALID if bad else CheckStatus.OK,
        "one_read.bursts",
        at_once=at_once,
        gathered=gathered,
        answers=len(many),
        limit=ONE_READ_SHARE_LIMIT,
    )


def _gathered(record: RequestRecord) -> bool:
    stamps = record.stamps_ns
    first, last = stamps[0], stamps[-1]
    if record.sent_ns is None or last == first or last - first >= GATHERED_TIME * (last - record.sent_ns):
        return False
    if first - record.sent_ns < GATHERED_LEAST_S * NS_PER_S:
        return False
    together = sum(count for count in Counter(stamps).values() if count > 1)
    return together > GATHERED_EVENTS * len(stamps)
