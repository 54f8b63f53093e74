"""The embedded server's bytes beside a real 0.5.7 server's: heads, events, log lines, flush, signals."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
DATA = REPO / "tests" / "data" / "sim"
REAL_LOG = REPO / "tests" / "data" / "server" / "real-0.5.7-cpu-tiny-qwen3.log.gz"
TOKENIZER = REPO / "fixtures" / "data" / "tokenizer"


class Sim:
    """A running one and its log."""

    def __init__(self, log: Path, *more: str) -> None:
        self.log = log
        command = [
            sys.executable,
            "-m",
            "slabench.sim",
            "--port",
            "0",
            "--log",
            str(log),
            "--tokenizer",
            str(TOKENIZER),
            *more,
        ]
        self.process = subprocess.Popen(command, cwd=REPO, stderr=subprocess.PIPE)
        self.port = 0
        deadline = time.monotonic() + 20
        while not self.port and time.monotonic() < deadline:
            found = (
                re.search(r"running on http://127\.0\.0\.1:(\d+)", log.read_text()) if log.exists() else None
            )
            self.port = int(found[1]) if found else 0
            time.sleep(0.02)

    def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as peer:
            fields = f"Host: x\r\nConnection: close\r\nContent-Length: {len(body)}"
            head = f"{method} {path} HTTP/1.1\r\n{fields}\r\n\r\n"
            peer.sendall(head.encode() + body)
            out = b""
            while data := peer.recv(65536):
                out += data
        return out

    def generate(self, **given: object) -> bytes:
        body = {
            "sampling_params": {"temperature": 0, "max_new_tokens": 8, "ignore_eos": True},
            "stream": True,
            **given,
        }
        return self.ask("POST", "/generate", json.dumps(body).encode())


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[Sim]:
    found = Sim(tmp_path / "server.log", "--profile", "demo?decode_log_interval=5")
    try:
        assert found.port
        yield found
    finally:
        found.process.kill()
        found.process.communicate()


def head_of(data: bytes) -> list[str]:
    """Status line and header names with their values, the date and the length left open."""
    lines = data.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return [re.sub(r"^(date|content-length): .*", r"\1:", line) for line in lines]


def events(data: bytes) -> list[dict]:
    return [json.loads(line[6:]) for line in data.decode().split("\n") if line.startswith("data: {")]


def real(name: str) -> bytes:
    return (DATA / f"{name}.http").read_bytes()


def body_of(data: bytes) -> bytes:
    return data.partition(b"\r\n\r\n")[2]


def test_a_stream_is_as_the_real_one_s(sim: Sim) -> None:
    mine, theirs = sim.generate(text="What is this that we see here?"), real("generate_stream")
    assert head_of(mine) == head_of(theirs)
    ours, wanted = events(mine), events(theirs)
    assert len(ours) == len(wanted) == 8
    for request, other in zip(ours, wanted, strict=True):
        assert list(request) == list(other)
        assert [key for key in other["meta_info"] if key in request["meta_info"]] == list(
            request["meta_info"]
        )
        for key in ("finish_reason", "completion_tokens", "weight_version", "total_retractions"):
            assert request["meta_info"][key] == other["meta_info"][key]
        assert len(request["output_ids"]) == len(other["output_ids"])
        assert isinstance(request["meta_info"]["prompt_tokens"], int)
    assert ours[1]["text"].startswith(ours[0]["text"])
    assert "e2e_latency" in ours[-1]["meta_info"]
    assert mine.endswith(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
    assert theirs.endswith(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
    sizes = re.findall(rb"\r\n([0-9a-f]+)\r\ndata: ", mine)
    assert len(sizes) == 9


def test_ids_and_text_are_counted(sim: Sim) -> None:
    from tokenizers import Tokenizer

    text = "The brai of this: how?"
    wanted = len(Tokenizer.from_file(str(TOKENIZER / "tokenizer.json")).encode(text).ids)
    assert events(sim.generate(text=text))[-1]["meta_info"]["prompt_tokens"] == wanted
    assert events(sim.generate(input_ids=[5, 6, 7]))[-1]["meta_info"]["prompt_tokens"] == 3


def test_without_stream_it_is_one_json(sim: Sim) -> None:
    mine, theirs = sim.generate(input_ids=[1, 2, 3], stream=False), real("generate")
    assert head_of(mine) == head_of(theirs)
    assert list(json.loads(body_of(mine))) == list(json.loads(body_of(theirs)))


def test_what_is_too_long_is_refused_inside_the_stream(sim: Sim) -> None:
    mine, theirs = sim.generate(input_ids=[1] * 40000), real("generate_toolong_stream")
    assert head_of(mine) == head_of(theirs)
    pattern = r"The input \(\d+ tokens\) is longer than the model's context length \(\d+ tokens\)\."
    assert [
        re.fullmatch(pattern, event["error"]["message"]) is not None
        for event in events(mine) + events(theirs)
    ] == [True, True]


@pytest.mark.parametrize(
    ("name", "method", "path", "body"),
    [
        ("generate_noinput", "POST", "/generate", b'{"stream":true}'),
        ("get_nosuch", "GET", "/nosuch", b""),
        ("flush_cache_idle", "POST", "/flush_cache", b""),
        ("get_health", "GET", "/health", b""),
    ],
)
def test_other_answers_equal_the_real_ones(sim: Sim, name: str, method: str, path: str, body: bytes) -> None:
    mine, theirs = sim.ask(method, path, body), real(name)
    assert head_of(mine) == head_of(theirs)
    assert body_of(mine) == body_of(theirs)


def test_infos_have_the_real_ones_keys(sim: Sim) -> None:
    mine = json.loads(body_of(sim.ask("GET", "/get_server_info")))
    theirs = json.loads(body_of(real("get_server_info")))
    assert set(mine) - set(theirs) == {"slabench_sim"}
    assert set(mine["internal_states"][0]) <= set(theirs["internal_states"][0])
    assert {
        key: type(value)
        for key, value in mine.items()
        if value is not None and theirs.get(key) is not None and key in theirs
    } == {
        key: type(theirs[key])
        for key, value in mine.items()
        if value is not None and theirs.get(key) is not None
    }
    assert list(json.loads(body_of(sim.ask("GET", "/get_model_info")))) == list(
        json.loads(body_of(real("get_model_info")))
    )


def shape(line: str) -> str:
    return re.sub(r"\d+(\.\d+)?", "0", line.replace("cpu graph: False", "cuda graph: True"))


def test_the_log_has_the_real_one_s_lines(sim: Sim) -> None:
    import gzip

    sim.generate(text="Some words to begin with.", sampling_params={"max_new_tokens": 30})
    sim.ask("POST", "/flush_cache")
    lines = sim.log.read_text().splitlines()
    theirs = gzip.decompress(REAL_LOG.read_bytes()).decode().splitlines()
    for words in (
        "Prefill batch",
        "Decode batch",
        "The server is fired up",
        "Cache flushed",
        '"POST /generate',
    ):
        mine = {shape(line) for line in lines if words in line}
        assert mine, words
        assert mine & {shape(line) for line in theirs if words in line}, (words, mine)
    rates = [
        float(found[1])
        for line in lines
        if (found := re.search(r"gen throughput \(token/s\): ([\d.]+)", line))
    ]
    assert len(rates) == 5  # 29 decode steps, one line each fifth
    # One request: 5 + 0.1 ms a step. The first line holds the idle time before it.
    assert rates[2] == pytest.approx(1000 / 5.1, rel=0.15)


def test_a_flush_is_refused_while_a_request_runs(sim: Sim) -> None:
    body = json.dumps(
        {"input_ids": [1, 2, 3], "stream": True, "sampling_params": {"max_new_tokens": 2000}}
    ).encode()
    with socket.create_connection(("127.0.0.1", sim.port)) as peer:
        peer.sendall(
            b"POST /generate HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        peer.recv(4096)
        mine, theirs = sim.ask("POST", "/flush_cache"), real("flush_cache_busy")
        assert (head_of(mine), body_of(mine)) == (head_of(theirs), body_of(theirs))
        assert (
            "Cache not flushed because there are pending requests. #queue-req: 0, #running-req: 1"
            in sim.log.read_text()
        )
    deadline = time.monotonic() + 10
    while b"400" in sim.ask("POST", "/flush_cache")[:20] and time.monotonic() < deadline:
        time.sleep(0.02)  # the client has gone, so its work ends long before its 2,000 tokens
    assert "Cache flushed successfully!" in sim.log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once(sim: Sim, number: signal.Signals) -> None:
    sim.process.send_signal(number)
    assert sim.process.wait(5) == 0


def test_a_taken_port_and_a_wrong_profile_are_one_sentence(sim: Sim, tmp_path: Path) -> None:
    for more in (["--port", str(sim.port)], ["--profile", "nosuch"]):
        done = subprocess.run(
            [sys.executable, "-m", "slabench.sim", *more],
            cwd=REPO,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        last = done.stderr.strip().splitlines()[-1]
        assert last.endswith(".")
        assert "Traceback" not in done.stderr


V1 = DATA.parent / "v1"
COUNTS = {"include_usage": True, "continuous_usage_stats": True}


@pytest.mark.parametrize(
    ("name", "path", "given"),
    [
        (
            "completions_stream_counts",
            "/v1/completions",
            {"prompt": "Some words", "max_tokens": 8, "stream_options": COUNTS},
        ),
        (
            "completions_stream_usage",
            "/v1/completions",
            {"prompt": [5, 6], "max_tokens": 8, "stream_options": {"include_usage": True}},
        ),
        (
            "chat_completions_stream_counts",
            "/v1/chat/completions",
            {
                "messages": [{"role": "user", "content": "Some"}],
                "max_completion_tokens": 8,
                "stream_options": COUNTS,
            },
        ),
        (
            "chat_stream_usage",
            "/v1/chat/completions",
            {
                "messages": [{"role": "user", "content": "Some"}],
                "max_completion_tokens": 8,
                "stream_options": {"include_usage": True},
            },
        ),
    ],
)
def test_a_v1_stream_is_as_the_real_one_s(sim: Sim, name: str, path: str, given: dict[str, object]) -> None:
    mine = sim.ask(
        "POST", path, json.dumps({"model": "tiny", "stream": True, "ignore_eos": True, **given}).encode()
    )
    theirs = (V1 / f"{name}.http").read_bytes()
    assert head_of(mine) == head_of(theirs)

    def kinds(data: bytes) -> list[str]:
        """Keys with the types of their values, in order; each kind of event once."""

        def kind(value: object) -> object:
            if isinstance(value, dict):
                return {
                    key: kind(part) for key, part in value.items() if key not in ("prompt_tokens_details",)
                }
            return [kind(part) for part in value] if isinstance(value, list) else type(value).__name__

        return list(dict.fromkeys(json.dumps(kind(event)) for event in events(data)))

    assert kinds(mine) == kinds(theirs)
    sums = [
        [event["usage"]["completion_tokens"] for event in events(data) if event["usage"]][-1]
        for data in (mine, theirs)
    ]
    assert sums == [8, 8]
    assert mine.endswith(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")


def test_v1_refuses_inside_the_stream_as_the_real_one(sim: Sim) -> None:
    body = json.dumps({"model": "tiny", "prompt": [1] * 40000, "max_tokens": 8, "stream": True}).encode()
    mine, theirs = (
        sim.ask("POST", "/v1/completions", body),
        (V1 / "completions_toolong_stream.http").read_bytes(),
    )
    assert head_of(mine) == head_of(theirs)
    (ours,), (other,) = events(mine), events(theirs)
    assert list(ours["error"]) == list(other["error"])
    assert re.sub(r"\d+", "0", ours["error"]["message"]) == re.sub(r"\d+", "0", other["error"]["message"])
