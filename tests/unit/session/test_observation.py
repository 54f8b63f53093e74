"""What answers at one moment: two servers by turns, and one that goes on working for another client while it
is asked.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from slabench.session import observation
from slabench.session.deployment import Deployment
from slabench.session.observation import AT_ONCE, ask_at_once

A, B, C = 200.5, 208.25, 677.75
HALF = AT_ONCE // 2


@pytest.mark.parametrize(
    ("states", "states_left"),
    [
        ([A] * AT_ONCE, ((A,),)),
        ([A, B] * AT_ONCE, ((A,), (B,))),  # two servers
        ([A] * HALF + [B] * HALF + [B] * AT_ONCE, ((B,),)),  # one, that printed a Decode line meanwhile
        ([A] * HALF + [B] * HALF + [C] * AT_ONCE, ()),
        ([A] * HALF + [B] * HALF + [B] * HALF + [C] * HALF, ((B,),)),
    ],
)
def test_a_state_that_does_not_come_again_was_of_a_server_at_work(
    monkeypatch: pytest.MonkeyPatch, states: Iterable[float], states_left: tuple[tuple[float, ...], ...]
) -> None:
    answers = itertools.cycle(states)

    def answer(*_: object, **__: object) -> Any:
        raw = {
            "version": "0.5.7",
            "random_seed": 1,
            "internal_states": [{"last_gen_throughput": next(answers)}],
        }
        return SimpleNamespace(raw=raw)

    monkeypatch.setattr(observation, "identify", answer)
    where = cast(Deployment, SimpleNamespace(url="http://x", headers={}, ca_file=None, roles=None))
    identities, throughputs = ask_at_once(where)
    assert throughputs == states_left
    assert len(set(identities)) == 1 and len(identities) >= AT_ONCE
