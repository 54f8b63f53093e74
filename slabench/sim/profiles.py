"""The servers that can be imitated, and `NAME?parameter=value&...` to change one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from slabench.sim.cost import DECODE_TABLES, Cost
from slabench.sim.faults import FAULTS, Choice
from slabench.sim.scheduler import Limits


class UnknownProfile(Exception):
    """One sentence for the command line."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Cost and limits in one flat list of parameters; tp and gpu only say what the server would call itself."""

    name: str
    model_path: str
    prefill_tokens_per_s: float
    prefill_overhead_ms: float
    prefill_attention_ms: float
    decode_base_ms: float
    decode_request_ms: float
    decode_context_ms: float
    pool_tokens: int
    max_running: int
    context_length: int
    decode_expert_ms: float = 0.0
    expert_share: float = 0.0
    prefill_prefix_ms: float = 0.0
    decode_table: str = ""  # a measured table of cost.DECODE_TABLES in place of the decode_* terms
    table_scale: float = 1.0
    table_slowness: float = 1.0
    decode_stair: int = 0
    graph_max_bs: int = 0
    eager_ms: float = 0.0
    tp: int = 1
    chunked_prefill: int = 8192
    decode_log_interval: int = 40
    noise: float = 0.0
    seed: int = 0  # of the noise
    stream_interval: int = 1
    fault: str = ""  # names from slabench/sim/faults.py, comma separated
    fault_index: int = -1  # the request that is hit; -1: as the share says
    fault_share: float = 1.0
    fault_tokens: int = 4
    fault_s: float = 1.0
    fault_skip: int = 1  # requests that are left alone: a client's warm-up

    @property
    def faults(self) -> Choice | None:
        """None: a server without faults."""
        names = frozenset(name for name in self.fault.split(",") if name)
        given = (self.fault_index, self.fault_share, self.fault_tokens, self.fault_s, self.fault_skip)
        return Choice(names, *given) if names else None

    @property
    def cost(self) -> Cost:
        return Cost(
            self.prefill_tokens_per_s,
            self.prefill_overhead_ms,
            self.prefill_attention_ms,
            self.decode_base_ms,
            self.decode_request_ms,
            self.decode_context_ms,
            self.decode_expert_ms,
            self.expert_share,
            self.noise,
            self.prefill_prefix_ms,
            DECODE_TABLES[self.decode_table] if self.decode_table else None,
            self.table_scale,
            self.table_slowness,
            self.decode_stair,
            self.graph_max_bs,
            self.eager_ms,
        )

    @property
    def limits(self) -> Limits:
        return Limits(self.pool_tokens, self.max_running, self.chunked_prefill)


PROFILES: Mapping[str, Profile] = {
    "demo": Profile(
        name="demo",
        model_path="slabench/demo",
        prefill_tokens_per_s=100_000,
        prefill_overhead_ms=4.0,
        prefill_attention_ms=0.5,
        decode_base_ms=5.0,
        decode_request_ms=0.1,
        decode_context_ms=0.01,
        pool_tokens=200_000,
        max_running=64,
        context_length=32768,
        decode_log_interval=10,  # short runs need samples for the decode curve
    ),
    # Fitted on the published tencent run with 128 prompts alone; docs/sim.md shows what it predicts of the
    # others.
    "r1-fp8-tp8": Profile(
        name="r1-fp8-tp8",
        model_path="slabench/deepseek-r1-fp8",
        prefill_tokens_per_s=4645,
        prefill_overhead_ms=0.0,
        prefill_attention_ms=0.0,
        decode_base_ms=20.2,
        decode_request_ms=0.0,
        decode_context_ms=0.0588,
        pool_tokens=75_235,
        max_running=128,
        context_length=163_840,
        tp=8,
    ),
    # Prefill from the published prefill table, decode fitted on the published batch sizes 1-16 alone, the
    # pool as the server had it; docs/sim.md shows what follows for 20-64.
    "a800-qwen3-30b-a3b": Profile(
        name="a800-qwen3-30b-a3b",
        model_path="slabench/qwen3-30b-a3b",
        prefill_tokens_per_s=26_880,
        prefill_overhead_ms=0.0,
        prefill_attention_ms=3.618,
        decode_base_ms=4.2,
        decode_request_ms=0.0,
        decode_context_ms=0.1125,
        decode_expert_ms=12.5,
        expert_share=0.182,
        pool_tokens=95_791,
        max_running=128,
        context_length=40_960,
    ),
    # Measured, step by step: docs/sim.md. Prefill from ali prefill's three lengths and the H200's tencent
    # run.
    "h200-qwen3-30b-a3b": Profile(
        name="h200-qwen3-30b-a3b",
        model_path="slabench/qwen3-30b-a3b",
        prefill_tokens_per_s=71_800,
        prefill_overhead_ms=0.0,
        prefill_attention_ms=3.89,
        prefill_prefix_ms=5.7,
        decode_base_ms=0.0,
        decode_request_ms=0.0,
        decode_context_ms=0.0,
        decode_table="h200-qwen3-30b-a3b",
        graph_max_bs=128,
        eager_ms=24.6,
        pool_tokens=668_481,
        max_running=256,
        context_length=40_960,
        decode_log_interval=10,
    ),
}


def read_profile(text: str) -> Profile:
    """`demo`, `demo?decode_base_ms=6&noise=0.02`; UnknownProfile with what there is."""
    name, _, given = text.partition("?")
    if name not in PROFILES:
        raise UnknownProfile(
            f"There is no profile {name!r} of the embedded server; there are {', '.join(PROFILES)}, null."
        )
    profile = PROFILES[name]
    changes = read_changes({key: value for key, value in asdict(profile).items() if key != "name"}, given)
    return replace(profile, **changes) if changes else profile  # type: ignore[arg-type]


def read_changes(known: Mapping[str, Any], given: str) -> dict[str, float | str]:
    """`parameter=value&...` as values of the known parameters' types;

    UnknownProfile for what is no such thing.
    """
    changes: dict[str, float | str] = {}
    for key, value in parse_qsl(given, keep_blank_values=True):
        if key not in known:
            raise UnknownProfile(
                f"The embedded server has no parameter {key!r}; there are {', '.join(known)}."
            )
        try:
            changes[key] = type(known[key])(value)
        except ValueError as error:
            raise UnknownProfile(f"{key}={value} is no {type(known[key]).__name__}.") from error
        number = changes[key]
        unknown = [name for name in value.split(",") if name not in FAULTS] if key == "fault" else []
        if unknown:
            raise UnknownProfile(
                f"The embedded server has no fault {unknown[0]!r}; there are {', '.join(FAULTS)}."
            )
        if key == "decode_table" and value and value not in DECODE_TABLES:
            raise UnknownProfile(
                f"The embedded server has no decode_table {value!r}; there are {', '.join(DECODE_TABLES)}."
            )
        if key == "expert_share" and isinstance(number, float) and number > 1:
            raise UnknownProfile(f"{key}={value} is more than all of the experts; give a share from 0 to 1.")
        if not isinstance(number, str) and (
            not math.isfinite(number) or number < 0 or (number == 0 and key in _POSITIVE)
        ):
            raise UnknownProfile(
                f"{key}={value} is too small." if number <= 0 else f"{key}={value} is no finite number."
            )
    return changes


_POSITIVE = (
    "prefill_tokens_per_s",
    "pool_tokens",
    "max_running",
    "context_length",
    "chunked_prefill",
    "decode_log_interval",
    "tp",
    "table_scale",
    "table_slowness",
    "itl_ms",
)
