"""JSON that a server sent, read so that nothing in it breaks what is done with it afterwards.

JSON has no limit for the digits of a number, the depth of a value or the length of a text; Python and the
files that are written from it have. A value beyond them is either refused (ValueError) or becomes a text,
which no reader takes for a number.
"""

from __future__ import annotations

import json
import math
from typing import Any

MOST_DEPTH = 64  # server_info of any version is 4 deep
MOST_DIGITS = 18  # of a whole number: all of them fit into 64 bits
MOST_TEXT = 10_000  # characters of one text: a path has 4,096 at most
MOST_COUNT = 2**53  # tokens, GPUs, ...: whole numbers up to it are exact in every reader of JSON


def parse(data: bytes | str) -> Any:
    """json.loads, and ValueError is all that it raises."""
    try:
        return json.loads(data)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def read(data: bytes | str) -> Any:
    """The value with harmless parts only: finite floats, whole numbers of 64 bits, texts that can be encoded
    and shown.
    """
    try:
        return _harmless(json.loads(data, parse_int=_whole, parse_float=_float, parse_constant=str), 0)
    except RecursionError as error:
        raise ValueError(f"it is nested more than {MOST_DEPTH} deep") from error


def clean(text: str, most: int = MOST_TEXT) -> str:
    """Without halves of surrogate pairs, which no encoding can write; of a text longer than most its
    beginning.
    """
    if len(text) > most:
        text = f"{text[: min(most, 200)]}... ({len(text)} characters)"
    return text.encode("utf-8", "replace").decode()


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= MOST_DIGITS else clean(digits, 40)


def _float(digits: str) -> float | str:
    value = float(digits)
    return value if math.isfinite(value) else clean(digits, 40)


def _harmless(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return clean(value)
    if depth > MOST_DEPTH:
        raise ValueError(f"it is nested more than {MOST_DEPTH} deep")
    if isinstance(value, dict):
        return {clean(key): _harmless(part, depth + 1) for key, part in value.items()}
    if isinstance(value, list):
        return [_harmless(part, depth + 1) for part in value]
    return value


def finite(value: object) -> float | None:
    """A number as a double; None for NaN, infinity, a number beyond doubles, and for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def count(value: object) -> int | None:
    """A number of things: 60 and 60.0 are 60. None for what is no such number, or not a number at all."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not value.is_integer():
        return None
    return int(value) if 0 <= value <= MOST_COUNT else None
