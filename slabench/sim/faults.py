"""What can be wrong with a server, by name: `sim:demo?fault=stream_error&fault_index=2`. Without `fault` none
of it is reached.

Names are combined with commas. Requests are counted from 0 in the order in which they come. The first
fault_skip of them, and all before the first cache flush (a client's probe and warm-up), are left alone, and
of the rest those are hit that fault_index or fault_share choose. fault_skip=0 leaves none alone.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slabench.sim import wire

if TYPE_CHECKING:
    from slabench.sim.http import Connection

Deliver = Callable[[bytes, bool], None]

# Instead of an answer to /generate, or to /v1's.
ANSWERS: Mapping[str, str] = {
    "busy": "503 with a sentence",
    "rate_limit": "429 with Retry-After",
    "page": "502 with a proxy's HTML page",
    "page_ok": "200 with an HTML page",
    "redirect": "307 to another address",
    "empty": "200, an event stream of no bytes",
    "vllm_stream": "200, events in the form of vLLM's /generate",
    "reset_before": "the connection is reset before a byte of the answer",
    "silence": "nothing ever comes",
    "taken": "the request is taken, and 50 ms later its connection is closed",
}
# Instead of an answer to the other paths.
CONTROL: Mapping[str, str] = {
    "info_missing": "server_info is 404",
    "info_error": "server_info is 500",
    "info_lost": "server_info is 500 from the first measured request on",
    "info_slow": "server_info takes fault_s seconds",
    "info_thin": "server_info tells neither running cap nor token capacity",
    "info_boasts": "server_info tells ten times the token capacity",
    "decode_restart": "with mini_lb: one of the decode servers has another random_seed from the first measured request on",
    "info_huge": "every number of server_info has 400 digits, and the model's path 100,000 characters",
    "info_deep": "server_info is nested 5,000 deep",
    "flush_refused": "the cache flush is 400 and its body says that the cache was flushed",
    "flush_missing": "the cache flush is 404",
    "vllm": "paths that SGLang alone has are 404, as vLLM answers them",
    "portal": "every GET is 200 with a login page",
    "moved": "every GET is 301 to another address",
    "restart": "another random_seed from the first measured request on, as after a restart or behind a balancer",
    "freeze": "nothing is computed or answered for fault_s seconds from the moment when the request that is hit comes",
    "no_seed": "server_info has no random_seed",
    "renamed": "another version and model_path from the first measured request on, and no random_seed",
    "other_lines": "behind each Decode line of the deploy log stands one of another server, which is half as fast again",
    "fixed_seed": "random_seed is 7, as of servers that were started with one",
    "dies": "the process ends with the cache flush",
}
# What becomes of the events of a stream; slabench/sim/fault_streams.py has them.
STREAMS: Mapping[str, str] = {
    "stream_error": "after fault_tokens events an error event",
    "reset": "after fault_tokens events a reset",
    "drop": "after fault_tokens events the connection is closed",
    "cut": "after fault_tokens events the body ends, without [DONE]",
    "no_tokens": "[DONE] and nothing before it",
    "stall": "after fault_tokens events silence",
    "stop": "after fault_tokens events the answer ends with finish_reason stop",
    "abort": "after fault_tokens events the answer ends with finish_reason abort",
    "short": "after fault_tokens events the answer ends with finish_reason length",
    "longer": "fault_tokens more tokens than asked for",
    "truncated": "prompt_tokens is half of what was sent",
    "cached": "cached_tokens is half of the prompt",
    "malformed": "event fault_tokens is no JSON",
    "malformed_last": "the last event is no JSON",
    "count_falls": "event fault_tokens counts 1 token",
    "count_jumps": "event fault_tokens counts 9 tokens more than there are",
    "count_nan": "event fault_tokens counts NaN tokens",
    "done_early": "[DONE] comes after fault_tokens events, and the others after it",
    "duplicate": "every event comes twice",
    "out_of_order": "events change places in pairs",
    "single_event": "all tokens come in one event, when the last is made",
    "buffered": "all events leave when the last is made, fault_tokens at a time",
    "one_id": "every answer has the same meta_info.id, as from a cache",
    "few_ids": "output_ids hold fault_tokens ids at most, and the count goes on",
    "few_words": "no output_ids, and the text has fault_tokens words at most, and the count goes on",
    "behind": "events hold the first token's output until the last one, which has all, and count on",
    "apart": "counts come in events without output, the output fault_s later in events without counts",
    "early_count": "an empty event that counts 1 token leaves as soon as the request is there",
    "early_id": "as early_count, and that event names an id",
    "lump": "all but the last fault_tokens tokens come in the first event",
    "replayed": "all events leave when the last is made, one every millisecond",
    "late_done": "[DONE] comes fault_s after the last token",
    "odd_times": "meta_info tells an e2e_latency of 999 s and -1 retractions",
    "error_beside": "event fault_tokens has an error beside its meta_info",
    "error_object": "behind event fault_tokens nine events without a count, and an error in the form of /v1",
    "error_named": "behind event fault_tokens an event that is named error",
    "huge_number": "prompt_tokens of the last event has 400 digits",
    "deep_json": "the last event is nested 5,000 deep",
    "silent_meta": "meta_info tells neither prompt_tokens nor cached_tokens nor retractions",
    "uncounted": "/v1: counts come at the stream's end alone",
}
# No faults: what a good server or the way to it may do.
VARIATIONS: Mapping[str, str] = {
    "pause": "after fault_tokens events nothing for fault_s seconds, then all that was held back",
    "chunks": "bytes leave in pieces of 7, across events and HTTP chunks",
    "deltas": "an event has the text and ids of its own tokens only (--stream-output)",
    "empty_text": "the first fault_tokens events have an empty text",
    "no_ids": "events have no output_ids, as before 0.5",
    "late_reason": "the reason to end comes fault_s after the last token, in an event of its own that repeats the count",
    "loose_json": "JSON with white space, each line of it on a line of data, and counts such as 60.0",
    "cr_lines": "lines end with CR alone, with a comment and an id before each event",
    "stays_open": "after [DONE] the body does not end",
    "pings": "comments between the events",
    "mini_lb": "server_info is mini_lb's merged one, of a prefill server and two decode servers of this layout",
    "one_of_pd": "server_info is a decode server's alone, as a router hands it on",
    "closes_idle": "the connection is closed after each answer, without announcement",
}
FAULTS: Mapping[str, str] = {**ANSWERS, **CONTROL, **STREAMS, **VARIATIONS}
TAKEN_S = 0.05
HUGE, LONG, DEEP = int("7" * 400), "x" * 100_000, 5000
PAGE = b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>\n"
GENERATING = ("/generate", "/v1/completions", "/v1/chat/completions")
SGLANG_ONLY = (
    "/server_info",
    "/get_server_info",
    "/get_model_info",
    "/model_info",
    "/get_load",
    "/flush_cache",
)


@dataclass(frozen=True, slots=True)
class Choice:
    """The faults of a server, and which requests they hit."""

    names: frozenset[str]
    index: int  # the one request that is hit; -1: as share says
    share: float
    tokens: int
    seconds: float
    skip: int

    def hits(self, number: int) -> bool:
        """number: of the request, from 0, the skipped ones among them. A share of 0.5 hits every second one."""
        k = number - self.skip
        if k < 0:
            return False
        return k == self.index if self.index >= 0 else int((k + 1) * self.share) > int(k * self.share)


class Faults:
    """One server's; it counts the requests."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.requests = 0
        self.measured = 0
        self._flushed = False

    def has(self, name: str) -> bool:
        return name in self.choice.names

    def replaces(self, connection: Connection, method: str, path: str) -> bool:
        """True if the request was answered here, or never will be."""
        if path == "/flush_cache" and not self._flushed:
            self._flushed = True
            self.requests = min(self.choice.skip, 1)  # however many the probe and the warm-up were
        if path in GENERATING and method == "POST":
            self.requests += 1
            self.measured += self._counts and self.requests > self.choice.skip
            if self.measured and self.has("restart"):
                connection.face.engine.random_seed = 1
            if not self._hits():
                return False
            if self.has("freeze"):
                time.sleep(self.choice.seconds)  # all of this process: nothing is computed, read or written
            name = next((one for one in ANSWERS if self.has(one)), None)
            if name is not None:
                self._answer(connection, name)
            return name is not None
        return self._control(connection, method, path)

    @property
    def _counts(self) -> bool:
        """Whether a load may have begun."""
        return self._flushed or not self.choice.skip

    def _hits(self) -> bool:
        """Whether the request that came last is hit."""
        return self._counts and self.choice.hits(self.requests - 1)

    def stream(self, connection: Connection, deliver: Deliver) -> Deliver:
        """What the engine is to call with the events of the request that came last."""
        from slabench.sim.fault_streams import Stream

        names = [name for name in (*STREAMS, *VARIATIONS) if self.has(name)]
        return Stream(connection, names, self.choice) if names and self._hits() else deliver

    def more_tokens(self) -> int:
        """How many tokens the request that came last is given beyond what it asks for."""
        return self.choice.tokens if self.has("longer") and self._hits() else 0

    def counts(self) -> bool:
        """Whether the request that came last is counted along its stream."""
        return not (self.has("uncounted") and self._hits())

    def _answer(self, connection: Connection, name: str) -> None:
        if name == "silence":
            return
        if name == "reset_before":
            reset(connection)
            return
        if name == "taken":
            asyncio.get_running_loop().call_later(TAKEN_S, connection.end)
            return
        whole = {
            "busy": lambda: wire.answer(503, wire.error("The server is overloaded.")),
            "rate_limit": lambda: headed(
                wire.answer(429, wire.error("Too many requests.")), b"Retry-After: 1"
            ),
            "page": lambda: wire.answer(502, PAGE, "text/html"),
            "page_ok": lambda: wire.answer(200, PAGE, "text/html"),
            "redirect": lambda: headed(wire.answer(307), b"location: http://127.0.0.1:1/generate"),
            "empty": lambda: wire.answer(200, b"", "text/event-stream; charset=utf-8"),
            "vllm_stream": lambda: wire.answer(
                200, b'data: {"text":["a b c"]}\n\ndata: [DONE]\n\n', "text/event-stream"
            ),
        }
        connection.write(whole[name]())
        connection.done()

    def _control(self, connection: Connection, method: str, path: str) -> bool:
        told: bytes | None = None
        is_info = path in ("/get_server_info", "/server_info")
        if path == "/flush_cache":
            if self.has("dies"):
                os._exit(1)
            if self.has("flush_refused"):
                told = wire.answer(400, wire.FLUSH_TEXT.encode(), None)
            elif self.has("flush_missing"):
                told = wire.answer(404, wire.dumps({"detail": "Not Found"}))
        elif is_info and (self.has("info_error") or (self.has("info_lost") and self.measured)):
            told = wire.answer(500, b"Internal Server Error", "text/plain; charset=utf-8")
        elif is_info and self.has("info_deep"):
            told = wire.answer(200, b'{"version":"0.5.7","x":' + b"[" * DEEP + b"]" * DEEP + b"}")
        elif is_info and self.has("info_missing"):
            told = wire.answer(404, wire.dumps({"detail": "Not Found"}))
        elif is_info and self.has("info_slow"):
            path_answer = connection.face.get(path)
            assert path_answer is not None
            asyncio.get_running_loop().call_later(self.choice.seconds, self._whole, connection, path_answer)
            return True
        if told is None and self.has("vllm") and path in SGLANG_ONLY:
            told = wire.answer(404, wire.dumps({"detail": "Not Found"}))
        if told is None and method == "GET" and self.has("portal"):
            told = wire.answer(200, PAGE, "text/html")
        if told is None and method == "GET" and self.has("moved"):
            told = headed(wire.answer(301), b"location: https://127.0.0.1/elsewhere")
        if told is not None:
            self._whole(connection, told)
        return told is not None

    @staticmethod
    def _whole(connection: Connection, data: bytes) -> None:
        connection.write(data)
        connection.done()

    def info(self, told: dict[str, object]) -> dict[str, object]:
        """server_info as this server would have it."""
        if self.has("no_seed") or self.has("renamed"):
            told = {
                key: value for key, value in told.items() if key not in ("random_seed", "internal_states")
            }
        if self.has("renamed") and self.measured:
            told = {**told, "version": "0.5.8", "model_path": "slabench/other"}
        if self.has("fixed_seed"):
            told = {**told, "random_seed": 7}
        if self.has("info_thin"):
            hidden = ("max_running_requests", "max_total_tokens", "max_total_num_tokens", "internal_states")
            return {key: value for key, value in told.items() if key not in hidden}
        if self.has("info_huge"):
            huge = {
                key: HUGE
                for key, value in told.items()
                if isinstance(value, int) and not isinstance(value, bool)
            }
            return {**told, **huge, "model_path": LONG, "tokenizer_path": LONG, "internal_states": [huge]}
        if self.has("info_boasts"):
            size = told["max_total_num_tokens"]
            assert isinstance(size, int)
            return {
                **told,
                "max_total_num_tokens": size * 10,
                "max_total_tokens": size * 10,
                "internal_states": [],
            }
        if self.has("one_of_pd"):
            return {**told, "disaggregation_mode": "decode"}
        return self._merged(told) if self.has("mini_lb") else told

    def _merged(self, told: dict[str, object]) -> dict[str, object]:
        """As mini_lb of sglang-router 0.3.2 makes it; its seeds are those of servers that were launched
        apart.
        """
        moved = self.has("decode_restart") and self.measured
        prefill = {**told, "disaggregation_mode": "prefill", "random_seed": 11}
        decode = [
            {**told, "disaggregation_mode": "decode", "random_seed": 21 + k + 100 * bool(k and moved)}
            for k in range(2)
        ]
        return {"internal_states": told["internal_states"], "prefill": [prefill], "decode": decode}


def headed(answer: bytes, line: bytes) -> bytes:
    """The answer with one header more."""
    status, rest = answer.split(b"\r\n", 1)
    return b"\r\n".join((status, line, rest))


def reset(connection: Connection) -> None:
    """End the connection with RST, as a process that is killed with unread data leaves it."""
    if connection.transport is not None:
        peer = connection.transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.transport.abort()
