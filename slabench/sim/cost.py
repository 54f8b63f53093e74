"""Step times from a handful of physical parameters, or from a table that was measured."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

# Longest sequence over the mean. Up to EQUAL a batch counts as of equal lengths, from RAGGED on as ragged;
# between them the step is interpolated.
EQUAL, RAGGED = 1.02, 1.15


@dataclass(frozen=True, slots=True)
class DecodeTable:
    """Decode step times of one real server.

    rows: (batch size, ms, ms per 1,000 tokens of a sequence), by least squares through the clean Decode lines
    of loads in which all sequences have one length. A batch is padded up to the next row, as the server pads
    it to the next captured CUDA graph, which makes the staircase. ragged_ms: per 1,000 tokens of the whole
    batch, where lengths differ and there is no staircase.
    """

    rows: tuple[tuple[int, float, float], ...]
    ragged_ms: float

    def step_ms(self, requests: int, context: float, longest: float) -> float:
        """A step of so many requests; context, longest: tokens of all sequences, and of the longest one."""
        sizes = [row[0] for row in self.rows]
        _, base, slope = self.rows[min(bisect_left(sizes, requests), len(self.rows) - 1)]
        mean = context / requests
        ragged = base + self.ragged_ms * context / 1000
        if longest >= RAGGED * mean:
            return ragged
        equal = base + slope * mean / 1000
        share = max(0.0, (longest / mean - EQUAL) / (RAGGED - EQUAL))
        return equal + share * (ragged - equal)


# Real sglang 0.5.12, Qwen3-30B-A3B, one H200 (docs/sim.md says which logs). 72 to 88 and 144 are
# interpolated; 152 and 160 are those of 156 to 162 in flight on a server with graphs up to 176.
DECODE_TABLES: Mapping[str, DecodeTable] = {
    "h200-qwen3-30b-a3b": DecodeTable(
        rows=(
            (1, 4.02, 0.532),
            (2, 4.80, 0.537),
            (4, 6.15, 0.536),
            (8, 8.50, 0.566),
            (12, 10.34, 0.570),
            (16, 12.05, 0.615),
            (20, 14.37, 0.625),
            (24, 13.87, 1.210),
            (28, 15.10, 1.156),
            (32, 14.82, 1.383),
            (40, 17.44, 1.238),
            (48, 16.16, 1.922),
            (56, 16.84, 2.385),
            (64, 17.17, 2.415),
            (72, 17.22, 2.636),
            (80, 17.27, 2.856),
            (88, 17.31, 3.077),
            (96, 17.36, 3.297),
            (104, 16.92, 4.866),
            (112, 16.90, 4.829),
            (120, 17.04, 4.853),
            (128, 17.17, 4.927),
            (136, 17.56, 4.912),
            (144, 18.40, 4.91),
            (152, 19.21, 4.907),
            (160, 19.37, 4.901),
        ),
        ragged_ms=0.037,
    ),
}


class Forwards(Protocol):
    """How long a forward takes, in seconds: what the scheduler asks of a cost."""

    @property
    def by_length(self) -> bool:
        """Whether a step's time depends on its longest sequence, and not on the sum alone."""
        ...

    def graph(self, requests: int) -> bool: ...

    def prefill_s(self, parts: Sequence[tuple[int, int]], dice: random.Random | None = None) -> float: ...

    def decode_s(
        self, requests: int, context: int, dice: random.Random | None = None, longest: int = 0
    ) -> float: ...


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
    prefill_prefix_ms: float = (
        0.0  # per million pairs of a new token and one of an earlier chunk, in addition
    )
    decode_table: str = ""  # a name of DECODE_TABLES: measured steps in place of the decode_* terms
    table_scale: float = 1.0  # 1,000 tokens of the table are 1,000 / scale tokens here
    table_slowness: float = 1.0  # factor on the table's step times
    decode_stair: int = 0  # a batch of equal lengths is padded to a multiple of this; 0: no staircase
    graph_max_bs: int = 0  # the largest batch with a CUDA graph; 0: all have one
    eager_ms: float = 0.0  # a step without a graph takes this much longer

    def prefill_s(self, parts: Sequence[tuple[int, int]], dice: random.Random | None = None) -> float:
        """parts: (tokens before, new tokens) of each request in the batch."""
        tokens = sum(new for _, new in parts)
        pairs = sum(new * (before + new / 2) for before, new in parts)
        resumed = sum(new * before for before, new in parts)
        ms = self.prefill_overhead_ms + tokens / self.prefill_tokens_per_s * 1000
        ms += pairs / 1e6 * self.prefill_attention_ms + resumed / 1e6 * self.prefill_prefix_ms
        return self._noisy(ms, dice)

    @property
    def by_length(self) -> bool:
        """Whether a step's time depends on its longest sequence, and not on the sum alone."""
        return bool(self.decode_table) or self.decode_stair > 0

    def graph(self, requests: int) -> bool:
        """Whether a batch of that size runs from a captured CUDA graph."""
        return not self.graph_max_bs or requests <= self.graph_max_bs

    def decode_s(
        self, requests: int, context: int, dice: random.Random | None = None, longest: int = 0
    ) -> float:
        """One step of a batch whose sequences hold context tokens in all; longest: of one sequence, needed
        where by_length.

        Each expert is read once a step. With independent choices a share of (1 - expert_share) ** requests of
        the experts is not read, so the step time of small batches grows fast and that of large ones hardly.
        """
        eager = 0.0 if self.graph(requests) else self.eager_ms
        if self.decode_table:
            table, scale = DECODE_TABLES[self.decode_table], self.table_scale
            ms = table.step_ms(requests, context * scale, longest * scale) * self.table_slowness
            return self._noisy(ms + eager, dice)
        if self.decode_stair and longest * requests <= EQUAL * context:
            padded = -(-requests // self.decode_stair) * self.decode_stair
            requests, context = padded, context * padded // requests
        ms = self.decode_base_ms + self.decode_request_ms * requests + self.decode_context_ms * context / 1000
        ms += self.decode_expert_ms * (1 - (1 - self.expert_share) ** requests)
        return self._noisy(ms + eager, dice)

    def _noisy(self, ms: float, dice: random.Random | None) -> float:
        if self.noise and dice is not None:
            ms *= max(0.2, 1 + dice.gauss(0, self.noise))
        return ms / 1000
