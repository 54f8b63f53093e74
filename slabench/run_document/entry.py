"""A test's entry in run.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slabench.messages import Message
from slabench.records import ClientRecord, LogSpan
from slabench.run_document.accuracy import Accuracy
from slabench.run_document.answers import AnswersEntry
from slabench.run_document.capacity import Capacity
from slabench.run_document.field import optional, stored_as
from slabench.run_document.series import Distribution, Timeline, TtftGroup
from slabench.run_document.write import stored
from slabench.verdict.outcome import NOTHING_JUDGED, Check, CheckStatus, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveEntry:
    """One comparison that carries the verdict."""

    kind: str  # slo, floor, baseline or answers
    metric: str  # metric key
    op: str  # <= or >=
    limit: float  # in the metric's unit
    observed: float  # in the metric's unit
    unit: str  # the metric's
    holds: bool  # whether observed is within limit
    # distance from the limit in per cent of it, negative below; null for a limit of 0
    margin_pct: float | None
    n: int | None  # requests behind it, of all repeats; null: not counted in requests
    text: str  # one line with observed, limit and n
    message: Message | None = optional()  # the line as id and arguments


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckEntry:
    """One validity check (docs/validity.md)."""

    name: str  # the check's name
    state: CheckStatus  # finding: printed beside the verdict; not_checked: the evidence is missing
    text: str  # what was observed, the limit and n
    remedy: str  # what to do; empty where there is nothing to do
    allowed: bool = optional(False)  # INVALID, and a finding by --allow
    message: Message | None = optional()  # text as id and arguments
    remedy_message: Message | None = optional()  # remedy as id and arguments


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedMetric:
    """One metric of both sides."""

    metric: str  # metric key
    unit: str  # the metric's
    better: str  # lower or higher
    new: float  # this run's mean over its repeats
    old: float  # the baseline's mean over its repeats
    new_samples: tuple[float, ...]  # one value a repeat
    old_samples: tuple[float, ...]  # one value a repeat
    paired: bool  # sample k of one side belongs to sample k of the other
    ratio: float  # new / old
    low: float | None  # lower end of the ratio's interval; null: one run a side, or no spread
    high: float | None  # upper end of the ratio's interval
    low_level: float | None  # one-sided confidence level of the lower end
    high_level: float | None  # one-sided confidence level of the upper end
    allowed: float  # how much worse it may be, a share of the baseline
    outcome: str  # holds, worse or inconclusive
    repeats_to_decide: int | None  # repeats that would probably decide; null: decided, or too many
    # sd of ln(metric) between launches of one version, as stored; absent: it is not in the interval
    launch_sd: float | None = optional()
    launch_freedom: int | None = optional()  # its degrees of freedom
    per_launch: bool = optional(False)  # a sample is the mean of a launch (--launches)
    text: str  # one line with both sides, the change and what is allowed
    remedy: str  # what would decide an inconclusive one; else empty
    message: Message | None = optional()  # text as id and arguments
    remedy_message: Message | None = optional()  # remedy as id and arguments


@dataclass(frozen=True, slots=True, kw_only=True)
class LooksEntry:
    """How a comparison went whose repeats were added until it was decided (--repeats=auto)."""

    first: int  # repeats at the first look
    last: int  # the most repeats
    level: float  # one-sided level of each look, of one metric alone; all looks together have 0.025
    repeats: int  # measured at the new server, and in turns with it at the baseline server
    # decided, worse (FAILED whatever the other metrics are), most_repeats, time_budget, invalid (a load was),
    # not_compared
    stopped: str
    first_pair: str  # warmed: it counts, since each server had the load's warm-up before it


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchesEntry:
    """What the comparison knows of how launches of one version differ."""

    new: int  # launches that the new side's samples are of
    old: int  # launches that the old side's samples are of
    # stored: a stored spread is in all intervals; own: a sample is the mean of a launch; samples: each old
    # sample is of a launch of its own; none: ONE_LAUNCH
    evidence: str
    text: str  # what is known of launches, and how to know more; empty: samples
    message: Message | None = optional()  # text as id and arguments
    spread_from: str | None = optional()  # the file of the stored spread
    spread_launches: int | None = optional()  # launches that it is of


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonEntry:
    """The test against the same test of a baseline file or of the baseline server."""

    baseline: str | None  # file or URL; null: there is none
    state: str  # compared, NO_BASELINE or NOT_COMPARABLE
    differences: tuple[str, ...]  # why it is not comparable: `hardware.gpu: 'H200', 'H20' in the baseline`
    allowed_differences: tuple[str, ...] = ()  # differences that --allow-diff lets pass
    interleaved: bool | None = None  # true: both servers in turns; false: one after the other; null: a file
    looks: LooksEntry | None = optional()  # where repeats were added until it was decided
    launches: LaunchesEntry | None = optional()  # absent: nothing was compared, or an earlier file
    notes: tuple[str, ...] = ()  # what is known of the baseline: `measured with --allow=completed: ...`
    difference_messages: tuple[Message, ...] = optional(())  # differences as ids and arguments
    # allowed_differences as ids and arguments
    allowed_difference_messages: tuple[Message, ...] = optional(())
    note_messages: tuple[Message, ...] = optional(())  # notes as ids and arguments
    metrics: tuple[ComparedMetric, ...] = stored_as("figures")  # the metrics of both sides


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveRow:
    """The decode curve at one number of running requests. clean: from lines of undisturbed decoding alone."""

    running: int  # running requests of a rank (log lines' #running-req)
    samples: int  # Decode lines
    accept_len: float | None = None  # mean accept length; null without speculative decoding
    median: float  # gen throughput of all lines, tokens/s
    q1: float | None = None  # first quartile, tokens/s
    q3: float | None = None  # third quartile, tokens/s
    per_gpu: float | None  # median per GPU, tokens/s; null: number of GPUs unknown
    per_user: float  # median per running request, tokens/s
    clean_samples: int  # clean lines
    clean_median: float | None  # tokens/s; null: no clean line
    clean_q1: float | None  # tokens/s
    clean_q3: float | None  # tokens/s
    clean_per_gpu: float | None  # tokens/s
    clean_per_user: float | None  # tokens/s
    clean_tpot_ms: float | None  # 1000 / clean_per_user, ms
    clean_tpot_mean_ms: float | None  # mean over the clean lines, ms
    full_batch_tpot_ms: float | None  # full_batch.tpot of the decode test of this batch size, ms; null: none
    mean_tpot_ms: float | None  # tpot.mean of that test, ms
    baseline: float | None  # the baseline file's median, tokens/s


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadServer:
    """What the server did around one load."""

    flush_status: int | None  # HTTP status of the cache flush before it; null: not asked for
    flush_workers: tuple[int, int] | None  # (flushed, all) as a router counts them; null: it counts none
    flush_lines: int | None  # data-parallel ranks whose log confirms the flush; null: no log
    notes: tuple[str, ...]  # what could not be had of it, and why
    log_spans: tuple[LogSpan, ...]  # the parts of the deploy logs that were written during the load
    note_messages: tuple[Message, ...] = optional(())  # notes as ids and arguments


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorsEntry:
    """Requests that failed, of all loads."""

    counts: Mapping[str, int]  # kind (records.ErrorKind) -> requests
    examples: tuple[str, ...]  # up to three different texts


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsEntry:
    """Where the request records of the test stand."""

    file: str  # in the run folder
    requests: int  # records of this test


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatEntry:
    """One load of a test that has several."""

    side: str  # new or baseline
    repeat: int  # from 1
    metrics: Mapping[str, float]  # of this load alone
    began_utc: str | None = optional()  # when it began
    duration_s: float | None = optional()  # from the plan's zero to the last end, s
    invalid: tuple[str, ...] = ()  # names of the checks that were INVALID in it
    workload: Mapping[str, object] = optional({})  # as the entry's
    client: ClientRecord | None = optional()  # as the entry's
    server: LoadServer | None = optional()  # as the entry's
    evidence: Mapping[str, object] | None = optional()  # as the entry's


def short_name(test_id: str) -> str:
    """File and test without the folders: `test_sla.py::test_sla[np128]`."""
    return test_id.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One test."""

    id: str  # pytest's node id, the history key
    # tencent, tencent-capacity, ali-decode, ali-decode-curve, ali-prefill, ali-saturation, serving, accuracy,
    # or one of your own
    method: str
    # what the test was parametrized with: num_prompts, batch_size, input_len, or load and load_kind
    point: Mapping[str, object]
    word: Outcome  # the outcome
    headline: str  # one complete line: observed, limit, n
    headline_message: Message | None = optional()  # the line as id and arguments
    # codes, and names of checks that were INVALID or a finding; NOTHING_JUDGED: no objective, floor or
    # comparison applies
    reasons: tuple[str, ...]
    # what the test could not be judged by: NO_FLOOR, NO_BASELINE; earlier files have these among the reasons
    absent: tuple[str, ...] = optional(())
    labels: tuple[str, ...]  # `REDUCED: input_len 256 instead of 3500; ...`
    label_messages: tuple[Message, ...] = optional(())  # the same as ids and arguments
    objectives: tuple[ObjectiveEntry, ...]  # SLOs, floors and decided comparisons
    checks: tuple[CheckEntry, ...]  # every validity check that applies; empty: nothing was evaluated
    advice: tuple[str, ...]  # what to try next
    advice_messages: tuple[Message, ...] = optional(())  # the same as ids and arguments
    explained: str | None = None  # why TTFT is what it is; null: nothing to explain
    explained_message: Message | None = optional()  # the same as ids and arguments
    # TPOT by the client's, the server's and the log's clock; energy, clock and temperature of the GPUs
    witnesses: tuple[str, ...] = optional(())
    witness_messages: tuple[Message, ...] = optional(())  # the same as ids and arguments
    workload: Mapping[str, object]  # what was sent: Workload.describe()
    plan: Mapping[str, object]  # how it was sent: Plan.describe()
    metrics: Mapping[str, float]  # metric key -> value in its unit (`units`); undefined ones are absent
    curve: tuple[CurveRow, ...] | None = optional()  # the decode curve only
    curve_left_out: Mapping[str, int] | None = optional()  # lines that are not clean, by cause
    gpus_per_line: float | None = optional(beside="curve")  # what per_gpu divides by; null: unknown
    comparison: ComparisonEntry | None = optional()  # against the baseline
    # each load of a test with several (--repeats, --baseline-url); `metrics` above are the new server's over
    # all of them
    repeats: tuple[RepeatEntry, ...] = optional(())
    url: str | None = optional()  # with several --base-url: the server that this test ran on
    capacity: Capacity | None = optional()  # --find-capacity only: the search
    accuracy: Accuracy | None = optional()  # --accuracy-file only: the answers to its questions
    answers: AnswersEntry | None = optional()  # A/B runs: the answers of both servers
    errors: ErrorsEntry | None = optional()  # failed requests
    # what the checks looked at beside the records, of the first load: validity/context.py's CheckContext
    evidence: Mapping[str, object] | None = optional()
    server: LoadServer | None = optional()  # of the first load
    client: ClientRecord | None = optional()  # the load generator in the first load
    began_utc: str  # when the first load began
    duration_s: float  # of all loads, s
    records: RecordsEntry | None = optional()  # where the request records are
    # of TTFT, TPOT, ITL and E2EL, over all loads of a side
    distributions: tuple[Distribution, ...] = optional(())
    timeline: Timeline | None = optional()  # the course of one load
    # TTFT in its parts in that load, in the order of sending; empty: the server does not report them
    ttft_groups: tuple[TtftGroup, ...] = optional(())

    @property
    def name(self) -> str:
        return short_name(self.id)

    @property
    def batch_size(self) -> int | None:
        """Of a decode test."""
        size = self.point.get("batch_size")
        return size if isinstance(size, int) else None

    @property
    def only_inconclusive(self) -> bool:
        """The run itself was valid: only the comparison is undecided, or there was nothing to judge it by."""
        undecided = {"INCONCLUSIVE", NOTHING_JUDGED} & set(self.reasons)
        return bool(undecided) and all(check.state is not CheckStatus.INVALID for check in self.checks)

    @property
    def valid(self) -> bool:
        """What was measured can be trusted, whatever the comparison says."""
        return self.word is not Outcome.INVALID or self.only_inconclusive

    @property
    def allowed_checks(self) -> dict[str, str]:
        """Checks that were INVALID and that --allow made findings of, with what they observed."""
        checks = [Check.read(stored(check)) for check in self.checks]
        return {
            check.name: str(check.message)
            for check in checks
            if check.allowed and check.state is CheckStatus.FINDING
        }

    def runs(self, side: str = "new") -> list[Mapping[str, float]]:
        """The metrics of each of this side's loads."""
        loads = [load.metrics for load in self.repeats if load.side == side]
        return loads or ([self.metrics] if side == "new" else [])
