"""JSON as its standard has it.

Python writes Infinity and NaN too, which other readers refuse together with the whole file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def finite(value: Any) -> Any:
    """The same value without what is not finite: absent in an object, None in a list."""
    if isinstance(value, Mapping):
        return {str(key): finite(each) for key, each in value.items() if not _odd(each)}
    if isinstance(value, list | tuple):
        return [None if _odd(each) else finite(each) for each in value]
    return value


def _odd(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def dumps(value: Any, *, indent: int | None = None, compact: bool = False) -> str:
    """One line, or indented. What is not finite is left out; only then the value is walked a second time."""
    separators = (",", ":") if compact else None
    try:
        return json.dumps(value, indent=indent, separators=separators, allow_nan=False)
    except ValueError:
        return json.dumps(finite(value), indent=indent, separators=separators, allow_nan=False)
