"""The run document from JSON, with every value checked against its field's type.

Files of older forms are read too: what they lack is None, empty, or the field's default. Keys that no field
has are of a later form, and are left out.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from slabench.messages import Message
from slabench.messages.message import from_dict
from slabench.run_document.run import SCHEMA, RunDocument

T = TypeVar("T")
BUILT_IN: Mapping[type, tuple[type, ...]] = {
    str: (str,), bool: (bool,), int: (int,), float: (float, int), type(None): (type(None),)
}  # fmt: skip


class MalformedDocument(ValueError):
    """A stored value that is not as its field has it; str() names the place and the value."""


def run_document(data: object) -> RunDocument:
    """run.json's content. MalformedDocument where it is none that this version reads."""
    schema = data.get("schema") if isinstance(data, dict) else None
    if schema != SCHEMA:
        raise MalformedDocument(f"its schema is {schema!r}, this slabench reads {SCHEMA}")
    return parse(RunDocument, data)


def parse(kind: type[T], data: object, *, strict: bool = False, where: str = "") -> T:
    """An object of a stored type. strict: a key that no field has is an error too.

    where: the place in the document, for MalformedDocument.
    """
    if not isinstance(data, dict):
        raise _malformed(where, data, "an object")
    known = _fields(kind)  # type: ignore[arg-type]
    if strict and (unknown := data.keys() - {field.key for field in known}):
        raise MalformedDocument(
            f"{where or 'the document'} has {', '.join(sorted(unknown))}, which no field has"
        )
    parts = {}
    for field in known:
        place = f"{where}.{field.key}".removeprefix(".")
        if field.key not in data:
            if field.absent is MISSING:
                raise MalformedDocument(f"{place} is missing")
            parts[field.name] = field.absent
        else:
            empty = field.empty and data[field.key] == {}
            parts[field.name] = None if empty else _value(field.hint, data[field.key], strict, place)
    return kind(**parts)


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    key: str
    hint: Any
    absent: Any  # its value where the file has no such key; MISSING: it must be there
    empty: bool  # {} stands for None


@cache
def _fields(kind: type) -> tuple[_Field, ...]:
    hints = get_type_hints(kind)
    return tuple(
        _Field(
            field.name,
            field.metadata.get("key", field.name),
            hints[field.name],
            _absent(hints[field.name]) if field.default is MISSING else field.default,
            "empty" in field.metadata,
        )
        for field in fields(kind)
    )


def _absent(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint):
        return None
    return {tuple: (), Mapping: {}}.get(get_origin(hint), MISSING)


def _value(hint: Any, data: object, strict: bool, where: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in (object, Any):
        return data
    if origin in (Union, types.UnionType):
        if data is None and type(None) in arguments:
            return None
        (inner,) = (each for each in arguments if each is not type(None))
        return _value(inner, data, strict, where)
    if hint in BUILT_IN:
        if not isinstance(data, BUILT_IN[hint]) or (isinstance(data, bool) and hint is not bool):
            raise _malformed(where, data, hint.__name__)
        return data
    if hint is Message:
        return _message(data, where)
    if isinstance(hint, type) and is_dataclass(hint):
        return parse(hint, data, strict=strict, where=where)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _member(hint, data, where)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(data, dict):
            raise _malformed(where, data, "an object")
        inner = arguments[1]
        return {key: _value(inner, each, strict, f"{where}.{key}") for key, each in data.items()}
    return _sequence(arguments, data, strict, where)


def _sequence(arguments: tuple[Any, ...], data: object, strict: bool, where: str) -> tuple[Any, ...]:
    """Of tuple[T, ...], tuple[T, U] and Sequence[T]."""
    if not isinstance(data, list | tuple):
        raise _malformed(where, data, "a list")
    inner = arguments if arguments[1:] and arguments[1] is not ... else arguments[:1] * len(data)
    if len(inner) != len(data):
        raise _malformed(where, data, f"a list of {len(inner)}")
    return tuple(
        _value(hint, each, strict, f"{where}[{place}]")
        for place, (hint, each) in enumerate(zip(inner, data, strict=True))
    )


def _member(hint: type[Enum], data: object, where: str) -> Enum:
    try:
        return hint(data)
    except ValueError as error:
        raise _malformed(where, data, " or ".join(str(each.value) for each in hint)) from error


def _message(data: object, where: str) -> Message:
    try:
        return from_dict(data)  # type: ignore[arg-type]
    except (KeyError, TypeError, AttributeError) as error:
        raise _malformed(where, data, "a message") from error


def _malformed(where: str, data: object, wanted: str) -> MalformedDocument:
    return MalformedDocument(f"{where or 'the document'} is {data!r:.60}, not {wanted}")
