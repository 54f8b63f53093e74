"""The arrivals of many answers as columns, some millions at a time: answer by answer takes minutes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slabench.records import RequestRecord

if TYPE_CHECKING:
    import numpy as np

EVENTS_AT_ONCE = 4_000_000  # 32 MB a column


@dataclass(frozen=True, slots=True)
class Block:
    """stamps_ns and counted: arrival_ns and arrival_tokens of the records, one after another.

    begins: the place of each record's first event.
    """

    records: Sequence[RequestRecord]
    stamps_ns: np.ndarray
    counted: np.ndarray
    begins: np.ndarray


def event_blocks(records: Sequence[RequestRecord]) -> Iterator[Block]:
    """Whole answers, in their order; answers without counted events are left out."""
    together: list[RequestRecord] = []
    events = 0
    for record in records:
        many = len(record.arrival_ns)
        if not many:
            continue
        if together and events + many > EVENTS_AT_ONCE:
            yield _block(together)
            together, events = [], 0
        together.append(record)
        events += many
    if together:
        yield _block(together)


def _block(records: Sequence[RequestRecord]) -> Block:
    import numpy as np

    ends = np.cumsum([len(record.arrival_ns) for record in records])
    stamps = b"".join(record.arrival_ns for record in records)
    counted = b"".join(record.arrival_tokens for record in records)
    begins = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    return Block(
        records, np.frombuffer(stamps, dtype=np.int64), np.frombuffer(counted, dtype=np.int64), begins
    )
