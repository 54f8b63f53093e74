"""What a request looks like on the wire: /generate now, with the room for /v1 behind the same two functions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

GENERATE = "/generate"


class PromptLike(Protocol):
    """The part of a workload's Prompt that goes on the wire: a text, or ids."""

    @property
    def text(self) -> str | None: ...
    @property
    def ids(self) -> Sequence[int] | None: ...
    @property
    def input_len(self) -> int: ...
    @property
    def output_len(self) -> int: ...


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """Serialised before the run starts; body is the POST body."""

    path: str
    body: bytes
    input_len: int
    output_len: int


def generate_body(prompt: PromptLike, output_len: int, extra: Mapping[str, Any] | None = None) -> bytes:
    """bench_serving 0.5.7's payload for --backend sglang (async_request_sglang_generate), key for key."""
    payload: dict[str, Any] = {"text": prompt.text} if prompt.text is not None else {"input_ids": list(prompt.ids or ())}
    payload |= {
        "sampling_params": {"temperature": 0.0, "max_new_tokens": output_len, "ignore_eos": True},
        "stream": True,
        "lora_path": None,
        "return_logprob": False,
        "return_routed_experts": False,
        "logprob_start_len": -1,
    }
    payload |= extra or {}
    return json.dumps(payload, separators=(",", ":")).encode()


def prepare_requests(
    prompts: Sequence[PromptLike], *, output_len: int | None = None, extra: Mapping[str, Any] | None = None
) -> list[PreparedRequest]:
    """All bodies of a load; output_len replaces every prompt's own (the warm-up's short answers)."""
    return [
        PreparedRequest(GENERATE, generate_body(prompt, wanted, extra), prompt.input_len, wanted)
        for prompt in prompts
        for wanted in (prompt.output_len if output_len is None else output_len,)
    ]
