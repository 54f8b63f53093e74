"""The English catalogue: id -> template, one file a room; see message.py for what a template may hold."""

from __future__ import annotations

import importlib
import pkgutil

CATALOGUE: dict[str, str] = {"text": "{text}"}
for _module in pkgutil.iter_modules(__path__):
    _room: dict[str, str] = importlib.import_module(f"{__name__}.{_module.name}").MESSAGES
    if _twice := CATALOGUE.keys() & _room.keys():
        raise ValueError(f"These messages stand twice in the catalogue: {sorted(_twice)}.")
    CATALOGUE |= _room
