"""A server's base URL: its parts, and whether two of them lead to one server."""

from __future__ import annotations

import base64
import ipaddress
import socket
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.server.secrets import redact_url


@dataclass(frozen=True, slots=True)
class ServerUrl:
    """A base URL's parts. Every message names it by `shown`, without its credentials."""

    scheme: str
    host: str
    port: int
    netloc: str  # host and port as they were written, without credentials
    path: str  # base path without the last slash, "" for none
    shown: str  # the URL as it may be printed
    authorization: str | None = field(default=None, repr=False)

    @property
    def loopback(self) -> bool:
        """True if the host names this machine."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")


def same_place(first: str, second: str) -> bool:
    """True if two base URLs lead to one place: the same port and path at one host, or at a name and an
    address of it.

    Two names of one address may be two servers behind a gateway that decides by the name. False if it is not
    known.
    """
    urls = left, right = parse_url(first), parse_url(second)
    if (left.port, left.path) != (right.port, right.path):
        return False
    if left.host == right.host:
        return True
    by_address = any(_is_address(url.host) or url.loopback for url in urls)
    return by_address and bool(_addresses(left.host) & _addresses(right.host))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _addresses(host: str) -> set[str]:
    try:
        addresses = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return set()
    return {{"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address) for address in addresses}


def parse_url(url: str) -> ServerUrl:
    """ConfigError if it is not a base URL."""
    shown = redact_url(url)
    want = Message("part.base_url_form")
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise ConfigError(Message("option.url_malformed", shown=shown, why=error, want=want)) from error
    if parts.scheme not in ("http", "https"):
        raise ConfigError(Message("option.url_scheme", shown=shown, want=want))
    if not parts.hostname:
        raise ConfigError(Message("option.url_host", shown=shown, want=want))
    if parts.query or parts.fragment:
        raise ConfigError(Message("option.url_query", shown=shown, want=want))
    authorization = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + base64.b64encode(pair.encode()).decode("ascii")
    if port is None:
        port = 443 if parts.scheme == "https" else 80
    netloc, path = parts.netloc.rpartition("@")[2], parts.path.rstrip("/")
    return ServerUrl(parts.scheme, parts.hostname, port, netloc, path, shown.rstrip("/"), authorization)
