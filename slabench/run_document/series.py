"""What a test's charts are drawn from: distributions of its metrics, its course in time, TTFT in parts."""

from __future__ import annotations

from dataclasses import dataclass

from slabench.run_document.field import optional


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One metric's values of all loads of a side: how many of them are at most each of some values."""

    metric: str  # ttft, tpot, itl or e2el; of another client `classic.ttft` and `classic.itl`
    side: str  # new or baseline
    unit: str  # of the values
    n: int  # values: one a request, of itl one a token
    loads: int  # repeats that are taken together
    values: tuple[float, ...]  # ascending, at most 160; the first is the least of all, the last the greatest
    at_most: tuple[int, ...]  # how many of the n are at most the value at the same place


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineSeries:
    """One quantity over the time of a load; at most 240 points, the least and the greatest among them."""

    # by the log: running, queued, prefill, decode. By the client: in_flight, waiting (for a first token),
    # output. By the server's GPUs: gpu_power (of all), gpu_clock (of the slowest), gpu_temperature (of the
    # hottest)
    name: str
    source: str  # log, client or gpu
    unit: str  # requests, tok/s, W, MHz or °C
    points: int  # that it had before
    seconds: tuple[float, ...]  # since the load began
    values: tuple[float, ...]  # at these moments; tok/s of the prefill and of output: from there to the next


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEvent:
    """What happened during a load; those of a kind that are near each other stand as one."""

    # by the log: retraction, jit (a kernel is compiled), flushed, flush_refused, start, stop. By the client:
    # gap (requests in flight, nothing arrives), stall (the client itself stood still), failed. By the GPUs:
    # throttled (slowed by heat, board or power supply)
    kind: str
    seconds: float  # since the load began
    until: float  # its end, or that of the last of several; equal to seconds: a moment
    count: int  # how many


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One load of the new server: the first in which a check was INVALID, else the first."""

    repeat: int  # which, from 1
    duration_s: float  # of this load
    # when the load began by the log's clock is not known (of --client=bench_serving it never is): its seconds
    # are counted from its first line in this load
    from_first_line: bool = optional(False)
    series: tuple[TimelineSeries, ...]  # what is known of it
    events: tuple[TimelineEvent, ...]  # in their order


@dataclass(frozen=True, slots=True, kw_only=True)
class TtftGroup:
    """Some requests that were sent one after another: their mean TTFT in its parts, ms."""

    first: int  # place of the first in the order of sending, from 1
    n: int  # requests whose parts the server reports
    queue: float  # in the server's queue
    prefill: float  # the rest: until the first token
    outside: float  # client, network, HTTP
