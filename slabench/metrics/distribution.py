"""A sample as a few of its values and how many of it are at most each: enough to draw its distribution by.

The counts are exact; what is chosen is only at which values they are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slabench.metrics.compute import MOST_TOKENS, inter_token_latencies
from slabench.metrics.event_blocks import Block, event_blocks
from slabench.records import RequestRecord
from slabench.units import NS_PER_MS

if TYPE_CHECKING:
    import numpy as np

    Weighted = tuple[np.ndarray, np.ndarray]  # values, and how often each is there

MOST = 160  # values beside those that are asked for
CHOSEN_FROM = 100_000  # values of the sample that the values are chosen from
# Shares of the sample, evenly and closer at both ends; the even steps in the metric's unit lie between the
# first and the last of _BODY.
_TAILS = (0.0005, 0.001, 0.0025, 0.005, 0.995, 0.9975, 0.999, 0.9995)
_BODY = (0.005, 0.995)
_LEVELS, _STEPS = 99, 40


@dataclass(frozen=True, slots=True)
class Counts:
    """values ascending, the first the least of the sample, the last the greatest; at_most: counts beside."""

    n: int
    values: tuple[float, ...]
    at_most: tuple[int, ...]


def counts(values: Sequence[float] | np.ndarray, at: Iterable[float] = ()) -> Counts | None:
    """Of a sample's finite values; None where there is none. at: further values to count at."""
    import numpy as np

    sample = np.asarray(values, dtype=float)
    sample = sample[np.isfinite(sample)]
    return counts_of(lambda: iter([(sample, np.ones(sample.size, dtype=np.int64))]), at)


def counts_of(blocks: Callable[[], Iterable[Weighted]], at: Iterable[float] = ()) -> Counts | None:
    """The same. blocks: begins anew with each call: the sample is read twice and never held as a whole."""
    import numpy as np

    n, least, greatest, some = 0, np.inf, -np.inf, []
    for values, weights in blocks():
        if not values.size:
            continue
        n += int(weights.sum())
        least, greatest = min(least, float(values.min())), max(greatest, float(values.max()))
        some.append(values[:: -(-values.size // CHOSEN_FROM)])
    if not n:
        return None
    edges = _edges(np.concatenate(some), [*at], least, greatest)
    inside = np.zeros(edges.size, dtype=np.int64)
    for values, weights in blocks():
        places = np.searchsorted(edges, values)  # the first edge that is at least the value
        inside += np.bincount(places, weights, edges.size).astype(np.int64)
    return Counts(n, tuple(edges.tolist()), tuple(np.cumsum(inside).tolist()))


def _edges(some: np.ndarray, at: Sequence[float], least: float, greatest: float) -> np.ndarray:
    import numpy as np

    known = _distinct(some)
    if known.size > MOST:
        levels = (*np.linspace(0, 1, _LEVELS + 2)[1:-1], *_TAILS)
        begin, end = np.quantile(some, _BODY)
        known = np.concatenate([np.quantile(some, levels), np.linspace(begin, end, _STEPS)])
        known = np.array([float(f"{value:.6g}") for value in known])
    known = np.concatenate([known, at])
    between = known[(known > least) & (known < greatest)]
    return _distinct(np.concatenate([[least], between, [greatest]]))


def _distinct(values: np.ndarray) -> np.ndarray:
    """Ascending, each once: numpy's unique takes a hundred times as long as a sort."""
    import numpy as np

    ordered = np.sort(values)
    each_once: np.ndarray = ordered[np.append(True, np.diff(ordered) > 0)]
    return each_once


def token_gaps(records: Sequence[RequestRecord]) -> Iterator[Weighted]:
    """What compute.inter_token_latencies() has of all of them, in ms: (gaps, tokens of each) in blocks."""
    return map(_gaps, event_blocks(records))


def _gaps(block: Block) -> Weighted:
    import numpy as np

    gaps, new = np.diff(block.stamps_ns), np.diff(block.counted)
    inside = np.ones(gaps.size, dtype=bool)
    inside[block.begins[1:] - 1] = False  # from one answer to the next
    gaps, new = gaps[inside], new[inside]
    if bool((new > 0).all()) and int(block.counted.max()) <= MOST_TOKENS:
        return gaps / new / NS_PER_MS, new
    # an event without new tokens, or a count that falls: the few runs that have them are read one by one
    each = np.concatenate([inter_token_latencies(record) for record in block.records])
    return each, np.ones(each.size, dtype=np.int64)
