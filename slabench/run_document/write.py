"""The run document's types as JSON has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from slabench.messages import Message


def stored(value: Any) -> Any:
    """Built-in types only: a dict for an object, a list for a tuple."""
    if isinstance(value, Message):
        return value.as_dict()
    if is_dataclass(value) and not isinstance(value, type):
        return _object(value)
    if isinstance(value, Mapping):
        return {key: stored(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [stored(each) for each in value]
    return value.value if isinstance(value, Enum) else value


def _object(value: Any) -> dict[str, Any]:
    parts = {}
    for field in fields(value):
        content, how = getattr(value, field.name), field.metadata
        beside = how.get("beside") and getattr(value, how["beside"]) is not None
        if "optional" in how and not beside and content in (field.default, {}):
            continue
        parts[how.get("key", field.name)] = {} if content is None and "empty" in how else stored(content)
    return parts
