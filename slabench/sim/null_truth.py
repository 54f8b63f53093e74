"""The null server's answers that are no stream: those of every server, and the truth: when each request came
in, when each token was written, and how late that was.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from slabench.sim import wire
from slabench.sim.null_answer import Served
from slabench.sim.pages import Pages
from slabench.sim.profiles import NullProfile
from slabench.sim.request import Request

TRACE_NS = 100  # the trace's unit


class Truth:
    """Every path but /generate, and all requests since the last reset."""

    def __init__(self, profile: NullProfile, tokenizer: str) -> None:
        self.profile = profile
        self.pages = Pages(profile, tokenizer, random.SystemRandom().randrange(2**30))
        self.served: list[Served] = []

    def answer(self, request: Request, running: int) -> bytes:
        """The whole answer to a request."""
        path = request.path
        if request.method in ("GET", "POST"):
            if path == "/flush_cache":
                return wire.flush_answer(flushed=not running)
            if path == "/truth/reset":
                if running:
                    refusal = f"{running} requests are running: the truth is reset between runs."
                    return wire.answer(400, wire.error(refusal))
                self.served = []
                return wire.answer(200, b"ok\n", "text/plain")
        if request.method != "GET":
            return wire.not_found()
        if path == "/truth":
            return wire.answer(200, wire.dumps(self.as_dict(running)))
        if path == "/truth/trace":
            return wire.answer(200, self.trace(), "application/octet-stream")
        return self.pages.get(path, running=running) or wire.not_found()

    def as_dict(self, running: int) -> dict[str, Any]:
        """GET /truth: sums, then a row per request; times are perf_counter_ns readings, lateness is in us."""
        ttft_ns, itl_ns = round(self.profile.ttft_ms * 1e6), round(self.profile.itl_ms * 1e6)
        late = [served.late_ns(ttft_ns, itl_ns) for served in self.served]
        return {
            "simulated": True,
            "server": "slabench sim:null",
            "ttft_ms": self.profile.ttft_ms,
            "itl_ms": self.profile.itl_ms,
            "chunks": sum(len(served.writes) for served in self.served),
            "blocked": sum(served.blocked for served in self.served),
            "running": running,
            "late_us": _summary(late),
            "itl_us": _summary([np.diff(served.written_ns()) for served in self.served]),
            "requests": [_row(served, lates) for served, lates in zip(self.served, late, strict=True)],
        }

    def trace(self) -> bytes:
        """GET /truth/trace: per request u32 index, u32 n, and n times u32 write time since t_accept in units
        of 100 ns.
        """
        out = []
        for index, served in enumerate(self.served):
            since = (served.written_ns() - served.accept_ns) // TRACE_NS
            out += [struct.pack("<II", index, len(since)), since.clip(0, 2**32 - 1).astype("<u4").tobytes()]
        return b"".join(out)


def _summary(parts: Sequence[np.ndarray]) -> dict[str, float]:
    whole = np.concatenate(parts) / 1e3 if parts else np.zeros(0)
    if not len(whole):
        return {"n": 0}
    shares = {name: float(np.percentile(whole, q)) for name, q in (("p50", 50), ("p99", 99), ("p999", 99.9))}
    return {"n": len(whole), "mean": float(whole.mean()), **shares, "max": float(whole.max())}


def _row(served: Served, late: np.ndarray) -> dict[str, Any]:
    return {
        "id": served.request_id,
        "n_asked": served.asked,
        "n_tokens": len(served.writes),
        "prompt_tokens": served.prompt,
        "t_rx": served.received_ns,
        "t_accept": served.accept_ns,
        "t_start": served.start_ns,
        "t_first_write": served.writes[0] if served.writes else 0,
        "t_last_write": served.writes[-1] if served.writes else 0,
        "late_max_us": float(late.max()) / 1e3 if len(late) else 0.0,
        "late_mean_us": float(late.mean()) / 1e3 if len(late) else 0.0,
        "blocked": served.blocked,
        "done": int(len(served.writes) == served.asked),
        "aborted": int(served.aborted),
    }
