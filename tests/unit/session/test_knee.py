"""Whether a load lies past the knee: by the log's queue, else by what fits, and of which side it is said."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from slabench.session.knee import knee_notes
from slabench.session.measurement import BASELINE, NEW, Evaluated
from slabench.verdict.validity.context import Behind


def load(
    side: str = NEW,
    *,
    log: tuple[int, int, int] | None = None,
    peak: int = 16,
    running: int | None = None,
    capacity: int | None = None,
    **more: Any,
) -> Evaluated:
    """log: (steady Decode lines, those with a queue, the longest queue); answers of 100 + 50 tokens."""
    evidence = None if log is None else SimpleNamespace(steady=log[0], queued=log[1], queue_max=log[2])
    answer = SimpleNamespace(input_len=100, completion_tokens=50)
    parts = {"behind": Behind(), "ranks": 1, "answers": [answer] * 4} | more
    context = SimpleNamespace(log=evidence, max_running=running, token_capacity=capacity, **parts)
    return cast(Evaluated, SimpleNamespace(side=side, context=context, metrics={"concurrency.peak": peak}))


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ({"log": (20, 2, 5)}, "knee: requests were queued on 2 of 20 Decode lines"),
        ({"log": (20, 1, 5)}, None),  # where requests come together a line has a queue below the knee too
        ({"log": (20, 0, 0), "running": 4}, None),  # the log saw the queue itself: there was none
        (
            {"log": (0, 0, 0), "running": 4},
            "up to 16 requests were in flight, and 4 are the most",
        ),
        ({"running": 15}, "and 15 are the most that the server runs at once"),
        ({"running": 16}, None),
        (
            {"capacity": 2399},
            "and 15 are the most that fit in the KV pool at their whole length (2399",
        ),
        ({"capacity": 2400}, None),
        ({"capacity": 1500, "running": 12}, "and 10 are the most that fit"),
        ({"capacity": 2400, "running": 12}, "and 12 are the most that the server runs"),
        ({"running": 4, "ranks": 2}, None),
        ({"running": 4, "behind": Behind(workers=2)}, None),
        ({}, None),
    ],
)
def test_one_load(case: dict[str, Any], words: str | None) -> None:
    notes = knee_notes([load(**case)])
    assert len(notes) == (words is not None)
    if words is not None:
        assert words in str(notes[0])
        assert str(notes[0]).startswith("past this hardware's knee: ")


def test_each_side_has_the_note_of_its_worst_load() -> None:
    loads = [load(log=(20, queued, 3)) for queued in (4, 9, 5)]
    loads.append(load(BASELINE, log=(20, 7, 3)))
    new, old = map(str, knee_notes(loads))
    assert "queued on 9 of 20" in new
    assert "knee at the baseline server: requests were queued on 7 of 20" in old
