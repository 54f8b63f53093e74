"""One session's live measurements in one process: the server under test, and what every test needs once and
not again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slabench.errors import ConfigError, ServerError
from slabench.records import GpuCounts, LogSpan
from slabench.session.settings import SIM, Settings, sends_text
from slabench.session.starting import Start, bearer, start

if TYPE_CHECKING:
    from slabench.calibration import Calibrator
    from slabench.loadgen import ClientOptions
    from slabench.report.records_file import RecordsFile
    from slabench.report.stored_runs import StoredSide
    from slabench.server.info import ServerInfo
    from slabench.server.launch import Launched
    from slabench.server.roles import Roles
    from slabench.verdict.validity.streamed import Probe
    from slabench.workloads.cache import DatasetStore


@dataclass(frozen=True, slots=True)
class Deployment:
    """The server under test, as it was when the session began."""

    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    ca_file: str | None
    roles: Roles
    logs: tuple[str, ...]  # deploy logs that can be read here
    gpus: GpuCounts
    gpus_told: str  # the same in words, with where they are from
    fingerprint: dict[str, dict[str, Any]]

    @property
    def info(self) -> ServerInfo:
        return self.roles.info

    @property
    def model_name(self) -> str:
        """What a /v1 request calls the model."""
        return str(self.info.served_model_name or self.info.model_path)

    @property
    def simulated(self) -> bool:
        return self.info.simulated is not None

    @property
    def labels(self) -> list[str]:
        """What every output of a run at this server says, from its first moment on."""
        return ["SIMULATED"] * self.simulated + ["NOT_REFERENCE"] * (not self.info.reference)

    def as_dict(self) -> dict[str, Any]:
        """run.json's server part."""
        from slabench.server.secrets import redact_url

        info, gpus = self.info, self.gpus
        return {
            "url": redact_url(self.url),
            "version": info.version,
            "reference": info.reference,
            "model_path": info.model_path,
            "served_model_name": info.served_model_name,
            "gpus": {
                "prefill": gpus.prefill,
                "decode": gpus.decode,
                "total": gpus.total,
                "source": self.gpus_told,
            },
            "roles": self.roles.as_list(),
            "token_capacity": info.token_capacity,
            "max_running_requests": info.max_running_requests,
            "fingerprint": self.fingerprint,
            "info": dict(info.raw),
        }


@dataclass(frozen=True, slots=True)
class DecodePoint:
    """What the decode curve needs of a decode test that ran before it."""

    batch_size: int
    spans: tuple[LogSpan, ...]
    workload: dict[str, Any]
    plan: dict[str, Any]
    labels: tuple[str, ...]
    word: str
    metrics: dict[str, float]
    repeats: tuple[tuple[LogSpan, ...], ...] = ()  # each repeat's part of the log; spans is the first's
    other: tuple[tuple[LogSpan, ...], ...] = ()  # the same of the baseline server, in an A/B run


def _packed(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(2) == b"\x1f\x8b"


@dataclass(slots=True)
class Campaign:
    """Opened before the first live test, closed with the session. Everything in it is made at most once."""

    settings: Settings
    folder: Path
    say: Callable[[str], None]
    place: int | None = None  # an xdist worker's number: which of several servers is its own
    deployment: Deployment | None = None
    # --baseline-url, --baseline-launch: the server that this one is compared with
    other: Deployment | None = None
    # --one-after-the-other: what the baseline server gave before this one was started
    before: StoredSide | None = None
    launched: Launched | None = None
    launched_other: Launched | None = None
    decode_points: list[DecodePoint] = field(default_factory=list)
    # load shapes that their server has met: warmup.py
    warm: set[tuple[object, ...]] = field(default_factory=set)
    attempt_of: Callable[[str], int] = lambda test_id: 1
    # Into run.json what a test that is on has so far; replaced where a run folder is written.
    show_running: Callable[[dict[str, Any]], None] = field(default=lambda entry: None)
    twin: str = ""  # why the two servers may be one process, where nothing shows that they are not
    # what a test had measured when Ctrl-C came: handed over like a report's entry
    interrupted: dict[str, Any] | None = None
    stream_probes: dict[str, Probe] = field(default_factory=dict)  # by the server's URL
    _tokenizer: Any = None
    _store: DatasetStore | None = None
    _records: RecordsFile | None = None
    _calibrator: Calibrator | None = None
    _lost: dict[str, str] = field(default_factory=dict)

    def open(self) -> Deployment:
        """Start or find the server. ConfigError and ServerError carry the one sentence that ends the session."""
        if self.deployment is not None:
            return self.deployment
        given, other = self.settings.given, self.settings.baseline_url
        logs, other_logs = tuple(given.deploy_log), tuple(given.baseline_deploy_log)
        for option, log in (
            *(("deploy-log", one) for one in logs),
            *(("baseline-deploy-log", one) for one in other_logs),
        ):
            if not Path(log).is_file():
                raise ConfigError(
                    f"--{option}={log} does not exist; give the file that the server's output goes to."
                )
            if _packed(log):  # offsets of what is added to it mean nothing in what it unpacks to
                raise ConfigError(
                    f"--{option}={log} is packed by gzip; give the file that the server's output goes to now."
                )
        url, command = self.settings.base_urls[self.place or 0], given.launch
        if len(self.settings.base_urls) > 1:
            logs = logs[self.place or 0 :][:1]  # one a server, in the order of the URLs
        if url.startswith(SIM) or command is not None:
            log = str(self.folder / f"server{self.of_worker}.log")
            self.launched = start(
                given, Start("--base-url", url, command, given.env or ()), log, self.settings.api_key
            )
            url, logs = self.launched.url, logs or (self.launched.log_path,)
        deployment = self._identify(url, logs, self.settings.api_key)
        if other is not None and self.before is None:
            self.other = self._open_other(other, other_logs)
            if self.launched is None or self.launched_other is None:
                self._check_two(deployment, self.other)
        self.deployment = deployment
        return deployment

    def _check_two(self, new: Deployment, old: Deployment) -> None:
        """ServerError if both addresses lead to one process."""
        from slabench.server.http import Http
        from slabench.server.secrets import redact_url
        from slabench.server.twins import alike, same_process

        first, second = (Http(one.url, one.headers, ca_file=one.ca_file) for one in (new, old))
        same = same_process(first, second, new.info.raw, old.info.raw)
        self.twin = alike(new.info.raw, old.info.raw) if same is None else ""
        if same:
            raise ServerError(
                f"--base-url={redact_url(new.url)} and --baseline-url={redact_url(old.url)} lead to one server process "
                f"(random_seed {new.info.random_seed}): what one does shows at the other. Give the old server's own address."
            )

    def _open_other(self, url: str, logs: tuple[str, ...]) -> Deployment:
        """The baseline server; what is wrong with it is said of it."""
        given = self.settings.given
        try:
            if url.startswith(SIM) or given.baseline_launch is not None:
                wanted = Start("--baseline-url", url, given.baseline_launch, given.baseline_env or ())
                log = str(self.folder / "server-baseline.log")
                self.launched_other = start(given, wanted, log, self.settings.baseline_api_key)
                url, logs = self.launched_other.url, logs or (self.launched_other.log_path,)
            return self._identify(url, logs, self.settings.baseline_api_key)
        except ServerError as error:
            raise ServerError(f"The baseline server: {error}") from error

    def _identify(self, url: str, logs: tuple[str, ...], key: str | None) -> Deployment:
        from slabench.server.fingerprint import fingerprint
        from slabench.server.identify import identify

        given = self.settings.given
        headers = {**bearer(key), **self.settings.headers}
        roles = identify(url, headers, ca_file=given.ca_file)
        options = given.prefill_gpu_num, given.decode_gpu_num
        gpus = roles.gpus(*options)
        return Deployment(
            url=url,
            headers=headers,
            ca_file=given.ca_file,
            roles=roles,
            logs=logs,
            gpus=gpus,
            gpus_told=roles.told_gpus(*options),
            fingerprint=fingerprint(roles, given.hardware, url=url, gpus=gpus),
        )

    def as_dict(self) -> dict[str, Any]:
        """run.json's server part, the baseline server in it if there is one."""
        assert self.deployment is not None, "a test has been measured"
        return self.deployment.as_dict() | (
            {"baseline": self.other.as_dict()} if self.other is not None else {}
        )

    @property
    def of_worker(self) -> str:
        """What the names of a worker's files have at their end: `-gw1`; nothing in a process that is alone."""
        return "" if self.place is None else f"-gw{self.place}"

    @property
    def records_name(self) -> str:
        return f"requests{self.of_worker}.jsonl.gz"

    @property
    def store(self) -> DatasetStore:
        if self._store is None:
            from slabench.workloads.cache import DatasetStore

            self._store = DatasetStore()
        return self._store

    @property
    def records(self) -> RecordsFile:
        if self._records is None:
            from slabench.report.records_file import RecordsFile

            self._records = RecordsFile(self.folder / self.records_name)
        return self._records

    def calibrator(self, options: ClientOptions) -> Calibrator | None:
        """Who knows the client's own error; None where nobody asks: another client, or the embedded server
        without fresh.
        """
        given, deployment = self.settings.given, self.deployment
        simulated = deployment is not None and deployment.simulated
        if (
            given.client != "slabench"
            or given.calibrate == "off"
            or (simulated and given.calibrate == "auto")
        ):
            return None
        if self._calibrator is None:
            from slabench.calibration import Calibrator

            self._calibrator = Calibrator(options, fresh=given.calibrate == "fresh", say=self.say)
        return self._calibrator

    def tokenizer_folder(self) -> str | None:
        """--tokenizer, --model, or what the server says if that folder is readable here."""
        given = self.settings.given
        for named in (given.tokenizer, given.model):
            if named is not None and (Path(named).expanduser().is_dir() or "/" in named):
                return str(Path(named).expanduser()) if Path(named).expanduser().is_dir() else str(named)
        info = self.deployment.info if self.deployment is not None else None
        for told in (info.tokenizer_path, info.model_path) if info is not None else ():
            # Path.is_dir() raises for a name that no file system takes
            if told is not None and os.path.isdir(told):
                return told
        return None

    def tokenizer(self) -> Any:
        """The transformers tokenizer, loaded once; None if no folder is known.

        ConfigError if it cannot be loaded.
        """
        if self._tokenizer is None:
            folder = self.tokenizer_folder()
            if folder is None:
                return None
            from slabench.workloads.tokenizer import load_tokenizer

            given = self.settings.given
            self._tokenizer = load_tokenizer(
                folder, trust_remote_code=given.trust_remote_code, allow_download=given.allow_download
            )
        return self._tokenizer

    def required_tokenizer(self) -> Any:
        """The tokenizer, for prompts that cannot be made without one."""
        found = self.tokenizer()
        if found is None:
            ids = (
                "."
                if sends_text(self.settings.given)
                else ", or --dataset-name=random-ids --prompt-form=ids, which needs none."
            )
            raise ConfigError(
                "The prompts need a tokenizer, and the folder that the server names is not readable here: give --tokenizer=DIR (or "
                f"--model=DIR){ids}"
            )
        return found

    def flush_records(self) -> None:
        """What has been measured is on disk before it is judged."""
        if self._records is not None:
            self._records.flush()

    @property
    def lost(self) -> dict[str, str]:
        """Files of records that are not complete, with the reason."""
        if self._records is not None and self._records.broken is not None:
            self._lost[self.records_name] = self._records.broken
        return self._lost

    def lose(self, output: str, why: str) -> None:
        self._lost.setdefault(output, why)

    def close(self) -> None:
        if self._records is not None:
            self._records.close()
        for one in (self.launched, self.launched_other):
            if one is not None:
                one.stop()
        self.launched = self.launched_other = None


def check_launched(campaign: Campaign) -> None:
    """A launched server that died says so, instead of a refused connection."""
    for one, what in ((campaign.launched, "server"), (campaign.launched_other, "baseline server")):
        if one is not None and not one.alive():
            raise ServerError(
                f"The {what} that was launched has ended; the end of its log is in {one.log_path}."
            )
