"""SGLang's own endpoint: cumulative text and ids, and meta_info with the token count, in every event."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from slabench import server_json
from slabench.errors import ConfigError
from slabench.loadgen import events
from slabench.loadgen.backends.base import (
    COUNTS,
    MAX_NAME,
    AnswerContent,
    Backend,
    LastEvent,
    counts,
    encodable,
    impossible_number,
    read_object,
    register,
    short,
    strings,
)
from slabench.loadgen.event_stream import is_failure, payload
from slabench.loadgen.event_template import ABORT, COUNT, ERROR, FIRST_LOOK, Frame, frame_of
from slabench.loadgen.events import Event
from slabench.loadgen.numbers import TOKENS, token_count
from slabench.loadgen.stream import KeptLines, StreamMeter
from slabench.messages import Message
from slabench.workloads.model import Prompt

_COUNT_LEN = len(COUNT)
HASHED_IDS = 64  # two answers of which so many are the same are taken for the same
_TEXT = re.compile(rb'"text"\s*:\s*"(.)', re.DOTALL)
_SAMPLING = frozenset(
    "temperature top_p top_k min_p frequency_penalty presence_penalty repetition_penalty stop stop_token_ids "
    "json_schema regex ebnf skip_special_tokens no_stop_trim logit_bias custom_params".split()
)


class GenerateMeter(StreamMeter):
    """Finds the last `"completion_tokens":` of each event.

    A quotation mark inside a JSON text is always escaped, so `"completion_tokens":` can only be the key
    itself: a model's output cannot forge a count. For the same reason it cannot write `"error`.
    """

    __slots__ = ("_before", "_behind", "_look", "_middles", "_opening")

    OUTPUT = re.compile(rb'"(?:text|output_ids)"\s*:\s*(?:"[^"]|\[\s*[^\]\s])')  # a text or ids, not empty

    def __init__(self, limit: int = 16 * 2**20) -> None:
        super().__init__(limit)
        self._look = FIRST_LOOK  # the event that reaches this count is kept
        self._middles: tuple[tuple[bytes, int, int, int], ...] = ()  # the last two of them, with their counts
        # how the last event of the usual form began, and what stood around its count; at first nothing can
        self._opening = self._before = self._behind = b"\n"

    def count(self, now_ns: int, data: bytes, start: int, end: int, *, alone: bool = True) -> bool:
        at = data.rfind(COUNT, start, end) + _COUNT_LEN
        comma = data.find(b",", at, at + 12)
        tokens = TOKENS[data[at:comma]]
        if tokens <= 0 or at < _COUNT_LEN:
            return False
        if (
            data[comma:end] != self._behind
            or not data.startswith(self._opening, start)
            or not data.endswith(self._before, start, at)
        ):
            # Nothing but text and ids stands before its meta_info, and the answer continues: checked once for
            # many events.
            frame = frame_of(data[start:end], text=self.first_text_ns is not None)
            if frame is None:
                return False
            self._opening, self._before, self._behind = frame.opening, frame.before, data[comma:end]
        self.arrival_ns.append(now_ns)
        self.arrival_tokens.append(tokens)
        self.last = (data, start, end) if alone else (data[start:end], 0, end - start)
        if tokens >= self._look:
            self._keep(tokens)
        return True

    def frame(self) -> Frame | None:
        """Ids and text of what is recognised are not known: the ids that are kept do not reach the count, and
        the text is not taken for the answer.
        """
        return frame_of(self.last_line(), text=self.first_text_ns is not None)

    def event(self, now_ns: int, data: bytes, start: int, end: int, name: bytes) -> None:
        if name and is_failure(name):
            self.named_error(payload(data, start, end))
        elif not self.steady or not self.count(
            now_ns, data, start, end, alone=len(data) < 2 * (end - start) + 64
        ):
            if not self.usual_event(now_ns, data, start, end):
                self.read(now_ns, data, start, end)
            self.steady = len(self.arrival_ns) > 0

    def usual_event(self, now_ns: int, data: bytes, start: int, end: int) -> bool:
        at = data.rfind(COUNT, start, end)
        tokens = token_count(data, at + _COUNT_LEN, end) if at >= 0 else None
        if tokens is None or data.find(ERROR, start, end) >= 0 or data.find(ABORT, start, end) >= 0:
            return False
        if self.first_text_ns is None:
            text = _TEXT.search(data, start, end)
            if text is not None and text[1] != b'"':
                self.first_text(now_ns, tokens)
        self.arrived(now_ns, data, start, end, tokens)
        return True

    def json_event(self, event: Event, now_ns: int, data: bytes, start: int, end: int) -> None:
        if event.count is None:  # its text, if any, is not an answer's
            self.not_arrived(now_ns, data, start, end, output=event.output)
        else:
            super().json_event(event, now_ns, data, start, end)

    def arrived(self, now_ns: int, data: bytes, start: int, end: int, tokens: int) -> None:
        super().arrived(now_ns, data, start, end, tokens)
        if tokens >= self._look:
            self._keep(tokens)

    def _keep(self, tokens: int) -> None:
        """Keep the last event: it may be from the middle of the answer."""
        assert self.last is not None
        self._middles = (*self._middles[-1:], (*self.last, tokens))
        while self._look <= tokens:
            self._look *= 2

    def kept(self) -> KeptLines:
        last = self.arrival_tokens[-1] if self.arrival_tokens else 0
        data, start, end = next((kept[:3] for kept in reversed(self._middles) if kept[3] < last), (b"", 0, 0))
        return KeptLines(self.last_line(), self.first, data[start:end])


@register
class Generate(Backend):
    name = "sglang"
    path = "/generate"
    meter = GenerateMeter

    def payload(self, prompt: Prompt, output_len: int, model: str) -> dict[str, Any]:
        """bench_serving 0.5.7's (async_request_sglang_generate), key for key."""
        content = {"text": prompt.text} if prompt.text is not None else {"input_ids": list(prompt.ids or ())}
        return content | {
            "sampling_params": {"temperature": 0.0, "max_new_tokens": output_len, "ignore_eos": True},
            "stream": True,
            "lora_path": None,
            "return_logprob": False,
            "return_routed_experts": False,
            "logprob_start_len": -1,
        }

    def check_extra_body(self, body: Mapping[str, Any]) -> None:
        ignored = {key: value for key, value in body.items() if key in _SAMPLING}
        if ignored:
            raise ConfigError(
                Message("option.body_top", keys=tuple(ignored), path=self.path, written=json.dumps(ignored))
            )

    def read(self, lines: KeptLines, tokens: Sequence[int], *, has_text: bool) -> AnswerContent:
        first, last = read_object(lines.first), read_object(lines.last)
        first_ids, first_text = (None, "") if first is None else (_id_count(first), _text(first) or "")
        first_empty = None if first is None else not first_text and not first_ids
        if last is None or not isinstance(last.get("meta_info"), dict):
            return AnswerContent(None, first_ids, first_empty)
        report = _last_event(last)
        if report.ids is not None:
            middle, _ = _middle(read_object(lines.middle), None)
            return AnswerContent(report, first_ids, first_empty, middle)
        text = _text(last)
        whole = None if text is None else encodable(text)
        middle, middle_text = _middle(read_object(lines.middle), whole)
        counted = _counted_text(whole, first_text or middle_text, has_text=has_text) if tokens else None
        return AnswerContent(
            report, first_ids, first_empty, middle, counted, 0 if counted is None else tokens[-1]
        )


def _id_count(event: Mapping[str, Any]) -> int | None:
    ids = event.get("output_ids")
    return len(ids) if isinstance(ids, list) else None


def _text(event: Mapping[str, Any]) -> str | None:
    text = event.get("text")
    return text if isinstance(text, str) else None


def _last_event(event: Mapping[str, Any]) -> LastEvent:
    meta, ids, text = event["meta_info"], _id_count(event), _text(event)
    reason = meta.get("finish_reason")
    prompt, completion, cached = counts(meta)
    numbers = {
        server_json.clean(key): number
        for key, value in meta.items()
        if key not in COUNTS and len(key) <= MAX_NAME and (number := server_json.finite(value)) is not None
    }
    return LastEvent(
        prompt,
        completion,
        cached,
        finish_reason=short(reason.get("type") if isinstance(reason, dict) else reason),
        request_id=short(meta["id"]) if isinstance(meta.get("id"), str) else None,
        numbers=numbers,
        # With --incremental-streaming-output ids and text are those of one event only, and that is not the
        # answer.
        text=encodable(text) if text is not None and ids is not None and ids == completion else None,
        origin=strings(meta, ("weight_version",)),
        ids=ids,
        content=_content(event["output_ids"]) if ids and ids == completion else None,
        error=events.error_of(event),
        impossible=impossible_number(meta),
    )


def _content(ids: list[Any]) -> tuple[bool, int] | None:
    """Whole ids -> (whether they are one again and again, a hash of the first ones); some microseconds.

    None for ids that are no numbers.
    """
    if type(ids[0]) is not int:
        return None
    repeats = ids[0] == ids[-1] and ids.count(ids[0]) == len(ids)
    # not hash(), which differs from one load process to the next
    return repeats, zlib.crc32(str(ids[:HASHED_IDS]).encode())


def _middle(event: Mapping[str, Any] | None, whole: str | None) -> tuple[dict[str, int], str]:
    """An event from the middle: its count, its ids, how much of the answer's text it has; and that text."""
    meta = event.get("meta_info") if event is not None else None
    tokens = server_json.count(meta.get("completion_tokens")) if isinstance(meta, dict) else None
    if event is None or not tokens:
        return {}, ""
    ids, text = _id_count(event), _text(event)
    middle = {"tokens": tokens} | ({} if ids is None else {"ids": ids})
    if text is None or not whole or not whole.startswith(text):
        return middle, ""
    # The server holds back what is not a whole character yet, and U+FFFD stands for what never became one.
    return middle | ({} if "\ufffd" in whole else {"characters": len(text), "of": len(whole)}), text


def _counted_text(whole: str | None, earlier: str, *, has_text: bool) -> str | None:
    """The text of an answer without ids, if it is known to be that of the tokens counted.

    earlier: an earlier event's text.
    """
    if not has_text:
        return ""
    # Only a text that grew is known to be the whole answer's, and not its last piece.
    grew = earlier and whole and len(whole) > len(earlier) and whole.startswith(earlier)
    return whole if grew else None
