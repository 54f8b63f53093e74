"""What an endpoint is to the client.

One subclass of Backend, in a module of this package, is one value of --backend.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from slabench import server_json
from slabench.errors import ConfigError
from slabench.loadgen import events
from slabench.loadgen.stream import KeptLines, StreamMeter
from slabench.messages import Message
from slabench.workloads.model import Prompt

COUNTS = ("prompt_tokens", "completion_tokens", "cached_tokens")
MAX_NAME = 200  # characters of an id or a finish reason
MAX_ORIGIN = 100


@dataclass(frozen=True, slots=True)
class LastEvent:
    """What the end of an answer reports."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    finish_reason: str | None = None
    request_id: str | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    text: str | None = None  # the whole answer's
    origin: Mapping[str, str] = field(default_factory=dict)
    ids: int | None = None  # how many output_ids the event has
    content: tuple[bool, int] | None = None  # see RequestRecord
    error: str | None = None  # the failure that it reports
    impossible: str | None = None  # a number in it that no server can mean, in a sentence


@dataclass(frozen=True, slots=True)
class AnswerContent:
    """What the kept events of an answer hold."""

    last: LastEvent | None = None  # None: not an event of this endpoint
    first_ids: int | None = None  # ids in the first counted event
    first_empty: bool | None = None  # the first counted event has neither text nor ids; None: not known
    middle: Mapping[str, int] = field(default_factory=dict)  # see RequestRecord
    counted_text: str | None = None  # a text that consists of counted_tokens by the server's count
    counted_tokens: int = 0


class Backend(ABC):
    """One endpoint: what is sent, how its stream is read, what it reports, and which checks differ."""

    name: ClassVar[str]  # of --backend; bench_serving's name where it has the endpoint
    path: ClassVar[str]
    meter: ClassVar[type[StreamMeter]]  # which event is an arrival, and how the stream ends
    takes_ids: ClassVar[bool] = True  # else every prompt is sent as text
    adds_template: ClassVar[bool] = False  # the server's chat template adds tokens to every prompt
    optional_counts: ClassVar[bool] = False  # a server may leave out the token counts along the stream
    omits_zero_cached: ClassVar[bool] = False  # an answer without cached_tokens had none

    @abstractmethod
    def payload(self, prompt: Prompt, output_len: int, model: str) -> dict[str, Any]:
        """The request's body."""

    @abstractmethod
    def read(self, lines: KeptLines, tokens: Sequence[int], *, has_text: bool) -> AnswerContent:
        """tokens: the count at each arrival. has_text: an event with text came."""

    def check_extra_body(self, body: Mapping[str, Any]) -> None:
        """ConfigError for keys of --extra-request-body that this endpoint ignores."""
        if "sampling_params" in body:
            raise ConfigError(Message("option.body_sampling", backend=self.name))


_B = TypeVar("_B", bound=Backend)
BACKENDS: dict[str, Backend] = {}


def register(backend: type[_B]) -> type[_B]:
    """Class decorator: the endpoint is a value of --backend from now on."""
    BACKENDS[backend.name] = backend()
    return backend


# fields of an event


def read_object(line: bytes) -> dict[str, Any] | None:
    """The JSON object behind `data:`, or None."""
    try:
        event = events.read_json(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def counts(usage: Mapping[str, Any]) -> tuple[int | None, int | None, int | None]:
    """(prompt, completion, cached) tokens."""
    prompt, completion, cached = (server_json.count(usage.get(key)) for key in COUNTS)
    return prompt, completion, cached


def impossible_number(usage: Mapping[str, Any]) -> str | None:
    """The first token count that cannot be one, or number beyond every double, in a sentence."""
    for key, value in usage.items():
        if isinstance(value, bool):
            continue
        if isinstance(value, int) and (
            server_json.finite(value) is None or (key in COUNTS and value > server_json.MOST_COUNT)
        ):
            return f"{short(key)} is a whole number of {len(str(abs(value)))} digits"
        if key in COUNTS and value in (math.inf, -math.inf):
            return f"{key} is infinite"
    return None


def strings(event: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """Those of the named fields that are text, shortened."""
    return {name: encodable(event[name][:MAX_ORIGIN]) for name in names if isinstance(event.get(name), str)}


def short(value: object) -> str | None:
    """An id or a reason as a text that can be stored and shown."""
    return None if value is None else server_json.clean(str(value), MAX_NAME)


def encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
