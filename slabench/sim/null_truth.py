"""What the null server really did: when each request came, when each token was written, and how late that
was.
"""

from __future__ import annotations

import struct
import time
from array import array
from collections.abc import Sequence
from time import perf_counter_ns
from typing import Any

import numpy as np

from slabench.sim.null_profile import NullProfile

TRACE_NS = 100  # the trace's unit


class Served:
    """One request. Times are perf_counter_ns readings, 0 for what has not been."""

    __slots__ = (
        "aborted",
        "accept_ns",
        "asked",
        "blocked",
        "body",
        "close_ns",
        "connect_ns",
        "flush_ns",
        "prompt",
        "received_ns",
        "request_id",
        "start_ns",
        "writes",
    )

    def __init__(self, request_id: str, asked: int, prompt: int, body: int) -> None:
        self.request_id, self.asked, self.prompt, self.body = request_id, asked, prompt, body
        self.connect_ns = self.received_ns = self.accept_ns = self.start_ns = self.flush_ns = (
            self.close_ns
        ) = 0
        self.blocked = 0  # tokens that the kernel did not take at once
        self.aborted = False
        self.writes: array[int] = array("q")  # stamped when write() had returned

    def late_ns(self, ttft_ns: int, itl_ns: int) -> np.ndarray:
        """Of each write, against start + ttft + k * itl."""
        written = np.frombuffer(self.writes, dtype=np.int64) if self.writes else np.zeros(0, dtype=np.int64)
        return np.asarray(
            written - (self.start_ns + ttft_ns) - np.arange(len(written), dtype=np.int64) * itl_ns
        )


class Truth:
    """All requests since the last reset."""

    def __init__(self, profile: NullProfile) -> None:
        self.profile = profile
        self.reset()

    def reset(self) -> None:
        self.served: list[Served] = []
        self.bytes = 0
        self.pass_max_ns = 0
        self.began_ns, self.cpu_s = perf_counter_ns(), time.process_time()

    def as_dict(self, running: int) -> dict[str, Any]:
        """The answer to GET /truth: sums, then a row a request, times in ns and lateness in us."""
        ttft_ns, itl_ns = round(self.profile.ttft_ms * 1e6), round(self.profile.itl_ms * 1e6)
        late = [one.late_ns(ttft_ns, itl_ns) for one in self.served]
        gaps = [
            np.diff(np.frombuffer(one.writes, dtype=np.int64)) for one in self.served if len(one.writes) > 1
        ]
        return {
            "simulated": True,
            "server": "slabench sim:null",
            "ttft_ms": self.profile.ttft_ms,
            "itl_ms": self.profile.itl_ms,
            "delta_text": self.profile.delta,
            "t_reset_ns": self.began_ns,
            "t_now_ns": perf_counter_ns(),
            "cpu_s": round(time.process_time() - self.cpu_s, 6),
            "chunks": sum(len(one.writes) for one in self.served),
            "bytes": self.bytes,
            "blocked": sum(one.blocked for one in self.served),
            "running": running,
            "late_us": _summary(late),
            "itl_us": _summary(gaps),
            "loop_pass_max_us": self.pass_max_ns / 1e3,
            "requests": [_row(one, lates) for one, lates in zip(self.served, late, strict=True)],
        }

    def trace(self) -> bytes:
        """GET /truth/trace: per request u32 index, u32 n, and n times u32 write time since t_accept in units
        of 100 ns.
        """
        out = []
        for index, one in enumerate(self.served):
            since = (
                (np.frombuffer(one.writes, dtype=np.int64) - one.accept_ns) // TRACE_NS
                if one.writes
                else np.zeros(0)
            )
            out += [
                struct.pack("<II", index, len(one.writes)),
                since.clip(0, 2**32 - 1).astype("<u4").tobytes(),
            ]
        return b"".join(out)


def _summary(parts: Sequence[np.ndarray]) -> dict[str, float]:
    whole = np.concatenate(parts) / 1e3 if parts else np.zeros(0)
    if not len(whole):
        return {"n": 0}
    p50, p99, p999 = (float(np.percentile(whole, q)) for q in (50, 99, 99.9))
    return {
        "n": len(whole),
        "mean": float(whole.mean()),
        "p50": p50,
        "p99": p99,
        "p999": p999,
        "max": float(whole.max()),
    }


def _row(one: Served, late: np.ndarray) -> dict[str, Any]:
    return {
        "id": one.request_id,
        "kind": "generate",
        "stream": 1,
        "n_asked": one.asked,
        "n_tokens": len(one.writes),
        "prompt_tokens": one.prompt,
        "body": one.body,
        "t_conn": one.connect_ns,
        "t_rx": one.received_ns,
        "t_accept": one.accept_ns,
        "t_start": one.start_ns,
        "t_first_write": one.writes[0] if one.writes else 0,
        "t_last_write": one.writes[-1] if one.writes else 0,
        "t_last_flush": one.flush_ns,
        "t_close": one.close_ns,
        "late_max_us": float(late.max()) / 1e3 if len(late) else 0.0,
        "late_mean_us": float(late.mean()) / 1e3 if len(late) else 0.0,
        "blocked": one.blocked,
        "done": int(len(one.writes) == one.asked),
        "aborted": int(one.aborted),
    }
