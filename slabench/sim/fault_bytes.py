"""Events as other servers and gateways write them: errors in every form, numbers and depths beyond all
measure, loose JSON.
"""

from __future__ import annotations

import json
import re

from slabench.sim import wire

WORDS = "CUDA out of memory."
DIGITS, DEPTH = 400, 5000
NAMES = ("error_beside", "error_object", "error_named", "huge_number", "deep_json", "loose_json", "cr_lines")
_PROMPT = re.compile(rb'"prompt_tokens":\d+')


def written(name: str, event: bytes, *, here: bool, last: bool) -> bytes:
    """The event's chunks. here: it is the one that fault_tokens names."""
    if name == "error_beside" and here:
        return wire.chunk(event[:-1] + b',"error":{"message":"%b"}}' % WORDS.encode())
    if name == "error_object" and here:
        others = b"".join(wire.chunk(b'{"ping":%d}' % k) for k in range(9))
        return (
            wire.chunk(event)
            + others
            + wire.chunk(wire.dumps({"object": "error", "message": WORDS, "code": 500}))
        )
    if name == "error_named" and here:
        return wire.chunk(event) + wire.piece(b'event: error\ndata: "%b"\n\n' % WORDS.encode())
    if name == "huge_number" and last:
        return wire.chunk(_PROMPT.sub(b'"prompt_tokens":' + b"7" * DIGITS, event))
    if name == "deep_json" and last:
        return wire.chunk(b'{"x":' + b"[" * DEPTH + b"]" * DEPTH + b"," + event[1:])
    if name == "loose_json":
        value = json.loads(event)
        value["meta_info"]["completion_tokens"] = float(value["meta_info"]["completion_tokens"])
        lines = json.dumps(value, indent=1, separators=(" ,", " : ")).encode().split(b"\n")
        return wire.piece(b"".join(b"data:%b\n" % line for line in lines) + b"\n")
    if name == "cr_lines":
        return wire.piece(b": next\rid: 7\rdata: %b\r\r" % event)
    return wire.chunk(event)
