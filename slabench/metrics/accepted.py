"""Tokens that a step of speculative decoding yields a request: the accept length, by the server's own count or its log."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any


def accept_length(info: Mapping[str, Any] | None, logged: Iterable[float | None] = ()) -> dict[str, float]:
    """The figure accept_length: server_info's avg_spec_accept_length, its mean over ranks, else the mean of the log's lines.

    No figure where the server decodes without speculation: it reports none, or 0.
    """
    states = (info or {}).get("internal_states")
    places = [info or {}, *(states if isinstance(states, list) else [states])]
    values = [place.get("avg_spec_accept_length") for place in places if isinstance(place, Mapping)]
    found = [float(value) for value in values if _is_length(value)] or [float(v) for v in logged if v is not None and _is_length(v)]
    return {"accept_length": math.fsum(found) / len(found)} if found else {}


def _is_length(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e6
