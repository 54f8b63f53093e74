"""TPOT where a server counts its tokens only at the end of a stream (/v1 without continuous usage): two
bounds instead of a value.

TPOT is (t_last - t_first) / (n - n_first), and n_first, the tokens of the first event, is not reported. It is
at least 1, and at most what that event's text holds: our tokenizer's count of it, or without a tokenizer its
bytes, since a token with text brings a byte. Events without text before it may be tokens as well, each of
them as many as the stream's events hold on average. The last token may have no text: it came between the last
text and the last event with a choice. So

    tpot_low   (last text - first text) / (n - 1)
    tpot_high  (last event with a choice - first text) / (n - most tokens by the first text)

Each statistic is monotone in its sample: that of the low ends and that of the high ends hold the true one
between them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from slabench.records import RequestRecord
from slabench.units import NS_PER_MS

LOW, HIGH = "tpot_low", "tpot_high"


def ends(record: RequestRecord) -> tuple[float, float] | None:
    """(low, high) in ms; None where the answer has no such bounds: it is counted, too short, or all of it may
    be in one event.
    """
    n, texts = record.completion_tokens, record.text_ns
    if record.arrival_tokens or n is None or len(texts) < 2 or texts[-1] <= texts[0]:
        return None
    most = first_event_most(record, n)
    if most is None or most >= n:
        return None
    last = max(texts[-1], record.last_choice_ns or 0)
    return (texts[-1] - texts[0]) / (n - 1) / NS_PER_MS, (last - texts[0]) / (n - most) / NS_PER_MS


def first_event_most(record: RequestRecord, n: int) -> int | None:
    """Tokens that can have come with the first text, at most; None where its text was not kept."""
    if record.first_piece is None:
        return None
    held = record.first_piece_tokens
    if held is None:
        held = len(record.first_piece.encode())
    per_event = -(-n // max(len(record.text_ns) + record.no_text_first, 1))
    return max(1, held) + record.no_text_first * per_event


def both(records: Sequence[RequestRecord]) -> tuple[list[float], list[float]] | None:
    """The low and the high ends of a run's answers of more than one token; None unless every one of them has
    both.
    """
    bounded = [ends(record) for record in records if (record.output_tokens or 0) > 1]
    known = [pair for pair in bounded if pair is not None]
    if not known or len(known) < len(bounded):
        return None
    return [low for low, _ in known], [high for _, high in known]


def with_tokens(
    records: Sequence[RequestRecord], count: Callable[[str], int | None]
) -> Sequence[RequestRecord]:
    """The records with their first text's tokens, by a tokenizer's count of it."""
    if not any(record.first_piece is not None for record in records):
        return records
    return [
        replace(record, first_piece_tokens=count(piece))
        if (piece := record.first_piece) is not None
        else record
        for record in records
    ]


def bounds(key: str, metrics: Mapping[str, float]) -> tuple[float, float] | None:
    """(low, high) of a key such as `tpot.mean` in a run that has its bounds and not the metric itself."""
    name, _, statistic = key.rpartition(".")
    low, high = metrics.get(f"{LOW}.{statistic}"), metrics.get(f"{HIGH}.{statistic}")
    return None if name != "tpot" or key in metrics or low is None or high is None else (low, high)
