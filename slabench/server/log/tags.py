"""What stands before a message: the time stamp, the rank, and whatever a container, Ray or a collector put in front.

sglang's own form is "[YYYY-MM-DD HH:MM:SS(.mmm) DP0 PP0 ATTN_CP0 MOE_DP0 TP0 EP0] message"; each tag may be missing, and their
order changed with nearly every release, so they are read by name. A logging configuration of the user's own drops rank and
perhaps stamp.
"""

from __future__ import annotations

import calendar
import re
from functools import lru_cache
from typing import NamedTuple


class Rank(NamedTuple):
    """Where in the deployment a line was written. None: no such tag, so its size is 1 or a custom logger dropped it."""

    dp: int | None = None
    pp: int | None = None
    tp: int | None = None
    ep: int | None = None
    attn_cp: int | None = None
    moe_dp: int | None = None

    @property
    def copy(self) -> bool:
        """True for the ranks that repeat what another rank says: later pipeline stages and attention-context-parallel ranks."""
        return bool(self.pp) or bool(self.attn_cp)


NO_RANK = Rank()

STAMP = rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{3})?"
TAGS = rb"(?: (?:DP|PP|TP|EP|ATTN_CP|MOE_DP)\d{1,9})*"
# From the start of a line written by sglang's own logging configuration, with nothing in front.
HEAD = rb"\[(" + STAMP + rb")(" + TAGS + rb")\] "

_OWN = re.compile(HEAD)  # nearly every line's, so it is tried first
_BRACKET = re.compile(rb"\[(" + STAMP + rb")?(" + TAGS + rb")\] ?\Z")
_ANY_BRACKET = re.compile(rb"\[([^\[\]]*)\] ?\Z")
_OPEN_STAMP = re.compile(rb"\[\d[^\]]*\Z")  # a bracket of sglang's that never closes
_TAG = re.compile(rb"([A-Z_]+)(\d+)")
_QUOTE = re.compile(rb"[\"'`]")
_LEVEL = re.compile(rb"\b(?:DEBUG|INFO|WARN|WARNING|ERROR)\b|\d\d:\d\d:\d\d", re.I)
_SEPARATOR = re.compile(rb"(?:[:|>\]\-]\s*|\t|(?:DEBUG|INFO|WARN|WARNING|ERROR)\s+)\Z", re.I)
_LEFTOVER = re.compile(rb"#\w|(?:Decode|Prefill) batch")


@lru_cache(maxsize=4096)
def read_tags(text: bytes) -> Rank:
    """ " DP0 TP3" -> Rank(dp=0, tp=3), whatever the order."""
    return Rank(**{name.decode("ascii").lower(): int(number) for name, number in _TAG.findall(text)})


@lru_cache(maxsize=64)
def _minute(text: bytes) -> int:
    year, month, day, hour, minute = int(text[:4]), int(text[5:7]), int(text[8:10]), int(text[11:13]), int(text[14:16])
    return calendar.timegm((year, month, day, hour, minute, 0))


def read_stamp(text: bytes) -> float | None:
    """Seconds since an epoch of the server's own clock, which names no time zone: good for differences only. None if no date."""
    try:
        return _minute(text[:16]) + float(text[17:])
    except ValueError:
        return None


class Prefix(NamedTuple):
    """What stands before a message, read. fault: "" if the message is a line of the log, else why it is none."""

    stamp: float | None
    rank: Rank
    fault: str = ""


def read_prefix(text: bytes) -> Prefix:
    """The bytes between the start of a line and a message -> stamp and rank.

    Faults: "quoted", the message stands inside other text (a logged request, for one); "joined", the rest of another line
    stands before it; "prefix", sglang's own bracket is damaged.
    """
    own = _OWN.fullmatch(text)
    if own is not None:
        stamp = read_stamp(own[1])
        return Prefix(None, NO_RANK, "prefix") if stamp is None else Prefix(stamp, read_tags(own[2]))
    found = _BRACKET.search(text)
    if found is None:
        return _foreign(text)
    before = text[: found.start()]
    if _QUOTE.search(before):
        return Prefix(None, NO_RANK, "quoted")
    if _LEFTOVER.search(before) or _OPEN_STAMP.search(before):
        return Prefix(None, NO_RANK, "joined")
    stamp = None if found[1] is None else read_stamp(found[1])
    if found[1] is not None and stamp is None:
        return Prefix(None, NO_RANK, "prefix")
    return Prefix(stamp, read_tags(found[2]))


def _foreign(text: bytes) -> Prefix:
    """No bracket of sglang's: nothing at all, or another logging configuration's head."""
    if not text.strip():
        return Prefix(None, NO_RANK)
    if _QUOTE.search(text):
        return Prefix(None, NO_RANK, "quoted")
    if _LEFTOVER.search(text):
        return Prefix(None, NO_RANK, "joined")
    if _OPEN_STAMP.search(text):
        return Prefix(None, NO_RANK, "prefix")
    bracket = _ANY_BRACKET.search(text)
    if bracket is not None and bracket[1][:4].isdigit():
        return Prefix(None, NO_RANK, "prefix")
    if bracket is None and not (_LEVEL.search(text) and _SEPARATOR.search(text)):
        return Prefix(None, NO_RANK, "quoted")
    return Prefix(None, NO_RANK)
