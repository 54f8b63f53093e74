"""What the scheduler handles: a server's limits, a request, and one forward with its log line's numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

from slabench.sim.cache import Entry, Ids

MAX_PREFILL_TOKENS = 16384  # 0.5.7's default


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server was started with."""

    pool_tokens: int
    max_running: int
    chunked_prefill: int = 8192


@dataclass(slots=True, eq=False)
class Request:
    """ids None: a prompt of which only the length matters (virtual time)."""

    key: int
    prompt_len: int
    max_new: int
    ids: Ids | None = None
    produced: int = 0
    cached: int = 0  # tokens of its prompt that the prefix cache had, the first time
    retractions: int = 0
    prefilled: int = 0  # tokens of prompt and produced that have KV
    private: int = 0  # tokens it holds beside entries
    entry: Entry | None = None  # its own prompt in the cache
    parent: Entry | None = None  # the entry whose beginning it shares
    output: list[int] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.prompt_len + self.produced

    @property
    def left(self) -> int:
        return self.max_new - self.produced


@dataclass(frozen=True, slots=True)
class Retraction:
    requests: int
    gained: int
    ratio_before: float
    ratio_after: float


@dataclass(slots=True)
class Step:
    """One forward: its duration, the requests with a new token at its end, those finished by then, and the
    numbers of its log line.
    """

    kind: str  # prefill | decode
    seconds: float
    emitted: list[Request] = field(default_factory=list)
    finished: list[Request] = field(default_factory=list)
    new_seq: int = 0
    new_tokens: int = 0
    cached_tokens: int = 0
    running: int = 0
    queue: int = 0
    used: int = 0
    retraction: Retraction | None = None
    graph: bool = True  # decode: it ran from a captured CUDA graph
