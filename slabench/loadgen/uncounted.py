"""Events of /v1 that carry no token count: when output came, and what the first of it was (metrics/bounded.py
needs no more).
"""

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
    """Kept by a stream's meter. text_ns: each event with output; no_text_first: those with a choice and none
    before the first.

    An event that says nothing but whose answer it is (the role) is no token, and neither is one that only
    says why it ended.
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
        """For a record's frame: stamps as differences; None where every output was counted."""
        if not self.text_ns:
            return None
        return {
            "text_ns": [after - before for before, after in itertools.pairwise((0, *self.text_ns))],
            "first": self.first.decode("utf-8", "replace"),
            "no_text_first": self.no_text_first,
            "last_choice_ns": self.last_choice_ns,
        }


def fields(told: Mapping[str, Any] | None, *, counted: bool) -> dict[str, Any]:
    """A record's fields of what as_head() told; none for a stream with counts, whose times are theirs."""
    if told is None or counted:
        return {}
    try:
        piece = events.piece(events.read_json(told["first"].encode())) if told["first"] else None
    except ValueError:
        piece = None
    return {
        "text_ns": array("q", itertools.accumulate(told["text_ns"])),
        "first_piece": piece,
        "no_text_first": told["no_text_first"],
        "last_choice_ns": told["last_choice_ns"],
    }
