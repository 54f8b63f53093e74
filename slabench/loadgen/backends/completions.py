"""/v1/completions: a piece of text an event, token counts only where asked for, the finish reason and the sum
in events of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from slabench.loadgen import events
from slabench.loadgen.backends.base import (
    AnswerContent,
    Backend,
    LastEvent,
    counts,
    impossible_number,
    read_object,
    register,
    short,
    strings,
)
from slabench.loadgen.event_stream import payload
from slabench.loadgen.event_template import COUNT, ERROR, Frame, event_of, piece_frame
from slabench.loadgen.events import Event
from slabench.loadgen.numbers import TOKENS, token_count
from slabench.loadgen.stream import KeptLines, StreamMeter
from slabench.loadgen.uncounted import Uncounted
from slabench.workloads.model import Prompt

# Added to bench_serving's payloads: without it a server counts no tokens along the stream.
STREAM_OPTIONS = {"include_usage": True, "continuous_usage_stats": True}
_COUNT_LEN = len(COUNT)
_NO_CHOICE = re.compile(rb'"choices"\s*:\s*(?:\[\s*\]|null)')
_FINISH = re.compile(rb'"finish_reason"\s*:\s*"')
_CONTINUES, _NO_USAGE = b'"finish_reason":null', b'"usage":null'
MOST_PIECES, MAX_PIECE_BYTES = 32, 1 << 16  # the first events, whose text is compared with their count
SAME_EVENT_NS = 20_000_000  # a server may write one step's text in several events, one right after the other


class CompletionsMeter(StreamMeter):
    __slots__ = ("_grown_ns", "finish", "pieces", "uncounted", "usage")

    # What a model thinks, calls or refuses is tokens as well.
    OUTPUT = re.compile(
        rb'"(?:text|content|reasoning_content|reasoning|thinking|refusal|arguments)"\s*:\s*"[^"]|"tool_calls"\s*:\s*\[\s*\{'
    )

    def __init__(self, limit: int = 16 * 2**20) -> None:
        super().__init__(limit)
        self.usage = b""  # the event without a choice that has the sum, and brings no token
        self.finish = b""  # the event with the finish reason
        self.pieces: list[bytes] = []  # the first counted events
        self.uncounted = Uncounted()  # when output came, where no event has a count
        self._grown_ns = 0  # when the count last grew

    def usual_event(self, now_ns: int, data: bytes, start: int, end: int) -> bool:
        ends = data.find(_CONTINUES, start, end) < 0  # else it has a choice, and that one continues
        if data.find(ERROR, start, end) >= 0 or (ends and data.find(b'"choices"', start, end) < 0):
            return False
        at = data.rfind(COUNT, start, end)
        tokens: int | None = None
        if at >= 0:
            tokens = TOKENS[data[at + _COUNT_LEN : data.find(b",", at, at + 32)]]
            if tokens < 0 and (tokens := token_count(data, at + _COUNT_LEN, end)) is None:
                return False
        elif data.find(_NO_USAGE, start, end) < 0 and any(
            data.find(mark, start, end) >= 0 for mark in (b"_tokens", b"\\u")
        ):
            return False
        if ends and _FINISH.search(data, start, end) is not None:
            self.finish = data[start:end]
        text = (tokens is None or self.first_text_ns is None) and self.OUTPUT.search(
            data, start, end
        ) is not None
        if text and self.first_text_ns is None:
            self.first_text(now_ns, tokens)
        if tokens is None:
            self.not_arrived(now_ns, data, start, end, output=text)
        elif ends and _NO_CHOICE.search(data, start, end) is not None:
            self._sum(data[start:end])
        else:
            self.arrived(now_ns, data, start, end, tokens)
        return True

    def count(self, now_ns: int, data: bytes, start: int, end: int, *, alone: bool = True) -> bool:
        return data.startswith(b"data: {", start) and self.usual_event(now_ns, data, start, end)

    def keeps(self) -> int:
        return max(0, MOST_PIECES - len(self.pieces)) if len(self.pieces) == len(self.arrival_ns) else 0

    def frame(self) -> Frame | None:
        return piece_frame(self.last_line(), text=self.first_text_ns is not None)

    def run(self, times_ns: Sequence[int], step: int, kept: Sequence[bytes] = ()) -> None:
        super().run(times_ns, step)
        self._grown_ns = times_ns[-1]
        self.pieces += map(event_of, kept)

    def json_event(self, event: Event, now_ns: int, data: bytes, start: int, end: int) -> None:
        if event.reason:
            self.finish = payload(data, start, end)
        if event.total and event.count is not None:
            self._sum(payload(data, start, end))
        else:
            super().json_event(event, now_ns, data, start, end)

    def _sum(self, line: bytes) -> None:
        self.usage = line
        self._not_arrivals += 1

    def arrived(self, now_ns: int, data: bytes, start: int, end: int, tokens: int) -> None:
        if not self.arrival_tokens or tokens > self.arrival_tokens[-1]:
            self._grown_ns = now_ns
        elif now_ns - self._grown_ns > SAME_EVENT_NS and self.OUTPUT.search(data, start, end) is not None:
            self.uncounted_outputs += 1  # a text that comes later than the tokens it consists of
        StreamMeter.arrived(self, now_ns, data, start, end, tokens)
        self.steady = len(self.arrival_ns) > 0
        number = len(self.arrival_ns)
        if number <= MOST_PIECES and len(self.pieces) == number - 1 and end - start <= MAX_PIECE_BYTES:
            self.pieces.append(data[start:end])

    def not_arrived(self, now_ns: int, data: bytes, start: int, end: int, *, output: bool) -> None:
        super().not_arrived(now_ns, data, start, end, output=output)
        if not self.arrival_ns:
            self.uncounted.note(now_ns, data, start, end, output=output)

    def kept(self) -> KeptLines:
        last = b"\n".join(line for line in (self.last_line(), self.finish, self.usage) if line)
        return KeptLines(last, self.first, pieces=b"\n".join(self.pieces))

    def uncounted_head(self) -> dict[str, Any] | None:
        return None if self.arrival_ns else self.uncounted.as_head()


@register
class Completions(Backend):
    name = "sglang-oai"
    path = "/v1/completions"
    meter = CompletionsMeter
    optional_counts = True
    omits_zero_cached = True  # no prompt_tokens_details where nothing was cached (usage_processor.py, 0.5.7)

    def payload(self, prompt: Prompt, output_len: int, model: str) -> dict[str, Any]:
        """bench_serving 0.5.7's (async_request_openai_completions), with token counts asked for."""
        return {
            "model": model,
            "prompt": prompt.text if prompt.text is not None else list(prompt.ids or ()),
            "temperature": 0.0,
            "best_of": 1,
            "max_tokens": output_len,
            "stream": True,
            "ignore_eos": True,
            "stream_options": STREAM_OPTIONS,
        }

    def read(self, lines: KeptLines, tokens: Sequence[int], *, has_text: bool) -> AnswerContent:
        first = read_object(lines.first)
        report = _last_events(lines.last.split(b"\n")) if lines.last else None
        first_empty = None if first is None else _is_empty(first)
        text, counted = None, 0
        if report is not None and lines.pieces:
            pieces = [events.piece(read_object(line)) for line in lines.pieces.split(b"\n")]
            text, counted = "".join(pieces), tokens[len(pieces) - 1]
        elif report is not None and tokens and not has_text:
            text, counted = "", tokens[-1]
        return AnswerContent(report, first_empty=first_empty, counted_text=text, counted_tokens=counted)


def _is_empty(event: Mapping[str, Any]) -> bool:
    """Whether an event brings no output."""
    choices = event.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    delta = choice.get("delta") if isinstance(choice, dict) else None
    return not events.piece(event) and not (isinstance(delta, dict) and delta.get("tool_calls"))


def _last_events(lines: Sequence[bytes]) -> LastEvent | None:
    """The last count, the finish reason and the sum, a line each. None if one is not an event of /v1."""
    usage: dict[str, Any] = {}
    reason = error = None
    for event in map(read_object, lines):
        if event is None or "choices" not in event:
            return None
        if isinstance(event.get("usage"), dict):
            usage |= {
                key: event["usage"][key]
                for key in ("prompt_tokens", "completion_tokens")
                if key in event["usage"]
            }
            details = event["usage"].get("prompt_tokens_details")
            if isinstance(details, dict):
                usage["cached_tokens"] = details.get("cached_tokens")
        choice = event["choices"][0] if isinstance(event["choices"], list) and event["choices"] else None
        if isinstance(choice, dict) and isinstance(choice.get("finish_reason"), str):
            reason = choice["finish_reason"]
        error = error or events.error_of(event)
    assert event is not None
    return LastEvent(
        *counts(usage),
        finish_reason=short(reason),
        request_id=short(event["id"]) if isinstance(event.get("id"), str) else None,
        origin=strings(event, ("model", "system_fingerprint")),
        error=error,
        impossible=impossible_number({"id": event.get("id")} | usage),
    )
