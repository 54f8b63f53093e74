"""Answers that are held back, or begin before their first token: by the probe of the idle server, its own
times, its log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from slabench.errors import ServerError
from slabench.records import BEFORE, ErrorKind, RequestRecord, RunRecord
from slabench.session.stream_probe import TOKENS, ShortPrompt, probe, shown
from slabench.verdict.outcome import Check, CheckStatus
from slabench.workloads import Prompt
from tests.unit.factories import answer, run_of
from tests.unit.verdict.test_validity import LOG, context, found_in, probed


def streamed(*records: RequestRecord, **more: Any) -> Check:
    return found_in(context(*records, **more), "streamed")  # type: ignore[no-untyped-call, no-any-return]


@pytest.mark.parametrize(
    ("pairs", "state"),
    [
        ([(20, 20)], CheckStatus.OK),
        ([(5, 90)], CheckStatus.OK),  # 18 times, and 85 ms: a busy machine does that
        ([(200, 590)], CheckStatus.OK),  # 390 ms more, and less than 3 times: a slow one does
        ([(400, 410)], CheckStatus.OK),
        ([(20, 3600), (20, 25)], CheckStatus.OK),  # the first answer of many tokens compiled something
        ([(2000, 30)], CheckStatus.OK),  # the very first did
        ([(20, 3600), (20, 3600)], CheckStatus.INVALID),
        ([(20, 121), (20, 121)], CheckStatus.INVALID),
    ],
)
def test_a_first_token_that_waits_for_the_last_is_held_back(
    pairs: list[tuple[float, float]], state: CheckStatus
) -> None:
    assert streamed(probe=probed(*pairs)).state is state  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("first", "later", "empty", "state"),
    [
        (2500, 10, True, CheckStatus.INVALID),
        # a token was shown, and then it paused: so a blank may be shown, too
        (2500, 10, False, CheckStatus.FINDING),
        (90, 10, True, CheckStatus.OK),
        (250, 100, True, CheckStatus.OK),
        (10, 10, True, CheckStatus.OK),  # random weights: no text, and the next token comes as all others do
    ],
)
def test_an_event_ahead_of_its_token(first: float, later: float, empty: bool, state: CheckStatus) -> None:
    twice = probed((1, 1), (1, 1), first_gap=first, later_gap=later, empty=empty)  # type: ignore[no-untyped-call]
    assert streamed(probe=twice).state is state


def test_what_is_not_known_is_not_checked_and_a_run_of_one_token_answers_has_nothing_to_hold_back() -> None:
    assert streamed(probe=None).state is CheckStatus.NOT_CHECKED
    failed = streamed(probe=probed(failure="a request failed: HTTP 503"))  # type: ignore[no-untyped-call]
    assert failed.state is CheckStatus.NOT_CHECKED
    assert "HTTP 503" in failed.text
    assert streamed(answer(0, arrivals=((110, 1),), output_len=1), probe=None).state is CheckStatus.OK  # type: ignore[no-untyped-call]


def paced(ms: int, index: int = 0, **server: float) -> RequestRecord:
    arrivals = tuple((110 + ms * k, k + 1) for k in range(10))
    return answer(index, arrivals=arrivals, output_len=10, end=arrivals[-1][0] + 1, server=server)  # type: ignore[no-untyped-call, no-any-return]


def test_the_server_s_own_decode_throughput_against_the_client_s_time() -> None:
    """60 ms a token there, 1 ms here."""
    assert streamed(paced(60, decode_throughput=1000 / 60)).state is CheckStatus.OK
    assert streamed(paced(31, decode_throughput=1000 / 60)).state is CheckStatus.OK
    said = streamed(paced(1, decode_throughput=1000 / 60))
    assert said.state is CheckStatus.INVALID
    assert (
        "1 of 1 answer came at 1.00 ms a token, more than 2 times faster than the server made them (60.00 ms"
        in said.text
    )
    half = paced(1, decode_throughput=1000 / 60), paced(60, 1, decode_throughput=1000 / 60)
    assert streamed(*half, probe=probed((20, 20), later_gap=1.0)).state is CheckStatus.OK  # type: ignore[no-untyped-call]
    assert streamed(paced(60, decode_throughput=0.0)).state is CheckStatus.OK
    assert streamed(paced(60, decode_throughput=-5.0)).state is CheckStatus.OK


@pytest.mark.parametrize(
    ("ms", "state"),
    [
        ([20] * 10, CheckStatus.OK),
        ([11] * 10, CheckStatus.OK),
        ([9] + [20] * 9, CheckStatus.OK),
        ([9] * 2 + [20] * 8, CheckStatus.FINDING),
        ([1] * 10, CheckStatus.FINDING),
    ],
)
def test_events_that_come_faster_than_the_idle_server_makes_them_are_a_finding(
    ms: list[int], state: CheckStatus
) -> None:
    """20 ms alone: one in ten may be twice as fast. The faster of two looks at the idle server counts."""
    slow = probed((20, 25), later_gap=20.0)  # type: ignore[no-untyped-call]
    said = streamed(*(paced(gap, k) for k, gap in enumerate(ms)), probe=slow)
    assert said.state is state
    if state is CheckStatus.FINDING:
        fast = [gap for gap in ms if gap < 10]
        assert f"The events of {len(fast)} of 10 answers came every" in said.text
    once = replace(slow, pairs=(*slow.pairs, *probed((20, 25), later_gap=1.0).pairs))  # type: ignore[no-untyped-call]
    assert streamed(*(paced(gap, k) for k, gap in enumerate(ms)), probe=once).state is CheckStatus.OK


def test_events_that_waited_at_the_client_came_no_faster() -> None:
    """9 gaps of 1 ms, and the first token may have come 10 ms earlier:

    2.1 ms each, where the idle server takes 4.
    """
    case = context(paced(1), probe=probed((20, 20), later_gap=4.0))  # type: ignore[no-untyped-call]
    for stall, state in (((100.0, 15.0), CheckStatus.OK), ((106.0, 9.0), CheckStatus.FINDING)):
        client = replace(case.run.client, stalls_ms=(stall,))
        assert found_in(replace(case, run=replace(case.run, client=client)), "streamed").state is state  # type: ignore[no-untyped-call]


def test_events_that_a_proxy_joined_are_no_faster() -> None:
    """Two in one read: every second gap is none."""
    arrivals = tuple((110 + 40 * (k // 2), k + 1) for k in range(10))
    joined = answer(arrivals=arrivals, output_len=10, end=arrivals[-1][0] + 1)  # type: ignore[no-untyped-call]
    assert streamed(joined, probe=probed((20, 25), later_gap=20.0)).state is CheckStatus.OK  # type: ignore[no-untyped-call]


def test_the_log_s_time_between_tokens_against_the_client_s() -> None:
    assert streamed(paced(60), log=replace(LOG, step_ms=60.0)).state is CheckStatus.OK
    assert streamed(paced(90), log=replace(LOG, step_ms=60.0)).state is CheckStatus.OK  # prefills between
    assert streamed(paced(1), log=replace(LOG, step_ms=60.0)).state is CheckStatus.INVALID


@pytest.mark.parametrize(
    ("stall", "state"),
    [
        # its first token, at 110 ms, may have come 10 ms earlier: 9 tokens in 19 ms, 2.1 ms each
        ((100.0, 15.0), CheckStatus.OK),
        ((106.0, 9.0), CheckStatus.INVALID),  # 4 ms earlier: 1.4 ms
        ((100.0, 5.0), CheckStatus.INVALID),  # the client was back before it came
        ((112.0, 5.0), CheckStatus.INVALID),  # and stood still only later
    ],
)
def test_a_token_that_waited_at_the_client_was_not_held_back(
    stall: tuple[float, float], state: CheckStatus
) -> None:
    """4 ms a token there, 1 ms here."""
    for log in (None, replace(LOG, step_ms=4.0)):
        rate = {"decode_throughput": 1000 / 4} if log is None else {}
        case = context(paced(1, **rate), log=log, probe=probed((20, 20), later_gap=4.0))  # type: ignore[no-untyped-call]
        client = replace(case.run.client, stalls_ms=(stall,))
        assert found_in(replace(case, run=replace(case.run, client=client)), "streamed").state is state  # type: ignore[no-untyped-call]


PROMPT = Prompt(text=None, ids=None, input_len=3, output_len=9)


def alone(record: RequestRecord, *stalls: tuple[float, float]) -> RunRecord:
    """A load of one request; at time 0 it began."""
    run: RunRecord = run_of(record)  # type: ignore[no-untyped-call]
    return replace(run, client=replace(run.client, stalls_ms=stalls))


def sending(*records: RequestRecord) -> tuple[list[int], Any]:
    asked: list[int] = []
    answers = iter(records)

    def send(prompt: ShortPrompt, output_len: int) -> RunRecord:
        asked.append(output_len)
        return alone(next(answers))

    return asked, send


def late(first: int) -> RequestRecord:
    return answer(arrivals=tuple((first + 10 * k, k + 1) for k in range(5)), end=first + 50, first_text_at=0)  # type: ignore[no-untyped-call, no-any-return]


def test_the_probe_asks_once_and_again_only_where_it_looks_bad() -> None:
    asked, send = sending(late(30), late(30), late(30))
    assert len(probe(PROMPT, send).pairs) == 1
    assert asked == [1, TOKENS, 1]  # the last one only for its id
    asked, send = sending(late(30), late(900), late(30), late(40))
    assert streamed(probe=probe(PROMPT, send)).state is CheckStatus.OK
    assert asked == [1, TOKENS] * 2
    asked, send = sending(late(30), late(900), late(30), late(900))
    said = streamed(probe=probe(PROMPT, send))
    assert said.state is CheckStatus.INVALID
    assert "first token came after 20.0 ms with 1 token out, and after 890.0 ms with 64" in said.text


@pytest.mark.parametrize("one_token", [False, True])
@pytest.mark.parametrize(("ids", "replayed"), [("ab", ""), ("aa", "a"), ((None, None), "")])
def test_the_same_request_twice_has_two_ids(
    one_token: bool, ids: Sequence[str | None], replayed: str
) -> None:
    first, again = (replace(late(30), request_id=known) for known in ids)
    asked, send = sending(*((first, again) if one_token else (first, late(30), again)))
    found = probe(PROMPT, send, one_token=one_token)
    assert (found.replayed, asked) == (replayed, [1, 1] if one_token else [1, TOKENS, 1])


def test_a_probe_that_fails_says_why_and_judges_nothing() -> None:
    _, send = sending(answer(error=ErrorKind.HTTP_STATUS, error_text="HTTP 503: busy"), late(30))  # type: ignore[no-untyped-call]
    assert probe(PROMPT, send) == probed(failure="a request failed: HTTP 503: busy")  # type: ignore[no-untyped-call]

    def refuse(prompt: ShortPrompt, output_len: int) -> RunRecord:
        raise ServerError("gone")

    assert probe(PROMPT, refuse).failure == "gone"


def test_a_first_event_of_many_tokens_is_not_held_back() -> None:
    """--stream-interval=40 at 25 ms a token: the first event has to come 975 ms later than the first token
    was made.
    """
    first = answer(sent=0, arrivals=((1000, 40), (1600, 64)), end=1601)  # type: ignore[no-untyped-call]
    assert shown(alone(first)).ttft_ms == pytest.approx(25)
    assert shown(alone(answer(sent=0, arrivals=((30, 1),), end=31))).ttft_ms == 30  # type: ignore[no-untyped-call]


def test_what_waited_at_the_client_is_taken_off_a_long_answer_s_times_alone() -> None:
    """Sent at 10; the client stalled from 20 to 130, so that the short answer stays as late as it looks."""
    assert shown(alone(late(120), (20.0, 110.0))).ttft_ms == 10
    assert shown(alone(late(140), (20.0, 110.0))).ttft_ms == 130
    gaps = alone(answer(arrivals=((15, 1), (125, 2), (135, 3), (145, 4)), end=150), (20.0, 110.0))  # type: ignore[no-untyped-call]
    assert (shown(gaps).ttft_ms, shown(gaps).first_gap_ms, shown(gaps).later_gap_ms) == (5, 5, 10)
    assert shown(alone(answer(arrivals=((120, 1),), end=121), (20.0, 110.0))).ttft_ms == 110  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(("place", "empty"), [(0, False), (BEFORE, False), (1, True), (None, True)])
def test_a_first_counted_event_is_empty_where_no_text_came_until_then(place: int | None, empty: bool) -> None:
    assert shown(alone(replace(late(30), first_text_at=place))).first_empty is empty


@pytest.mark.parametrize(
    ("stamps", "text_at", "gap", "later"),
    [
        ([30, 40, 50, 60], 0, 10, 10),
        ([30, 2530, 2540, 2550], 0, 2500, 10),
        ([0, 2500, 2510, 2520], 1, 2500, 10),
        ([0, 10, 2500, 2510, 2520], 2, 2490, 10),  # two empty events
        ([0, 10, 20, 30, 40, 50, 2500, 2510, 2520], 6, 2450, 10),
        ([30, 40, 50, 60, 70, 80, 90], 5, None, 10),  # tokens without a text, one by one
        ([30, 140, 150, 260, 270, 280], 3, None, 10),  # two of them came late
        ([30, 40, 50, 60], None, 10, 10),  # no text at all
        ([30], 0, None, None),
        ([30, 40], 0, 10, None),
    ],
)
def test_the_wait_between_the_first_event_and_the_first_text(
    stamps: list[int], text_at: int | None, gap: float | None, later: float | None
) -> None:
    arrivals = tuple((at, k + 1) for k, at in enumerate(stamps))
    seen = shown(alone(answer(sent=0, arrivals=arrivals, end=stamps[-1] + 1, first_text_at=text_at)))  # type: ignore[no-untyped-call]
    assert (seen.first_gap_ms, seen.later_gap_ms) == (gap, later)


def test_the_probe_s_prompt_is_no_prompt_of_the_load() -> None:
    ids = ShortPrompt.of(replace(PROMPT, ids=list(range(100))))  # type: ignore[arg-type]
    assert ids.ids == list(range(63, -1, -1))
    assert (ids.input_len, ids.text) == (64, None)
    text = ShortPrompt.of(replace(PROMPT, text="one two three"))
    assert (text.text, text.ids, text.input_len) == ("three two one", None, 3)
