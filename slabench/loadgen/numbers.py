"""Whole numbers in bytes: the digits of a token count and of a chunk's size."""

from __future__ import annotations

import re


class Numbers(dict[bytes, int]):
    """The value of a number's digits, cached: the same few thousand come again and again, and a lookup is
    faster than int().
    """

    _MOST = 1 << 16

    def __init__(self, form: re.Pattern[bytes], base: int, suffix: int = 0) -> None:
        """form: what is a number, in full; suffix: how many bytes at its end are not digits."""
        super().__init__()
        self._form, self._base, self._suffix = form, base, suffix

    def __missing__(self, text: bytes) -> int:
        """-1 for bytes that are not a number."""
        if self._form.fullmatch(text) is None:
            return -1
        value = int(text[: len(text) - self._suffix], self._base)
        if len(self) < self._MOST:
            self[text] = value
        return value


TOKENS = Numbers(re.compile(rb"[0-9]{1,11}"), 10)
_VALUE = re.compile(rb"\s*(\d{1,15})(?:\.0{1,15})?\s*[,}\]]")


def token_count(data: bytes, at: int, end: int) -> int | None:
    """The token count that begins at data[at]; None if it is not a whole number without an exponent."""
    comma = data.find(b",", at, at + 12)
    tokens = TOKENS[data[at:comma]] if 0 <= comma < end else -1
    if tokens >= 0:
        return tokens
    match = _VALUE.match(data, at, end)
    return int(match[1]) if match is not None else None
