"""What another client's output file reports of a load that it drove, immutable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ReportedRequest:
    """One request as another client's output file tells it, in seconds.

    What the file does not hold has no field here.
    """

    index: int
    input_len: int  # tokens of the prompt by the workload
    output_len: int  # tokens asked for
    reported_input_len: int
    # the server's count where text came; bench_serving stores the length asked for where none did
    reported_output_len: int
    ttft_s: float  # 0.0: no text ever came
    itl_s: Sequence[float]
    has_text: bool
    error: str = ""


@dataclass(frozen=True, slots=True)
class ReportedRun:
    """A load that another client drove: what it wrote, unread between the lines."""

    client: str  # sglang.bench_serving 0.5.7
    planned: int  # requests it was asked to send
    requests: Sequence[ReportedRequest] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)  # numbers of its result row, by its names
    failure: str = ""  # why there is no result, in one sentence
