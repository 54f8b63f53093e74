"""One request on its way: the load process's working copy of what becomes a RequestRecord."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from slabench.loadgen.http1 import Answer
from slabench.records import ErrorKind


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
