"""Events of /v1 without a token count: when output came, and the first output, for metrics/bounded.py."""

from __future__ import annotations

import itertools
import re
from array import array
from collections.abc import Mapping
from typing import Any

from slabench.loadgen import events

MAX_PIECE_BYTES = 1 << 16
_CHOICE = re.compile(rb'"choices"\s*:\s*\[\s*\{')
_ROLE = re.compile(rb'"role"\s*:\s*"')


class Uncounted:
    """text_ns: each event with output. no_text_first: events with a choice and no output before the first
    output.

    An event with nothing but the role is not a token, nor is one with nothing but the finish reason.
    """

    __slots__ = ("first", "last_choice_ns", "no_text_first", "text_ns")

    def __init__(self) -> None:
        self.text_ns: array[int] = array("q")
        self.first = b""
        self.no_text_first = 0
        self.last_choice_ns: int | None = None

    def note(self, now_ns: int, data: bytes, start: int, end: int, *, output: bool) -> None:
        if output:
            if not self.text_ns and end - start <= MAX_PIECE_BYTES:
                self.first = data[start:end]
            self.text_ns.append(now_ns)
        elif _CHOICE.search(data, start, end) is None:
            return
        elif not self.text_ns and _ROLE.search(data, start, end) is None:
            self.no_text_first += 1
        self.last_choice_ns = now_ns

    def as_head(self) -> dict[str, Any] | None:
        """For a record's frame: times as differences; None if every output was counted."""
        if not self.text_ns:
            return None
        return {
            "text_ns": [after - before for before, after in itertools.pairwise((0, *self.text_ns))],
            "first": self.first.decode("utf-8", "replace"),
            "no_text_first": self.no_text_first,
            "last_choice_ns": self.last_choice_ns,
        }


def fields(head: Mapping[str, Any] | None, *, counted: bool) -> dict[str, Any]:
    """A record's fields from as_head(); none for a stream with counts, which has arrival times."""
    if head is None or counted:
        return {}
    try:
        piece = events.piece(events.read_json(head["first"].encode())) if head["first"] else None
    except ValueError:
        piece = None
    return {
        "text_ns": array("q", itertools.accumulate(head["text_ns"])),
        "first_piece": piece,
        "no_text_first": head["no_text_first"],
        "last_choice_ns": head["last_choice_ns"],
    }
