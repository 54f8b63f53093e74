"""Tokens that a step of speculative decoding yields a request: the accept length."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any


def accept_length(info: Mapping[str, Any] | None, logged: Iterable[float | None] = ()) -> dict[str, float]:
    """The metric accept_length: server_info's avg_spec_accept_length, its mean over ranks, else the mean of
    the log's lines.

    Absent where the server decodes without speculation: it reports none, or 0.
    """
    states = (info or {}).get("internal_states")
    places = [info, *(states if isinstance(states, list) else [states])]
    reported = [place.get("avg_spec_accept_length") for place in places if isinstance(place, Mapping)]
    lengths = _lengths(reported) or _lengths(logged)
    return {"accept_length": math.fsum(lengths) / len(lengths)} if lengths else {}


def _lengths(values: Iterable[Any]) -> list[float]:
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return [float(value) for value in numbers if 0 < value < 1e6]
