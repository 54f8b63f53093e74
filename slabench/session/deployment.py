"""One server as it answered when the session began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slabench.messages import Message
from slabench.records import GpuCounts
from slabench.run_document.read import parse
from slabench.run_document.run import ServerEntry, ServerGpus, ServerRole
from slabench.server.fingerprint import fingerprint
from slabench.server.http import Http
from slabench.server.identify import identify
from slabench.server.info import ServerInfo
from slabench.server.roles import Roles
from slabench.server.secrets import redact_url


@dataclass(frozen=True, slots=True)
class Deployment:
    """A server, or a router with its servers, at one URL."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    ca_file: str | None
    roles: Roles
    logs: tuple[str, ...]  # deploy logs that can be read here
    gpus: GpuCounts
    gpu_source: Message  # the counts in words, with where they are from
    fingerprint: Mapping[str, Mapping[str, Any]]

    @property
    def http(self) -> Http:
        """For requests beside the load."""
        return Http(self.url, self.headers, ca_file=self.ca_file)

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
    def labels(self) -> tuple[str, ...]:
        """Labels of every output of a run at this server, from the start of the run."""
        simulated, reference = self.simulated, self.info.reference
        return ("SIMULATED",) * simulated + ("NOT_REFERENCE",) * (not reference)

    @property
    def entry(self) -> ServerEntry:
        """run.json's server part."""
        info, gpus = self.info, self.gpus
        return ServerEntry(
            url=redact_url(self.url),
            version=info.version,
            reference=info.reference,
            model_path=info.model_path,
            served_model_name=info.served_model_name,
            gpus=ServerGpus(
                prefill=gpus.prefill,
                decode=gpus.decode,
                total=gpus.total,
                source=str(self.gpu_source),
                source_message=self.gpu_source,
            ),
            roles=tuple(parse(ServerRole, role, strict=True) for role in self.roles.as_list()),
            token_capacity=info.token_capacity,
            max_running_requests=info.max_running_requests,
            fingerprint=self.fingerprint,
            info=dict(info.raw),
        )


def identified(
    url: str,
    headers: Mapping[str, str],
    *,
    ca_file: str | None = None,
    logs: tuple[str, ...] = (),
    gpu_counts: tuple[int | None, int | None] = (None, None),
    hardware: Any = None,
) -> Deployment:
    """Ask the server at this URL what it is; ServerError if it does not answer.

    gpu_counts: of prefill and of decode, where the command line has them; hardware: its --hardware.
    """
    roles = identify(url, headers, ca_file=ca_file)
    gpus = roles.gpus(*gpu_counts)
    return Deployment(
        url=url,
        headers=headers,
        ca_file=ca_file,
        roles=roles,
        logs=logs,
        gpus=gpus,
        gpu_source=roles.describe_gpus(*gpu_counts),
        fingerprint=fingerprint(roles, hardware, url=url, gpus=gpus),
    )
