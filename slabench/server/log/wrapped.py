"""A log line inside JSON, as docker, journald, fluent-bit, OpenTelemetry or a cloud's collector writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from slabench import server_json

# Keys that hold the line, in lower case and without "_" and "@" around; and objects that hold such a key.
_LINE = "log message msg line content textpayload stringvalue raw logmessage event body".split()
_INSIDE = ("source", "jsonpayload", "record", "body", "result", "data", "fields")
# Its writer: the first of these that is there, the pod with its container. Each is constant for a process's
# life.
_WRITER = (
    ("pod", "pod_name", "podname"),
    ("container_name", "containername", "container"),
    ("systemd_unit",),
    ("container_id",),
    ("tag", "instance"),
    ("hostname", "host"),
)
_MOST_DEPTH = 3
_ODD = re.compile(r"[^\w.@/-]+")


def unwrapped(line: bytes) -> bytes:
    """The line in a JSON object, after its writer's name; what is no such object is returned as it is."""
    begin = line.find(b"{")
    body = line[begin:].rstrip(b" \t,")  # a comma: a line of an array
    if begin < 0 or not body.endswith(b"}") or b'"' in line[:begin]:
        return line
    try:
        value = server_json.parse(body)
    except ValueError:
        return line
    text = _text(value, 0)
    if text is None:
        return line
    return line[:begin] + _writer(value) + text.encode("utf-8", "surrogatepass")


def _key(name: str) -> str:
    return name.strip("_@").lower()


def _text(value: Any, depth: int) -> str | None:
    if not isinstance(value, dict) or depth > _MOST_DEPTH:
        return None
    named = {_key(name): part for name, part in value.items()}
    for name in _LINE:
        if isinstance(named.get(name), str):
            return str(named[name])
    return next((text for name in _INSIDE if (text := _text(named.get(name), depth + 1)) is not None), None)


def _names(value: Mapping[str, Any], depth: int) -> Iterator[tuple[str, str]]:
    for name, part in value.items():
        if isinstance(part, str):
            yield _key(name), part
        elif isinstance(part, dict) and depth < _MOST_DEPTH:
            inner = part.get("name") or part.get("id")  # {"pod": {"name": ...}}
            if isinstance(inner, str):
                yield _key(name), inner
            yield from _names(part, depth + 1)


def _writer(value: Mapping[str, Any]) -> bytes:
    names = dict(sorted(_names(value, 0), reverse=True))
    pod, container, *others = [next((names[key] for key in keys if names.get(key)), "") for keys in _WRITER]
    writer = f"pod/{pod}/{container}" if pod else next(filter(None, (container, *others)), "")
    writer = _ODD.sub("_", writer).strip("/")
    prefix = "" if writer[:1].isalpha() else "id/"
    return f"{prefix}{writer} | ".encode("utf-8", "replace") if writer else b""
