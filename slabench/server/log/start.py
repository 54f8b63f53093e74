"""The arguments that a server prints when it starts: `server_args=ServerArgs(tp_size=4, ...)`, a dict from
0.5.19 on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

FORM = re.compile(rb"server_args=(?:ServerArgs\(|\{)")
_WANTED = frozenset(
    {"tp_size", "pp_size", "dp_size", "attn_dp_size", "nnodes", "decode_log_interval", "enable_dp_attention"}
)
# Strings are one piece, so that brackets and names in them do not count.
_PIECE = re.compile(rb"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[\[({]|[\])}]|(?<![\w'\"])\w+(?==)")
_VALUE = re.compile(rb"(?:=|: ?)(\d{1,9}|True|False)(?=[,)}\s]|\Z)")
_WORDS = {b"True": 1.0, b"False": 0.0}


def sizes(text: bytes, begin: int) -> list[tuple[str, float]]:
    """The server's own sizes in their order, without those in a nested dict or a string; begin: of FORM."""
    named: list[tuple[str, float]] = []
    depth = 0
    for piece in _PIECE.finditer(text, begin + len(b"server_args=")):
        word = piece[0]
        if word in b"[({":
            depth += 1
        elif word in b"])}":
            depth -= 1
            if depth <= 0:
                break
        elif depth == 1:
            name = word.strip(b"'\"").decode("ascii", "replace")
            value = _VALUE.match(text, piece.end()) if name in _WANTED else None
            if value is not None:
                named.append((name, _WORDS[value[1]] if value[1] in _WORDS else float(value[1])))
    return named


_NAMED = {
    "model": re.compile(rb"""\bmodel_path['"]?(?:=|: ?)['"]([^'"]*)['"]"""),
    "port": re.compile(rb"""(?<!\w)port['"]?(?:=|: ?)(\d{1,5})\b"""),
}


def named(text: bytes) -> dict[str, str]:
    """The model and the port of the last start in a piece of a log; empty where there is none."""
    starts = [match.start() for match in FORM.finditer(text)]
    if not starts:
        return {}
    line = text[starts[-1] :].partition(b"\n")[0]
    known = {name: pattern.search(line) for name, pattern in _NAMED.items()}
    return {name: match[1].decode("utf-8", "replace") for name, match in known.items() if match is not None}


def ranks(started: Mapping[str, float]) -> int | None:
    """Data-parallel ranks, each a scheduler: from 0.5.22 on DP attention's width is a size of its own."""
    if "dp_size" not in started and "attn_dp_size" not in started:
        return None
    dp, attention = started.get("dp_size", 1), started.get("attn_dp_size", 1)
    if attention > 1 and dp * attention > started.get("tp_size", 1) * dp:
        attention = 1  # more ranks than GPUs: the two are one width
    return int(dp * attention)


def gpus(started: Mapping[str, float]) -> int | None:
    """GPUs by the arguments: data-parallel ranks lie inside tp with DP attention, and have GPUs of their own
    without.
    """
    if "tp_size" not in started:
        return None
    inside = bool(started.get("enable_dp_attention")) and started.get("attn_dp_size", 1) <= 1
    return int(started["tp_size"] * started.get("pp_size", 1) * (1 if inside else started.get("dp_size", 1)))
