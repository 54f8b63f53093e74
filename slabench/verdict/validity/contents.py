"""Checks of what a stream's events hold beside their counts: ids, text, a first token, an end that comes with
the last one.
"""

from __future__ import annotations

import itertools
import statistics
from collections import Counter
from collections.abc import Sequence

from slabench.messages import Message
from slabench.records import RequestRecord
from slabench.units import NS_PER_MS
from slabench.verdict.outcome import Check, CheckStatus, check, finding, invalid, not_checked, ok
from slabench.verdict.validity.context import CheckContext
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


def outputs(context: CheckContext) -> Check | None:
    """token_counts' part: the ids, or the text, are as many tokens as are counted, and come in the events
    that count them.
    """
    counted = [record for record in context.answers if record.arrival_tokens]
    apart = [record for record in counted if record.uncounted_outputs]
    if apart:
        return invalid(
            "token_counts.apart",
            apart=len(apart),
            answers=len(counted),
            index=apart[0].index,
            uncounted=apart[0].uncounted_outputs,
            events=apart[0].events,
        )
    return _ids(context, counted) or _behind(counted) or _text(context)


def _ids(context: CheckContext, counted: Sequence[RequestRecord]) -> Check | None:
    known = [record for record in counted if record.output_ids is not None]
    answers = len(counted)
    if known and len(known) < answers:
        return invalid(
            "token_counts.ids_mixed", without=answers - len(known), answers=answers, remedy=ONE_SERVER
        )
    lost = [
        record
        for record in counted
        if record.output_ids is None and (record.first_ids is not None or "ids" in record.middle)
    ]
    if lost:
        return invalid("token_counts.ids_lost", lost=len(lost), answers=answers, index=lost[0].index)
    forms = [(record, form_of_ids(record)) for record in known]
    counts = Counter(form for _, form in forms)
    pieces = counts["piece"] + counts["part"]
    other = [record for record, form in forms if form == "other"]
    if not other and counts["part"] > REPLACED_SHARE_LIMIT * pieces:
        other = [record for record, form in forms if form == "part"]
    if other:
        return invalid(
            "token_counts.other_ids", other=len(other), answers=answers, example=_last_event(other[0])
        )
    if counts["whole"] and pieces:
        return invalid("token_counts.ids_two_forms", whole=counts["whole"], pieces=pieces, remedy=ONE_SERVER)
    if pieces and context.incremental is False:
        return finding(
            "token_counts.ids_not_cumulative", pieces=pieces, answers=answers, example=_last_event(known[0])
        )
    return None


def _last_event(record: RequestRecord) -> Message:
    return Message(
        "token_counts.last_event",
        index=record.index,
        tokens=record.arrival_tokens[-1],
        ids=record.output_ids,
    )


def _behind(counted: Sequence[RequestRecord]) -> Check | None:
    """In the middle of an answer an event counts tokens that it does not bring, and the rest of the output
    comes later."""
    by_ids = [record for record in counted if _lacks_ids(record)]
    known = [record for record in counted if record.output_ids is None and record.middle.get("of")]
    by_text = [record for record in known if _lacks_text(record)]
    behind = by_ids or by_text
    if not by_ids and 2 * len(by_text) <= len(known):
        return None
    middle = behind[0].middle
    return invalid(
        "token_counts.behind",
        behind=len(behind),
        answers=len(counted),
        index=behind[0].index,
        counted=middle["tokens"],
        tokens=behind[0].arrival_tokens[-1],
        output=Message("token_counts.ids", ids=middle["ids"])
        if by_ids
        else Message("token_counts.characters", characters=middle["characters"], of=middle["of"]),
    )


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
    forms = {
        "none": not ids and grown[-1] == 0,  # the reason to end in an event of its own
        "whole": ids == counts[-1] and (len(counts) == 1 or ids != grown[-1]),
        "other": len(counts) == 1,  # nothing was before it: all of its tokens must be there
        "piece": ids in (grown[-1], last),  # an event that repeats the count may repeat the ids
        "part": 0 < ids < last,
    }
    return next((form for form, fits in forms.items() if fits), "other")


def _text(context: CheckContext) -> Check | None:
    """Only a finding: a model may decode tokens to no text, random weights many of them."""
    texts = context.texts
    if texts is None or not texts.counted:
        return None
    if texts.tokens is None and texts.characters < texts.counted:
        return finding(
            "token_counts.few_characters",
            answers=texts.answers,
            characters=texts.characters,
            counted=texts.counted,
        )
    if texts.tokens is None or TEXT_SHARE_LOW <= (share := texts.tokens / texts.counted) <= TEXT_SHARE_HIGH:
        return None
    return finding(
        "token_counts.other_text",
        answers=texts.answers,
        tokens=texts.tokens,
        counted=texts.counted,
        share=share,
        low=TEXT_SHARE_LOW,
        high=TEXT_SHARE_HIGH,
    )


@Registration(
    Stage.STREAM,
    evidence="the first counted event",
    invalid=(
        "an answer with `output_ids` has none in its first counted event. A finding by text alone: most "
        "first events are empty, and one gap of more than 100 ms and 3 times the longest later gap makes up "
        "most of the wait for the first text"
    ),
    why=(
        "TTFT would be the time of an event without a token. Random weights decode many tokens to no text, "
        "so text alone proves nothing"
    ),
)
def first_token(context: CheckContext) -> Check:
    known = [record for record in context.answers if record.arrival_tokens and record.first_empty is not None]
    if not known:
        return not_checked("first_token.unknown")
    without = [
        record
        for record in known
        if record.output_ids is not None and not record.first_ids and record.arrival_tokens[0] > 0
    ]
    if without:
        return invalid(
            "first_token.no_ids",
            without=len(without),
            answers=len(known),
            index=without[0].index,
            tokens=without[0].arrival_tokens[0],
        )
    late = [record for record in known if record.first_empty and starts_late(record)]
    if 2 * len(late) > len(known):
        gap_ms = statistics.fmean(max(_gaps_ms(record)[: _silent(record)]) for record in late)
        return finding("first_token.late_text", late=len(late), answers=len(known), gap_ms=gap_ms)
    return ok("first_token.ok", answers=len(known))


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
    return [(after - before) / NS_PER_MS for before, after in itertools.pairwise(record.arrival_ns)]


def _silent(record: RequestRecord) -> int:
    """How many gaps lie before the first text; where no event has a text, the first."""
    return max(1, record.first_text_at or 1)


@Registration(
    Stage.STREAM,
    evidence="`[DONE]`, the body's end",
    invalid=(
        "never; a finding when the stream ends more than 100 ms after its last token on average or 1 s in "
        "one answer, or its body stays open for 1 s after `[DONE]`"
    ),
    why=("a client that waits for the end waits that long; TPOT and TTFT do not include it"),
)
def stream_end(context: CheckContext) -> Check:
    trails = [
        ((record.end_ns - record.arrival_ns[record.grown - 1]) / NS_PER_MS, record)
        for record in context.answers
        if record.end_ns is not None and record.arrival_ns
    ]
    if not trails:
        return not_checked("stream_end.unknown")
    left_open = [record for _, record in trails if record.left_open]
    if left_open:
        return finding(
            "stream_end.left_open", open=len(left_open), answers=len(trails), index=left_open[0].index
        )
    mean_ms = statistics.fmean(ms for ms, _ in trails)
    longest_ms, record = max(trails, key=lambda trail: trail[0])
    late = mean_ms > TRAIL_MEAN_MS or longest_ms > TRAIL_MAX_MS
    return check(
        CheckStatus.FINDING if late else CheckStatus.OK,
        "stream_end.trail",
        mean_ms=mean_ms,
        mean_limit_ms=TRAIL_MEAN_MS,
        longest_ms=longest_ms,
        longest_limit_ms=TRAIL_MAX_MS,
        index=record.index,
        answers=len(trails),
    )
