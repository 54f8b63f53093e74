"""Bytes of sglang 0.5.7's answers, as uvicorn and FastAPI send them: header names with case and order, JSON
keys with theirs.
"""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slabench.sim.profiles import Profile  # which names the faults, which are made of these bytes

REASONS = {
    200: "OK",
    301: "Moved Permanently",
    307: "Temporary Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}
FLUSH_TEXT = (
    "Cache flushed.\nPlease check backend logs for more details. "
    "(When there are running or waiting requests, the operation will not be performed.)\n"
)
DONE = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


def dumps(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def answer(status: int, body: bytes = b"", kind: str | None = "application/json") -> bytes:
    """A whole answer of known length."""
    lines = [f"HTTP/1.1 {status} {REASONS[status]}", f"date: {formatdate(usegmt=True)}", "server: uvicorn"]
    lines += [f"content-length: {len(body)}"] + ([f"content-type: {kind}"] if kind else []) + ["vary: Origin"]
    return "\r\n".join((*lines, "", "")).encode() + body


def stream_head() -> bytes:
    lines = [
        "HTTP/1.1 200 OK",
        f"date: {formatdate(usegmt=True)}",
        "server: uvicorn",
        "content-type: text/event-stream; charset=utf-8",
    ]
    return "\r\n".join((*lines, "vary: Origin", "Transfer-Encoding: chunked", "", "")).encode()


def chunk(event: bytes) -> bytes:
    """One event as one chunk."""
    return b"%x\r\ndata: %b\n\n\r\n" % (len(event) + 8, event)


def piece(data: bytes) -> bytes:
    """Any bytes as one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def payload(chunks: bytes) -> bytes:
    """The bytes inside whole chunks, the last one of no bytes not among them."""
    out, at = [], 0
    while at < len(chunks):
        end = chunks.index(b"\r\n", at)
        size = int(chunks[at:end], 16)
        out.append(chunks[end + 2 : end + 2 + size])
        at = end + 4 + size
    return b"".join(out)


def error(message: str) -> bytes:
    return dumps({"error": {"message": message}})


class Answering:
    """One request's growing answer: the text so far and its ids, kept as bytes so that an event is one join."""

    __slots__ = ("cached", "created", "ids", "max_new", "prompt", "queue_s", "request_id", "text")

    def __init__(self, request_id: str, prompt: int, max_new: int) -> None:
        self.request_id, self.prompt, self.max_new = request_id, prompt, max_new
        self.text, self.ids = bytearray(), bytearray()
        self.cached = 0
        self.created = time.time()
        self.queue_s = 0.0

    def grow(self, word: bytes, token: int) -> None:
        self.text += word
        self.ids += b",%d" % token if self.ids else b"%d" % token

    def event(self, produced: int, retractions: int, *, last: bool) -> bytes:
        """meta_info in the order of the real server's, with --enable-metrics."""
        reason = b'{"type":"length","length":%d}' % self.max_new if last else b"null"
        tail = b',"e2e_latency":%.17g' % (time.time() - self.created) if last else b""
        return b"".join(
            (
                b'{"text":"',
                self.text,
                b'","output_ids":[',
                self.ids,
                b'],"meta_info":{"id":"',
                self.request_id.encode(),
                b'","finish_reason":',
                reason,
                b',"prompt_tokens":%d,"weight_version":"default","total_retractions":%d'
                % (self.prompt, retractions),
                b',"queue_time":%.9g,"completion_tokens":%d,"cached_tokens":%d'
                % (self.queue_s, produced, self.cached),
                tail,
                b"}}",
            )
        )


class ChunkAnswering(Answering):
    """/v1/completions: a piece of text an event, with counts if continuous_usage_stats asks, and a sum if
    include_usage does.
    """

    __slots__ = ("_sent", "continuous", "include_usage", "model")

    def __init__(
        self, request_id: str, prompt: int, max_new: int, *, model: str, include_usage: bool, continuous: bool
    ) -> None:
        super().__init__(request_id, prompt, max_new)
        self.model, self.include_usage, self.continuous = model, include_usage, continuous
        self._sent = 0

    def begin(self) -> list[bytes]:
        return []

    def event(self, produced: int, retractions: int, *, last: bool) -> bytes:
        delta = self.text[self._sent :].decode()
        self._sent = len(self.text)
        reason = "length" if last else None
        return self._chunk([self._choice(delta, reason)], self._usage(produced) if self.continuous else None)

    def end(self) -> list[bytes]:
        if not self.include_usage:
            return []
        usage = self._usage(self.max_new)
        usage.pop("prompt_tokens_details")
        return [self._chunk([], usage)]

    def _choice(self, delta: str, reason: str | None) -> dict[str, Any]:
        return {"index": 0, "text": delta, "logprobs": None, "finish_reason": reason, "matched_stop": None}

    def _usage(self, produced: int) -> dict[str, Any]:
        counts = {
            "prompt_tokens": self.prompt,
            "total_tokens": self.prompt + produced,
            "completion_tokens": produced,
        }
        return counts | {"prompt_tokens_details": None, "reasoning_tokens": 0}

    def _chunk(
        self, choices: list[dict[str, Any]], usage: dict[str, Any] | None, kind: str = "text_completion"
    ) -> bytes:
        head = {"id": self.request_id, "object": kind, "created": int(self.created), "model": self.model}
        return dumps({**head, "choices": choices, "usage": usage})


class ChatAnswering(ChunkAnswering):
    """/v1/chat/completions: a role first, the pieces, and the reason to end in an event of its own, without
    counts.
    """

    __slots__ = ()

    def begin(self) -> list[bytes]:
        return [self._chunk([self._delta({"role": "assistant", "content": ""}, None)], None)]

    def event(self, produced: int, retractions: int, *, last: bool) -> bytes:
        return super().event(produced, retractions, last=False)

    def end(self) -> list[bytes]:
        return [self._chunk([self._delta({}, "length")], None), *super().end()]

    def _choice(self, delta: str, reason: str | None) -> dict[str, Any]:
        return self._delta({"content": delta}, reason)

    def _delta(self, given: dict[str, Any], reason: str | None) -> dict[str, Any]:
        delta = {"role": None, "content": None, "reasoning_content": None, "tool_calls": None, **given}
        return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason, "matched_stop": None}

    def _chunk(
        self, choices: list[dict[str, Any]], usage: dict[str, Any] | None, kind: str = "chat.completion.chunk"
    ) -> bytes:
        return super()._chunk(choices, usage, kind)


def openai_error(message: str, kind: str = "BadRequestError") -> dict[str, Any]:
    return {"object": "error", "message": message, "type": kind, "param": None, "code": 400}


def server_info(
    profile: Profile, tokenizer: str, *, port: int, random_seed: int, throughput: float
) -> dict[str, Any]:
    """What the real one's flattened arguments say of size and speed; slabench_sim marks every output of a run
    against it.
    """
    arguments = {
        "model_path": profile.model_path,
        "tokenizer_path": tokenizer,
        "load_format": "dummy",
        "trust_remote_code": False,
        "context_length": profile.context_length,
        "host": "127.0.0.1",
        "port": port,
        "dtype": "auto",
        "quantization": None,
        "kv_cache_dtype": "auto",
        "max_running_requests": profile.max_running,
        "max_total_tokens": profile.pool_tokens,
        "chunked_prefill_size": profile.chunked_prefill,
        "max_prefill_tokens": 16384,
        "schedule_policy": "fcfs",
        "schedule_conservativeness": 1.0,
        "page_size": 1,
        "device": "cuda",
        "tp_size": profile.tp,
        "pp_size": 1,
        "stream_interval": profile.stream_interval,
        "stream_output": False,
        "random_seed": random_seed,
        "decode_log_interval": profile.decode_log_interval,
        "api_key": None,
        "served_model_name": profile.model_path,
        "dp_size": 1,
        "nnodes": 1,
        "ep_size": 1,
        "speculative_algorithm": None,
        "disable_radix_cache": False,
        "disable_cuda_graph": False,
        "cuda_graph_max_bs": profile.graph_max_bs or profile.max_running,
        "enable_dp_attention": False,
        "enable_metrics": True,
    }
    state = {
        **arguments,
        "last_gen_throughput": throughput,
        "memory_usage": {"weight": 0.0, "kvcache": 0.0, "token_capacity": profile.pool_tokens, "graph": 0},
    }
    return {
        **arguments,
        "status": "ready",
        "max_total_num_tokens": profile.pool_tokens,
        "max_req_input_len": profile.context_length - 6,
        "internal_states": [state],
        "version": "0.5.7",
        "slabench_sim": {"profile": profile.name},
    }


def model_info(profile: Profile, tokenizer: str) -> dict[str, Any]:
    return {
        "model_path": profile.model_path,
        "tokenizer_path": tokenizer,
        "is_generation": True,
        "preferred_sampling_params": None,
        "weight_version": "default",
        "has_image_understanding": False,
        "has_audio_understanding": False,
        "model_type": "slabench_sim",
        "architectures": ["SimulatedForCausalLM"],
    }
