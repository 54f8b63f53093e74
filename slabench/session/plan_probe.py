"""--plan=probe: a few short loads at the server, and a model of its time that is fitted to them."""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from slabench.errors import ConfigError, InvalidRun
from slabench.loadgen import LoadResult
from slabench.messages import Message
from slabench.methods import Form
from slabench.records import RequestRecord
from slabench.server.control import flush
from slabench.session.campaign import Campaign
from slabench.session.deployment import Deployment
from slabench.session.load import LoadOptions, send
from slabench.session.observation import observe
from slabench.session.plan import Knowledge
from slabench.session.plan_fit import FittedCost, ProbePoint, fit
from slabench.session.plan_limits import KnownLimits
from slabench.session.plan_models import VirtualServer
from slabench.session.planned_load import PlannedTest
from slabench.session.preflight import PreflightContext, Stage, examine
from slabench.session.preflight.registry import Status
from slabench.session.prompts import Prompts
from slabench.session.settings import Settings
from slabench.sim.forward import Limits
from slabench.units import NS_PER_MS, NS_PER_S

TEST_ID = "--plan=probe"
OUTPUT, OUTPUT_S, OUTPUT_MOST = 64, 0.5, 256  # tokens of an answer: half a second of them, within limits
OWN_S = 0.3  # evidence and verdict of a load
PARTS = 3  # of the time in which all decode
SHORTER = 8  # the second length of a batch size is the planned one over this
MIDDLE = 4  # the middle batch size is the largest over this
PREFILL_S = 20.0  # a batch whose prompts would take longer gets shorter ones
CHUNK = 8192  # prompt tokens of a forward, where the server does not report them
PLENTY = 1 << 40  # tokens or requests, where a server reports no limit


@dataclass(frozen=True, slots=True)
class Shape:
    """What the planned tests need to know: most requests at once, and their prompts' tokens."""

    size: int
    length: int

    @classmethod
    def of(cls, tests: Sequence[PlannedTest], limits: KnownLimits) -> Shape:
        """tests: some of them send loads."""
        loads = [load for test in tests for load in test.loads]
        decoding = [load for load in loads if load.form.output_len > 1] or loads
        length = max(load.form.input_len for load in decoding)
        pool, running = limits.pool_tokens or PLENTY, limits.max_running or PLENTY
        fits = max(1, min(running, pool // (length + OUTPUT_MOST)))
        return cls(min(fits, max(load.in_flight for load in decoding)), length)

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(sorted({1, max(1, self.size // MIDDLE), self.size}))


def probed(
    settings: Settings, tests: Sequence[PlannedTest], say: Callable[[Message | str], None]
) -> Knowledge:
    """ConfigError without a server that is up; ServerError if it does not answer; InvalidRun if a load of the
    probe fails.
    """
    if not settings.live or settings.options.launch or settings.options.baseline_launch:
        raise ConfigError(Message("option.plan_needs_server", test_id=TEST_ID))
    if not any(test.loads for test in tests):
        raise ConfigError(Message("option.plan_no_load", test_id=TEST_ID))
    with tempfile.TemporaryDirectory(prefix="slabench-plan-") as folder:
        campaign = Campaign(settings, Path(folder), say)
        try:
            campaign.open()
            servers = campaign.servers
            both = [server for server in (servers.new, servers.baseline) if server is not None]
            return probe_servers(campaign, tests, both)
        finally:
            campaign.close()


def probe_servers(
    campaign: Campaign, tests: Sequence[PlannedTest], servers: Sequence[Deployment]
) -> Knowledge:
    """servers: those of the campaign that are probed; it is open. InvalidRun if a load of the probe fails."""
    results = examine(PreflightContext(campaign.settings, tests, campaign), Stage.SERVER)
    probes = [_Probe(campaign, server, tests).run() for server in servers]
    first = probes[0]
    return Knowledge(
        first.source(sum(probe.loads for probe in probes), sum(probe.seconds for probe in probes)),
        tuple(probe.model for probe in probes),
        tuple(result for result in results if result.status is Status.STOP),
        (Message("plan.source.probe_noisy"),) if any(probe.disagrees for probe in probes) else (),
        unlike="plan.unlike.never",
    )


@dataclass(frozen=True, slots=True)
class Probed:
    """Of one server. loads: that were sent, of which the first is no point. seconds: that the probe took."""

    points: tuple[ProbePoint, ...]
    cost: FittedCost
    model: VirtualServer
    loads: int
    seconds: float

    @property
    def longest(self) -> int:
        return max(point.length for point in self.points)

    @property
    def disagrees(self) -> bool:
        return self.cost.disagree(self.longest)

    def source(self, loads: int, seconds: float) -> Message:
        """loads, seconds: of the probes of all servers; the model is this one's."""
        longest = self.longest
        best = max((point for point in self.points if point.length == longest), key=lambda point: point.size)
        steps = [
            Message("plan.source.step", ms=row.base_ms + row.slope_ms * longest / 1000, size=row.size)
            for row in self.cost.rows
        ]
        return Message(
            "plan.source.probe",
            loads=loads,
            seconds=seconds,
            prefill=best.size * best.length / best.prefill_s,
            length=longest,
            steps=steps,
        )


class _Probe:
    """The loads of one server."""

    def __init__(self, campaign: Campaign, deployment: Deployment, tests: Sequence[PlannedTest]) -> None:
        self.campaign, self.deployment = campaign, deployment
        self.options = LoadOptions.of(campaign.settings).quiet
        self.prompts = Prompts(campaign.settings, campaign.tokenizer, list)
        self.limits = KnownLimits.of_server(deployment.info)
        self.shape = Shape.of(tests, self.limits)
        self.number, self.output = 0, OUTPUT

    def run(self) -> Probed:
        begin, shape = time.monotonic(), self.shape
        short = max(1, shape.length // SHORTER)
        first = self._point(1, shape.length)  # what the server does once, such as compiling, is done
        self.output = min(OUTPUT_MOST, max(OUTPUT, int(OUTPUT_S * 1000 / max(0.1, first.step_ms))))
        points = [self._point(1, short), self._point(1, shape.length)]
        rate = shape.length / points[-1].prefill_s  # tokens a second
        for size in shape.sizes[1:]:
            length = min(shape.length, max(short, int(PREFILL_S * rate / size)))
            for each in sorted({min(short, length), length}):
                points.append(self._point(size, each))
        beside = self._beside()
        info = self.deployment.info
        chunk = info.chunked_prefill_size or CHUNK
        chunk = chunk if chunk > 0 else PLENTY  # -1: prompts are not cut
        cost, pool = fit(points, chunk), self.limits.pool_tokens or PLENTY
        limits = Limits(pool, self.limits.max_running or PLENTY, chunk)
        model = VirtualServer(cost, limits, beside)
        return Probed(tuple(points), cost, model, self.number, time.monotonic() - begin)

    def _point(self, size: int, length: int) -> ProbePoint:
        self.number += 1
        form = Form("probe", length, self.output, num_prompts=size)
        workload = self.prompts.workload(form, TEST_ID, probe=self.number)
        result = send(self.deployment, self.options, workload.prompts)
        return point_of(result, size, length, self.output)

    def _beside(self) -> float:
        """Seconds between two loads: flush, the server's answers before and after, and what we do."""
        begin, server = time.monotonic(), self.deployment
        flush(server.url, server.headers, ca_file=server.ca_file, say=self.campaign.say)
        asked = time.monotonic()
        observe(server)
        return OWN_S + (asked - begin) + 2 * (time.monotonic() - asked)


def point_of(result: LoadResult, size: int, length: int, output: int) -> ProbePoint:
    """InvalidRun if a request failed."""
    records = result.requests
    bad = next((record for record in records if not record.ok or len(record.arrival_ns) < 2), None)
    if bad is not None:
        raise InvalidRun(
            Message(
                "reach.plan_request",
                test_id=TEST_ID,
                length=length,
                why=bad.error_text or Message("part.few_tokens"),
            )
        )
    last = max(records, key=lambda record: record.arrival_ns[0])
    prefill_s = (last.arrival_ns[0] - result.began_ns) / NS_PER_S
    return ProbePoint(size, length, output, prefill_s, _step_ms(last, records))


def _step_ms(last: RequestRecord, records: Sequence[RequestRecord]) -> float:
    """Time of a token of the one that began last, while all decode; of all its tokens, where the first ends
    before the last begins. The median of PARTS parts, so that one pause (a kernel that is compiled) does not
    count; single gaps would not do, since tokens may come several at a time.
    """
    end = min(record.arrival_ns[-1] for record in records)
    tokens = [*zip(last.arrival_ns, last.arrival_tokens, strict=True)]
    together = [token for token in tokens if token[0] <= end]
    tokens = together if len(together) > PARTS else tokens
    cuts = [round(k * (len(tokens) - 1) / PARTS) for k in range(PARTS + 1)]
    parts = [(tokens[low], tokens[high]) for low, high in itertools.pairwise(cuts) if high > low]
    return statistics.median(
        (after - before) / NS_PER_MS / max(1, count - counted) for (before, counted), (after, count) in parts
    )
