"""What an option is, and how the values of the command line are read: a ValueError says what is wrong with one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def positive_int(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError(f"{value} is below 1")
    return value


def rate(text: str) -> float:
    value = float(text)
    if math.isnan(value) or value <= 0:
        raise ValueError(f"{text} is not a rate above 0")
    return value


def positive_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"{text} is not a number above 0")
    return value


def count_or_batch(text: str) -> int | str:
    return text if text == "batch" else int(text)


def count_or_auto(text: str) -> int | str:
    return text if text == "auto" else positive_int(text)


def ints(text: str) -> tuple[int, ...]:
    found = tuple(positive_int(part) for part in text.replace(",", " ").split())
    if not found or len(set(found)) != len(found):
        raise ValueError("the list is empty or names a number twice")
    return found


def load_range(text: str) -> tuple[float, float]:
    low, high = (rate(part) for part in text.split(","))
    if not low < high < math.inf:
        raise ValueError("LO must be below HI")
    return low, high


def words(text: str) -> tuple[str, ...]:
    return tuple(part for part in (piece.strip() for piece in text.split(",")) if part)


def ratio(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError(f"{text} is not between 0 and 1")
    return value


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

    @property
    def dest(self) -> str:
        return self.name.removeprefix("--").replace("-", "_")
