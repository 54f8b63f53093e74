"""Many lines of one mould at once: the places of the numbers are known, so columns of bytes become columns of numbers.

A mould is a line with its digits left open. It is made from a line that a shape has matched, and it fits a line if every byte but
the digits is the same and every digit a digit: then the shape would have matched it too, with each value at the same place.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from slabench.server.log.shapes import Shape
from slabench.server.log.values import DecodeLine

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
# The columns of numbers that a mould gives.
MINUTE, MILLISECONDS, TAGS, RUNNING, HUNDREDTHS, NEW, CACHED = range(7)
WIDTH = 7
LONGEST = 2048  # bytes of a line that is read by a mould
_FEW = 512  # rows of one product: a larger one is spread over threads by the linear algebra library, which costs more than it gives
_DIGITS = 15  # of one value: exact in a float
_REAL = re.compile(rb"(-?)(\d+)\.(\d\d)")


class Mould:
    """digits() says which rows are of this mould, read() gives their numbers."""

    __slots__ = ("_fixed", "_low", "_places", "_span", "_weights", "decode", "graph", "hits", "shape", "tags")

    def __init__(self, shape: Shape, found: re.Match[bytes]) -> None:
        """From a line, alone, that the shape has matched. ValueError if a number is too long to be exact."""
        line, fields = found.string, shape.places(found)
        self.shape, self.hits = shape, 0
        self.decode = shape.kind is DecodeLine
        row = np.frombuffer(line, np.uint8)
        value = np.zeros(len(line), bool)
        for group in range(1, 1 + (found.lastindex or 0)):
            value[slice(*found.span(group))] = True
        digit = value & (row >= 48) & (row <= 57)  # a key's name may hold digits too, and those are fixed
        self._low = np.where(digit, 48, row).astype(np.uint8)
        self._span = np.where(digit, 9, 0).astype(np.uint8)
        weights = np.zeros((len(line), WIDTH))
        self._fixed: list[tuple[int, float]] = []
        low, high = fields["stamp"]
        _weigh(weights, line, low, low + 16, MINUTE, 1)
        _weigh(weights, line, low + 17, high, MILLISECONDS, 1 if high - low > 19 else 1000)
        self.tags = fields["rank"]
        _weigh(weights, line, *self.tags, TAGS, 1)
        self.graph = -1
        if "graph" in fields:
            self.graph = int(line[slice(*fields["graph"])] == b"True")
        if self.decode:
            _weigh(weights, line, *fields["running"], RUNNING, 1)
            low, high = fields["gen_throughput"]
            real = _REAL.fullmatch(line, low, high)
            if real is None:  # nan or inf
                self._fixed.append((HUNDREDTHS, 100 * float(line[low:high])))
            else:
                _weigh(weights, line, low, high, HUNDREDTHS, -1 if real[1] else 1)
        else:
            _weigh(weights, line, *fields["new_token"], NEW, 1)
            _weigh(weights, line, *fields["cached_token"], CACHED, 1)
        self._places = np.flatnonzero(weights.any(axis=1))
        self._weights = weights[self._places]

    def digits(self, rows: Bytes) -> tuple[Bytes, npt.NDArray[np.bool_] | None]:
        """The rows, all as long as the mould, with digits as numbers, and which of them fit; None: all, which is quicker to say."""
        digits = rows - self._low
        right = digits <= self._span
        if right.all():
            return digits, None
        # The first wrong byte of each row, or just its first: quicker than to ask each row for all of its bytes.
        return digits, right[np.arange(len(rows)), right.argmin(axis=1)]

    def read(self, digits: Bytes) -> Floats:
        """The numbers of rows that fit. Every product and sum is a whole number below 2**53, so nothing is rounded."""
        factors = digits[:, self._places].astype(np.float64)
        numbers: Floats = np.empty((len(digits), WIDTH))
        for begin in range(0, len(digits), _FEW):
            np.matmul(factors[begin : begin + _FEW], self._weights, out=numbers[begin : begin + _FEW])
        for column, value in self._fixed:
            numbers[:, column] = value
        return numbers


def _weigh(weights: Floats, line: bytes, low: int, high: int, column: int, unit: int) -> None:
    """The digits in line[low:high] as one decimal number in units."""
    places = [place for place in range(low, high) if line[place : place + 1].isdigit()]
    if len(places) > _DIGITS:
        raise ValueError(f"{len(places)} digits are not exact in a float")
    for power, place in enumerate(reversed(places)):
        weights[place, column] = unit * 10**power


def rows_of(block: bytes, starts: Places, length: int) -> Bytes:
    """The lines at starts, all of one length, one under the other."""
    window = np.ndarray((len(block) - length + 1,), f"V{length}", block, 0, (1,))
    return window[starts].view(np.uint8).reshape(-1, length)
