"""The small HTTP client and the requests made with it, against sockets that answer as scripted."""

import json
import socket
from pathlib import Path

import pytest

from slabench.errors import ConfigError, ServerError
from slabench.server import control
from slabench.server.control import flush, wait_ready
from slabench.server.http import Http, Response
from slabench.server.identify import identify
from slabench.server.launch_command import command_url, names_no_port, split_command
from slabench.server.url import parse_url, same_place
from tests.unit.factories import http_answer as answer
from tests.unit.factories import scripted_server as scripted

DATA = Path(__file__).resolve().parents[2] / "data" / "server"


def test_get_and_post_below_a_base_path():
    with scripted(lambda line: answer(200, {"line": line})) as (url, heads):
        client = Http(url + "/base/", {"Authorization": "Bearer k"})
        assert client.get("/x").json() == {"line": "GET /base/x HTTP/1.1"}
        assert client.post("/y", {"a": 1}).json() == {"line": "POST /base/y HTTP/1.1"}
        assert "authorization: Bearer k" in heads[0]
        assert heads[1].endswith('{"a": 1}')


def test_credentials_of_the_url_are_sent_and_never_shown():
    with scripted(lambda line: answer(200, b"<html>", "text/html")) as (url, heads):
        client = Http(url.replace("://", "://me:hush@"))
        with pytest.raises(ServerError) as caught:
            client.get("/x").json()
        assert "authorization: Basic bWU6aHVzaA==" in heads[0]
    assert "hush" not in str(caught.value)
    assert "***@" in str(caught.value)
    assert "HTML page" in str(caught.value)


def test_ipv6():
    try:
        probe = scripted(lambda line: answer(200, {}), socket.AF_INET6, "::1")
        with probe as (url, _):
            assert Http(url).get("/").status == 200
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (b"", "closed the connection without an answer"),
        (b"SSH-2.0-OpenSSH_9\r\n", "is not HTTP"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", "ended after 3 bytes"),
        (
            answer(302, b"", "text/plain", "location: https://user:pw@login.example/?t=1"),
            "redirects to https://***@login.example/?t=***",
        ),
    ],
)
def test_what_is_no_answer(reply, words):
    with scripted(lambda line: reply) as (url, _), pytest.raises(ServerError) as caught:
        Http(url).get("/x")
    assert words in str(caught.value)
    assert url in str(caught.value)


def test_no_server_listens():
    with scripted(lambda line: b"") as (url, _):
        pass
    with pytest.raises(ServerError, match="connection refused"):
        Http(url).get("/")


def test_a_name_that_does_not_resolve(monkeypatch):
    def fail(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(ServerError, match=r"'no\.example' cannot be resolved"):
        Http("http://no.example:1").get("/")


def test_a_server_that_does_not_answer():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        with pytest.raises(ServerError, match=r"did not answer within 0.1 s"):
            Http(f"http://127.0.0.1:{mute.getsockname()[1]}", timeout=0.1).get("/")


def test_https_against_a_plain_server():
    with scripted(lambda line: b"HTTP/1.1 400 Bad Request\r\n\r\n") as (url, _):
        with pytest.raises(ServerError, match=r"TLS failed|closed the connection|did not answer"):
            Http(url.replace("http:", "https:"), timeout=2).get("/")


def test_https_against_a_port_that_waits_for_plain_http_names_the_scheme():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        with pytest.raises(
            ServerError, match=r"did not answer the TLS handshake within 0.1 s.*: use http:// if it does"
        ):
            Http(f"https://127.0.0.1:{mute.getsockname()[1]}", timeout=0.1).get("/")


def test_a_body_without_end_is_cut_off(monkeypatch):
    monkeypatch.setattr("slabench.server.http.MAX_BODY", 1000)
    with (
        scripted(lambda line: answer(200, b"x" * 5000)) as (url, _),
        pytest.raises(ServerError, match="sent more than"),
    ):
        Http(url).get("/")


@pytest.mark.parametrize(
    "url", ["", "localhost:8000", "ftp://h", "http://", "http://h:99999", "http://h:1/?a=b", "http://[::1"]
)
def test_what_is_no_base_url(url):
    with pytest.raises(ConfigError):
        parse_url(url)


def test_a_ca_file_that_is_none(tmp_path):
    with pytest.raises(ConfigError, match=r"CA file .* cannot be used \(No such file or directory\)"):
        Http("https://h", ca_file=str(tmp_path / "none"))


# -- identify, flush, wait_ready

INFO = (DATA / "get_server_info.http").read_bytes()
MODEL = (DATA / "get_get_model_info.http").read_bytes()
NONE = (DATA / "get_nosuch.http").read_bytes()


@pytest.mark.parametrize("old", [False, True])
def test_identify_by_the_names_of_any_version(old):
    prefix = "/get_" if old else "/"

    def reply(line):
        path = line.split()[1]
        return {
            f"{prefix}server_info": INFO.replace(b"content-length: ", b"x: "),
            f"{prefix}model_info": MODEL.replace(b"content-length: ", b"x: "),
        }.get(path, NONE)

    with scripted(reply) as (url, heads):
        info = identify(url).info
    assert (info.version, info.model_type) == ("0.5.7", "qwen3")
    assert len(heads) == (6 if old else 4)  # /workers and /v1/loads were not there


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (NONE, "slabench measures SGLang servers"),
        (answer(200, b"<!DOCTYPE html><p>", "text/html"), "HTML page"),
        (answer(502, b"<html>", "text/html"), "answered 502"),
        (answer(200, {"object": "list"}), "no server_info of SGLang"),
        (answer(200, [1]), "no server_info of SGLang"),
        (answer(401, {}), "requires an API key"),
        (answer(503, {}), "starting or stopping"),
    ],
)
def test_a_server_that_is_none_of_ours(reply, words):
    with scripted(lambda line: reply) as (url, _), pytest.raises(ServerError) as caught:
        identify(url)
    assert words in str(caught.value)


def test_flush_waits_for_our_own_warm_up_and_trusts_the_status_only(monkeypatch):
    monkeypatch.setattr(control, "_POLL_S", 0.001)
    busy, idle = ((DATA / f"flush_cache_{name}.http").read_bytes() for name in ("busy", "idle"))
    replies = [busy, busy, idle]
    with scripted(lambda line: replies.pop(0)) as (url, heads):
        status, text = flush(url)
        assert status == 200
        assert text.startswith("Cache flushed.")
        assert [head.split()[0] for head in heads] == ["POST"] * 3
        replies[:] = [busy] * 1000
        status, text = flush(url, busy_s=0.02)
        assert status == 400
        assert text.startswith("Cache flushed.")  # and that is why the text is not asked
    with scripted(lambda line: NONE) as (url, heads):
        assert flush(url)[0] == 404
        assert len(heads) == 1


def test_ready_once_a_token_comes(monkeypatch):
    monkeypatch.setattr(control, "_POLL_S", 0.001)
    generate = [answer(503, {}), answer(200, {"text": ""})]

    def reply(line):
        return (
            generate.pop(0) if "/generate" in line else answer(200, {}) if "/get_model_info" in line else NONE
        )

    with scripted(reply) as (url, heads):
        wait_ready(url, 5)
    paths = [head.split()[1] for head in heads]
    assert paths == ["/model_info", "/get_model_info", "/generate", "/generate"]


def test_ready_once_the_log_has_the_line(monkeypatch):
    monkeypatch.setattr(control, "_POLL_S", 0.001)
    ready = iter([False, False, True])
    with scripted(lambda line: answer(200, {})) as (url, heads):
        wait_ready(url, 5, log_says_ready=lambda: next(ready))
    assert [head.split()[1] for head in heads] == ["/model_info"]


def test_never_ready_has_the_last_obstacle(monkeypatch):
    monkeypatch.setattr(control, "_POLL_S", 0.001)
    with (
        scripted(lambda line: NONE) as (url, _),
        pytest.raises(ServerError, match=r"not ready after 0.05 s: .*/get_model_info answers 404"),
    ):
        wait_ready(url, 0.05)


# -- the command of --launch


@pytest.mark.parametrize(
    ("command", "url"),
    [
        ("python -m sglang.launch_server", "http://127.0.0.1:30000"),
        ("x --host 0.0.0.0 --port 8000", "http://127.0.0.1:8000"),
        ("x --host=:: --port=8000", "http://[::1]:8000"),
        ("x --port 1 --port 2 --host box", "http://box:2"),
        ("x --port 1 --ssl-certfile c.pem", "https://127.0.0.1:1"),
    ],
)
def test_where_a_command_listens(command, url):
    assert command_url(split_command(command)[1]) == url


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("serve.sh {port}", True),
        ("PORT={port} serve.sh", True),
        ("x --port 8000", True),
        ("x --port=8000", True),
        ("serve.sh --model m", False),
        ("x --dist-port 5", False),
    ],
)
def test_a_command_that_names_no_port(command, named):
    assert names_no_port(command) is not named


def test_a_command_is_split_without_a_shell():
    environment, words = split_command("A=1 B='x y' prog --port {port} 'a b;c' D=2", port=77)
    assert environment == {"A": "1", "B": "x y"}
    assert words == ["prog", "--port", "77", "a b;c", "D=2"]
    free = split_command("x {port} {port}")[1]
    assert free[1] == free[2]
    assert 0 < int(free[1]) < 65536


@pytest.mark.parametrize("command", ["", "A=1", "x 'unclosed"])
def test_commands_that_are_none(command):
    with pytest.raises(ConfigError, match="--launch"):
        split_command(command)


def test_a_port_that_is_none():
    with pytest.raises(ConfigError, match="--port 'x'"):
        command_url(["a", "--port", "x"])


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("http://127.0.0.1:1", "http://localhost:1", True),
        ("http://127.0.0.1:1/", "http://127.0.0.1:1", True),
        ("http://127.0.0.1:1", "http://0.0.0.0:1", True),
        ("http://[::1]:80", "http://[::1]", True),
        ("http://127.0.0.1:1", "http://localhost:2", False),
        ("http://127.0.0.1:1/old", "http://127.0.0.1:1/new", False),
        # a gateway may go by names, and these have none here
        ("http://new.example:1", "http://old.example:1", False),
        ("http://10.0.0.1:1", "http://10.0.0.2:1", False),
    ],
)
def test_two_names_of_one_place(first: str, second: str, same: bool) -> None:
    assert same_place(first, second) is same_place(second, first) is same


def test_names_behind_one_gateway_are_two_places(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_address(host: str, port: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", ("10.9.8.7", 0))]

    monkeypatch.setattr("socket.getaddrinfo", one_address)
    assert not same_place("http://new.example:1", "http://old.example:1")
    assert same_place("http://new.example:1", "http://10.9.8.7:1")


@pytest.mark.parametrize(("refusals", "count"), [(5, 0), (30, 1), (400, 1)])
def test_a_flush_that_is_refused_for_long_is_reported_once(monkeypatch, refusals, count):
    """0.2 s between two attempts; our own warm-up may take 2 s without a sentence; after 30 s the refusal
    counts.
    """
    now, answers, sentences = [0.0], iter([400] * refusals + [200]), []
    monkeypatch.setattr(control.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(control.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    refusal = b"Cache not flushed", "http://h:1/flush_cache"
    monkeypatch.setattr(Http, "post", lambda self, path: Response(next(answers), {}, *refusal))
    load = b'[{"num_reqs": 2}, {"num_reqs": 1}]', "http://h:1/get_load"
    monkeypatch.setattr(Http, "get", lambda self, path: Response(200, {}, *load))
    status, _ = flush("http://h:1", say=sentences.append)
    assert status == (400 if refusals == 400 else 200)
    assert len(sentences) == count
    assert all(
        "the server reports 3. The flush is repeated for up to 30 s" in str(text) for text in sentences
    )


@pytest.mark.parametrize(
    ("load", "waited", "says"),
    [
        (b'[{"num_reqs": 0}]', 4.0, "the server reports none. The flush is repeated for 2 s."),
        (b'[{"num_reqs": 0}, {"num_reqs": "x"}]', 30.0, "requests are still running there"),
        (b"[]", 30.0, "requests are still running there"),
        (b'{"detail": "Not Found"}', 30.0, "requests are still running there"),
    ],
)
def test_a_server_without_requests_that_refuses_is_not_waited_for(monkeypatch, load, waited, says):
    now, sentences = [0.0], []
    monkeypatch.setattr(control.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(control.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    refusal = b"Cache not flushed", "http://h:1/flush_cache"
    monkeypatch.setattr(Http, "post", lambda self, path: Response(400, {}, *refusal))
    monkeypatch.setattr(Http, "get", lambda self, path: Response(200, {}, load, "http://h:1/get_load"))
    status, _ = flush("http://h:1", say=sentences.append)
    assert status == 400
    assert now[0] == pytest.approx(waited, abs=0.5)
    assert len(sentences) == 1 and says in str(sentences[0])


@pytest.mark.parametrize(
    ("pages", "count"),
    [
        ({"/get_load": [{"num_reqs": 2, "num_waiting_reqs": 1}, {"num_reqs": 3}]}, 5),
        ({"/v1/loads": {"loads": [{"num_running_reqs": 3, "num_waiting_reqs": 1}]}}, 4),
        ({"/v1/loads": {"loads": [{"num_running_reqs": 3}]}}, None),
        ({"/get_load": [], "/v1/loads": {"loads": []}}, None),
        ({"/get_load": [{"num_reqs": True}]}, None),
        ({}, None),
    ],
)
def test_the_servers_own_count_of_requests(monkeypatch, pages, count):
    def get(self, path):
        page = pages.get(path)
        return Response(404 if page is None else 200, {}, json.dumps(page).encode(), path)

    monkeypatch.setattr(Http, "get", get)
    assert control.requests_there(Http("http://h:1")) == count
