"""One session's live measurements in one process: the server under test, and what every test needs once and not again."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from slabench.errors import ConfigError, ServerError
from slabench.plugin.settings import SIM, Settings
from slabench.records import LogSpan

if TYPE_CHECKING:
    from slabench.calibration import Calibrator
    from slabench.loadgen import ClientOptions
    from slabench.report.records_file import RecordsFile
    from slabench.server.info import ServerInfo
    from slabench.server.launch import Launched
    from slabench.workloads.cache import DatasetStore

FIXTURE_TOKENIZER = Path(__file__).resolve().parents[2] / "fixtures" / "data" / "tokenizer"


@dataclass(frozen=True, slots=True)
class Deployment:
    """The server under test, as it was when the session began."""

    url: str
    headers: dict[str, str]
    ca_file: str | None
    info: ServerInfo
    logs: tuple[str, ...]  # deploy logs that can be read here
    decode_gpus: int | None
    prefill_gpus: int | None
    fingerprint: dict[str, dict[str, Any]]

    @property
    def model_name(self) -> str:
        """What a /v1 request calls the model."""
        return str(self.info.served_model_name or self.info.model_path)

    @property
    def simulated(self) -> bool:
        return self.info.simulated is not None

    def as_dict(self) -> dict[str, Any]:
        """run.json's server part."""
        from slabench.server.secrets import redact_url

        info = self.info
        return {
            "url": redact_url(self.url),
            "version": info.version,
            "reference": info.reference,
            "model_path": info.model_path,
            "served_model_name": info.served_model_name,
            "gpus": {"decode": self.decode_gpus, "prefill": self.prefill_gpus, "source": info.gpus.source},
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


@dataclass(slots=True)
class Campaign:
    """Opened before the first live test, closed with the session. Everything in it is made at most once."""

    settings: Settings
    folder: Path
    say: Callable[[str], None]
    deployment: Deployment | None = None
    launched: Launched | None = None
    decode_points: list[DecodePoint] = field(default_factory=list)
    interrupted: dict[str, Any] | None = None  # what a test had measured when Ctrl-C came: handed over like a report's entry
    _tokenizer: Any = None
    _store: DatasetStore | None = None
    _records: RecordsFile | None = None
    _calibrator: Calibrator | None = None

    def open(self) -> Deployment:
        """Start or find the server. ConfigError and ServerError carry the one sentence that ends the session."""
        if self.deployment is not None:
            return self.deployment
        given = self.settings.given
        url, logs = self.settings.base_urls[0], tuple(given.deploy_log)
        for log in logs:
            if not Path(log).is_file():
                raise ConfigError(f"--deploy-log={log} does not exist; give the file that the server's output goes to.")
        if url.startswith(SIM) or given.launch is not None:
            url, logs = self._launch(url, logs)
        self.deployment = self._identify(url, logs)
        return self.deployment

    def _launch(self, url: str, logs: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        from slabench.server.launch import launch

        log = str(self.folder / "server.log")
        if url.startswith(SIM):
            from slabench.sim.null_profile import read_any
            from slabench.sim.profiles import UnknownProfile

            try:
                read_any(url.removeprefix(SIM) or "demo")
            except UnknownProfile as error:
                raise ConfigError(f"--base-url={url}: {error}") from error
            # The profile goes through argv, never through a shell.
            command = [sys.executable, "-m", "slabench.sim", "--profile", url.removeprefix(SIM) or "demo", "--port", "{port}"]
            command += ["--log", "-", "--tokenizer", str(FIXTURE_TOKENIZER)]
            self.launched = launch(command, log, ready_timeout=60.0)
        else:
            given = self.settings.given
            base_url = None if url == "launch:" else url
            key = self.settings.api_key
            self.launched = launch(
                *(given.launch, log), base_url=base_url, ready_timeout=given.launch_timeout,
                headers=self._headers(), ca_file=given.ca_file, known=(key,) if key else (),
            )  # fmt: skip
        return self.launched.url, logs or (log,)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.settings.api_key}"} if self.settings.api_key else {}

    def _identify(self, url: str, logs: tuple[str, ...]) -> Deployment:
        from slabench.server.fingerprint import fingerprint
        from slabench.server.info import identify

        given = self.settings.given
        headers = self._headers()
        info = identify(url, headers, ca_file=given.ca_file)
        return Deployment(
            url=url,
            headers=headers,
            ca_file=given.ca_file,
            info=info,
            logs=logs,
            decode_gpus=given.decode_gpu_num or info.gpus.count,
            prefill_gpus=given.prefill_gpu_num or info.gpus.count,
            fingerprint=fingerprint(info, given.hardware, url=url),
        )

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

            self._records = RecordsFile(self.folder / "requests.jsonl.gz")
        return self._records

    def calibrator(self, options: ClientOptions) -> Calibrator | None:
        """Who knows the client's own error; None where nobody asks: another client, or the embedded server without fresh."""
        given, deployment = self.settings.given, self.deployment
        simulated = deployment is not None and deployment.simulated
        if given.client != "slabench" or given.calibrate == "off" or (simulated and given.calibrate == "auto"):
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
            if told is not None and Path(told).is_dir():
                return told
        return None

    def tokenizer(self) -> Any:
        """The transformers tokenizer, loaded once; None if no folder is known. ConfigError if it cannot be loaded."""
        if self._tokenizer is None:
            folder = self.tokenizer_folder()
            if folder is None:
                return None
            from slabench.workloads.tokenizer import load_tokenizer

            given = self.settings.given
            self._tokenizer = load_tokenizer(folder, trust_remote_code=given.trust_remote_code, allow_download=given.allow_download)
        return self._tokenizer

    def required_tokenizer(self) -> Any:
        """The tokenizer, for prompts that cannot be made without one."""
        found = self.tokenizer()
        if found is None:
            raise ConfigError(
                "The prompts need a tokenizer, and the folder that the server names is not readable here: give --tokenizer=DIR (or "
                "--model=DIR), or --dataset-name=random-ids --prompt-form=ids, which needs none."
            )
        return found

    def flush_records(self) -> None:
        """What has been measured is on disk before it is judged."""
        if self._records is not None:
            self._records.flush()

    @property
    def records_broken(self) -> str | None:
        """Why requests.jsonl.gz is not complete, in a sentence; None while it is."""
        if self._records is None or self._records.broken is None:
            return None
        return f"requests.jsonl.gz could not be written ({self._records.broken}): records are missing from it, verdicts are not."

    def close(self) -> None:
        if self._records is not None:
            self._records.close()
        if self.launched is not None:
            self.launched.stop()
            self.launched = None


CAMPAIGN = pytest.StashKey[Campaign]()


def check_launched(campaign: Campaign) -> None:
    """A launched server that died says so, instead of a refused connection."""
    if campaign.launched is not None and not campaign.launched.alive():
        raise ServerError(f"The server that was launched has ended; the end of its log is in {campaign.folder / 'server.log'}.")


def worker_folder(config: pytest.Config) -> Path:
    """Where a live test's process writes: the run folder, handed over by the controller under xdist."""
    handed = getattr(config, "workerinput", {}).get("slabench_folder")
    if handed is None:
        raise ConfigError(
            "A live test needs --base-url=URL (or SLABENCH_BASE_URL, or --launch=CMD); --base-url=sim: is the embedded server."
        )
    return Path(os.fspath(handed))
