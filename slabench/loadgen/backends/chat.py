"""/v1/chat/completions: as /v1/completions, with the prompt as a message."""

from __future__ import annotations

from typing import Any

from slabench.loadgen.backends.base import register
from slabench.loadgen.backends.completions import STREAM_OPTIONS, Completions
from slabench.workloads.model import Prompt


@register
class Chat(Completions):
    name = "sglang-oai-chat"
    path = "/v1/chat/completions"
    takes_ids = False
    adds_template = True

    def payload(self, prompt: Prompt, output_len: int, model: str) -> dict[str, Any]:
        """bench_serving 0.5.7's (async_request_openai_chat_completions), with token counts asked for."""
        if prompt.text is None:
            raise ValueError("a chat message is text: prompts of this backend are made as text")
        return {
            "model": model,
            "messages": [{"role": "user", "content": prompt.text}],
            "temperature": 0.0,
            "max_completion_tokens": output_len,
            "stream": True,
            "ignore_eos": True,
            "stream_options": STREAM_OPTIONS,
        }
