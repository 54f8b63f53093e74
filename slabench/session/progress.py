"""How far a load is, from the counts that its load processes report twice a second anyway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slabench.loadgen.plan import Plan
    from slabench.loadgen.run import Progress
    from slabench.workloads.model import Prompt

SILENT_S = 3.0  # without a new token the time left is not known


@dataclass(frozen=True, slots=True)
class LoadShape:
    """What a load will send. last_due_s: from its begin, 0 where all requests are sent at once."""

    requests: int
    input_tokens: int
    output_tokens: int
    last_due_s: float = 0.0

    @classmethod
    def of(cls, prompts: Sequence[Prompt], plan: Plan) -> LoadShape:
        return cls(
            len(prompts),
            sum(prompt.input_len for prompt in prompts),
            sum(prompt.output_len for prompt in prompts),
            max(plan.offsets_ns) / 1e9,
        )

    @property
    def one_token(self) -> bool:
        """A prefill load: its speed is that of the input."""
        return self.output_tokens == self.requests


@dataclass(frozen=True, slots=True)
class _Count:
    at_s: float
    tokens: int
    decoding: int
    ended: int


class LoadProgress:
    """One load's counts, and what follows from them. Times in seconds since the load's begin."""

    def __init__(self, shape: LoadShape) -> None:
        self.shape = shape
        self.report: Progress | None = None
        self._tpot_ms, self._tpots = 0.0, 0  # sum over the answers that ended, and their number
        self._first: _Count | None = None  # of the first report with a token
        self._last = _Count(0.0, 0, 0, 0)
        self._moved_s = 0.0  # when a token came last
        self._decode_s, self._decode_tokens = 0.0, 0

    def update(self, report: Progress) -> None:
        self.report = report
        decoding = report.running - report.waiting
        count = _Count(report.elapsed_s, report.output_tokens, decoding, report.done)
        before, self._last = self._last, count
        if count.tokens != before.tokens or count.ended != before.ended:
            self._moved_s = count.at_s
        if self._first is None and count.tokens:
            self._first = count
        # Where no answer began or ended between two reports, each request that decodes did so all the time.
        if decoding == before.decoding and count.ended == before.ended:
            self._decode_s += decoding * (count.at_s - before.at_s)
            self._decode_tokens += count.tokens - before.tokens

    def answer(self, tpot_ms: float | None) -> None:
        """The TPOT of an answer that has ended; None where it has none."""
        if tpot_ms is not None:
            self._tpot_ms, self._tpots = self._tpot_ms + tpot_ms, self._tpots + 1

    @property
    def tpot_ms(self) -> tuple[float, int] | None:
        """(mean TPOT so far, answers that it is of). 0 answers: none has ended, and it is of those that
        decode: seconds of decoding over tokens. None: not known.
        """
        if self._tpots:
            return self._tpot_ms / self._tpots, self._tpots
        return (1000 * self._decode_s / self._decode_tokens, 0) if self._decode_tokens else None

    @property
    def share(self) -> float:
        """Of the load's tokens, from 0 to 1. Those that a failed request will not bring count as done."""
        return 1.0 - self._tokens_left / self.shape.output_tokens

    @property
    def _tokens_left(self) -> float:
        if self.report is None:
            return self.shape.output_tokens
        if self.report.done == self.shape.requests:
            return 0.0
        lost = self.shape.output_tokens * self.report.failed / self.shape.requests
        return max(0.0, self.shape.output_tokens - lost - self.report.output_tokens)

    @property
    def silent_s(self) -> float:
        """Seconds without a new token, if they are too many to know when the load ends; else 0."""
        silent = self._last.at_s - self._moved_s
        return silent if silent > SILENT_S else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds until the load ends at the speed since its first token. None: not known."""
        first, last = self._first, self._last
        if first is None or self.silent_s or last.tokens == first.tokens or last.at_s <= first.at_s:
            return None
        rate = (last.tokens - first.tokens) / (last.at_s - first.at_s)
        return max(self._tokens_left / rate, self.shape.last_due_s - last.at_s)

    @property
    def speed(self) -> tuple[str, float] | None:
        """("output", tokens/s since the begin), or ("input", ...) of a prefill load. None before a report."""
        if self.report is None or self.report.elapsed_s <= 0:
            return None
        if self.shape.one_token:
            tokens = self.report.output_tokens * self.shape.input_tokens / self.shape.requests
            return "input", tokens / self.report.elapsed_s
        return "output", self.report.output_tokens / self.report.elapsed_s
