"""The servers that can be imitated, and `NAME?parameter=value&...` to change one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar
from urllib.parse import parse_qsl

from slabench.messages import Message
from slabench.near import did_you_mean
from slabench.sim.cost import DECODE_TABLES, Cost
from slabench.sim.fault_table import FAULTS, Choice
from slabench.sim.forward import Limits


class UnknownProfile(Exception):
    """One sentence for the command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile(Cost):
    """Cost, limits and faults in one flat list of parameters; tp and model_path are only what it reports."""

    name: str
    model_path: str
    pool_tokens: int
    max_running: int
    context_length: int
    tp: int = 1
    chunked_prefill: int = 8192
    decode_log_interval: int = 40
    seed: int = 0  # of the noise
    stream_interval: int = 1
    fault: str = ""  # names of fault_table.py, comma separated
    fault_index: int = -1  # the request that is hit; -1: as the share says
    fault_share: float = 1.0
    fault_tokens: int = 4
    fault_s: float = 1.0
    fault_skip: int = 1  # requests that are left alone: a client's warm-up
    answers: str = ""  # a file of questions with their answers; known_answers.py
    right: float = 1.0  # the share of them that is answered right

    @property
    def faults(self) -> Choice | None:
        """None: a server without faults."""
        names = frozenset(name for name in self.fault.split(",") if name)
        hit = (self.fault_index, self.fault_share, self.fault_tokens, self.fault_s, self.fault_skip)
        return Choice(names, *hit) if names else None

    @property
    def limits(self) -> Limits:
        return Limits(self.pool_tokens, self.max_running, self.chunked_prefill)


@dataclass(frozen=True, slots=True, kw_only=True)
class NullProfile(Profile):
    """The null server: token k leaves ttft_ms + k * itl_ms after its request came, whatever else is
    running. The costs are not used.
    """

    ttft_ms: float
    itl_ms: float
    delta: int  # 1: pieces of text and ids, as `--stream-output` sends them; 0: both grow with the answer


P = TypeVar("P", bound=Profile)
NULL = NullProfile(
    name="null",
    model_path="slabench/null",
    ttft_ms=200.0,
    itl_ms=20.0,
    delta=0,
    prefill_tokens_per_s=1.0,
    prefill_overhead_ms=0.0,
    prefill_attention_ms=0.0,
    decode_base_ms=0.0,
    decode_request_ms=0.0,
    decode_context_ms=0.0,
    pool_tokens=100_000_000,  # so large that no request ever waits
    max_running=65_536,
    context_length=1_000_000,
)
_OF_NULL = (
    "model_path ttft_ms itl_ms delta pool_tokens max_running context_length decode_log_interval".split()
)
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
        pool_tokens=400_000,  # the largest published decode batch is 64 x 5632 tokens
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
    """What follows `sim:`, such as `demo?decode_base_ms=6&noise=0.02`; UnknownProfile lists what there is."""
    name, _, settings = text.partition("?")
    if name == NULL.name:
        return changed(NULL, settings, _OF_NULL)
    if name not in PROFILES:
        names = (*PROFILES, NULL.name)
        raise UnknownProfile(Message("profile.none", name=name, hint=did_you_mean(name, names), names=names))
    return changed(PROFILES[name], settings, [field.name for field in fields(Profile)])


def changed(profile: P, settings: str, parameters: Sequence[str]) -> P:
    """The profile with `parameter=value&...` applied; UnknownProfile for another parameter or a bad value."""
    changes: dict[str, float | str] = {}
    for key, text in parse_qsl(settings, keep_blank_values=True):
        if key not in parameters or key == "name":
            names = [name for name in parameters if name != "name"]
            hint = did_you_mean(key, names)
            raise UnknownProfile(Message("profile.parameter", name=key, hint=hint, names=names))
        kind = type(getattr(profile, key))
        try:
            changes[key] = kind(text)
        except ValueError as error:
            raise UnknownProfile(Message("profile.kind", key=key, text=text, kind=kind.__name__)) from error
        _check(key, text, changes[key])
    return replace(profile, **changes) if changes else profile  # type: ignore[arg-type]


def _check(key: str, text: str, value: float | str) -> None:
    if key in _NAMES:
        unknown = [name for name in text.split(",") if name and name not in _NAMES[key]]
        if unknown:
            names = {"names": tuple(_NAMES[key]), "hint": did_you_mean(unknown[0], _NAMES[key])}
            raise UnknownProfile(Message("profile.value", key=key, name=unknown[0], **names))
    if isinstance(value, str):
        return
    if not math.isfinite(value):
        raise UnknownProfile(Message("profile.not_finite", key=key, text=text))
    if value < 0 or (value == 0 and key in _POSITIVE):
        raise UnknownProfile(Message("profile.small", key=key, text=text))
    if key == "delta" and value > 1:
        raise UnknownProfile(Message("profile.delta", key=key, text=text))
    if key in ("expert_share", "right") and value > 1:
        raise UnknownProfile(Message("profile.share", key=key, text=text))


_NAMES: Mapping[str, Mapping[str, object]] = {"fault": FAULTS, "decode_table": DECODE_TABLES}
_POSITIVE = (
    "prefill_tokens_per_s pool_tokens max_running context_length chunked_prefill decode_log_interval tp "
    "table_scale table_slowness itl_ms"
).split()
