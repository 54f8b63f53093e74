"""A catalogue is a package with one file a room; each has a MESSAGES."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable


def gathered(package: str, path: Iterable[str]) -> dict[str, str]:
    """id -> template of all rooms; ValueError where an id stands in two."""
    catalogue = {"text": "{text}"}
    for module in pkgutil.iter_modules(path):
        room: dict[str, str] = importlib.import_module(f"{package}.{module.name}").MESSAGES
        if twice := catalogue.keys() & room.keys():
            raise ValueError(f"These messages stand twice in the catalogue {package}: {sorted(twice)}.")
        catalogue |= room
    return catalogue
