"""What an option is, and how its value is read: a ValueError says what is wrong with it.

pytest's options and those of `python -m slabench` are read by the same types, and refused in the same words.
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from slabench.messages import Message, asked_language, in_language
from slabench.near import did_you_mean


def positive_int(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError(Message("part.below_1", value=value))
    return value


def seed(text: str) -> int:
    """What numpy takes, with which prompts are drawn here and by bench_serving."""
    value = int(text)
    if not 0 <= value < 2**32:
        raise ValueError(Message("part.no_seed", value=value))
    return value


def rate(text: str) -> float:
    value = float(text)
    if math.isnan(value) or value <= 0:
        raise ValueError(Message("part.no_rate", text=text))
    return value


def positive_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or value <= 0:
        raise ValueError(Message("part.no_number_above", text=text))
    return value


_SPAN = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+)s)?")


def time_span(text: str) -> float:
    """Seconds."""
    match = _SPAN.fullmatch(text)
    parts = [] if match is None else [int(part or 0) for part in match.groups()]
    seconds = sum(count * unit for count, unit in zip(parts, (3600, 60, 1), strict=False))
    if not seconds:
        raise ValueError(Message("part.no_time", text=text))
    return float(seconds)


def count_or_batch(text: str) -> int | str:
    return text if text == "batch" else int(text)


def count_or_auto(text: str) -> int | str:
    return text if text == "auto" else positive_int(text)


def ints(text: str) -> tuple[int, ...]:
    values = tuple(positive_int(part) for part in text.replace(",", " ").split())
    if not values:
        raise ValueError(Message("part.list_empty"))
    twice = [value for place, value in enumerate(values) if value in values[:place]]
    if twice:
        raise ValueError(Message("part.twice", value=twice[0]))
    return values


def indices(text: str) -> tuple[int, ...]:
    """Places that count from 0."""
    values = tuple(int(part) for part in text.replace(",", " ").split())
    if not values or min(values) < 0 or len(set(values)) < len(values):
        raise ValueError(Message("part.no_places"))
    return values


def telemetry(text: str) -> str:
    if text not in ("auto", "off") and not text.startswith(("http://", "https://")):
        raise ValueError(Message("part.no_telemetry"))
    return text


def load_range(text: str) -> tuple[float, float]:
    if text.count(",") != 1:
        raise ValueError(Message("part.no_range"))
    low, high = (rate(part) for part in text.split(","))
    if not low < high < math.inf:
        raise ValueError(Message("part.range_order"))
    return low, high


def loads(text: str) -> tuple[float, ...]:
    values = tuple(sorted({rate(part) for part in text.replace(",", " ").split()}))
    if not values or values[-1] == math.inf:
        raise ValueError(Message("part.no_loads"))
    return values


def words(text: str) -> tuple[str, ...]:
    return tuple(part for part in (piece.strip() for piece in text.split(",")) if part)


def ratio(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError(Message("part.no_share", text=text))
    return value


def inner_share(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise ValueError(Message("part.no_inner_share", text=text))
    return value


def chosen(choices: Sequence[str]) -> Callable[[str], str]:
    """argparse's own choices would have no hint, and pytest prints its usage before their sentence."""

    def read(text: str) -> str:
        if text not in choices:
            if hint := did_you_mean(text, choices):
                raise ValueError(Message("part.no_choice_near", choices=tuple(choices), hint=hint))
            raise ValueError(Message("part.no_choice", choices=tuple(choices)))
        return text

    return read


def worded(parse: Callable[[str], Any], what: str) -> Callable[[str], Any]:
    """parse with a sentence for what it refuses, which ends with what to give: argparse alone would name our
    function.
    """

    def read(text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            why: BaseException | Message = error
            if "invalid literal" in str(error):
                why = Message("part.no_whole")
            elif "could not convert" in str(error):
                why = Message("part.no_number")
            with in_language(asked_language()):  # argparse makes its sentence of it at once
                text = str(Message("option.value", text=text, why=why, what=what))
            raise argparse.ArgumentTypeError(text) from error

    return read


@dataclass(frozen=True, slots=True)
class Option:
    """One option; `applies` and `help` make its row in docs/options.md."""

    group: str
    name: str
    default: Any
    applies: str
    help: str
    parse: Callable[[str], Any] | None = None  # None: a switch
    append: bool = False
    choices: tuple[str, ...] = ()
    metavar: str = "N"
    alone: str | None = None  # what the option means without a value; None: it needs one

    @property
    def dest(self) -> str:
        return self.name.removeprefix("--").replace("-", "_")

    @property
    def reader(self) -> Callable[[str], Any]:
        """Reads a value; argparse's sentence for one that cannot be taken ends with what to give."""
        assert self.parse is not None, f"{self.name} takes no value"
        return worded(chosen(self.choices) if self.choices else self.parse, self.help)

    @property
    def shown_default(self) -> str:
        """As it would be given; "" where leaving the option out is no value."""
        value = self.default
        if self.parse is None or value is None or value == ():
            return ""
        if isinstance(value, tuple):
            return ",".join(map(str, value))
        return f"{value:g}" if isinstance(value, float) else str(value)

    @property
    def described(self) -> str:
        """Its text in pytest --help: docs/options.md has the same in its columns."""
        parts = [f"one of {', '.join(self.choices)}"] if self.choices else []
        parts += [f"default {self.shown_default}"] if self.shown_default else []
        parts += ["repeatable"] if self.append else []
        beside = f" ({'; '.join(parts)})" if parts else ""
        return f"{self.help}{beside} [{self.applies}]"
