"""run.json as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from slabench.messages import Message
from slabench.run_document.capacity import RunningTest
from slabench.run_document.entry import Entry
from slabench.run_document.field import empty_for_none, optional
from slabench.verdict.outcome import NOTHING_JUDGED, Outcome

# slabench.run/1: first form. What was added to it since is optional or has a null.
SCHEMA = "slabench.run/1"


class RunState(StrEnum):
    """How far a run got."""

    RUNNING = "running"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"  # Ctrl-C or SIGTERM
    CRASHED = "crashed"  # by an error of slabench


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentEntry:
    """Where the load generator ran."""

    python: str  # version
    platform: str = ""  # platform.platform()
    cpu: str = ""  # model name
    cores: int | None = None  # usable ones
    packages: Mapping[str, str]  # name -> version


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientName:
    """What drove the load."""

    name: str  # slabench or bench_serving


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerGpus:
    """GPUs that a throughput per GPU divides by; null: not known."""

    prefill: int | None  # input tokens
    decode: int | None  # output tokens
    total: int | None  # all
    source: str | None  # where the numbers are from: `8 GPU (tp 8 x pp 1 of server_info)`
    source_message: Message | None = optional()  # source as id and arguments


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRole:
    """One server of the deployment."""

    role: str  # unified, prefill or decode
    where: str  # its address behind a router; empty: --base-url itself
    asked: bool  # it answered for itself
    version: str | None  # sglang's
    gpus: int | None  # of this server
    token_capacity: int | None  # tokens of its KV pool
    max_running_requests: int | None  # requests that it runs at once


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuClocks:
    """One GPU of this machine right after a server became ready, as nvidia-smi reports it."""

    index: int  # nvidia-smi's
    sm_mhz: float | None  # clock of its multiprocessors, MHz
    memory_mhz: float | None  # clock of its memory, MHz
    temperature_c: float | None  # degrees Celsius


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRecord:
    """How a server was started that slabench launched."""

    began_utc: str  # when its process was started
    ready_s: float  # until it took requests, s
    # cold: files were added to the caches of compiled kernels until then; warm: none was added to what they
    # had; None: there are none on this machine
    caches: str | None
    clocks: tuple[GpuClocks, ...] = ()  # empty: no nvidia-smi


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerEntry:
    """The deployment under test, as the server reports it."""

    url: str  # without user and password
    version: str | None  # sglang's
    reference: bool  # false: not sglang 0.5.7, the reference environment
    model_path: str | None  # as the server was started with
    served_model_name: str | None  # what a /v1 request calls the model
    gpus: ServerGpus | None  # what throughput per GPU divides by
    roles: tuple[ServerRole, ...]  # each server of the deployment
    token_capacity: int | None  # tokens of the KV pool
    max_running_requests: int | None  # requests that run at once
    fingerprint: Mapping[
        str, Mapping[str, object]
    ]  # server, hardware, model: what a baseline is compared under; an argument that is null is `null`
    info: Mapping[str, object]  # server_info without secrets
    baseline: ServerEntry | None = optional()  # --baseline-url, --baseline-launch: the old server
    start: StartRecord | None = optional()  # of a server that slabench started


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchRow:
    """One launch of the servers (--launches)."""

    number: int  # from 1; the last one is this run
    run: str  # its run folder in this one; empty: this run
    random_seed: int | None  # of the server's process, as it reports it
    start: StartRecord | None  # how the server was started
    baseline_random_seed: int | None = optional()  # of the baseline server's process
    baseline_start: StartRecord | None = optional()  # how the baseline server was started

    @classmethod
    def of(cls, number: int, run: str, server: ServerEntry | None) -> LaunchRow:
        old = None if server is None else server.baseline
        return cls(
            number=number,
            run=run,
            random_seed=_seed(server),
            start=None if server is None else server.start,
            baseline_random_seed=_seed(old),
            baseline_start=None if old is None else old.start,
        )


def _seed(server: ServerEntry | None) -> int | None:
    seed = None if server is None else server.info.get("random_seed")
    return seed if isinstance(seed, int) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """One --resume of the run."""

    utc: str  # when
    kept: tuple[str, ...]  # ids of the finished tests that were kept
    server: str | None = optional()  # the process: the same, or started anew


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What --time-budget had no room for."""

    tests: tuple[str, ...]  # ids of the tests that were left out
    budget_s: float  # --time-budget, s
    methods: tuple[str, ...] = ()  # of which no test was left: a run that lacks one is not PASSED
    needed_s: float | None = None  # a --time-budget with room for a test of each, s; null: not known


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDocument:
    """One run."""

    schema: str = SCHEMA  # slabench.run/1
    run_id: str  # name of the run folder
    state: RunState  # how far it got
    word: Outcome | None  # FAILED before INVALID before PASSED; null: running and nothing red, or no test
    exit_status: int | None  # pytest's; null: running
    created_utc: str  # when the run began
    updated_utc: str  # when this file was written
    slabench: str  # version
    labels: tuple[str, ...]  # SIMULATED, REDUCED, ...: words that every output of this run carries
    environment: EnvironmentEntry | None = empty_for_none()  # of the load generator
    command: tuple[str, ...]  # pytest and its arguments, secrets redacted
    program: tuple[str, ...] = optional(("pytest",))  # what was typed before them: .venv/bin/pytest
    options: Mapping[str, object]  # every option by name, secrets redacted
    server: ServerEntry | None = empty_for_none()  # the deployment; {} before the first test
    client: ClientName  # what drove the load
    planned: tuple[str, ...]  # ids of the tests to run
    not_run: tuple[str, ...]  # planned, and no entry in tests
    deselected: int = optional(0)  # live tests that -k, -m or --lf left out
    baseline_not_run: tuple[str, ...] = optional(())  # --require-baseline: its tests that were not selected
    units: Mapping[str, str]  # metric key -> unit, of the metrics below
    tests: tuple[Entry, ...]  # one a finished test
    servers: tuple[str, ...] = optional(())  # several --base-url with -n: the tests were spread over them
    servers_alike: str | None = optional()  # why these may be one process
    launches: tuple[LaunchRow, ...] = optional(())  # --launches: each launch, this run the last
    resumed: tuple[Resumption, ...] = optional(())  # each --resume
    interrupted_by: str | None = optional()  # Ctrl-C or SIGTERM, where the state is interrupted
    unreachable: str | None = optional()  # the server was not there at the start: no test was tried
    unreachable_message: Message | None = optional()  # the same as id and arguments
    failed_besides: tuple[str, ...] = optional(())  # ids that failed in pytest without a red entry in tests
    not_saved: Mapping[str, str] = optional({})  # outputs that could not be written -> sentence
    running: RunningTest | None = optional()  # a capacity search that is on
    left_out: LeftOut | None = optional()  # by --time-budget; these are in neither planned nor not_run

    @property
    def incomplete(self) -> bool:
        """Something that was asked for has no verdict: a planned test, or all tests of a method."""
        return bool(self.not_run or (self.left_out is not None and self.left_out.methods))

    @property
    def unjudged(self) -> list[str]:
        """Names of the tests that nothing was judged in."""
        return [entry.name for entry in self.tests if NOTHING_JUDGED in entry.reasons]

    @property
    def fingerprint(self) -> Mapping[str, Mapping[str, object]]:
        """The server's; empty before the first test."""
        return {} if self.server is None else self.server.fingerprint

    def of(self, *methods: str) -> list[Entry]:
        """The tests of these methods, one method after the other."""
        return [entry for method in methods for entry in self.tests if entry.method == method]


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedTest:
    """What a test leaves for every output, handed from the process that measured to the one that reports."""

    entry: Entry  # goes into `tests`
    server: ServerEntry | None = None  # None: no server was identified
    labels: tuple[str, ...] = ()  # for the whole run
    lost: Mapping[str, str] = optional({})  # outputs of that process that could not be written -> why
