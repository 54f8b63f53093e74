"""--header and --extra-request-body: what a gateway, a chat template or a sampler needs beside our own
request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from slabench.errors import ConfigError
from slabench.messages import Message

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110's token
# What our own request says, or what carries it.
_OWN_HEADERS = frozenset(
    "host content-type content-length connection transfer-encoding te upgrade trailer keep-alive expect "
    "accept-encoding".split()
)
_LENGTH = Message("part.own_length")
_PROMPT = Message("part.own_prompt")
# A body's key -> why it stays as we set it. At the top, and in /generate's sampling_params.
_OWN: Mapping[str, Message] = {
    "stream": Message("part.own_stream"),
    "stream_options": Message("part.own_usage"),
    "incremental_streaming_output": Message("part.own_text"),
    **dict.fromkeys(("text", "input_ids", "input_embeds", "prompt", "messages", "echo", "suffix"), _PROMPT),
    **dict.fromkeys(
        (
            "max_tokens",
            "max_completion_tokens",
            "max_new_tokens",
            "min_new_tokens",
            "min_tokens",
            "ignore_eos",
        ),
        _LENGTH,
    ),
    **dict.fromkeys(("n", "best_of", "use_beam_search"), Message("part.own_answers")),
    "rid": Message("part.own_id"),
    "model": Message("part.own_model"),
}
MOST_DEPTH = 32


def parse_headers(texts: Iterable[str]) -> dict[str, str]:
    """NAME:VALUE, once for each header. No sentence repeats a value: it is a secret until its owner says
    otherwise.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition(":")
        name, value = name.strip(), value.strip()
        if not sign or _NAME.fullmatch(name) is None:
            raise ConfigError(Message("option.header_form"))
        if not value or not value.isascii() or not value.isprintable():
            raise ConfigError(Message("option.header_value", name=name))
        if name.lower() in _OWN_HEADERS:
            raise ConfigError(Message("option.header_own", name=name))
        if name.lower() in {known.lower() for known in found}:
            raise ConfigError(Message("option.header_twice", name=name))
        found[name] = value
    return found


def check_authorization(headers: Mapping[str, str], key: str | None, variable: str) -> None:
    """The API key is a header of its own: two of them are answered by whichever the server reads."""
    if key is not None and any(name.lower() == "authorization" for name in headers):
        raise ConfigError(Message("option.header_key", variable=variable))


def parse_body(text: str | None) -> dict[str, Any]:
    """A JSON object; ConfigError for what is none, and for keys that are the test's own."""
    if text is None:
        return {}
    try:
        body = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ConfigError(Message("option.body_no_json", why=error)) from error
    if not isinstance(body, dict):
        names = {list: "list", str: "text", bool: "boolean", type(None): "null"}
        kind = Message(f"part.json_{names.get(type(body), 'number')}")
        raise ConfigError(Message("option.body_no_object", kind=kind))
    if _depth(body) > MOST_DEPTH:
        raise ConfigError(Message("option.body_deep", most=MOST_DEPTH))
    sampling = body.get("sampling_params", {})
    if not isinstance(sampling, dict):
        raise ConfigError(Message("option.body_sampling_no_object"))
    for place, part in (("", body), ("sampling_params.", sampling)):
        for key in part:
            if key in _OWN:
                raise ConfigError(Message("option.body_own", place=place, key=key, why=_OWN[key]))
    return body


def merged(payload: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """The request's body with the extra one in it; objects are merged key by key, so that one sampling
    parameter leaves the others.

    (bench_serving replaces sampling_params as a whole, and the lengths that were asked for with it.)
    """
    found = dict(payload)
    for key, value in extra.items():
        both = isinstance(value, Mapping) and isinstance(found.get(key), Mapping)
        found[key] = merged(found[key], value) if both else value
    return found


def identity(headers: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any]:
    """What of it makes two workloads the same: the names of headers, never their values, and the whole body.
    Nothing where none is.

    The API key's own header is no part of a workload.
    """
    names = sorted(name.lower() for name in headers if name.lower() != "authorization")
    return ({"headers": names} if names else {}) | ({"extra_request_body": dict(body)} if body else {})


def _no_number(text: str) -> Any:
    raise ValueError(Message("part.no_json_number", text=text))


def _depth(value: Any, at: int = 1) -> int:
    if at > MOST_DEPTH or not isinstance(value, dict | list):
        return at
    inner = value.values() if isinstance(value, dict) else value
    return max((_depth(part, at + 1) for part in inner), default=at)
