"""A small synchronous HTTP client for the questions around a run; the load itself goes through loadgen/.

Proxy variables of the environment are not read: what is measured is the server that the URL names.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from slabench import server_json
from slabench.errors import ConfigError, ServerError, system_words
from slabench.server.secrets import redact_url, scrub_text
from slabench.server.url import ServerUrl, parse_url

MAX_BODY = 64 * 1024 * 1024  # a server_info of 64 data-parallel ranks is about 1 MB


@dataclass(frozen=True, slots=True)
class Response:
    """One answer, whole. url is fit to be printed."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    url: str

    @property
    def text(self) -> str:
        """The body as UTF-8, foreign bytes replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. ServerError, naming what came instead, if it is none."""
        try:
            return server_json.read(self.body)
        except ValueError as error:
            what = f"{self.kind()} instead of JSON"
            if not isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
                what = f"JSON that cannot be read: {error}"
            raise ServerError(f"{self.url} answered {self.status} with {what}. {_CHECK_URL}") from error

    def kind(self) -> str:
        """What the body is, in words for a message."""
        head = self.body[:512].lstrip().lower()
        if head.startswith((b"<!doctype html", b"<html")) or "html" in self.headers.get("content-type", ""):
            return "an HTML page, as a proxy or a login page gives,"
        if not self.body:
            return "an empty body"
        return f"{scrub_text(self.text[:4000])[:80]!r}"


_CHECK_URL = "Check host, port and path of --base-url: it has to be the SGLang server's own address."


class Http:
    """GET and POST below one base URL, one connection per request."""

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float = 10.0,
        ca_file: str | None = None,
    ) -> None:
        self.target = parse_url(base_url)
        self._headers = {
            "accept": "application/json",
            "connection": "close",
            **{k.lower(): v for k, v in (headers or {}).items()},
        }
        if self.target.authorization is not None:
            self._headers.setdefault("authorization", self.target.authorization)
        self._timeout = timeout
        self._tls: ssl.SSLContext | None = None
        if self.target.scheme == "https":
            try:
                self._tls = ssl.create_default_context(cafile=ca_file)
            except (OSError, ssl.SSLError) as error:
                raise ConfigError(
                    f"The CA file {ca_file} cannot be used ({system_words(error)}). It has to be a readable PEM file."
                ) from error

    def get(self, path: str, *, timeout: float | None = None) -> Response:
        """GET base + path. ServerError if no HTTP answer came or it redirects; any other status is the
        caller's to judge.
        """
        return self._request("GET", path, None, timeout)

    def post(self, path: str, body: Any = None, *, timeout: float | None = None) -> Response:
        """POST base + path, a body other than None as JSON. Errors as get()."""
        return self._request("POST", path, body, timeout)

    def _request(self, method: str, path: str, body: Any, timeout: float | None) -> Response:
        limit = self._timeout if timeout is None else timeout
        shown = self.target.shown + path
        payload = None if body is None else json.dumps(body).encode()
        headers = dict(self._headers)
        if payload is not None:
            headers["content-type"] = "application/json"
        host, port = self.target.host, self.target.port
        connection: http.client.HTTPConnection
        if self._tls is not None:
            connection = http.client.HTTPSConnection(host, port, timeout=limit, context=self._tls)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=limit)
        deadline = time.monotonic() + limit
        try:
            connection.request(method, self.target.path + path, body=payload, headers=headers)
            answer = connection.getresponse()
            data = self._body(answer, deadline, shown)
            fields = {name.lower(): value for name, value in answer.getheaders()}
        except (OSError, http.client.HTTPException, UnicodeError, ValueError) as error:
            # A socket that is there and not yet a TLS one: the peer has taken the connection, and did not
            # answer the handshake.
            halfway = (
                self._tls is not None
                and connection.sock is not None
                and not isinstance(connection.sock, ssl.SSLSocket)
            )
            raise ServerError(
                scrub_text(_sentence(self.target, shown, limit, error, halfway=halfway))
            ) from error
        finally:
            connection.close()
        if 300 <= answer.status < 400:
            where = _location(shown, fields)
            raise ServerError(
                f"{shown} answered {answer.status} and points to {where}. A redirect is not followed: "
                "give the final address as --base-url."
            )
        return Response(answer.status, fields, data, shown)

    @staticmethod
    def _body(answer: http.client.HTTPResponse, deadline: float, shown: str) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while chunk := answer.read1(1 << 16):
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_BODY:
                raise ServerError(f"{shown} sent more than {MAX_BODY >> 20} MiB. {_CHECK_URL}")
            if time.monotonic() > deadline:
                raise TimeoutError("the body did not end")
        if answer.length:  # read1() does not tell an early end
            raise http.client.IncompleteRead(b"".join(chunks), answer.length)
        return b"".join(chunks)


def _location(shown: str, fields: Mapping[str, str]) -> str:
    """Where a redirect points to, as it may be printed."""
    place = fields.get("location", "")[:500]
    if not place:
        return "nowhere"
    try:
        return scrub_text(redact_url(urljoin(shown, place)))
    except ValueError:
        return "what is no URL"


def _sentence(target: ServerUrl, shown: str, limit: float, error: Exception, *, halfway: bool = False) -> str:
    """Why no answer came, and what to check. halfway: it was connected, and its TLS handshake had not ended."""
    where = f"{target.host} port {target.port}"
    if isinstance(error, http.client.IncompleteRead):
        return (
            f"{shown}: the answer broke off after {len(error.partial)} bytes. Check that the server is alive."
        )
    if isinstance(error, ConnectionRefusedError):
        return f"{shown}: connection refused, nothing listens at {where}. Check that the server runs, and the port of --base-url."
    if isinstance(error, socket.gaierror):
        return f"{shown}: the host name {target.host!r} cannot be resolved ({error.strerror}). Check the host of --base-url."
    if isinstance(error, TimeoutError) and halfway:
        return (
            f"{shown}: {where} took the connection and did not answer the TLS handshake within {limit:g} s. A server that speaks "
            "plain http does that: use http:// if it does, else check that it is not stuck."
        )
    if isinstance(error, TimeoutError):
        return f"{shown} did not answer within {limit:g} s. Check that the server is up, not stuck, and not behind a firewall."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{shown}: the certificate is not trusted ({error.verify_message}). Give the right CA file, or check the host name."
    if isinstance(error, ssl.SSLError):
        reason = error.reason or str(error)
        return f"{shown}: TLS failed ({reason}). Check whether the server at {where} speaks https, and use http:// if it does not."
    if isinstance(error, http.client.RemoteDisconnected | ConnectionResetError | BrokenPipeError):
        return f"{shown}: the server closed the connection without an answer. Check that it is alive, and http:// against https://."
    if isinstance(error, http.client.BadStatusLine | http.client.LineTooLong):
        return f"{shown}: what answers at {where} does not speak HTTP. {_CHECK_URL}"
    return f"{shown} cannot be asked ({type(error).__name__}: {system_words(error)}). {_CHECK_URL}"
