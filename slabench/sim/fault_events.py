"""What one event of /generate may say instead of the truth: the decoded event in, changed in place."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from slabench.sim import wire

Event = dict[str, Any]


def _few_ids(event: Event, tokens: int) -> None:
    event["output_ids"] = event["output_ids"][:tokens]


def _no_ids(event: Event, tokens: int) -> None:
    del event["output_ids"]


def _few_words(event: Event, tokens: int) -> None:
    event["text"] = " ".join(event["text"].split(" ")[:tokens])
    event.pop("output_ids", None)


def _behind(event: Event, tokens: int) -> None:
    if event["meta_info"]["finish_reason"] is None:
        event["output_ids"] = event["output_ids"][:1]
        event["text"] = event["text"].split(" ")[0]


def _odd_times(event: Event, tokens: int) -> None:
    meta = event["meta_info"]
    meta["total_retractions"] = -1
    if "e2e_latency" in meta:
        meta["e2e_latency"] = 999.0


CHANGES: Mapping[str, Callable[[Event, int], None]] = {
    "few_ids": _few_ids,
    "no_ids": _no_ids,
    "few_words": _few_words,
    "behind": _behind,
    "odd_times": _odd_times,
}


def changed(name: str, data: bytes, tokens: int) -> bytes:
    event: Event = json.loads(data)
    CHANGES[name](event, tokens)
    return wire.dumps(event)


def parted(data: bytes) -> tuple[bytes, bytes]:
    """(the count without output, the output without a count)."""
    event: Event = json.loads(data)
    output = {"text": event.pop("text"), "output_ids": event.pop("output_ids", [])}
    return wire.dumps({"text": "", "output_ids": [], **event}), wire.dumps(output)


def empty(request_id: str, prompt: int, *, ids: bool) -> bytes:
    """An event that counts a token which is not there yet; ids: it names one all the same."""
    meta = {
        "id": request_id,
        "finish_reason": None,
        "prompt_tokens": prompt,
        "weight_version": "default",
        "total_retractions": 0,
    }
    meta |= {"completion_tokens": 1, "cached_tokens": 0}
    return wire.dumps({"text": "", "output_ids": [100] if ids else [], "meta_info": meta})
