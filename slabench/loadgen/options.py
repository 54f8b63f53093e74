"""Where the load goes, and how long the client waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.server.url import ServerUrl, parse_url


@dataclass(frozen=True, slots=True)
class Target:
    """A server's base URL; headers (an Authorization among them) go with every request and into no output."""

    base_url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: str | None = None
    url: ServerUrl = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", parse_url(self.base_url))
        if self.url.authorization is not None:
            raise ConfigError(Message("option.url_user"))


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """Times in seconds. connections: keep-alive, or per-request as bench_serving does it."""

    connections: str = "keep-alive"
    connect_timeout_s: float = 10.0
    first_byte_timeout_s: float = 1800.0  # published runs wait minutes for their first token
    idle_timeout_s: float = 600.0  # the published tencent run has a gap of 272 s inside an answer
    total_timeout_s: float = 21600.0  # bench_serving's
    keep_text: bool = False
    max_event_bytes: int = 16 * 2**20
    workers: int | None = None  # load processes; None: as many as the plan needs and the cores allow


DEFAULTS = ClientOptions()
