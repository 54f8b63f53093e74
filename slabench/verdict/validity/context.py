"""The evidence that checks are made from: one run, and what surrounds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slabench.metrics.answer_contents import Contents
from slabench.metrics.declaration import Metric
from slabench.metrics.definitions import declared
from slabench.records import RequestRecord, RunRecord

if TYPE_CHECKING:
    from slabench.verdict.validity.streamed import Probe

STALL_LIMIT_S = 5.0  # a hundred times the 50 ms a token that the methods allow; no batch's step comes near it


@dataclass(frozen=True, slots=True)
class LogEvidence:
    """One run's part of the deploy logs, counted, and the client's metrics of the same time."""

    lines: int  # Decode lines, copies left out
    rejected: Mapping[str, int]  # batch lines that could not be read, by reason
    outside: int  # lines between the marks with stamps of another time
    retractions: int
    jit: int
    restarts: int
    batch_size: int | None = None
    # clean Decode lines at the batch size; of a load that is no batch-size point, at as many as it has in
    # flight
    samples: int = 0
    log_tpot: float | None = None  # their mean of running / throughput, ms
    mean_tpot: float | None = None  # the client's, over whole answers, ms
    full_tpot: float | None = None  # the client's, in the full-batch window, ms
    full_share: float | None = None  # of the run's duration that the window covers
    planned: int | None = None  # requests
    tokens: float | None = None  # that the clean Decode lines stand for
    received: float | None = None  # tokens, by the client
    at_size: int = 0  # Decode lines with the batch size running, or a rank's share of it
    prefill_lines: int = 0
    prompt_tokens: int = 0  # computed and cached, by the Prefill lines
    # by the Prefill lines, health probes left out; the rest of a prompt that was cut counts again
    sequences: int = 0
    cut: int = 0  # Prefill lines so full that a prompt may have been cut there
    steady: int = 0  # Decode lines with no prefill since the one before, those left out while a batch fills
    queued: int = 0  # of these, with requests waiting
    queue_max: int = 0  # most that waited on one of these, all schedulers taken alone
    running_max: int = 0  # most that ran on any Decode line
    waited_max: int = 0  # most that waited on any Decode line, beside prefills too
    # running / throughput that one steady Decode line in ten is below; None: fewer than three of them
    step_ms: float | None = None
    waited: int = 0  # Decode lines with requests waiting, beside prefills too
    graph_on: int = 0  # steady Decode lines up to the largest captured batch, with the graph
    graph_off: int = 0  # and without
    graph_above: int = 0  # steady Decode lines above it, without


@dataclass(frozen=True, slots=True)
class Served:
    """What the server's own counters (/metrics) grew by while the run was on."""

    requests: float
    tokens: float  # prompt and generated
    clock: Mapping[str, float] = field(default_factory=dict)  # server.*; empty: not of our requests alone


@dataclass(frozen=True, slots=True)
class GpuEvidence:
    """The server's GPUs during the load. worst: the index of the one that was throttled most; what follows is
    of it.
    """

    count: int
    source: str  # nvml or dcgm
    chosen_by: str  # option, processes, visible_devices or in_use
    worst: int = 0
    samples: int = 0  # that have clock event reasons
    throttled: int = 0  # of these, slowed by heat, board or power supply
    reasons: Mapping[str, int] = field(default_factory=dict)  # how many samples have each
    # `PID NAME` of other processes on these GPUs; None: which are the server's is not known
    others: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Behind:
    """What is known of the servers behind --base-url."""

    router: str = "none"  # none, mini_lb, gateway
    workers: int = 1
    unasked: int = 0  # of the workers: they could not be asked themselves
    whole: bool = True  # False: a prefill or a decode server answered alone, and the others are not reported

    @property
    def several(self) -> bool:
        return self.workers > 1 or not self.whole


@dataclass(frozen=True, slots=True)
class Margin:
    """An observed metric and its limit, in the metric's unit."""

    metric: str
    observed: float
    limit: float


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of answers that carry no ids, against what they count."""

    answers: int
    counted: int
    tokens: int | None  # by our own tokenizer; None: there is none
    characters: int


@dataclass(frozen=True, slots=True)
class CheckContext:
    """One run and the evidence around it. A field that is None or empty is not known."""

    run: RunRecord  # the records
    exact_prompt: bool  # prompts were sent as ids: prompt_tokens must equal their length
    planned: int  # requests that the test asked for; the data set may have fewer
    batch_size: int | None = None  # set for a batch-size point
    token_capacity: int | None = None  # tokens of the KV pool
    max_running: int | None = None  # requests that the server runs at once
    # by name, what must not change while the run is on; None: unknown
    identity_before: Sequence[tuple[str, object]] | None = None
    identity_after: Sequence[tuple[str, object]] | None = None  # as identity_before
    # before and after: the different states of what answered at one moment
    throughputs: Sequence[Sequence[Sequence[float]]] = ()
    twin: str = ""  # why the server and the baseline server may be one process, in words
    counted: Sequence[int] = ()  # for texts: our own tokenizer's count of each, in plan order
    # tokens that each prompt shares at its beginning with another of this run, at most
    shared: Sequence[int] = ()
    ranks: int = 1  # data-parallel, of all servers
    behind: Behind = Behind()  # the servers behind --base-url
    page_size: int = 1  # tokens of a page of the KV pool
    uses_graphs: bool | None = None  # a GPU server without --disable-cuda-graph
    stall_limit_s: float = STALL_LIMIT_S  # --stall-limit
    log: LogEvidence | None = None  # its part of the deploy logs; None: there is none
    served: Served | None = None  # the server's own counters; None: not read
    gpus: GpuEvidence | None = None  # the server's; None: not read
    # of what the answers consist, taken while their texts and ids are at hand; None: by the records
    contents: Contents | None = None
    margins: Sequence[Margin] = ()  # of the objectives that the run defines
    incremental: bool | None = None  # server_info: events carry their own text and ids only
    probe: Probe | None = None  # how the idle server streamed one answer, before its first load
    texts: Texts | None = None  # None: the answers have ids, or it is not known that their text is whole
    distorted: Sequence[str] = ()  # what of the server random ids distort; none where the prompts are text
    # keys of the metrics that the verdict depends on: objectives, floors, what is gated
    judged: Sequence[str] = ()

    @property
    def answers(self) -> list[RequestRecord]:
        """The requests that succeeded."""
        return [record for record in self.run.requests if record.ok]

    @property
    def judged_metrics(self) -> list[Metric]:
        """The metrics that the verdict depends on, ours or bench_serving's."""
        return [declared(key) for key in self.judged]


def unreported(context: CheckContext, value: Callable[[RequestRecord], object]) -> tuple[int, int]:
    """(successful answers whose value is None, successful answers)."""
    return sum(value(record) is None for record in context.answers), len(context.answers)
