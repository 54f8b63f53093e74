"""What precedes a message: the time stamp, the rank, and whatever a container, Ray or a collector put in
front.

sglang's own form is "[YYYY-MM-DD HH:MM:SS(.mmm) DP0 PP0 ATTN_CP0 MOE_DP0 TP0 EP0] message"; each tag may be
missing, and their order changed with nearly every release, so they are read by name. A logging configuration
of the user's own omits rank and perhaps stamp, and may put a level after the bracket.
"""

from __future__ import annotations

import calendar
import re
import time
from functools import lru_cache
from typing import NamedTuple

from slabench.server.log.writers import writer_of


class Rank(NamedTuple):
    """Where in the deployment a line was written. None: no such tag, so its size is 1 or a custom logger
    dropped it.
    """

    dp: int | None = None
    pp: int | None = None
    tp: int | None = None
    ep: int | None = None
    attn_cp: int | None = None
    moe_dp: int | None = None
    writer: str = ""  # the process or container, where a collector put its name before the line; writers.py

    @property
    def copy(self) -> bool:
        """True for the ranks that repeat another rank's lines: later pipeline stages and
        attention-context-parallel ranks.
        """
        return bool(self.pp) or bool(self.attn_cp)


NO_RANK = Rank()
DAY_S = 86_400.0

STAMP = rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{3})?"
TAGS = rb"(?: (?:DP|PP|TP|EP|ATTN_CP|MOE_DP)\d{1,9})*"
# From the start of a line written by sglang's own logging configuration, with nothing in front.
HEAD = rb"\[(" + STAMP + rb")(" + TAGS + rb")\] "

_LEVELS = rb"(?i:DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL)"
OWN = re.compile(HEAD)  # nearly every line's, so it is tried first
# Other stamps that a logging configuration may write into the bracket: with or without a date, or seconds
# since 1970.
_FREE_STAMP = (
    rb"(?:(?:\d{4}[-/]\d\d[-/]\d\d[ T])?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
    rb"|\d{10}(?:\.\d{1,9})?)"
)
_ANY_TAG = rb"[A-Z][A-Z_]{0,15}\d{1,9}"  # of a version that is not known here too
# What else is there: tags, a level, a file with its line, a process.
_BESIDE = rb"(?:[ ,|:-]*(?:" + _ANY_TAG + rb"|" + _LEVELS + rb"|[\w./-]+\.py:\d+|pid[=:]\d+)(?![\w.]))*"
# Between the bracket and the message: blanks, a level, a file with its line, a logger's name.
_BEHIND = rb"[ \t|:-]*(?:[\[(]?(?:" + _LEVELS + rb"|[\w./-]+:\d+|\w+(?:\.\w+)+)[\])]?[ \t|:-]+){0,3}\Z"
_BRACKET = re.compile(rb"\[(" + _FREE_STAMP + rb")?(" + _BESIDE + rb")\]" + _BEHIND)
# in a bracket of its own, the tags in the next
_STAMP_BEFORE = re.compile(rb"\[(" + _FREE_STAMP + rb")\][ \t]*\Z")
_ANY_BRACKET = re.compile(rb"\[([^\[\]]*)\]" + _BEHIND)
_OPEN_STAMP = re.compile(rb"\[\d[^\]]*\Z")  # a bracket of sglang's that never closes
_TAG = re.compile(rb"(?<![\w.])([A-Z][A-Z_]*)(\d+)(?![\w.])")
_TAGS_ANYWHERE = re.compile(rb"(?<![\w./-])(?:DP|PP|TP|EP|ATTN_CP|MOE_DP)\d{1,9}(?![\w./-])")
_QUOTE = re.compile(rb"[\"'`]")
_LEVEL = re.compile(rb"\b" + _LEVELS + rb"\b|\d\d:\d\d:\d\d")
_SEPARATOR = re.compile(rb"(?:[:|>\]\-]\s*|\t|" + _LEVELS + rb"\s+)\Z")
_NAMED = re.compile(
    rb"\s*(?:\([\w.@/-]+ pid=\d+[^()]*\)|\[?pod/[\w./-]+\]?|[\w.@-]+\s*\|)\s*\Z"
)  # a writer's, and no word of a text
_LEFTOVER = re.compile(rb"#[a-z][\w -]*:|#\w*\Z|(?:Decode|Prefill) batch|throughput \(token")


@lru_cache(maxsize=4096)
def read_tags(text: bytes, writer: str = "") -> Rank:
    """ " DP0 TP3" -> Rank(dp=0, tp=3), whatever the order."""
    tags = {name.decode("ascii").lower(): int(number) for name, number in _TAG.findall(text)}
    return Rank(**tags, writer=writer)


@lru_cache(maxsize=64)
def _minute(text: bytes) -> int:
    return calendar.timegm((*map(int, re.split(rb"[-/ T:]", text)), 0))


def read_stamp(text: bytes) -> float | None:
    """Seconds since an epoch of the server's own clock, which has no time zone: for differences only. None:
    no date.
    """
    try:
        return _minute(text[:16]) + float(text[17:])
    except ValueError:
        return None


_ZONE = re.compile(rb"(?<=\d)(?:Z|[+-]\d\d:?\d\d)\Z")


def _free_stamp(text: bytes) -> float | None:
    """A stamp of another form; without a date the seconds to midnight, below zero."""
    text = _ZONE.sub(b"", text).replace(b",", b".")
    if text[:10].isdigit():
        return calendar.timegm(time.localtime(int(text[:10]))) + float(b"0" + text[10:])
    if text[2:3] != b":":
        return read_stamp(text)
    hour, minute, second = int(text[:2]), int(text[3:5]), float(text[6:])
    return None if hour > 23 or minute > 59 or second >= 61 else hour * 3600.0 + minute * 60 + second - DAY_S


class Prefix(NamedTuple):
    """What precedes a message. fault: "" if the message is a line of the log, else why it is none."""

    stamp: float | None
    rank: Rank
    fault: str = ""


def read_prefix(text: bytes) -> Prefix:
    """The bytes between the start of a line and a message -> stamp and rank.

    Faults: "quoted", the message is inside other text (such as a logged request); "joined", the rest of
    another line precedes it; "prefix", sglang's own bracket is damaged.
    """
    own = OWN.fullmatch(text)
    if own is not None:
        stamp = read_stamp(own[1])
        return _fault("prefix") if stamp is None else Prefix(stamp, read_tags(own[2]))
    bracket = _BRACKET.search(text)
    if bracket is None:
        return _foreign(text)
    before = text[: bracket.start()]
    if _QUOTE.search(before):
        return _fault("quoted")
    if _LEFTOVER.search(before) or _OPEN_STAMP.search(before):
        return _fault("joined")
    beside = None if bracket[1] is not None else _STAMP_BEFORE.search(before)
    written = bracket[1] if beside is None else beside[1]
    stamp = None if written is None else _free_stamp(written)
    if written is not None and stamp is None:
        return _fault("prefix")
    return Prefix(stamp, _with_tags(bracket[2], writer_of(before)))


def _fault(reason: str) -> Prefix:
    return Prefix(None, NO_RANK, reason)


def _with_tags(text: bytes, writer: str) -> Rank:
    """The rank by the tags in a text. A tag without a field distinguishes writers: its ranks may repeat each
    other or not.
    """
    tags = [(name.lower().decode() in Rank._fields, name + number) for name, number in _TAG.findall(text)]
    others = b" ".join(tag for known, tag in tags if not known).decode()
    own = f"{writer} {others}".strip() if others else writer
    return read_tags(b" ".join(tag for known, tag in tags if known), own)


def _foreign(text: bytes) -> Prefix:
    """Without sglang's bracket: nothing at all, or another logging configuration's prefix."""
    if not text.strip():
        return Prefix(None, NO_RANK)
    if _QUOTE.search(text):
        return _fault("quoted")
    if _LEFTOVER.search(text):
        return _fault("joined")
    bracket = _ANY_BRACKET.search(text)
    dated = bracket is not None and bracket[1][:4].isdigit()
    if dated or _OPEN_STAMP.search(text) or text.count(b"]") > text.count(b"["):
        return _fault("prefix")
    tags = b" ".join(_TAGS_ANYWHERE.findall(text))
    own = bracket is not None or _NAMED.match(text) or (_LEVEL.search(text) and _SEPARATOR.search(text))
    if not own and not (tags and _LEVEL.search(text)):
        return _fault("quoted")
    return Prefix(None, read_tags(tags, writer_of(_TAGS_ANYWHERE.sub(b"", text))))
