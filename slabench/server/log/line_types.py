"""What one line of the log contains. Named tuples: immutable, without a dictionary, and made at C speed, a
million a second.

Every field but the first few is None where the line does not have it; nothing is ever filled in.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from slabench.server.log.line_prefix import NO_RANK, Rank


class DecodeLine(NamedTuple):
    """A "Decode batch" line: the state of one scheduler when it was printed, and its speed since the previous
    such line.
    """

    running: int  # requests in the batch at print time, not the mean since the last line
    # tokens/s made by decode steps, of this scheduler: all GPUs of one data-parallel rank
    gen_throughput: float
    queue: int
    stamp: float | None = None  # seconds, see line_prefix.read_stamp
    rank: Rank = NO_RANK
    # of the full-attention pool for hybrid models; may be negative, as SGLang printed it
    token: int | None = None
    token_usage: float | None = None  # share of the pool; of the full-attention pool for hybrid models
    graph: bool | None = None
    graph_kind: str | None = None  # cuda, cpu, npu, musa
    other: tuple[tuple[str, str], ...] = ()  # keys without a field, as written
    # What few lines have comes last: line_patterns.py fills the end of a line at once.
    accept_len: float | None = None
    accept_rate: float | None = None  # not comparable across versions
    iteration: int | None = None
    swa_token: int | None = None
    swa_usage: float | None = None
    mamba_num: int | None = None
    mamba_usage: float | None = None
    preallocated_usage: float | None = None
    prealloc: int | None = None
    transfer: int | None = None
    retracted: int | None = None
    cpu_token: int | None = None
    cpu_usage: float | None = None


class PrefillLine(NamedTuple):
    """A "Prefill batch" line: one forward over new tokens, a chunk of a prompt counting as one."""

    new_seq: int
    new_token: int  # rounded up to the page size before 0.5.22
    cached_token: int
    queue: int
    stamp: float | None = None
    rank: Rank = NO_RANK
    iteration: int | None = None
    running: int | None = None
    token_usage: float | None = None
    swa_usage: float | None = None
    mamba_usage: float | None = None
    input_throughput: float | None = None  # means something from 0.5.11 on
    pending_token: int | None = None
    bootstrap: int | None = None
    inflight: int | None = None
    graph: bool | None = None
    graph_kind: str | None = None
    other: tuple[tuple[str, str], ...] = ()


class EventKind(StrEnum):
    """What else in a log matters to a measurement."""

    START = "start"  # a server process begins: its arguments are printed
    CAPACITY = "capacity"
    READY = "ready"
    FLUSHED = "flushed"
    FLUSH_REFUSED = "flush_refused"
    RETRACTION = "retraction"
    JIT = "jit"  # a kernel is compiled now
    STOP = "stop"


class Event(NamedTuple):
    """A line that is no batch. details: its numbers by the server's own names, empty where they were cut."""

    kind: EventKind
    stamp: float | None = None
    rank: Rank = NO_RANK
    details: tuple[tuple[str, float], ...] = ()


class Reason(StrEnum):
    """Why a line that mentions a batch is not read."""

    CUT = "cut"  # it ends too early
    MISSING = "missing"  # it ends properly, and a required key is missing
    MALFORMED = "malformed"  # a part of it is no "key: value", or there twice, or of the wrong type
    JOINED = "joined"  # another line, or its rest, is on the same line
    QUOTED = "quoted"  # it is inside other text
    PREFIX = "prefix"  # sglang's own bracket before it is damaged
    TOO_LONG = "too_long"
    UNTERMINATED = "unterminated"  # the file ends in the middle of it
    PROSE = "prose"  # it mentions a batch and is no batch line: no data is lost
    FOLDED = (
        "folded"  # Ray shows one line for many and the number of missing ones; RAY_DEDUP_LOGS=0 keeps them
    )
    OTHER_FORM = "other_form"  # the first lines of a second server or version in one file


class Rejected(NamedTuple):
    """A line that mentions a batch and cannot be trusted. text: the line, cut to 300 bytes, for a message."""

    reason: Reason
    text: bytes


Line = DecodeLine | PrefillLine | Event | Rejected
