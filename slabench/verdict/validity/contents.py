"""Checks about what a stream's events hold beside their counts: ids, text, a first token that is one, an end
that comes with it.
"""

from __future__ import annotations

import itertools
import statistics
from collections import Counter
from collections.abc import Sequence

from slabench.records import RequestRecord
from slabench.verdict.outcome import Check, CheckStatus
from slabench.verdict.validity.context import CheckContext, ok
from slabench.verdict.validity.registry import ONE_SERVER, Registration, Stage

# Ids of one event only: in 0.5.7 and older the newest event replaces one that was not sent yet, whose ids are
# then missing.
REPLACED_SHARE_LIMIT = 0.5
# Text that is decoded and encoded again: +10 % for random ids, -25 % for some texts; repeated words join to
# longer tokens.
TEXT_SHARE_LOW, TEXT_SHARE_HIGH = 0.6, 2.5
# Of an event in the middle: it has the ids that it counts, and as much of the text as of the tokens, within a
# factor of 4.
BEHIND_IDS, BEHIND_TEXT = 0.75, 0.25
# Between the first two counted events, against the later ones: beyond both the first event is not where
# decoding began.
FIRST_GAP_FACTOR, FIRST_GAP_MS = 3.0, 100.0
TRAIL_MEAN_MS, TRAIL_MAX_MS = 100.0, 1000.0
DIRECT = "Measure the server itself, without a gateway that rewrites its stream."
APART = "the times of the counts are not the times of the output"


def outputs(subject: CheckContext) -> Check | None:
    """token_counts' part: the ids, or the text, are as many tokens as are counted, and come in the events
    that count them.
    """
    done = [record for record in subject.run.requests if record.ok and record.arrival_tokens]
    apart = [record for record in done if record.uncounted_outputs]
    if apart:
        record = apart[0]
        text = (
            f"{len(apart)} of {len(done)} answers have events with output that no token count goes with, beside events that count "
            f"(request {record.index}: {record.uncounted_outputs} of {record.events} events); none may: {APART}."
        )
        return Check("token_counts", CheckStatus.INVALID, text, DIRECT)
    return _ids(subject, done) or _behind(done) or _text(subject)


def _ids(subject: CheckContext, done: Sequence[RequestRecord]) -> Check | None:
    known = [record for record in done if record.output_ids is not None]
    if known and len(known) < len(done):
        text = f"{len(done) - len(known)} of {len(done)} answers have no output_ids, the others do."
        return Check("token_counts", CheckStatus.INVALID, text, ONE_SERVER)
    without = [
        record
        for record in done
        if record.output_ids is None and (record.first_ids is not None or "ids" in record.middle)
    ]
    if without:
        some = f"{len(without)} of {len(done)} answers begin with output_ids (request {without[0].index})"
        text = f"{some}, and their last event has none."
        return Check("token_counts", CheckStatus.INVALID, text, DIRECT)
    forms = [(record, form_of_ids(record)) for record in known]
    odd = [record for record, form in forms if form == "other"]
    counts = Counter(form for _, form in forms)
    pieces = counts["piece"] + counts["part"]
    if not odd and pieces and counts["part"] > REPLACED_SHARE_LIMIT * pieces:
        odd = [record for record, form in forms if form == "part"]
    if odd:
        record = odd[0]
        text = (
            f"{len(odd)} of {len(done)} answers hold another number of output_ids than they count (request {record.index}: "
            f"{record.arrival_tokens[-1]} tokens counted, {record.output_ids} ids in its last event)."
        )
        return Check("token_counts", CheckStatus.INVALID, text, DIRECT)
    if counts["whole"] and pieces:
        text = f"The last event of {counts['whole']} answers holds all of their ids, that of {pieces} answers only its own."
        return Check("token_counts", CheckStatus.INVALID, text, ONE_SERVER)
    if pieces and subject.incremental is False:
        text = (
            f"server_info says that output_ids are cumulative, and the last event of {pieces} of {len(done)} answers holds fewer "
            f"than are counted (request {known[0].index}: {known[0].output_ids} of {known[0].arrival_tokens[-1]})."
        )
        return Check("token_counts", CheckStatus.FINDING, text, DIRECT)
    return None


def _behind(done: Sequence[RequestRecord]) -> Check | None:
    """In the middle of an answer an event counts tokens that it does not bring, and the rest of the output
    comes later."""
    by_ids = [record for record in done if _lacks_ids(record)]
    known = [record for record in done if record.output_ids is None and record.middle.get("of")]
    by_text = [record for record in known if _lacks_text(record)]
    if by_ids:
        middle, what = by_ids[0].middle, f"{by_ids[0].middle['ids']} ids"
    elif 2 * len(by_text) > len(known):
        middle = by_text[0].middle
        what = f"{middle['characters']} of the answer's {middle['of']} characters"
    else:
        return None
    odd = by_ids or by_text
    text = (
        f"{len(odd)} of {len(done)} answers have an event in their middle that counts more than it brings (request {odd[0].index}: "
        f"{middle['tokens']} of {odd[0].arrival_tokens[-1]} tokens counted, {what}): {APART}."
    )
    return Check("token_counts", CheckStatus.INVALID, text, DIRECT)


def _lacks_ids(record: RequestRecord) -> bool:
    """Of an answer whose last event has all of its ids: then so has each event up to it."""
    middle, total = record.middle, record.arrival_tokens[-1]
    return record.output_ids == total and "ids" in middle and middle["ids"] < BEHIND_IDS * middle["tokens"]


def _lacks_text(record: RequestRecord) -> bool:
    middle = record.middle
    return middle["characters"] / middle["of"] < BEHIND_TEXT * middle["tokens"] / record.arrival_tokens[-1]


def form_of_ids(record: RequestRecord) -> str:
    """whole: the last event has all ids; piece: its own only (0.5.2, --stream-output); part: fewer than its
    own; other: no such.
    """
    ids, counts = record.output_ids or 0, record.arrival_tokens
    grown = [after - before for before, after in zip((0, *counts), counts, strict=False)]
    last = next((step for step in reversed(grown) if step > 0), 0)
    if not ids and grown[-1] == 0:
        return "none"  # the reason to end in an event of its own
    if ids == counts[-1] and (len(counts) == 1 or ids != grown[-1]):
        return "whole"
    if len(counts) == 1:
        return "other"  # nothing was before it: all of its tokens must be there
    if ids in (grown[-1], last):  # an event that repeats the count may repeat the ids
        return "piece"
    return "part" if 0 < ids < last else "other"


def _text(subject: CheckContext) -> Check | None:
    """Only a finding: a model may decode tokens to no text, random weights many of them."""
    seen = subject.texts
    if seen is None or not seen.counted:
        return None
    if seen.tokens is None:
        if seen.characters >= seen.counted:
            return None
        text = f"The texts of {seen.answers} answers have {seen.characters} characters where {seen.counted} tokens are counted"
    elif TEXT_SHARE_LOW * seen.counted <= seen.tokens <= TEXT_SHARE_HIGH * seen.counted:
        return None
    else:
        limits = f"{TEXT_SHARE_LOW:.0%} to {TEXT_SHARE_HIGH:.0%} is expected"
        text = (
            f"The texts of {seen.answers} answers are {seen.tokens} tokens by our tokenizer where {seen.counted} are counted "
            f"({seen.tokens / seen.counted:.0%}; {limits})"
        )
    remedy = "See that completion_tokens is what the model generated; answers with output_ids (sglang 0.5.3 and newer) show it."
    return Check(
        "token_counts",
        CheckStatus.FINDING,
        f"{text}: tokens without text, as random weights give, or a wrong count.",
        remedy,
    )


@Registration(
    Stage.STREAM,
    evidence="the first counted event",
    invalid=(
        "an answer with `output_ids` has none in its first counted event. By text alone a finding: most first events are "
        "empty, and one gap of more than 100 ms and 3 times the longest later one is most of the wait for their first "
        "text"
    ),
    why=(
        "TTFT would be the time of an event that shows nothing. Random weights decode many tokens to no text, so text "
        "proves nothing"
    ),
)
def first_token(subject: CheckContext) -> Check:
    done = [
        record
        for record in subject.run.requests
        if record.ok and record.arrival_tokens and record.first_empty is not None
    ]
    if not done:
        return Check(
            "first_token",
            CheckStatus.NOT_CHECKED,
            "No answer has a counted event that could be read.",
            DIRECT,
        )
    odd = [
        record
        for record in done
        if record.output_ids is not None and not record.first_ids and record.arrival_tokens[0] > 0
    ]
    if odd:
        record = odd[0]
        text = (
            f"The first counted event of {len(odd)} of {len(done)} answers holds no output_ids (request {record.index}: "
            f"{record.arrival_tokens[0]} tokens counted); none may: TTFT is then not the time of a token."
        )
        return Check("first_token", CheckStatus.INVALID, text, DIRECT)
    late = [record for record in done if record.first_empty and starts_late(record)]
    if 2 * len(late) > len(done):
        means = statistics.fmean(max(_gaps_ms(record)[: _silent(record)]) for record in late)
        text = (
            f"The first counted event of {len(late)} of {len(done)} answers is empty, and a gap of {means:.0f} ms on average lies "
            "before their first text, far more than between the others: TTFT may be the time of an event that shows no token"
        )
        return Check(
            "first_token", CheckStatus.FINDING, f"{text}.", f"Compare ttft with classic.ttft. {DIRECT}"
        )
    return ok(
        "first_token",
        f"The first counted event of {len(done)} answers holds a token, or decoding goes on from there.",
    )


def starts_late(record: RequestRecord) -> bool:
    """Whether a gap before the first text is far longer than all that come after it, and most of the wait for
    that text."""
    gaps, silent = _gaps_ms(record), _silent(record)
    if len(gaps) < silent + 2:
        return False
    longest = max(gaps[:silent])
    return (
        longest > FIRST_GAP_MS
        and longest > FIRST_GAP_FACTOR * max(gaps[silent:])
        and 2 * longest > sum(gaps[:silent])
    )


def _gaps_ms(record: RequestRecord) -> list[float]:
    return [(after - before) / 1e6 for before, after in itertools.pairwise(record.arrival_ns)]


def _silent(record: RequestRecord) -> int:
    """How many gaps lie before the first text; where no event has a text, the first."""
    return max(1, record.first_text_at or 1)


@Registration(
    Stage.STREAM,
    evidence="`[DONE]`, the body's end",
    invalid=(
        "never: a finding when the stream ends more than 100 ms after its last token on average or 1 s in one answer, or "
        "its body stays open for 1 s after `[DONE]`"
    ),
    why="a client that waits for the end waits for it; TPOT and TTFT do not contain it",
)
def stream_end(subject: CheckContext) -> Check:
    trails = [
        ((record.end_ns - record.arrival_ns[record.grown - 1]) / 1e6, record)
        for record in subject.run.requests
        if record.ok and record.end_ns is not None and record.arrival_ns
    ]
    if not trails:
        return Check(
            "stream_end",
            CheckStatus.NOT_CHECKED,
            "No answer is counted along its stream.",
            "Use a server that counts.",
        )
    remedy = (
        "See what holds the end of the stream back: a gateway, or the server's handling of finished requests."
    )
    open_ones = [record for _, record in trails if record.left_open]
    if open_ones:
        text = (
            f"The body of {len(open_ones)} of {len(trails)} answers did not end within 1 s of [DONE] (request "
            f"{open_ones[0].index}): a client that waits for the end of the body waits for longer than is measured here."
        )
        return Check("stream_end", CheckStatus.FINDING, text, remedy)
    mean, (worst, record) = statistics.fmean(ms for ms, _ in trails), max(trails, key=lambda trail: trail[0])
    text = (
        f"The stream ended {mean:.1f} ms after its last token on average, at most {worst:.0f} ms (request {record.index}, "
        f"n={len(trails)})"
    )
    if mean > TRAIL_MEAN_MS or worst > TRAIL_MAX_MS:
        limits = f"{TRAIL_MEAN_MS:g} ms on average and {TRAIL_MAX_MS:g} ms in one answer are expected at most"
        return Check(
            "stream_end",
            CheckStatus.FINDING,
            f"{text}; {limits}. TPOT, TTFT and e2el do not contain it, classic.e2el does.",
            remedy,
        )
    return ok("stream_end", f"{text}.")
