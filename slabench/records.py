"""What was observed, immutable: one RequestRecord a request, one RunRecord a load.

Times are perf_counter_ns() readings of this machine (CLOCK_MONOTONIC on Linux, one clock for all its
processes), those of another load host converted; None means that it never happened. Nothing here is derived:
metrics/ computes, verdict/ judges.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from slabench.gpu_records import GpuTelemetry
from slabench.load_host import LoadHost
from slabench.reported_records import ReportedRun

BEFORE = -1  # first_text_at: before the first counted token


class ErrorKind(StrEnum):
    """Why a request did not come back whole. One word a request: the first thing that went wrong."""

    NO_FILES = "no_files"  # the client's machine: no open file left for a connection
    NO_PORTS = "no_ports"  # the client's machine: no local port left for this server's address
    CONNECT = "connect"  # no connection: refused, unresolved, TLS, connect time-out
    RESET = "reset"  # the connection broke before the answer was complete
    HTTP_STATUS = "http_status"  # an answer other than 200
    NOT_A_STREAM = "not_a_stream"  # 200, but no event stream: a proxy's page, one JSON body
    IN_STREAM = "in_stream"  # 200, and the stream carries {"error": ...}: sglang's way for every ValueError
    # bytes that are neither HTTP nor events nor JSON where they must be, or beyond a limit
    MALFORMED = "malformed"
    TRUNCATED = "truncated"  # the body ended without [DONE]
    NO_TOKENS = "no_tokens"  # a well-formed stream that never counted a token
    FIRST_BYTE_TIMEOUT = "first_byte_timeout"
    IDLE_TIMEOUT = "idle_timeout"
    TOTAL_TIMEOUT = "total_timeout"
    NOT_SENT = "not_sent"  # the run ended (interrupt, dead worker) before its turn
    INTERRUPTED = "interrupted"  # sent, and the run ended while the answer was still coming


# of RequestRecord
_TIMES = (
    "due_ns start_ns sent_ns first_text_ns last_text_ns end_ns last_choice_ns first_read_ns last_read_ns"
).split()
_STAMPS = ("arrival_ns", "text_ns")


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request, from the moment it was due to the last byte of its answer.

    arrival_ns and arrival_tokens run side by side: one entry per event that carried a token count, the time
    stamp of the read() that completed the event and the count it carried (cumulative completion_tokens, as
    the server sent it; a count that is not a finite number is stored as -1). They are array('q'); treat them
    as read-only.
    """

    index: int  # position in the plan, from 0
    input_len: int  # tokens of the prompt by the workload
    output_len: int  # tokens asked for
    due_ns: int  # when the plan wanted it sent
    start_ns: int | None = None  # when a slot was free and the client took it up, before any connect
    sent_ns: int | None = None  # when the last byte of the request was first handed to a socket
    arrival_ns: array[int] = field(default_factory=lambda: array("q"))
    arrival_tokens: array[int] = field(default_factory=lambda: array("q"))
    # first event with a non-empty text: what bench_serving calls the first token
    first_text_ns: int | None = None
    # Its place in arrival_ns, where the client kept it: events of one read share a stamp. BEFORE: its event
    # counts no token.
    first_text_at: int | None = None
    last_text_ns: int | None = None  # last event with output (text or ids) and no token count
    uncounted_outputs: int = 0  # events with output whose count, if any, does not count it
    output_ids: int | None = None  # ids in the last counted event; None: it has none, as on /v1
    first_ids: int | None = None  # ids in the first counted event
    first_empty: bool | None = None  # the first counted event has neither text nor ids; None: not known
    # An event from the middle of the answer: its count (tokens), its ids, and characters of the whole
    # answer's (of), where known.
    middle: Mapping[str, int] = field(default_factory=dict)
    end_ns: int | None = None  # when [DONE] arrived, or the body ended, or the request failed
    events: int = 0  # events with a payload, [DONE] not among them
    done: bool = False  # [DONE] came
    left_open: bool = False  # and the answer's body did not end within a second of it
    reused: bool = False  # sent on a connection that had carried a request before
    # on a fresh connection, because the server had closed the first one when it was sent
    resent: bool = False
    status: int | None = None  # HTTP status
    error: ErrorKind | None = None
    error_text: str = ""  # the server's or the system's own words, cut to 500 characters
    prompt_tokens: int | None = None  # these four as in the last event
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    finish_reason: str | None = None
    # other numbers of meta_info: queue_time, e2e_latency ...
    server: Mapping[str, float] = field(default_factory=dict)
    request_id: str | None = None  # meta_info.id
    origin: Mapping[str, str] = field(
        default_factory=dict
    )  # what the answer has of its server: weight_version, header server ...
    text: str | None = None  # kept only when asked for (--retokenize)
    # These of a /v1 stream whose events carry no counts, where TPOT is known within bounds only
    # (metrics/bounded.py).
    text_ns: array[int] = field(default_factory=lambda: array("q"))  # each event with output
    first_piece: str | None = None  # the text of the first of them; None: too long to be kept
    first_piece_tokens: int | None = None  # by our own tokenizer; None: there is none
    no_text_first: int = 0  # events with a choice and no output before it, a role alone not among them
    last_choice_ns: int | None = None  # the last event with a choice, output or not: the reason to end
    # (one id again and again, a hash of the first 64) of an answer whose last event has all ids; not stored
    content: tuple[bool, int] | None = field(default=None, repr=False, compare=False)
    # The text of an answer without ids, of /v1 its beginning, and how many tokens are counted up to there,
    # for token_counts; they are not written to requests.jsonl.gz.
    counted_text: str | None = field(default=None, repr=False, compare=False)
    counted_tokens: int = field(default=0, repr=False, compare=False)
    host: str | None = None  # the load host that sent it, whose times are converted; None: this machine
    # Segments that came while one sent before them was missing, for which they wait: their time of arrival is
    # earlier than they can be read. None: not reported by the kernel (Linux before 5.4).
    out_of_order: int | None = None
    first_read_ns: int | None = None  # where there are any: not before the client had read the first token,
    last_read_ns: int | None = None  # and the last one

    @property
    def ok(self) -> bool:
        """True if the answer is complete. Its lengths and counts are checked in verdict/validity."""
        return self.error is None and self.end_ns is not None

    def moved(self, by_ns: int) -> RequestRecord:
        """The same with all its times later by so much."""
        times: dict[str, Any] = {
            name: value + by_ns for name in _TIMES if (value := getattr(self, name)) is not None
        }
        times |= {name: array("q", map(by_ns.__add__, getattr(self, name))) for name in _STAMPS}
        return replace(self, **times)

    @property
    def grown(self) -> int:
        """How many of the arrivals there are up to the last token: those behind it repeat its count, as a
        reason to end may.
        """
        counts = self.arrival_tokens
        grown = len(counts)
        while grown > 1 and counts[grown - 1] == counts[grown - 2]:
            grown -= 1
        return grown

    @property
    def span_ns(self) -> tuple[int, int] | None:
        """When the first and the last token came; by pieces of text where the server counts no tokens along
        the stream.
        """
        if self.arrival_ns:
            return self.arrival_ns[0], self.arrival_ns[self.grown - 1]
        if self.first_text_ns is not None and self.last_text_ns is not None:
            return self.first_text_ns, self.last_text_ns
        return None

    @property
    def stamps_ns(self) -> array[int]:
        """When its events with output came, up to the last token; counted or not."""
        return self.arrival_ns[: self.grown] if self.arrival_ns else self.text_ns

    @property
    def output_tokens(self) -> int | None:
        """Tokens that came: the stream's last count, else the sum at its end."""
        return self.arrival_tokens[-1] if self.arrival_tokens else self.completion_tokens


@dataclass(frozen=True, slots=True)
class Calibration:
    """What our client reads where the truth is known: the same load on a server that keeps an exact schedule,
    on this machine.

    Errors are the client's value minus the server's own. state: measured; ceiling (the server could not keep
    its schedule, so nothing is known); failed; off.
    """

    state: str  # measured, ceiling, failed or off
    why: str = ""  # a sentence where it was not measured
    streams: int = 0  # answers at the same time
    itl_ms: float = 0.0  # the schedule's time between two tokens
    tokens: int = 0  # of each answer
    tpot_error_pct: float | None = None  # of the mean TPOT, per cent
    ttft_error_ms: float | None = None  # of the mean TTFT
    p99_itl_error_ms: float | None = None  # of the 99th percentile of ITL
    server_late_p99_ms: float | None = None  # how late the server wrote, 99th percentile
    made_utc: str = ""  # when it was measured
    kept: bool = False  # from an earlier run on this machine

    @property
    def chunks_per_s(self) -> float:
        """The rate it holds for."""
        return self.streams * 1000 / self.itl_ms if self.itl_ms else 0.0


@dataclass(frozen=True, slots=True)
class GpuCounts:
    """What a throughput per GPU divides by: input by the GPUs that prefill, output by those that decode.

    None: not known.
    """

    prefill: int | None = None
    decode: int | None = None
    total: int | None = None

    @classmethod
    def alike(cls, count: int | None) -> GpuCounts:
        """Of servers that do both: the same GPUs prefill and decode."""
        return cls(count, count, count)


@dataclass(frozen=True, slots=True)
class ClientRecord:
    """How the client itself did during a run, so that a report can state its share of the error."""

    wall_s: float  # from the plan's zero to the last end
    # user + system time of the load process(es) in that time; another client's is not known
    cpu_s: float | None
    loop_lag_max_ms: float | None  # the event loop's longest lateness, sampled
    loop_lag_p99_ms: float | None  # its 99th percentile
    send_lag_max_ms: float | None  # sent - due for requests that did not wait for a slot
    workers: int = 1  # load processes; times of the loop are those of the worst of them
    peak_rss_mb: float | None = None  # of the load processes together
    loop_lateness_ms: float | None = None  # how late an arrival at a random moment is read, on average
    send_lag_mean_ms: float | None = None  # as send_lag_max_ms, the mean
    send_lag_p99_ms: float | None = None  # as send_lag_max_ms, the 99th percentile
    failure: str = ""  # a load process died, in one sentence
    # reads without a time of arrival from the kernel: stamped when the client came to them
    unstamped_reads: int | None = None
    # by how much the time of day was set meanwhile; the kernel's times of arrival are by it
    clock_step_ms: float | None = None
    # (begin after the plan's zero, length) of the longest stalls of a load process: what came meanwhile was
    # read at the end.
    stalls_ms: Sequence[tuple[float, float]] = ()
    calibration: Calibration | None = None  # None: not asked for (the embedded server, another client)
    hosts: Sequence[LoadHost] = ()  # that sent it; none: this machine alone
    # of a cap over several hosts: requests sent after a slot of one of them found none left in the plan
    tail_requests: int = 0
    out_of_order: int | None = None  # segments, as each answer's; one can give its time to several tokens


@dataclass(frozen=True, slots=True)
class LogSpan:
    """Byte range of one deploy log that was written while a run was on, and the run's time by that log's own
    clock."""

    path: str  # of the log
    begin: int  # first byte
    end: int  # byte after the last
    # seconds as the log's stamps read; None: the log's clock is unknown, bytes alone bound the run
    began: float | None = None
    ended: float | None = None  # as began


@dataclass(frozen=True, slots=True)
class ServerEvidence:
    """What the server reported around a run.

    A field that could not be read is None, with the reason in notes.
    """

    info_before: Mapping[str, Any] | None = None  # scrubbed server_info
    info_after: Mapping[str, Any] | None = None
    # Asked beside info_before and info_after, over several connections at once: who answered, and (before,
    # after) the different last_gen_throughput of what answered, which no server without work changes.
    identities: tuple[tuple[tuple[str, Any], ...], ...] = ()
    throughputs: tuple[tuple[tuple[float, ...], ...], ...] = ()
    # when the GET after the run was answered: bench_serving's clock stops there
    info_after_end_ns: int | None = None
    flush_status: int | None = None  # HTTP status of the flush before the run; None: not asked for
    flush_text: str = ""
    # (flushed, all), as a router counts them; None: it counts none
    flush_workers: tuple[int, int] | None = None
    flush_lines: int | None = None  # data-parallel ranks whose log line confirms it; None: there is no log
    # what /metrics counted during the run, by the names of server/scrape.py; None: it is not read
    counted: Mapping[str, float] | None = None
    log_spans: tuple[LogSpan, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One load: its requests in plan order (every planned one has a record, sent or not) and what surrounds
    them.
    """

    requests: Sequence[RequestRecord]
    began_ns: int  # the plan's zero
    began_unix: float  # the same moment, time.time()
    workload: Mapping[str, Any]  # Workload.describe(): built-in types only
    plan: Mapping[str, Any]  # Plan.describe()
    client: ClientRecord
    server: ServerEvidence = field(default_factory=ServerEvidence)
    interrupted: bool = False
    # another client drove: then requests is empty, and began_ns is when that client was started
    reported: ReportedRun | None = None
    gpus: GpuTelemetry | None = None  # the server's; None: without --gpu-telemetry, or nothing was read
