"""The doctor's own requests and files: what of their answers stops a run, what warns. The embedded server's
part is in tests/integration/test_doctor.py.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.records import Calibration
from slabench.server.http import Http, Response
from slabench.session.load import LoadOptions
from slabench.session.preflight import PreflightContext, Status, logs, probes
from slabench.session.preflight.own_requests import quick
from slabench.session.servers import Servers
from tests.unit.factories import answer, prefill_line
from tests.unit.session.preflight.builders import (
    CURVE,
    OLD,
    answered,
    context,
    deployment,
    point,
    results,
    tencent,
)


def words(text: str, **_: Any) -> list[int]:
    return list(range(len(text.split())))


def with_tokenizer(about: PreflightContext, encode: Any = words) -> PreflightContext:
    ours: Any = None if encode is None else SimpleNamespace(encode=encode)
    source = SimpleNamespace(required=lambda: ours, optional=lambda: ours)
    about.campaign.tokenizer = source  # type: ignore[union-attr]
    return about


@pytest.mark.parametrize(
    ("counted", "encode", "status", "text"),
    [
        (lambda text: len(text.split()), words, Status.OK, "counts 4 texts as the tokenizer here does"),
        (lambda text: len(text.split()) + 1, words, Status.WARN, "counts 4 of 4 texts otherwise"),
        (lambda text: None, words, Status.WARN, "reports no prompt_tokens"),
        (lambda text: 1, None, Status.WARN, "No tokenizer is readable here"),
    ],
)
def test_token_counts(
    monkeypatch: pytest.MonkeyPatch, counted: Any, encode: Any, status: Status, text: str
) -> None:
    monkeypatch.setattr(
        probes, "sent", lambda where, how, prompt, tokens: answer(prompt_tokens=counted(prompt.text))
    )
    (result,) = results("tokenizer", with_tokenizer(answered(), encode))
    assert result.status is status
    assert text in result.sentence


@pytest.mark.parametrize(("backend", "status"), [("sglang-oai-chat", Status.OK), ("sglang-oai", Status.STOP)])
def test_a_chat_template_adds_the_same_to_each(
    monkeypatch: pytest.MonkeyPatch, backend: str, status: Status
) -> None:
    monkeypatch.setattr(
        probes,
        "sent",
        lambda where, how, prompt, tokens: answer(prompt_tokens=len(prompt.text.split()) + 5),
    )
    about = answered(options={"backend": backend, "prompt_form": "text"})
    (result,) = results("tokenizer", with_tokenizer(about))
    assert result.status is status


@pytest.mark.parametrize(
    ("ahead_s", "status", "text"),
    [
        (0.0, Status.OK, "within 2 s"),
        (-120.0, Status.WARN, "-120 s off this machine's"),
        (3600.0, Status.WARN, "+3600 s off"),
        (None, Status.OK, "reports no time"),
    ],
)
def test_the_servers_clock(
    monkeypatch: pytest.MonkeyPatch, ahead_s: float | None, status: Status, text: str
) -> None:
    headers = {} if ahead_s is None else {"date": formatdate(time.time() + ahead_s + 0.5, usegmt=True)}
    monkeypatch.setattr(Http, "get", lambda self, path: Response(200, headers, b"{}", path))
    (result,) = results("clock", answered())
    assert result.status is status
    assert text in result.sentence


def test_metrics_or_a_log_show_other_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (
        'sglang:num_requests_total{m="x"} 1\nsglang:prompt_tokens_total{m="x"} 2\n'
        'sglang:generation_tokens_total{m="x"} 3\n'
    )
    monkeypatch.setattr(Http, "get", lambda self, path: Response(200, {}, page.encode(), path))
    assert [result.status for result in results("metrics", answered())] == [Status.OK]
    monkeypatch.setattr(Http, "get", lambda self, path: Response(404, {}, b"", path))
    servers = Servers(deployment(), deployment(OLD, logs=("old.log",)))
    new, old = results("metrics", context(servers=servers, baseline_url=OLD))
    assert (new.status, old.status) == (Status.WARN, Status.OK)
    assert "Start it with --enable-metrics" in new.sentence


@pytest.mark.parametrize(
    ("load", "statuses"),
    [(b'[{"num_reqs": 2}]', [Status.WARN]), (b'[{"num_reqs": 0}]', [Status.OK]), (b"{}", [])],
)
def test_other_clients_at_work(monkeypatch: pytest.MonkeyPatch, load: bytes, statuses: list[Status]) -> None:
    monkeypatch.setattr(Http, "get", lambda self, path: Response(200, {}, load, path))
    found = results("idle", answered())
    assert [result.status for result in found] == statuses
    busy = [result.sentence for result in found if result.status is Status.WARN]
    assert all("2 requests of other clients run or wait" in sentence for sentence in busy)


def test_a_flush_that_is_not_asked_for_is_a_warning() -> None:
    (result,) = results("flush", answered(options={"no_flush_cache": True}))
    assert result.status is Status.WARN and "--no-flush-cache" in result.sentence


@pytest.mark.parametrize(
    ("allow", "load", "status", "text"),
    [
        ((), b'[{"num_reqs": 0}]', Status.STOP, "reports no running request and refuses all the same"),
        ((), b"{}", Status.STOP, "its log has the reason"),
        (("flush",), b"{}", Status.WARN, "HTTP 400"),
    ],
)
def test_a_refused_flush(
    monkeypatch: pytest.MonkeyPatch, allow: tuple[str, ...], load: bytes, status: Status, text: str
) -> None:
    monkeypatch.setattr(probes, "flushed", lambda where, **how: (400, "Cache flushed.", None))
    monkeypatch.setattr(Http, "get", lambda self, path: Response(200, {}, load, path))
    (result,) = results("flush", answered(options={"allow": allow}))
    assert result.status is status
    assert text in result.sentence


@pytest.mark.parametrize(("allow", "status"), [((), Status.STOP), (("flush",), Status.WARN)])
def test_a_busy_server_is_not_flushed(
    monkeypatch: pytest.MonkeyPatch, allow: tuple[str, ...], status: Status
) -> None:
    """That could end it before 0.5.5, and takes other clients' prefixes from them."""
    monkeypatch.setattr(probes, "flushed", lambda where, **how: pytest.fail("it was flushed"))
    monkeypatch.setattr(Http, "get", lambda self, path: Response(200, {}, b'[{"num_reqs": 2}]', path))
    (result,) = results("flush", answered(options={"allow": allow}))
    assert result.status is status and "2 requests run or wait" in result.sentence


@pytest.mark.parametrize(
    ("info", "lines", "status", "text"),
    [
        ({}, None, Status.OK, "The server confirmed the cache flush."),
        ({"dp_size": 2}, None, Status.WARN, "is of the first of 2 data-parallel ranks"),
        ({"dp_size": 2}, 1, Status.STOP, "confirms the cache flush of 1 of 2 data-parallel ranks"),
        ({"dp_size": 2}, 2, Status.OK, "Status and log confirm"),
    ],
)
def test_what_a_flush_proves(
    monkeypatch: pytest.MonkeyPatch, info: dict[str, Any], lines: int | None, status: Status, text: str
) -> None:
    monkeypatch.setattr(probes, "flushed", lambda where, **how: (200, "Cache flushed.", lines))
    (result,) = results("flush", answered(**info))
    assert result.status is status
    assert text in result.sentence


START = "[2026-01-01 00:00:00] server_args=ServerArgs(model_path='{model}', port=30000, tp_size=1)"


@pytest.mark.parametrize(
    ("model", "tokens", "status", "text"),
    [
        ("org/r1", 57, Status.OK, "1 of 1 log reports the request"),
        ("org/r1", 58, Status.WARN, "no Prefill line of it has the 57 tokens"),
        ("org/v3", 57, Status.STOP, "begins with model org/v3, and the server has org/r1"),
        ("org/v3", None, Status.STOP, "(it begins with a server on port 30000 of model org/v3)"),
        ("org/r1", None, Status.STOP, "not this server's log, or it is written late"),
    ],
)
def test_a_log(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    tokens: int | None,
    status: Status,
    text: str,
) -> None:
    """tokens: of the Prefill line that comes with the request; None: no line comes."""
    path = tmp_path / "server.log"
    path.write_text(START.format(model=model) + "\n")

    def work(where: Any, how: Any, prompt: Any, count: int) -> Any:
        assert prompt.input_len == 57 and count == 48
        if tokens is not None:
            line = prefill_line().replace("#new-token: 512", f"#new-token: {tokens}")
            assert f"#new-token: {tokens}" in line
            with open(path, "a") as file:
                file.write(line + "\n")
        return answer()

    monkeypatch.setattr(logs, "sent", work)
    monkeypatch.setattr(logs, "WAIT_S", 0.0)
    servers = Servers(deployment("http://127.0.0.1:30000", logs=(str(path),)))
    (result,) = results("log", context(CURVE, servers=servers))
    assert result.status is status
    assert text in result.sentence
    without_start = results("log", context(CURVE, servers=Servers(deployment())))
    assert without_start == []


def test_a_log_that_is_gone(tmp_path: Path) -> None:
    servers = Servers(deployment(logs=(str(tmp_path / "gone.log"),)))
    (result,) = results("log", context(servers=servers))
    assert result.status is Status.STOP and "cannot be read" in result.sentence


def calibrated(about: PreflightContext, known: Calibration | None) -> PreflightContext:
    asked = []

    def before(streams: int, *, one_token: bool) -> Calibration | None:
        asked.append((streams, one_token))
        assert asked == [
            (128, False)
        ]  # of the test with the most in flight whose answers have several tokens
        return known

    calibrator = None if known is None else SimpleNamespace(before=before)
    about.campaign.calibration = SimpleNamespace(  # type: ignore[union-attr]
        calibrator=lambda options, place, *, simulated: calibrator
    )
    return about


EXACT = Calibration("measured", "", 256, 20.0, 101, 0.4, 1.5)
LATE = replace(EXACT, tpot_error_pct=-1.5)


@pytest.mark.parametrize(
    ("known", "status", "text"),
    [
        (EXACT, Status.OK, "256 streams of 12800 tokens/s in all: TPOT +0.40 %"),
        (LATE, Status.WARN, "TPOT -1.50 %, above 1 %"),
        (Calibration("ceiling", "The null server was late."), Status.WARN, "The null server was late."),
        (None, Status.OK, "not calibrated"),
    ],
)  # fmt: skip
def test_the_clients_own_error(known: Calibration | None, status: Status, text: str) -> None:
    one_token = tencent(256, output_len=1, max_concurrency=256)
    (result,) = results("client_speed", calibrated(answered(point(2), tencent(), one_token), known))
    assert result.status is status
    assert text in result.sentence


PAIR = {"conversations": [{"value": "a"}, {"value": "b"}]}


@pytest.mark.parametrize(
    ("text", "status", "shown"),
    [
        (json.dumps([PAIR] * 128), Status.OK, "has 128 conversations"),
        (json.dumps([PAIR] * 127), Status.WARN, "and 128 prompts are asked for"),
        ("{", Status.STOP, "cannot be read as JSON"),
        ("", Status.STOP, "is empty"),
    ],
)  # fmt: skip
def test_the_data_set(tmp_path: Path, text: str, status: Status, shown: str) -> None:
    path = tmp_path / "data.json"
    path.write_text(text)
    (result,) = results("data_set", answered(tencent(128), options={"dataset_path": str(path)}))
    assert result.status is status
    assert shown in result.sentence


def test_a_server_that_does_not_answer_is_waited_for_half_a_minute() -> None:
    client = quick(LoadOptions.of(answered().settings)).client
    assert (client.first_byte_timeout_s, client.idle_timeout_s, client.total_timeout_s) == (30, 30, 30)
    client = quick(LoadOptions.of(answered(options={"first_byte_timeout": 2.0}).settings)).client
    assert client.first_byte_timeout_s == 2
