"""A small synchronous HTTP client for the requests before and after a load; the load itself is loadgen's.

Proxy variables of the environment are ignored: the server at the URL is measured, and no proxy.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from slabench import server_json
from slabench.errors import ConfigError, NoAnswer, ServerError, system_words
from slabench.messages import Message, as_message
from slabench.server.secrets import redact_url, scrub_text
from slabench.server.url import ServerUrl, parse_url

MAX_BODY = 64 * 1024 * 1024  # a server_info of 64 data-parallel ranks is about 1 MB


@dataclass(frozen=True, slots=True)
class Response:
    """One whole answer. url may be printed."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    url: str

    @property
    def text(self) -> str:
        """The body as UTF-8, other bytes replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self, read: Callable[[bytes], Any] = server_json.read) -> Any:
        """The body as JSON. ServerError, with what came instead, if it is none.

        read: server_json.parse is three times as fast, for values that are looked at one by one anyway.
        """
        try:
            return read(self.body)
        except ValueError as error:
            what = Message("part.not_json", kind=self.kind())
            if not isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
                what = Message("part.bad_json", why=error)
            raise ServerError(
                Message("reach.no_json", url=self.url, status=self.status, what=what, check_url=_CHECK_URL)
            ) from error

    def kind(self) -> Message | str:
        """What the body is, in words for a message."""
        head = self.body[:512].lstrip().lower()
        if head.startswith((b"<!doctype html", b"<html")) or "html" in self.headers.get("content-type", ""):
            return Message("part.html")
        if not self.body:
            return Message("part.empty_body")
        return f"{scrub_text(self.text[:4000])[:80]!r}"


_CHECK_URL = Message("part.check_url")


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
                    Message("option.ca_file", ca_file=ca_file, why=system_words(error))
                ) from error

    def get(self, path: str, *, timeout: float | None = None) -> Response:
        """GET base + path, with any status. ServerError if no HTTP answer came, or a redirect."""
        return self._request("GET", path, None, timeout)

    def post(self, path: str, body: Any = None, *, timeout: float | None = None) -> Response:
        """POST base + path, a body other than None as JSON. Errors as get()."""
        return self._request("POST", path, body, timeout)

    def first_of(self, paths: Sequence[str]) -> Response:
        """GET of several names of one endpoint: the first answer that another name would not change, else the
        last. Newer servers warn at old names, older ones do not have the new.
        """
        for path in paths:
            answer = self.get(path)
            if answer.status in (200, 401, 403, 503):
                break
        return answer

    def generate(self, ids: Sequence[int], tokens: int, *, timeout: float) -> Response:
        """POST /generate for that many tokens."""
        sampling = {"max_new_tokens": tokens, "temperature": 0, "ignore_eos": True}
        body = {"input_ids": list(ids), "sampling_params": sampling}
        return self.post("/generate", body, timeout=timeout)

    def _request(self, method: str, path: str, body: Any, timeout: float | None) -> Response:
        limit = self._timeout if timeout is None else timeout
        shown = self.target.shown + path
        payload = None if body is None else json.dumps(body).encode()
        headers = self._headers | ({} if body is None else {"content-type": "application/json"})
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
            # A socket that is no TLS socket yet: the peer accepted the connection and did not answer the
            # handshake.
            halfway = self._tls is not None and type(connection.sock) is socket.socket
            why = _sentence(self.target, limit, error, halfway=halfway)
            message = Message("server.no_answer", url=shown, why=why)
            if scrub_text(str(message)) != str(message):
                message = as_message(scrub_text(str(message)))
            raise NoAnswer(message) from error
        finally:
            connection.close()
        if 300 <= answer.status < 400:
            raise ServerError(
                Message("reach.redirects", url=shown, status=answer.status, location=_location(shown, fields))
            )
        return Response(answer.status, fields, data, shown)

    @staticmethod
    def _body(answer: http.client.HTTPResponse, deadline: float, shown: str) -> bytes:
        body = bytearray()
        while chunk := answer.read1(1 << 16):
            body += chunk
            if len(body) > MAX_BODY:
                raise ServerError(
                    Message("reach.too_long", url=shown, mib=MAX_BODY >> 20, check_url=_CHECK_URL)
                )
            if time.monotonic() > deadline:
                raise TimeoutError("the body did not end")
        if answer.length:  # read1() does not report an early end
            raise http.client.IncompleteRead(bytes(body), answer.length)
        return bytes(body)


def _location(shown: str, fields: Mapping[str, str]) -> Message | str:
    """Where a redirect leads, as it may be printed."""
    place = fields.get("location", "")[:500]
    try:
        return scrub_text(redact_url(urljoin(shown, place))) if place else Message("part.no_address")
    except ValueError:
        return Message("part.no_url")


def _sentence(target: ServerUrl, limit: float, error: Exception, *, halfway: bool) -> Message:
    """Why no answer came, and what to check. halfway: connected, and the TLS handshake had not ended."""
    where = f"{target.host} port {target.port}"
    if isinstance(error, http.client.IncompleteRead):
        return Message("server.short_body", size=len(error.partial))
    if isinstance(error, socket.gaierror):
        return Message("server.no_host", host=target.host, why=error.strerror)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Message("server.certificate", why=error.verify_message)
    if isinstance(error, ssl.SSLError):
        return Message("server.tls", why=error.reason or error, where=where)
    if isinstance(error, TimeoutError) and halfway:
        return Message("server.no_handshake", where=where, limit_s=limit)
    if isinstance(error, ConnectionRefusedError):
        return Message("server.refused", where=where)
    if isinstance(error, TimeoutError):
        return Message("server.timeout", limit_s=limit)
    if isinstance(error, http.client.RemoteDisconnected | ConnectionResetError | BrokenPipeError):
        return Message("server.closed")
    if isinstance(error, http.client.BadStatusLine | http.client.LineTooLong):
        return Message("server.no_http", where=where)
    why = scrub_text(system_words(error))
    return Message("server.failed", error=type(error).__name__, why=why, check=_CHECK_URL)
