"""The servers of a session: the one under test and, in an A/B run, the baseline server; found, or started."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from slabench.errors import ConfigError, ServerError
from slabench.messages import Message
from slabench.run_document.run import ServerEntry, StartRecord
from slabench.server.launch import Launched
from slabench.server.secrets import redact_url
from slabench.server.twins import alike, same_process
from slabench.session.deployment import Deployment, identified
from slabench.session.launch_evidence import Start as LaunchStart
from slabench.session.launch_evidence import words_before
from slabench.session.run_files import worker_suffix
from slabench.session.settings import SIM, Settings
from slabench.session.starting import Start, bearer, start


@dataclass(frozen=True, slots=True)
class Servers:
    """launched, launched_baseline: the processes that slabench started itself."""

    new: Deployment
    baseline: Deployment | None = None
    launched: Launched | None = None
    launched_baseline: Launched | None = None
    start: StartRecord | None = None  # of what was launched
    baseline_start: StartRecord | None = None
    twin: str = ""  # why the two servers may be one process, where no answer tells them apart

    @property
    def entry(self) -> ServerEntry:
        """run.json's server part, with the baseline server if there is one."""
        old = None if self.baseline is None else replace(self.baseline.entry, start=self.baseline_start)
        return replace(self.new.entry, start=self.start, baseline=old)

    def check_alive(self) -> None:
        """ServerError for a launched server that has ended, rather than a refused connection later."""
        for process, name in ((self.launched, "server"), (self.launched_baseline, "baseline_server")):
            if process is not None and not process.alive():
                raise ServerError(
                    Message("reach.launched_gone", name=Message(f"part.{name}_name"), path=process.log_path)
                )

    def close(self) -> None:
        for process in (self.launched, self.launched_baseline):
            if process is not None:
                process.stop()


def open_servers(settings: Settings, folder: Path, *, place: int | None, baseline: bool) -> Servers:
    """Start or find the servers; ConfigError and ServerError carry the sentence that ends the session.

    place: the number of an xdist worker, which has the server of that number for itself. baseline: whether
    the baseline server is measured in this session. What was started is stopped again on any error.
    """
    options = settings.options
    _check_logs("deploy-log", options.deploy_log)
    _check_logs("baseline-deploy-log", options.baseline_deploy_log)
    url, logs = settings.base_urls[place or 0], tuple(options.deploy_log)
    if len(settings.base_urls) > 1:
        logs = logs[place or 0 :][:1]  # one log a server, in the order of the URLs
    log = folder / f"server{worker_suffix(place)}.log"
    under_test = Start("--base-url", url, options.launch, options.env or ())
    with ExitStack() as on_error:
        launched, new, began = _opened(settings, under_test, log, logs, settings.api_key, on_error)
        if settings.baseline_url is None or not baseline:
            on_error.pop_all()
            return Servers(new, launched=launched, start=began)
        started = Start(
            "--baseline-url", settings.baseline_url, options.baseline_launch, options.baseline_env or ()
        )
        log, logs = folder / "server-baseline.log", tuple(options.baseline_deploy_log)
        try:
            key = settings.baseline_api_key
            launched_old, old, old_began = _opened(settings, started, log, logs, key, on_error)
        except ServerError as error:
            option = "--baseline-launch" if options.baseline_launch else "--baseline-url"
            raise ServerError(Message("reach.baseline_server", option=option, why=error)) from error
        twin = _check_two(new, old) if launched is None or launched_old is None else ""
        on_error.pop_all()
        return Servers(new, old, launched, launched_old, began, old_began, twin)


def _check_logs(option: str, paths: tuple[str, ...]) -> None:
    for path in paths:
        if not Path(path).is_file():
            raise ConfigError(Message("file.log_missing", option=option, path=path))
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        if packed:  # offsets of what is added to it mean nothing in what it unpacks to
            raise ConfigError(Message("file.log_gzip", option=option, path=path))


def _opened(
    settings: Settings, server: Start, log: Path, logs: tuple[str, ...], key: str | None, on_error: ExitStack
) -> tuple[Launched | None, Deployment, StartRecord | None]:
    url, launched, record = server.url, None, None
    if url.startswith(SIM) or server.command is not None:
        began = LaunchStart([*server.environment, *words_before(server.command or "")])
        launched = start(settings.options, server, str(log), key)
        on_error.callback(launched.stop)
        record = began.ready()
        url, logs = launched.url, logs or (launched.log_path,)
    return launched, identified_by(settings, url, key, logs), record


def identified_by(settings: Settings, url: str, key: str | None, logs: tuple[str, ...] = ()) -> Deployment:
    """The server at a URL, asked as the command line says."""
    options = settings.options
    return identified(
        url,
        {**bearer(key), **settings.headers},
        ca_file=options.ca_file,
        logs=logs,
        gpu_counts=(options.prefill_gpu_num, options.decode_gpu_num),
        hardware=options.hardware,
    )


def one_process(first: Deployment, second: Deployment) -> tuple[bool, str]:
    """(whether both addresses lead to one process, why that is possible where no answer shows it)."""
    infos = first.info.raw, second.info.raw
    same = same_process(first.http, second.http, *infos)
    return bool(same), alike(*infos) if same is None else ""


def _check_two(new: Deployment, old: Deployment) -> str:
    """ServerError if both addresses lead to one process; else why that is not certain, or nothing."""
    same, twin = one_process(new, old)
    if same:
        raise ServerError(
            Message(
                "reach.one_process",
                new=redact_url(new.url),
                old=redact_url(old.url),
                random_seed=new.info.random_seed,
            )
        )
    return twin
