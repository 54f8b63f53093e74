"""Is the stream one? A gateway that has the whole answer and plays it again, or a first event that comes
before its token."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slabench.metrics import per_request
from slabench.metrics.per_request import NS_PER_MS
from slabench.metrics.stall_error import late_ns
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity.context import ok
from slabench.verdict.validity.registry import Registration, Stage

if TYPE_CHECKING:
    from slabench.records import RequestRecord
    from slabench.verdict.validity.context import CheckContext

# both: below 100 ms a busy machine makes such a difference, below 3 times a slow server
GROWTH_FACTOR, GROWTH_MS = 3.0, 100.0
# the server's own time between tokens against the client's: more is no cause between two clocks
SERVER_FACTOR = 2.0
MOST_ANSWERS = 0.5
# Events of a run against those of the idle server, which makes none faster for anybody: mean gaps, so that
# joined events count.
FASTER_ANSWERS, FASTER_EVENTS = 0.1, 5
# of an answer's events, and of its time from sent to its last token
GATHERED_EVENTS, GATHERED_TIME = 0.5, 0.25
# a shorter wait for an answer's first bytes may be a busy machine's, its kernel's or a proxy's
GATHERED_LEAST_S = 0.25
ONE_READ_SHARE_LIMIT = 0.02  # each such answer pulls the mean TPOT down by its share
DIRECT = "Measure the server itself, without a gateway that buffers its stream."


@dataclass(frozen=True, slots=True)
class Shown:
    """How one answer of the probe came."""

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
    pairs: Sequence[tuple[Shown, Shown]]
    failure: str = ""

    @classmethod
    def read(cls, tokens: int, pairs: Iterable[Sequence[Mapping[str, Any]]], failure: str) -> Probe:
        """As run.json keeps it."""
        return cls(tokens, tuple((Shown(**one), Shown(**many)) for one, many in pairs), failure)


def held_back(one: Shown, many: Shown) -> bool:
    """The first token of a long answer comes far later than that of a short one."""
    return many.ttft_ms > GROWTH_FACTOR * one.ttft_ms and many.ttft_ms - one.ttft_ms > GROWTH_MS


def ahead(many: Shown) -> bool:
    """An event comes first, and the other tokens far later than they follow each other."""
    if many.first_gap_ms is None or many.later_gap_ms is None:
        return False
    return many.first_gap_ms > GROWTH_MS and many.first_gap_ms > GROWTH_FACTOR * many.later_gap_ms


def looks_bad(one: Shown, many: Shown) -> bool:
    return held_back(one, many) or ahead(many)


@Registration(
    Stage.STREAM,
    evidence="a probe of the idle server, meta_info, log",
    invalid=(
        "before a server's first load one short prompt is sent with 1 and with 64 tokens out, both again if that looks "
        "bad: each time the first token of 64 comes more than 3 times and 100 ms later than that of 1, or an event "
        "without text comes more than 100 ms and 3 times the later gaps before the first text (before the second event, "
        "if it has a text: a finding). In the run: `decode_throughput` says that more than half of the answers were made "
        "more than 2 times slower than they came, or the median TPOT is below half of what nine in ten steady Decode "
        "lines say; in all of it a token of a long answer that was read while the client stood still counts as if it came "
        "when that began; where nothing else shows it, more than one answer in ten whose events came more than 2 times "
        "faster than the idle server's is a finding. A probe that fails: not checked"
    ),
    why=(
        "a gateway that has the whole answer and plays it again has any TPOT it likes. A cold server compiles in its "
        "first answers, so what is so once proves nothing; a first event of many tokens (stream interval) is taken off"
    ),
    client="any",
)
def streamed(subject: CheckContext) -> Check:
    answers = [record for record in subject.run.requests if record.ok and (record.output_tokens or 0) > 1]
    if not answers and subject.run.told is None:
        return Check(
            "streamed", CheckStatus.OK, "No answer has more than one token, so none can be held back."
        )
    probed = _by_probe(subject.probe)
    if probed.state is CheckStatus.INVALID:
        return probed
    return _by_server(subject, answers) or _by_log(subject, answers) or _by_pace(subject, answers) or probed


def _by_probe(probe: Probe | None) -> Check:
    if probe is None or not probe.pairs:
        why = f" ({probe.failure})" if probe is not None and probe.failure else ""
        text = f"Whether answers are held back until they are whole is not known: the server was not probed{why}."
        return Check(
            "streamed",
            CheckStatus.NOT_CHECKED,
            text,
            "See that the idle server answers one request of 64 tokens.",
        )
    one, many = min(probe.pairs, key=lambda pair: looks_bad(*pair))
    times = f", {len(probe.pairs)} times" if len(probe.pairs) > 1 else ""
    text = (
        f"On the idle server the first token came after {one.ttft_ms:.1f} ms with 1 token out, and after {many.ttft_ms:.1f} ms "
        f"with {probe.tokens}"
    )
    if all(held_back(*pair) for pair in probe.pairs):
        text += (
            f" (more than {GROWTH_FACTOR:g} times and {GROWTH_MS:g} ms{times}): the answer is held back until it is whole, and the "
            "times of its tokens are not the server's."
        )
        return Check("streamed", CheckStatus.INVALID, text, DIRECT)
    if all(ahead(each) for _, each in probe.pairs):
        empty = all(each.first_empty for _, each in probe.pairs)
        text = (
            f"On the idle server the first counted event came{' without a text' if empty else ''} after {many.ttft_ms:.1f} ms, and "
            f"{'the first text' if empty else 'the next one'} {many.first_gap_ms:.0f} ms later, where the others follow each other "
            f"by {many.later_gap_ms:.1f} ms{times}: TTFT {'is not' if empty else 'may not be'} the time of a token."
        )
        return Check("streamed", CheckStatus.INVALID if empty else CheckStatus.FINDING, text, DIRECT)
    return Check("streamed", CheckStatus.OK, f"{text}.")


def _by_pace(subject: CheckContext, answers: Sequence[RequestRecord]) -> Check | None:
    """No server makes a token faster under load than for one request alone: a finding, since the probe was of
    one moment.
    """
    pairs = subject.probe.pairs if subject.probe is not None else ()
    alone = [gap for _, many in pairs if (gap := many.later_gap_ms) is not None]
    known = [record for record in answers if len(record.stamps_ns) >= FASTER_EVENTS]
    if not alone or not known:
        return None
    idle, late = min(alone), late_ns(subject.run, [record.stamps_ns[0] for record in known]) / NS_PER_MS
    gaps = [event_gap_ms(record, float(ms)) for record, ms in zip(known, late, strict=True)]
    fast = [gap for gap in gaps if SERVER_FACTOR * gap < idle]
    if len(fast) <= FASTER_ANSWERS * len(known):
        return None
    text = (
        f"The idle server made an event every {idle:.2f} ms for one request alone, and the events of {len(fast)} of {len(known)} "
        f"answers came every {statistics.median(fast):.2f} ms, more than {SERVER_FACTOR:g} times faster: they may be held back."
    )
    return Check("streamed", CheckStatus.FINDING, text, DIRECT)


def event_gap_ms(record: RequestRecord, late_ms: float) -> float:
    """Mean time between an answer's events with output, at most: the first may have been read late."""
    stamps = record.stamps_ns
    return ((stamps[-1] - stamps[0]) / NS_PER_MS + late_ms) / (len(stamps) - 1)


def _by_server(subject: CheckContext, answers: Sequence[RequestRecord]) -> Check | None:
    """decode_throughput of 0.5.5 and newer with --enable-metrics: tokens a second from the first to the last,
    by the server.
    """
    known = [
        (1000 / rate, tpot, most)
        for record, tpot, most in _paces(subject, answers)
        if (rate := record.server.get("decode_throughput", 0.0)) > 0
    ]
    fast = [(server, tpot) for server, tpot, most in known if SERVER_FACTOR * most < server]
    if not known or len(fast) <= MOST_ANSWERS * len(known):
        return None
    server, client = (statistics.median(each) for each in zip(*fast, strict=True))
    text = (
        f"By meta_info's decode_throughput the server took {server:.2f} ms a token (median), and {len(fast)} of {len(known)} "
        f"answers came at {client:.2f} ms: more than {SERVER_FACTOR:g} times faster than they were made, so they were held back."
    )
    return Check("streamed", CheckStatus.INVALID, text, DIRECT)


def _paces(
    subject: CheckContext, answers: Sequence[RequestRecord]
) -> list[tuple[RequestRecord, float, float]]:
    """Each answer with its TPOT and the most that it can be, in ms: the client may have read its first token
    late.

    What waited at a client that stood still came no faster than it was made; the check `client` tells of
    that.
    """
    known = [(record, tpot) for record in answers if (tpot := per_request.tpot(record)) is not None]
    late = late_ns(subject.run, [record.arrival_ns[0] for record, _ in known]) / NS_PER_MS
    return [
        (record, tpot, tpot + float(ms) / (record.arrival_tokens[-1] - record.arrival_tokens[0]))
        for (record, tpot), ms in zip(known, late, strict=True)
    ]


def _by_log(subject: CheckContext, answers: Sequence[RequestRecord]) -> Check | None:
    """The log's Decode lines: requests running / tokens a second is what each of them waits for a token."""
    step = None if subject.log is None else subject.log.step_ms
    paces = _paces(subject, answers)
    if step is None or not paces or SERVER_FACTOR * statistics.median(most for _, _, most in paces) >= step:
        return None
    client = statistics.median(tpot for _, tpot, _ in paces)
    text = (
        f"By nine in ten of the deploy log's Decode lines the server took {step:.2f} ms a token or more, and the answers came at "
        f"{client:.2f} ms (median of {len(paces)}): more than {SERVER_FACTOR:g} times faster than they were made."
    )
    return Check("streamed", CheckStatus.INVALID, text, f"{DIRECT} See that --deploy-log is this server's.")


@Registration(
    Stage.CLIENT,
    evidence="arrivals",
    invalid=(
        "more than 2 % of the answers came in one read each, or gathered: more than half of the events share a read with "
        "another one, and all came, after more than 0.25 s, within the last quarter of the time from sent to last token"
    ),
    why=(
        "all tokens of such an answer have one time stamp or a few, of the link and not of the server, and its TPOT near "
        "0 pulls the mean down by its share. A queue alone, or a proxy that joins a few events, is no alarm"
    ),
    probe=True,
)
def one_read(subject: CheckContext) -> Check:
    done = [record for record in subject.run.requests if record.ok]
    many = [
        one
        for one in done
        if len(set(one.arrival_tokens)) > 1 or (not one.arrival_tokens and len(one.text_ns) > 1)
    ]
    odd = sum(stamps[0] == stamps[-1] for stamps in (record.stamps_ns for record in many))
    gathered = sum(map(_gathered, many))
    beside = f", {gathered} in a few reads at their end" if gathered else ""
    text = f"{odd} of {len(many)} answers came in one read each{beside}"
    if odd + gathered > ONE_READ_SHARE_LIMIT * len(many):
        remedy = "Run the client on a machine with free cores, and without a proxy that gathers the stream."
        limit = f"at most {ONE_READ_SHARE_LIMIT:.0%} may"
        return Check(
            "one_read",
            CheckStatus.INVALID,
            f"{text}: their tokens do not have the time when they were made; {limit}.",
            remedy,
        )
    return ok("one_read", f"{text}.")


def _gathered(record: RequestRecord) -> bool:
    stamps = record.stamps_ns
    first, last = stamps[0], stamps[-1]
    if record.sent_ns is None or last == first or last - first >= GATHERED_TIME * (last - record.sent_ns):
        return False
    if first - record.sent_ns < GATHERED_LEAST_S * 1e9:
        return False
    together = sum(count for count in Counter(stamps).values() if count > 1)
    return together > GATHERED_EVENTS * len(stamps)
