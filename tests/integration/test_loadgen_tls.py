"""Streams over TLS, from a server that cuts its records as it likes and ends as servers do."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from slabench.loadgen import ClientOptions, LoadResult, Plan, Target, prepare_requests, run_load
from slabench.records import ErrorKind
from slabench.workloads.model import Prompt
from tests.integration.fault_matrix.servers import private_ca

Serve = Callable[[ssl.SSLSocket], None]
CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
DONE = b"data: [DONE]\n\n"
TOKENS = 400


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return private_ca(tmp_path_factory.mktemp("ca"))


@contextmanager
def served(context: ssl.SSLContext, serve: Serve) -> Iterator[str]:
    """serve() answers on one connection after the other, each of which has sent its request."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer(peer: socket.socket) -> None:
            with suppress(OSError), context.wrap_socket(peer, server_side=True) as secure:
                data = b""
                while b"\r\n\r\n" not in data:
                    data += secure.recv(1 << 16)
                serve(secure)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def event(tokens: int) -> bytes:
    meta = {
        "id": "a",
        "finish_reason": None,
        "prompt_tokens": 4,
        "completion_tokens": tokens,
        "cached_tokens": 0,
    }
    body = {"text": "word " * tokens, "output_ids": list(range(tokens)), "meta_info": meta}
    return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def load(url: str, ca: Path, count: int = 4) -> LoadResult:
    requests = prepare_requests([Prompt("words", None, 4, TOKENS)] * count)
    return run_load(
        Target(url, ca_file=str(ca)), requests, Plan.at_once(count), ClientOptions(idle_timeout_s=5)
    )


def each_a_record(peer: ssl.SSLSocket) -> None:
    peer.sendall(CHUNKED)
    for tokens in range(1, TOKENS + 1):
        peer.sendall(chunk(event(tokens)))
    peer.sendall(chunk(DONE) + b"0\r\n\r\n")
    peer.recv(1)


def small_records(peer: ssl.SSLSocket) -> None:
    whole = (
        CHUNKED
        + b"".join(chunk(event(tokens)) for tokens in range(1, TOKENS + 1))
        + chunk(DONE)
        + b"0\r\n\r\n"
    )
    for at in range(0, len(whole), 977):
        peer.sendall(whole[at : at + 977])
    peer.recv(1)


def closed_by_tls_alone(peer: ssl.SSLSocket) -> None:
    """Without a length: the answer ends with close_notify, and the TCP connection stays."""
    peer.sendall(PLAIN + b"".join(map(event, range(1, TOKENS + 1))) + DONE)
    with suppress(OSError):
        peer.unwrap().recv(1)


@pytest.mark.parametrize("serve", [each_a_record, small_records, closed_by_tls_alone])
def test_every_token_counts_however_the_records_are_cut(
    authority: tuple[Path, ssl.SSLContext], serve: Serve
) -> None:
    ca, context = authority
    with served(context, serve) as url:
        result = load(url, ca)
    for record in result.requests:
        assert record.ok, record.error_text
        assert list(record.arrival_tokens) == list(range(1, TOKENS + 1))
        assert list(record.arrival_ns) == sorted(record.arrival_ns)
        assert record.sent_ns is not None
        assert record.arrival_ns[0] >= record.sent_ns


def test_a_broken_record_costs_no_token_before_it(authority: tuple[Path, ssl.SSLContext]) -> None:
    def serve(peer: ssl.SSLSocket) -> None:
        peer.sendall(CHUNKED + b"".join(chunk(event(tokens)) for tokens in range(1, 21)))
        with socket.socket(fileno=peer.detach()) as raw:
            raw.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
            with suppress(OSError):
                raw.recv(1)

    ca, context = authority
    with served(context, serve) as url:
        result = load(url, ca, 1)
    (record,) = result.requests
    assert record.error in (ErrorKind.RESET, ErrorKind.TRUNCATED)
    assert list(record.arrival_tokens) == list(range(1, 21))


def test_a_server_that_the_authority_does_not_know(
    authority: tuple[Path, ssl.SSLContext], tmp_path: Path
) -> None:
    other, _ = private_ca(tmp_path)
    with served(authority[1], each_a_record) as url:
        result = load(url, other, 2)
    assert {record.error for record in result.requests} == {ErrorKind.CONNECT}
    assert all("CERTIFICATE_VERIFY_FAILED" in record.error_text for record in result.requests)
