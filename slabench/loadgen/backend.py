"""What a request looks like on the wire:

/generate, /v1/completions and /v1/chat/completions, by bench_serving's backend names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from slabench.request_extras import merged

GENERATE = "/generate"
COMPLETIONS = "/v1/completions"
CHAT = "/v1/chat/completions"
PATHS = {"sglang": GENERATE, "sglang-oai": COMPLETIONS, "sglang-oai-chat": CHAT}
# What we add to its /v1 payloads: without it a server counts no tokens along the stream, and then nobody
# knows how many there were.
USAGE = {"include_usage": True, "continuous_usage_stats": True}


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
    payload: dict[str, Any] = (
        {"text": prompt.text} if prompt.text is not None else {"input_ids": list(prompt.ids or ())}
    )
    payload |= {
        "sampling_params": {"temperature": 0.0, "max_new_tokens": output_len, "ignore_eos": True},
        "stream": True,
        "lora_path": None,
        "return_logprob": False,
        "return_routed_experts": False,
        "logprob_start_len": -1,
    }
    return json.dumps(merged(payload, extra or {}), separators=(",", ":")).encode()


def completions_body(
    prompt: PromptLike, output_len: int, model: str, extra: Mapping[str, Any] | None = None
) -> bytes:
    """Its payload for --backend sglang-oai (async_request_openai_completions), with token counts asked for."""
    payload: dict[str, Any] = {
        "model": model,
        "prompt": prompt.text if prompt.text is not None else list(prompt.ids or ()),
    }
    payload |= {
        "temperature": 0.0,
        "best_of": 1,
        "max_tokens": output_len,
        "stream": True,
        "ignore_eos": True,
    }
    payload |= {"stream_options": USAGE}
    return json.dumps(merged(payload, extra or {}), separators=(",", ":")).encode()


def chat_body(
    prompt: PromptLike, output_len: int, model: str, extra: Mapping[str, Any] | None = None
) -> bytes:
    """Its payload for --backend sglang-oai-chat (async_request_openai_chat_completions), with token counts
    asked for."""
    if prompt.text is None:
        raise ValueError("a chat message is text: prompts of this backend are made as text")
    payload: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": prompt.text}]}
    payload |= {"temperature": 0.0, "max_completion_tokens": output_len, "stream": True, "ignore_eos": True}
    payload |= {"stream_options": USAGE}
    return json.dumps(merged(payload, extra or {}), separators=(",", ":")).encode()


def prepare_requests(
    prompts: Sequence[PromptLike],
    *,
    output_len: int | None = None,
    extra: Mapping[str, Any] | None = None,
    backend: str = "sglang",
    model: str = "",
) -> list[PreparedRequest]:
    """All bodies of a load; output_len replaces every prompt's own (the warm-up's short answers). model:

    /v1's name of it.
    """

    def body(prompt: PromptLike, wanted: int) -> bytes:
        if backend == "sglang":
            return generate_body(prompt, wanted, extra)
        return (chat_body if backend == "sglang-oai-chat" else completions_body)(prompt, wanted, model, extra)

    return [
        PreparedRequest(PATHS[backend], body(prompt, wanted), prompt.input_len, wanted)
        for prompt in prompts
        for wanted in (prompt.output_len if output_len is None else output_len,)
    ]
