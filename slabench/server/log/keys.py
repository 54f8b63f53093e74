"""The keys of a batch line by name: the field that each fills, the form of its value, and its conversion."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple


class Key(NamedTuple):
    """How one key of a batch line is read."""

    field: str
    pattern: bytes  # of the whole value
    convert: Callable[[bytes], Any]


_flag: Callable[[bytes], bool] = {b"True": True, b"False": False}.__getitem__


def _whole(field: str) -> Key:
    # More digits are no count of anything, and not exact in a float. SGLang has printed negative ones:
    # "#swa token: -224".
    return Key(field, rb"-?\d{1,15}", int)


def _real(field: str) -> Key:
    return Key(field, rb"-?\d+\.\d\d|nan|-?inf", float)


_BOTH: dict[bytes, Key] = {
    b"#running-req": _whole("running"),
    b"#queue-req": _whole("queue"),
    b"token usage": _real("token_usage"),
    b"full token usage": _real("token_usage"),
    b"gpu token usage": _real("token_usage"),
    b"swa token usage": _real("swa_usage"),
    b"mamba usage": _real("mamba_usage"),
}
KEYS: dict[str, dict[bytes, Key]] = {
    "Decode": {
        **_BOTH,
        b"gen throughput (token/s)": _real("gen_throughput"),
        b"#token": _whole("token"),
        b"#full token": _whole("token"),
        b"#gpu token": _whole("token"),
        b"#swa token": _whole("swa_token"),
        b"mamba num": _whole("mamba_num"),
        b"#cpu token": _whole("cpu_token"),
        b"cpu token usage": _real("cpu_usage"),
        b"accept len": _real("accept_len"),
        b"accept rate": _real("accept_rate"),
        b"pre-allocated usage": _real("preallocated_usage"),
        b"#prealloc-req": _whole("prealloc"),
        b"#transfer-req": _whole("transfer"),
        b"#retracted-req": _whole("retracted"),
    },
    "Prefill": {
        **_BOTH,
        b"#new-seq": _whole("new_seq"),
        b"#new-token": _whole("new_token"),
        b"#cached-token": _whole("cached_token"),
        b"input throughput (token/s)": _real("input_throughput"),
        b"#pending-token": _whole("pending_token"),
        b"#bootstrap-req": _whole("bootstrap"),
        b"#inflight-req": _whole("inflight"),
    },
}
REQUIRED: dict[str, tuple[bytes, ...]] = {
    "Decode": (b"#running-req", b"gen throughput (token/s)", b"#queue-req"),
    "Prefill": (b"#new-seq", b"#new-token", b"#cached-token", b"#queue-req"),
}
# A hybrid model's line of 0.4.9.post1 and post2 has both pools in one value. The tokens of a Prefill line
# have no field.
PAIRS: dict[str, dict[bytes, tuple[bytes, bytes]]] = {
    "Decode": {
        b"#token": (b"#full token", b"#swa token"),
        b"token usage": (b"full token usage", b"swa token usage"),
    },
    "Prefill": {b"token usage": (b"full token usage", b"swa token usage")},
}
PAIR = re.compile(rb"full=(\S+), swa=(\S+)")
# Of two keys for one field the first of these is right: HiSparse adds its pools to those of the full
# attention.
FIRST: dict[bytes, bytes] = {b"#gpu token": b"#full token", b"gpu token usage": b"full token usage"}

# The value of a key that is not in the tables. A line may have been cut in it, so at the end of a line its
# type has to show that it is whole: "#name" is a count, anything else a real with two decimals, a percentage,
# a flag or a time; both may be several of them in brackets or by name. Where another key follows it may be
# anything whose brackets are closed.
_NUMBER = rb"-?\d+(?:\.\d+)?%?"
_LIST = rb"(?:" + _NUMBER + rb"|nan|None)(?:, ?(?:" + _NUMBER + rb"|nan|None))*"
_BRACKETS = rb"(?:\[(?:" + _LIST + rb")?\]|\((?:" + _LIST + rb")?\)|\{[^{}\[\]\"]*\})"
OTHER_WHOLE = rb"-?\d+|full=-?\d+, swa=-?\d+|" + _BRACKETS
OTHER_REAL = (
    rb"-?\d+|-?\d+\.\d\d%?|nan%?|-?inf%?|True|False|None"
    rb"|(?:-?\d+\.\d\d |-?\d+ |nan )?" + _BRACKETS + rb"|full=-?\d+\.\d\d, swa=-?\d+\.\d\d"
    rb"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)?"
)
NAME = rb"#?[A-Za-z][\w ./()+-]*"
_GROUP = rb"\[(?!20\d\d-)(?:[^\[\]]|\[[^\[\]]*\])*\]|\((?:[^()]|\([^()]*\))*\)|\{(?:[^{}]|\{[^{}]*\})*\}"
# A value ends where the next key begins; brackets are whole, and a comma without a key behind it is part of
# the value.
VALUE = rb"(?:[^,\[({\])}]|" + _GROUP + rb"|,(?! ?(?:" + NAME + rb": |#|(?:" + NAME + rb")?:?\Z)))*"
_INSIDE = rb"(?=[^ \t,])" + VALUE + rb"(?<![ \t])"
THOUSANDS = re.compile(rb"-?\d{1,3}(?:,\d{3}){1,4}")  # 1,234 is read as 1234
_GRAPH = re.compile(rb"\w+ graph")  # cuda, cpu, npu, musa: one a kind of device


@lru_cache(maxsize=1024)
def key_of(kind: str, name: bytes) -> Key | None:
    """How this key of a "Decode" or "Prefill" line is read; None: it has no field."""
    if _GRAPH.fullmatch(name):
        return Key("graph", rb"True|False", _flag)
    return KEYS[kind].get(name)


@lru_cache(maxsize=1024)
def pattern_of(kind: str, name: bytes, last: bool) -> re.Pattern[bytes]:
    """The form of this key's whole value; last: no key follows it."""
    key = key_of(kind, name)
    if key is not None:
        return re.compile(key.pattern)
    return re.compile(_INSIDE if not last else OTHER_WHOLE if name.startswith(b"#") else OTHER_REAL)
