"""One request on its way, with its time-outs: the working copy of what becomes a RequestRecord."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from time import perf_counter_ns

from slabench.loadgen.http1 import Answer
from slabench.loadgen.options import ClientOptions
from slabench.records import ErrorKind
from slabench.units import NS_PER_S

OPEN_NS = NS_PER_S  # the server writes [DONE] and the end of the body together


@dataclass(slots=True, eq=False)
class Exchange:
    index: int
    wire: memoryview  # the request's bytes
    due_ns: int
    answer: Answer = field(repr=False)
    start_ns: int | None = None
    sent_ns: int | None = None
    # the first sending, if that connection was lost and the request was sent again on another
    tried_ns: int | None = None
    last_ns: int | None = None  # of the last read
    # when this process had read the first token, and the last one; of one that was recognised, or came
    # without the end of its event, some time later
    first_read_ns: int | None = None
    last_read_ns: int | None = None
    out_of_order: int | None = None  # as of the record
    end_ns: int | None = None
    error: ErrorKind | None = None
    error_text: str = ""
    connected: bool = False
    reused: bool = False
    left_open: bool = False  # its body did not end after [DONE]
    waited: bool = False  # for a slot under the cap

    @property
    def arrivals(self) -> array[int]:
        return self.answer.meter.arrival_ns

    def output(self) -> int:
        """It changes with each read that brings a token: the last count, or events with output before one."""
        counts = self.answer.meter.arrival_tokens
        return counts[-1] if counts else -self.answer.meter.uncounted_outputs

    def close(self, now: int) -> None:
        """The answer has ended. An event without its blank line counts now, by the time of its read."""
        output = self.output()
        self.answer.meter.close(self.last_ns or now)
        if self.output() != output:
            self.last_read_ns = perf_counter_ns()

    def stays_open(self, now: int) -> bool:
        """Whether [DONE] came more than a second ago and the body has not ended: the slot is needed."""
        done = self.answer.meter.done_ns is not None
        return done and self.last_ns is not None and now - self.last_ns > OPEN_NS

    def expired(self, now: int, limits: ClientOptions) -> tuple[ErrorKind, str] | None:
        """The time-out that has passed, with its sentence; None if none has."""
        if now - (self.start_ns or now) > limits.total_timeout_s * NS_PER_S:
            text = (
                f"The answer was not complete {limits.total_timeout_s:g} s after its start (--total-timeout)."
            )
            return ErrorKind.TOTAL_TIMEOUT, text
        if not self.connected or self.sent_ns is None:
            return None  # connecting has a limit of its own, a body that is being written the total one
        if not self.arrivals:
            if now - self.sent_ns > limits.first_byte_timeout_s * NS_PER_S:
                text = f"No token arrived within {limits.first_byte_timeout_s:g} s of sending"
                return ErrorKind.FIRST_BYTE_TIMEOUT, f"{text} (--first-byte-timeout)."
        elif self.last_ns is not None and now - self.last_ns > limits.idle_timeout_s * NS_PER_S:
            text = f"Nothing arrived for {limits.idle_timeout_s:g} s within the answer (--idle-timeout)."
            return ErrorKind.IDLE_TIMEOUT, text
        return None
