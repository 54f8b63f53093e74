"""Tokens that a step of speculative decoding yields a request: the accept length, by the server's own count
or its log.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any


def accept_length(info: Mapping[str, Any] | None, logged: Iterable[float | None] = ()) -> dict[str, float]:
    """The figure accept_length: server_info's avg_spec_accept_length, its mean over ranks, else the mean of
    the log's lines.

    No figure where the server decodes without speculation: it reports none, or 0.
    """
    states = (info or {}).get("internal_states")
    places = [info or {}, *(states if isinstance(states, list) else [states])]
    reported = [
        _length(place.get("avg_spec_accept_length")) for place in places if isinstance(place, Mapping)
    ]
    found = [value for value in reported if value is not None]
    found = found or [value for value in map(_length, logged) if value is not None]
    return {"accept_length": math.fsum(found) / len(found)} if found else {}


def _length(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and 0 < value < 1e6 else None
