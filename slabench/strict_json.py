"""JSON as its standard has it.

Python writes Infinity and NaN too, which other readers refuse together with the whole file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def finite(value: Any) -> Any:
    """The same value with every figure left out that is no number:

    JSON has no NaN, and an undefined figure is absent.
    """
    if isinstance(value, Mapping):
        return {
            str(key): finite(one)
            for key, one in value.items()
            if not (isinstance(one, float) and not math.isfinite(one))
        }
    if isinstance(value, list | tuple):
        return [None if isinstance(one, float) and not math.isfinite(one) else finite(one) for one in value]
    return value


def dumps(value: Any, *, indent: int | None = None, compact: bool = False) -> str:
    """One line, or indented.

    What is not finite is left out, at the cost of a second look only where there is such a thing.
    """
    separators = (",", ":") if compact else None
    try:
        return json.dumps(value, indent=indent, separators=separators, allow_nan=False)
    except ValueError:
        return json.dumps(finite(value), indent=indent, separators=separators, allow_nan=False)
