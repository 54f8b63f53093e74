"""Before which loads a server's stream is probed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from slabench.session import load as loads
from slabench.session.load import ServerHistory
from slabench.verdict.validity.streamed import Probe, Shown

GONE = Probe(64, (), "gone")
SHOWN = Shown(1.0, None, None, first_empty=False)


def probed(monkeypatch: pytest.MonkeyPatch, *steps: tuple[int, Probe]) -> list[bool]:
    """Of each load, by its tokens out and what a probe before it would give: whether one was sent."""
    history, sent = ServerHistory(), list[bool]()
    for tokens, gives in steps:
        asked: list[Any] = []

        def probe(
            prompt: Any, send: Any, *, one_token: bool, gives: Probe = gives, asked: Any = asked
        ) -> Probe:
            asked.append(one_token)
            return gives

        monkeypatch.setattr(loads, "probe", probe)
        spec = SimpleNamespace(output_len=tokens)
        load: Any = SimpleNamespace(
            deployment=SimpleNamespace(url="u"),
            workload=SimpleNamespace(prompts=[1], spec=spec),
            options=None,
        )
        loads._probe_stream(load, history)
        assert asked in ([], [tokens == 1])
        sent.append(bool(asked))
    return sent


def test_each_server_is_probed_once_for_answers_of_one_token_and_once_for_longer_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    short, long = Probe(64, ()), Probe(64, ((SHOWN, SHOWN),))
    assert probed(monkeypatch, (1, short), (1, short), (8, long), (8, long), (1, short)) == [
        True,
        False,
        True,
        False,
        False,
    ]


def test_a_failure_with_one_token_does_not_stand_for_longer_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert probed(monkeypatch, (1, GONE), (8, GONE), (8, GONE), (1, GONE)) == [True, True, False, False]
