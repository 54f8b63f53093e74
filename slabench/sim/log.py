"""The deploy log, in the format of sglang 0.5.7 (a comma and a blank end every batch line)."""

from __future__ import annotations

import contextlib
import time
from typing import TextIO

from slabench.sim import wire
from slabench.sim.forward import Retraction, Step
from slabench.sim.profiles import Profile


class DeployLog:
    """Lines to a file, one write each; generation throughput since the previous Decode line, as the scheduler
    measures it.
    """

    def __init__(self, out: TextIO, profile: Profile) -> None:
        self.out = out
        self.profile = profile
        self.tag = " TP0" if profile.tp > 1 else ""
        self.steps = 0
        self.tokens = 0
        self.last = time.monotonic()
        self.throughput = 0.0
        self.others = profile.faults is not None and "other_lines" in profile.faults.names

    def say(self, text: str) -> None:
        self._write(f"[{time.strftime('%Y-%m-%d %H:%M:%S')}{self.tag}] {text}\n")

    def plain(self, text: str) -> None:
        """uvicorn's lines, which carry no rank."""
        self._write(f"[{time.strftime('%Y-%m-%d %H:%M:%S')}] INFO:     {text}\n")

    def access(self, peer: str, method: str, path: str, status: int) -> None:
        self.plain(f'{peer} - "{method} {path} HTTP/1.1" {status} {wire.REASONS[status]}')

    def ready(self, host: str, port: int) -> None:
        """The lines that a launcher waits for."""
        shown = f"[{host}]" if ":" in host else host
        self.plain(f"Uvicorn running on http://{shown}:{port} (Press CTRL+C to quit)")
        self.say("The server is fired up and ready to roll!")

    def _write(self, line: str) -> None:
        """A full disk loses lines and does not stop the server, as with the real one's logging."""
        with contextlib.suppress(OSError):
            self.out.write(line)
            self.out.flush()

    def usage(self, used: int) -> str:
        return f"token usage: {used / self.profile.pool_tokens:.2f}"

    def prefill(self, step: Step) -> None:
        self.say(
            f"Prefill batch, #new-seq: {step.new_seq}, #new-token: {step.new_tokens}, "
            f"#cached-token: {step.cached_tokens}, {self.usage(step.used)}, #running-req: {step.running}, "
            f"#queue-req: {step.queue}, "
        )

    def decode(self, step: Step) -> None:
        """Counts every step, prints each decode_log_interval-th."""
        self.steps += 1
        self.tokens += step.running
        if self.steps % self.profile.decode_log_interval:
            return
        now = time.monotonic()
        self.throughput = self.tokens / (now - self.last) if now > self.last else 0.0
        self.tokens, self.last = 0, now
        for speed in (1.0, 1.5) if self.others else (1.0,):
            self.say(
                f"Decode batch, #running-req: {step.running}, #token: {step.used}, {self.usage(step.used)}, "
                f"cuda graph: {step.graph}, gen throughput (token/s): {speed * self.throughput:.2f}, "
                f"#queue-req: {step.queue}, "
            )

    def retraction(self, event: Retraction) -> None:
        self.say(
            f"KV cache pool is full. Retract requests. #retracted_reqs: {event.requests}, "
            f"#new_tokens_gained: {event.gained}, "
            f"#new_token_ratio: {event.ratio_before:.4f} -> {event.ratio_after:.4f}"
        )

    def flushed(self) -> None:
        self.steps = self.tokens = 0
        self.say("Cache flushed successfully!")

    def not_flushed(self, queue: int, running: int) -> None:
        self.say(
            "Cache not flushed because there are pending requests. "
            f"#queue-req: {queue}, #running-req: {running}"
        )
