"""A server with faults: which requests they hit, and what is answered in place of the truth."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from slabench.sim import wire
from slabench.sim.connection import Connection
from slabench.sim.engine import Deliver
from slabench.sim.fault_events import DEPTH, DIGITS
from slabench.sim.fault_streams import Stream
from slabench.sim.fault_table import ANSWERS, STREAMS, VARIATIONS, Choice
from slabench.sim.pages import INFO_PATHS

CLOSED_AFTER_S = 0.05
HUGE, LONG = int("7" * DIGITS), "x" * 100_000
PAGE = b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>\n"
SGLANG_ONLY = (*INFO_PATHS, "/get_model_info", "/model_info", "/get_load", "/flush_cache")
Info = dict[str, Any]


def _with_header(answer: bytes, line: bytes) -> bytes:
    status, rest = answer.split(b"\r\n", 1)
    return b"\r\n".join((status, line, rest))


_WHOLE: Mapping[str, Callable[[], bytes]] = {
    "busy": lambda: wire.answer(503, wire.error("The server is overloaded.")),
    "rate_limit": lambda: _with_header(wire.answer(429, wire.error("Too many requests.")), b"Retry-After: 1"),
    "page": lambda: wire.answer(502, PAGE, "text/html"),
    "page_ok": lambda: wire.answer(200, PAGE, "text/html"),
    "redirect": lambda: _with_header(wire.answer(307), b"location: http://127.0.0.1:1/generate"),
    "empty": lambda: wire.answer(200, b"", "text/event-stream; charset=utf-8"),
    "vllm_stream": lambda: wire.answer(
        200, b'data: {"text":["a b c"]}\n\ndata: [DONE]\n\n', "text/event-stream"
    ),
}


# What other requests get: the fault, the paths (none: every GET), the answer. The first that applies counts.
_FLUSH = ("/flush_cache",)
_INSTEAD: tuple[tuple[str, tuple[str, ...], Callable[[], bytes]], ...] = (
    ("dies", _FLUSH, lambda: os._exit(1)),
    ("flush_refused", _FLUSH, lambda: wire.flush_answer(flushed=False)),
    ("flush_missing", _FLUSH, wire.not_found),
    (
        "info_error",
        INFO_PATHS,
        lambda: wire.answer(500, b"Internal Server Error", "text/plain; charset=utf-8"),
    ),
    (
        "info_deep",
        INFO_PATHS,
        lambda: wire.answer(200, b'{"version":"0.5.7","x":' + b"[" * DEPTH + b"]" * DEPTH + b"}"),
    ),
    ("info_missing", INFO_PATHS, wire.not_found),
    ("vllm", SGLANG_ONLY, wire.not_found),
    *((name, ("/metrics",), wire.not_found) for name in ("no_metrics", "vllm", "mini_lb", "one_of_pd")),
    ("portal", (), lambda: wire.answer(200, PAGE, "text/html")),
    ("moved", (), lambda: _with_header(wire.answer(301), b"location: https://127.0.0.1/elsewhere")),
)


def _without(info: Info, *names: str) -> Info:
    return {name: value for name, value in info.items() if name not in names}


def _restarted(info: Info) -> Info:
    states = [{**state, "random_seed": 1} for state in info["internal_states"]]
    return {**info, "random_seed": 1, "internal_states": states}


def _huge(info: Info) -> Info:
    huge = {name: HUGE for name, value in info.items() if type(value) is int}
    return {**info, **huge, "model_path": LONG, "tokenizer_path": LONG, "internal_states": [huge]}


def _boasting(info: Info) -> Info:
    size = info["max_total_num_tokens"] * 10
    return {**info, "max_total_num_tokens": size, "max_total_tokens": size, "internal_states": []}


def _merged(info: Info, second_seed: int = 22) -> Info:
    """As mini_lb of sglang-router 0.3.2 makes it; its seeds are those of servers that were launched apart."""
    prefill = {**info, "disaggregation_mode": "prefill", "random_seed": 11}
    decode = [{**info, "disaggregation_mode": "decode", "random_seed": seed} for seed in (21, second_seed)]
    return {"internal_states": info["internal_states"], "prefill": [prefill], "decode": decode}


# server_info as a server with the fault reports it, in the order in which they are applied: what it reports
# from the first measured request on, and what it always reports.
_RESTARTED: Mapping[str, Callable[[Info], Info]] = {
    "restart": _restarted,
    "renamed": lambda info: {**info, "version": "0.5.8", "model_path": "slabench/other"},
}
_REPORTED: Mapping[str, Callable[[Info], Info]] = {
    "no_seed": lambda info: _without(info, "random_seed", "internal_states"),
    "renamed": lambda info: _without(info, "random_seed", "internal_states"),
    "fixed_seed": lambda info: {**info, "random_seed": 7},
    "info_thin": lambda info: _without(
        info, "max_running_requests", "max_total_tokens", "max_total_num_tokens", "internal_states"
    ),
    "info_huge": _huge,
    "info_boasts": _boasting,
    "one_of_pd": lambda info: {**info, "disaggregation_mode": "decode"},
}


class Faults:
    """One server's; it counts the requests."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.requests = 0
        self.measured = 0
        self._flushed = False

    def has(self, name: str) -> bool:
        return name in self.choice.names

    def answers(self, connection: Connection) -> bool:
        """Count a request for tokens. True: it was answered here, or never will be."""
        self.requests += 1
        self.measured += self._counts and self.requests > self.choice.skip
        if not self._hits():
            return False
        if self.has("freeze"):
            time.sleep(self.choice.seconds)  # all of this process: nothing is computed, read or written
        name = next((name for name in ANSWERS if self.has(name)), None)
        if name is None:
            return False
        if name in _WHOLE:
            connection.write(_WHOLE[name]())
            connection.done()
        elif name == "reset_before":
            connection.reset()
        elif name == "taken":
            asyncio.get_running_loop().call_later(CLOSED_AFTER_S, connection.end)
        return True

    @property
    def _counts(self) -> bool:
        """Whether a load may have begun."""
        return self._flushed or not self.choice.skip

    def _hits(self) -> bool:
        """Whether the request that came last is hit."""
        return self._counts and self.choice.hits(self.requests - 1)

    def stream(self, connection: Connection, deliver: Deliver) -> Deliver:
        """What the engine is to call with the events of the request that came last."""
        names = [name for name in (*STREAMS, *VARIATIONS) if self.has(name)]
        return Stream(connection, names, self.choice) if names and self._hits() else deliver

    def more_tokens(self) -> int:
        """How many tokens the request that came last gets beyond what it asks for."""
        return self.choice.tokens if self.has("longer") and self._hits() else 0

    def uncounted(self) -> bool:
        """Whether the request that came last has its counts at the stream's end alone."""
        return self.has("uncounted") and self._hits()

    def control(self, method: str, path: str) -> bytes | None:
        """The answer in place of the right one to a request that asks for no tokens."""
        if path == "/flush_cache" and not self._flushed:
            self._flushed = True
            self.requests = min(self.choice.skip, 1)  # however many the probe and the warm-up were
        for name, paths, answer in _INSTEAD:
            lost = name == "info_error" and self.has("info_lost") and self.measured
            if (self.has(name) or lost) and (path in paths if paths else method == "GET"):
                return answer()
        return None

    def delay_s(self, path: str) -> float:
        return self.choice.seconds if path in INFO_PATHS and self.has("info_slow") else 0.0

    def info(self, info: Info) -> Info:
        """server_info as this server reports it."""
        for name, change in (*(_RESTARTED.items() if self.measured else ()), *_REPORTED.items()):
            if self.has(name):
                info = change(info)
        if not self.has("mini_lb"):
            return info
        return _merged(info, 122 if self.has("decode_restart") and self.measured else 22)
