"""How a field of a stored type stands in the file, where that is not by its own name and always."""

from __future__ import annotations

from dataclasses import field
from typing import Any


def optional(default: Any = None, *, beside: str = "") -> Any:
    """Absent from the file while it has its default.

    beside: another field of the same object; where that one is there, so is this one.
    """
    metadata = {"optional": True, "beside": beside}
    return (
        field(default_factory=dict, metadata=metadata)
        if default == {}
        else field(default=default, metadata=metadata)
    )


def stored_as(key: str) -> Any:
    """Under another key in the file."""
    return field(metadata={"key": key})


def empty_for_none() -> Any:
    """None is {} in the file."""
    return field(metadata={"empty": True})
