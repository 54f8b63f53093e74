"""Another machine's clock: how far it is from ours, and by how much that may be wrong.

The times of a record are readings of the monotonic clock of the host that sent the request. A difference of
two of them needs nothing else; a moment beside those of other hosts does. Cristian's method: the host's
reading in an answer to a ping lies between our two, so the shortest of many round trips bounds the offset
best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PINGS = 20


@dataclass(frozen=True, slots=True)
class Ping:
    """Our reading when it was sent, the host's, and ours when the answer was read; ns."""

    sent_ns: int
    host_ns: int
    answered_ns: int

    @property
    def round_trip_ns(self) -> int:
        return self.answered_ns - self.sent_ns

    @property
    def offset_ns(self) -> int:
        """The host's clock minus ours; off by half a round trip at most."""
        return self.host_ns - (self.sent_ns + self.answered_ns) // 2


def best(pings: Sequence[Ping]) -> Ping:
    return min(pings, key=lambda ping: ping.round_trip_ns)


def error_ns(before: Ping, after: Ping) -> int:
    """What a time of the load may be wrong by on our clock, where it is converted by `before` alone.

    The offset is taken to stay between its two readings, each of which is off by half its round trip.
    """
    half = max(before.round_trip_ns, after.round_trip_ns) // 2
    return half + abs(after.offset_ns - before.offset_ns)
