"""What one line of the log says. Named tuples: immutable, without a dictionary, and made at C speed, a
million a second.

Every field but the first few is None where the line does not carry it; nothing is ever filled in.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from slabench.server.log.line_prefix import NO_RANK, Rank


class DecodeLine(NamedTuple):
    """A "Decode batch" line: the state of one scheduler at the moment of printing, and its speed since its
    previous such line.
    """

    running: int  # requests in the batch at print time, not the mean since the last line
    # tokens/s made by decode steps, of this scheduler: all GPUs of one data-parallel rank
    gen_throughput: float
    queue: int
    stamp: float | None = None  # seconds, see tags.read_stamp
    rank: Rank = NO_RANK
    # of the full-attention pool for hybrid models; may be negative, as SGLang printed it
    token: int | None = None
    token_usage: float | None = None  # share of the pool; of the full-attention pool for hybrid models
    graph: bool | None = None
    graph_kind: str | None = None  # cuda, cpu, npu, musa
    other: tuple[tuple[str, str], ...] = ()  # keys that no field is for, as written
    # What few lines have stands behind: shapes.py fills a line's end at once.
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
    """One line that is no batch. details: the numbers in it by the server's own names, empty where it has
    none or they were cut.
    """

    kind: EventKind
    stamp: float | None = None
    rank: Rank = NO_RANK
    details: tuple[tuple[str, float], ...] = ()


class Reason(StrEnum):
    """Why a line that speaks of a batch is not read."""

    CUT = "cut"  # it ends too early
    MISSING = "missing"  # it ends as it should, and a needed key is not there
    MALFORMED = "malformed"  # something in it is no "key: value", or twice there, or of the wrong kind
    JOINED = "joined"  # another line, or its rest, stands on the same line
    QUOTED = "quoted"  # it stands inside other text
    PREFIX = "prefix"  # sglang's own bracket before it is damaged
    TOO_LONG = "too_long"
    UNTERMINATED = "unterminated"  # the file ends in the middle of it
    PROSE = "prose"  # it mentions a batch and is no batch line: nothing is lost with it
    # Ray shows one line for many alike and says how many are missing; RAY_DEDUP_LOGS=0 keeps them
    FOLDED = "folded"
    # the first lines of a second server or version in one file, before it was told apart
    OTHER_FORM = "other_form"


class Rejected(NamedTuple):
    """A line that speaks of a batch and cannot be trusted. text is the line, cut to 300 bytes, for a message."""

    reason: Reason
    text: bytes


Line = DecodeLine | PrefillLine | Event | Rejected
