"""Where the load goes, and how patient the client is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from slabench.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Target:
    """A server's base URL; headers (an Authorization among them) go with every request and into no output."""

    base_url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: str | None = None

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.base_url)
            port = parts.port
        except ValueError as error:
            raise ConfigError(
                f"--base-url={self.base_url!r} is not a URL ({error}); write http://HOST:PORT."
            ) from error
        if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
            raise ConfigError(f"--base-url={self.base_url!r} is not an http URL; write http://HOST:PORT.")
        if parts.username is not None:
            raise ConfigError("--base-url holds a user name; put an API key into SLABENCH_API_KEY instead.")

    def parts(self) -> dict[str, Any]:
        """scheme, host, port, path: what a connection needs."""
        parts = urlsplit(self.base_url)
        secure = parts.scheme == "https"
        return {
            "secure": secure,
            "host": parts.hostname,
            "port": parts.port or (443 if secure else 80),
            "netloc": parts.netloc,
            "prefix": parts.path.rstrip("/"),
        }


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """Time-outs in seconds; connections: keep-alive, or per-request as bench_serving does it."""

    connections: str = "keep-alive"
    connect_timeout_s: float = 10.0
    first_byte_timeout_s: float = 1800.0  # published runs wait minutes for their first token
    idle_timeout_s: float = 600.0  # the published tencent run has a gap of 272 s inside an answer
    total_timeout_s: float = 21600.0  # bench_serving's
    keep_text: bool = False
    max_event_bytes: int = 16 * 2**20
    workers: int | None = None  # load processes; None: as many as the plan needs and the cores allow
