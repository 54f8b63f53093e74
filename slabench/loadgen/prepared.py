"""A workload's requests as bytes, made before the load begins."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slabench.loadgen.backends import BACKENDS, DEFAULT, Backend
from slabench.request_extras import merged
from slabench.workloads.model import Prompt


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """body is the POST body."""

    backend: Backend
    body: bytes
    input_len: int
    output_len: int


def prepare_requests(
    prompts: Sequence[Prompt],
    *,
    output_len: int | None = None,
    extra: Mapping[str, Any] | None = None,
    backend: str = DEFAULT,
    model: str = "",
) -> list[PreparedRequest]:
    """output_len replaces every prompt's own (the warm-up's short answers).

    model: its name for the /v1 endpoints.
    """
    endpoint = BACKENDS[backend]
    return [
        PreparedRequest(
            endpoint,
            json.dumps(
                merged(endpoint.payload(prompt, wanted, model), extra or {}), separators=(",", ":")
            ).encode(),
            prompt.input_len,
            wanted,
        )
        for prompt in prompts
        for wanted in (prompt.output_len if output_len is None else output_len,)
    ]
