"""10,000 random answers among good ones, through everything that reads, keeps and judges them: each costs
itself at most.

The seeds are fixed: a failure names its own, and `random.Random(seed)` makes the same answers again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from slabench.loadgen import event_template
from slabench.loadgen.backends import BACKENDS
from slabench.loadgen.exchange import Exchange
from slabench.loadgen.frames import Decoder
from slabench.loadgen.http1 import Answer
from slabench.loadgen.response_record import record_of
from slabench.loadgen.worker import record_frame
from slabench.metrics.classic import compute_classic
from slabench.metrics.compute import compute
from slabench.records import ClientRecord, RequestRecord, RunRecord, ServerEvidence
from slabench.report.records_file import as_row, from_row
from slabench.report.sanitize import plain
from slabench.server.known_secrets import KNOWN, know
from slabench.strict_json import finite
from slabench.verdict.validity.context import CheckContext
from slabench.verdict.validity.policy import examine
from tests.unit.loadgen.reading import DONE, HEAD, LENGTH, chunk, event, line, piece, request

SEEDS, RUNS, ODD, GOOD = range(20), 10, 50, 6  # 20 x 10 x 50 odd answers, with 6 good ones in each run
KEY = "sk-Fuzz-4f9b2c7e81d0a356"
# JSON as text, so that what Python cannot write is there too.
VALUES = [
    *"0 1 2 3 -1 60.0 6e1 2.5 1e999 -1e999 NaN Infinity null true false {} [] [[]]".split(),
    "9007199254740993", "18446744073709551616",
    "1" * 400, "-" + "1" * 400, "1" * 5000, "0." + "1" * 400, "[" * 5000 + "]" * 5000,
    '{"a":' * 900 + "1" + "}" * 900, "[" * 500,
    '"\\ud800"', '"\\udfff\\ud83d"', '"a\\u0000\\u001b[31m\\r\\n::error::"',
    '"' + "x" * 3000 + '"', '"\\', "}", "{", ",", '"', "",
    f'"{KEY}"', f'"Bearer {KEY}"', f'{{"message":"{KEY}"}}', f'{{"{KEY}":1}}',
    f'{{"type":"abort","message":"{"y" * 490} {KEY}"}}',
    '{"type":"length"}', '"length"', '"stop"', '{"message":"no memory","code":500}', "[1,2,3]",
    '["a",{"b":[]}]',
]  # fmt: skip
NAMES = (
    "text output_ids meta_info completion_tokens prompt_tokens cached_tokens finish_reason id error errors "
    "object choices usage delta content message code e2e_latency total_retractions queue_time detail "
    "prompt_tokens_details weight_version"
)
KEYS = [*NAMES.split(), "\\u0063ompletion_tokens", KEY, ""]
LINES = [
    b"data: [DONE]\n\n",
    b"data:\n\n",
    b": ping\r\n\r\n",
    b"event: error\n",
    b"id: 1\nretry: 2\n",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n\n\n",
]
LINES += [
    b"data: {\ndata: }\n\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"event: error\ndata: %b\n\n" % KEY.encode(),
    b"\x00" * 40,
    b"<html>\n\n",
]


def any_json(dice: random.Random, depth: int = 0) -> str:
    if depth > 3 or dice.random() < 0.5:
        return dice.choice(VALUES)
    if dice.random() < 0.3:
        return "[" + ",".join(any_json(dice, depth + 1) for _ in range(dice.randrange(4))) + "]"
    colon = dice.choice([":", ":", " : ", ":\t"])
    return (
        "{"
        + ",".join(
            f'"{dice.choice(KEYS)}"{colon}{any_json(dice, depth + 1)}' for _ in range(dice.randrange(6))
        )
        + "}"
    )


def odd_event(dice: random.Random, count: int, *, backend: str) -> bytes:
    """One of the usual form with a value or a key that is none, or something else altogether."""
    if dice.random() < 0.15:
        return dice.choice(LINES)
    if dice.random() < 0.2:
        return b"data: " + any_json(dice).encode() + b"\n\n"
    text = line(
        piece(count) if backend == "sglang-oai" else event(count, end=LENGTH if dice.random() < 0.2 else None)
    )
    if dice.random() < 0.5:
        name = dice.choice(KEYS[:8]).encode()
        before, mark, behind = text.partition(b'"%b":' % name)
        if mark:
            text = before + mark + dice.choice(VALUES).encode() + b"," + behind[dice.randrange(3) :]
    if dice.random() < 0.2:
        text = text.replace(
            b'{"', b'{"%b":%b,"' % (dice.choice(KEYS).encode(), dice.choice(VALUES).encode()), 1
        )
    return text


def bytes_changed(dice: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(dice.randrange(1, 5)):
        at = dice.randrange(len(out) + 1)
        what = dice.randrange(4)
        if what == 0:
            out[at : at + 1] = bytes([dice.randrange(256)])
        elif what == 1:
            del out[at : at + dice.randrange(1, 60)]
        elif what == 2:
            out[at:at] = out[: dice.randrange(80)]
        else:
            out[at:at] = dice.choice(
                [
                    b"\r\n",
                    b"\n\n",
                    b"\x00",
                    b"0\r\n\r\n",
                    b"ffffffff\r\n",
                    b'"error":1,',
                    b"\\ud800",
                    KEY.encode(),
                ]
            )
    return bytes(out)


def odd_answer(dice: random.Random, *, backend: str) -> bytes:
    kind = dice.random()
    if kind < 0.05:
        return dice.randbytes(dice.randrange(300))
    count, events = 0, []
    for _ in range(dice.randrange(1, 7)):
        count = max(0, count + dice.choice([1, 1, 1, 1, 0, 2, -1, 7]))
        events.append(odd_event(dice, count, backend=backend))
    if dice.random() < 0.8:
        events.append(DONE)
    if kind < 0.15:
        status = dice.choice(
            [
                b"HTTP/1.1 503 Busy %b" % KEY.encode(),
                b"HTTP/1.1 307 Away\r\nlocation: http://a:%b@b/?key=%b" % ((KEY.encode(),) * 2),
            ]
        )
        data = status + b"\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n" + b"".join(events)
    elif kind < 0.25:
        data = HEAD.replace(
            b"transfer-encoding: chunked",
            dice.choice([b"x: y", b"content-length: 400", b"content-encoding: gzip"]),
        ) + b"".join(events)
    elif kind < 0.5:  # chunks that end anywhere
        body = b"".join(events)
        cuts = sorted(dice.randrange(len(body) + 1) for _ in range(dice.randrange(6)))
        parts = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True) if b > a]
        data = HEAD + b"".join(map(chunk, parts)) + b"0\r\n\r\n"
    else:
        data = HEAD + b"".join(chunk(part) for part in events if part) + b"0\r\n\r\n"
    return bytes_changed(dice, data) if dice.random() < 0.4 else data


def good_answer(number: int, *, backend: str) -> bytes:
    if backend == "sglang-oai":
        lines = [
            line(piece(1, id=f"good-{number}")),
            line(piece(2)),
            line(piece(3, end="length")),
            line(piece(3) | {"choices": []}),
        ]
    else:
        lines = [
            line(event(k, end=LENGTH if k == 3 else None)).replace(b'"id":"a"', b'"id":"good-%d"' % number)
            for k in (1, 2, 3)
        ]
    return HEAD + b"".join(map(chunk, [*lines, DONE])) + b"0\r\n\r\n"


def reads(dice: random.Random, data: bytes) -> Iterator[bytes]:
    at, usual = 0, dice.choice([1 << 20, 1 << 20, 700, 700, max(7, len(data) // 40)])
    while at < len(data):
        size = dice.randrange(1, usual + 1) if usual < 1 << 20 else usual
        yield data[at : at + size]
        at += size


def through(dice: random.Random, answers: Sequence[bytes], *, backend: str) -> list[RequestRecord]:
    """All of them at once, a read of each at random; their frames come in pieces, as from a pipe."""
    made, frames, now = [], b"", 1000
    waiting = []
    for index, data in enumerate(answers):
        exchange = Exchange(index, memoryview(b""), 0, Answer(BACKENDS[backend].meter(1 << 20)))
        exchange.start_ns = exchange.sent_ns = 1
        waiting.append((exchange, reads(dice, data)))
    while waiting:
        place = dice.randrange(len(waiting))
        exchange, rest = waiting[place]
        data = next(rest, b"")
        now += dice.randrange(1, 5_000_000)
        if data:
            exchange.last_ns = now
        if not data or exchange.answer.feed(now, data):
            exchange.answer.closed()
            exchange.answer.meter.close(now)
            exchange.end_ns = exchange.answer.meter.done_ns or now
            exchange.error, exchange.error_text = exchange.answer.error, exchange.answer.error_text
            frames += record_frame(exchange)
            del waiting[place]
    decoder, at = Decoder(), 0
    while at < len(frames):
        size = dice.randrange(1, 20_000)
        made += [
            record_of(frame, request(backend), keep_text=False)
            for frame in decoder.feed(frames[at : at + size])
        ]
        at += size
    return sorted(made, key=lambda record: record.index)


def timeless(record: RequestRecord) -> dict[str, Any]:
    """What an answer said, without when."""
    row = as_row("test", record)
    return {key: value for key, value in row.items() if not key.endswith("_ns") and key != "index"}


def checked(records: Sequence[RequestRecord]) -> str:
    """Everything that is made of the run, as the text that its files and the console have."""
    client = ClientRecord(
        wall_s=1.0, cpu_s=0.1, loop_lag_max_ms=0.1, loop_lag_p99_ms=0.1, send_lag_max_ms=0.1
    )
    run = RunRecord(records, 0, 0.0, {}, {}, client, ServerEvidence(flush_status=200))
    judged = ("tpot.mean", "ttft.mean")
    checks = examine(CheckContext(run=run, exact_prompt=True, planned=len(records), judged=judged), "tencent")
    assert any(check.name == "completed" for check in checks)
    metrics = compute(run) | compute_classic(run)
    text = json.dumps(
        finite({"figures": metrics, "checks": [plain(check.text) for check in checks]}), allow_nan=False
    )
    rows = []
    for record in records:
        row = json.dumps(as_row("test", record), allow_nan=False)
        assert from_row(json.loads(row))[1] == replace(record, counted_text=None)
        rows.append(row)
    return "\n".join([text, *rows])


@pytest.fixture(autouse=True)
def key() -> Iterator[None]:
    know(KEY)
    yield
    KNOWN.clear()


@pytest.mark.parametrize("seed", SEEDS)
def test_random_answers_cost_themselves_at_most(seed: int) -> None:
    dice = random.Random(seed)
    event_template.forget()
    for _ in range(RUNS):
        backend = "sglang-oai" if dice.random() < 0.4 else "sglang"
        answers = [odd_answer(dice, backend=backend) for _ in range(ODD)]
        places = sorted(dice.sample(range(ODD + GOOD), GOOD))
        for number, place in enumerate(places):
            answers.insert(place, good_answer(number, backend=backend))
        records = through(dice, answers, backend=backend)
        assert [record.index for record in records] == list(range(len(answers)))
        alone = [
            through(random.Random(0), [good_answer(k, backend=backend)], backend=backend)[0]
            for k in range(GOOD)
        ]
        assert [timeless(records[place]) for place in places] == [timeless(record) for record in alone]
        assert all(record.ok and list(record.arrival_tokens) == [1, 2, 3] for record in alone)
        text = checked(records)
        for piece_of_it in (KEY, KEY[:14]):
            assert piece_of_it not in text
        text.encode()
