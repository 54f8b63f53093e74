"""The requests of `slabench doctor`."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from slabench.loadgen.backends import BACKENDS
from slabench.records import RequestRecord
from slabench.session.deployment import Deployment
from slabench.session.load import LoadOptions, send
from slabench.session.stream_probe import ShortPrompt

MOST_S = 30.0  # a healthy server that is idle answers a short prompt in less
LOWEST_ID, HIGHEST_ID = 100, 999  # in the vocabulary of every model, and none of its special ids


def short_prompt(options: LoadOptions, tokens: int = 64) -> ShortPrompt:
    """Random, so that no cache has it; ids where the endpoint takes them, which are counted exactly."""
    ids = [random.randint(LOWEST_ID, HIGHEST_ID) for _ in range(tokens)]
    if BACKENDS[options.backend].takes_ids:
        return ShortPrompt(None, ids, tokens)
    return ShortPrompt(" ".join(map(str, ids)), None, tokens)


def quick(options: LoadOptions) -> LoadOptions:
    """For a short prompt at an idle server: the waits of a load are of minutes."""
    client = options.quiet.client
    waits = {name: min(getattr(client, name), MOST_S) for name in _WAITS}
    return replace(options, client=replace(client, **waits))


_WAITS = ("first_byte_timeout_s", "idle_timeout_s", "total_timeout_s")


def sent(deployment: Deployment, options: LoadOptions, prompt: Any, tokens: int) -> RequestRecord:
    """What came of one request."""
    return send(deployment, quick(options), [prompt], output_len=tokens).requests[0]
