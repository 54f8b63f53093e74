"""Step times from a handful of physical parameters."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """ms and tokens. noise: standard deviation of a step's relative error, from a seeded generator."""

    prefill_tokens_per_s: float
    prefill_overhead_ms: float  # one forward's launch
    prefill_attention_ms: float  # per million pairs of a new token and one it looks at
    decode_base_ms: float  # reading the weights: one step of an empty batch
    decode_request_ms: float  # each running request
    decode_context_ms: float  # each 1,000 tokens of context in the batch
    decode_expert_ms: float = 0.0  # mixture of experts: reading every expert once
    expert_share: float = 0.0  # of the experts that one token uses
    noise: float = 0.0

    def prefill_s(self, parts: Iterable[tuple[int, int]], dice: random.Random | None = None) -> float:
        """parts: (tokens before, new tokens) of each request in the batch."""
        tokens, pairs = 0, 0.0
        for before, new in parts:
            tokens += new
            pairs += new * (before + new / 2)
        ms = self.prefill_overhead_ms + tokens / self.prefill_tokens_per_s * 1000 + pairs / 1e6 * self.prefill_attention_ms
        return self._noisy(ms, dice)

    def decode_s(self, requests: int, context: int, dice: random.Random | None = None) -> float:
        """One step of a batch whose sequences hold context tokens in all.

        Experts are read once however many tokens want them: of tokens that choose independently, requests of them leave
        (1 - share) ** requests of the experts unread. So a small batch's step grows fast, a large one's hardly.
        """
        ms = self.decode_base_ms + self.decode_request_ms * requests + self.decode_context_ms * context / 1000
        ms += self.decode_expert_ms * (1 - (1 - self.expert_share) ** requests)
        return self._noisy(ms, dice)

    def _noisy(self, ms: float, dice: random.Random | None) -> float:
        if self.noise and dice is not None:
            ms *= max(0.2, 1 + dice.gauss(0, self.noise))
        return ms / 1000
