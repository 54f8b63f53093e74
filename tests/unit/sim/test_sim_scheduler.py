"""The scheduler's rules, one by one, worked by hand; and what must hold whatever is sent."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slabench.sim import scheduler as rules
from slabench.sim.cost import Cost
from slabench.sim.forward import Limits, Request, Step
from slabench.sim.profiles import PROFILES, UnknownProfile, read_profile
from slabench.sim.scheduler import Scheduler

# A prefill of n tokens takes n ms; a decode step 10 ms and 1 ms a request.
COST = Cost(1000, 0, 0, 10, 1, 0)


def scheduler(pool: int = 100_000, running: int = 100, chunk: int = 8192) -> Scheduler:
    return Scheduler(Limits(pool, running, chunk), COST)


def request(key: int, prompt: int, new: int, ids: list[int] | None = None) -> Request:
    return Request(key, prompt, new, None if ids is None else np.array(ids))


def steps(model: Scheduler, most: int = 100_000) -> list[Step]:
    out = []
    while (step := model.step()) is not None:
        out.append(step)
        for emitted in step.emitted:
            emitted.output.append(emitted.produced)
        assert len(out) < most
    return out


def test_one_request_is_one_prefill_and_a_decode_step_for_each_further_token() -> None:
    model = scheduler()
    model.add(request(1, 500, 4))
    ran = steps(model)
    assert [step.kind for step in ran] == ["prefill", "decode", "decode", "decode"]
    assert [round(step.seconds * 1000, 6) for step in ran] == [500, 11, 11, 11]
    assert [len(step.emitted) for step in ran] == [1, 1, 1, 1]
    assert ran[-1].finished[0].produced == 4
    assert model.idle


def test_one_token_needs_no_decode() -> None:
    model = scheduler()
    model.add(request(1, 500, 1))
    assert [step.kind for step in steps(model)] == ["prefill"]


def test_prefill_goes_first_and_the_last_prompt_is_cut() -> None:
    model = scheduler(chunk=800)
    for key in (1, 2, 3):
        model.add(request(key, 500, 3))
    ran = steps(model)
    assert [(step.kind, step.new_tokens, step.new_seq) for step in ran[:2]] == [
        ("prefill", 800, 2),
        ("prefill", 700, 2),
    ]
    assert [request.key for request in ran[0].emitted] == [1]
    assert [request.key for request in ran[1].emitted] == [2, 3]
    assert ran[2].kind == "decode"
    assert ran[2].running == 3


def test_the_running_cap_holds_and_a_free_slot_is_taken_at_once() -> None:
    model = scheduler(running=2)
    for key in (1, 2, 3):
        model.add(request(key, 10, 2 if key == 1 else 5))
    ran = steps(model)
    assert max(step.running for step in ran if step.kind == "decode") == 2
    kinds = "".join(step.kind[0] for step in ran)
    assert kinds.startswith("pdpd")  # 1 ends with the first decode step, 3 is let in then
    assert ran[0].queue == 1


def test_admission_keeps_a_reserve_for_those_that_run() -> None:
    # 1 takes 1,000 and may write 1,000 more; the reserve for it is 700 (ratio 0.7) of the 1,999 left. 2 needs
    # 300 + 1,000.
    model = scheduler(pool=3000)
    model.add(request(1, 1000, 1000))
    model.step()
    model.add(request(2, 300, 1001))
    step = model.step()
    assert step is not None
    assert step.kind == "decode"
    assert model.full
    # The mark stays until something finishes: a small request waits as well.
    model.add(request(3, 10, 10))
    assert model.step().kind == "decode"  # type: ignore[union-attr]


def test_just_enough_is_let_in() -> None:
    model = scheduler(pool=3000)
    model.add(request(1, 1000, 1000))
    model.step()
    model.add(request(2, 300, 1000 - 1))  # 1,299 < 2,000 - 999 x 0.7 = 1,300.7
    assert model.step().kind == "prefill"  # type: ignore[union-attr]


def test_a_full_pool_retracts_the_one_with_the_fewest_tokens_to_the_end_of_the_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("INIT_RATIO", "MIN_RATIO", "RATIO_DECAY"):
        monkeypatch.setattr(rules, name, 0.0)  # admit more than will fit
    model = scheduler(pool=1000)
    model.add(request(1, 300, 300))
    model.step()
    for _ in range(5):
        model.step()
    model.add(request(2, 300, 300))
    assert model.step().kind == "prefill"  # type: ignore[union-attr]
    model.add(request(9, 900, 90))
    ran = []
    while not (ran and ran[-1].retraction):
        ran.append(model.step())
    assert ran[-1].retraction.requests == 1
    assert [request.key for request in model.waiting] == [9, 2]
    assert [request.key for request in model.running] == [1]
    second = model.waiting[1]
    assert second.retractions == 1
    # produced so far + 20 steps, over what it may write
    assert ran[-1].retraction.ratio_after == pytest.approx((model.running[0].produced - 1 + 20) / 301)
    rest = steps(model)
    done = [request.key for step in rest for request in step.finished]
    assert done == [1, 9, 2]


def test_a_prompt_that_was_there_before_is_cached_but_for_its_last_token() -> None:
    model = scheduler()
    ids = list(range(100))
    model.add(request(1, 100, 2, ids))
    steps(model)
    model.add(request(2, 100, 2, ids))
    model.add(request(3, 100, 2, [*ids[:50], *range(500, 550)]))
    ran = steps(model)
    assert ran[0].cached_tokens == 99 + 50
    assert ran[0].new_tokens == 1 + 50


def test_a_flush_is_refused_while_anything_runs_and_empties_the_cache() -> None:
    model = scheduler()
    model.add(request(1, 10, 3, list(range(10))))
    model.step()
    assert not model.flush()
    steps(model)
    assert model.flush()
    assert model.pool.free == model.pool.size
    model.add(request(2, 10, 2, list(range(10))))
    assert steps(model)[0].cached_tokens == 0


def test_the_cache_gives_way_to_those_who_run() -> None:
    model = scheduler(pool=1000)
    model.add(request(1, 800, 2, list(range(800))))
    steps(model)
    model.add(request(2, 700, 2, list(range(1000, 1700))))
    assert steps(model)[-1].finished[0].key == 2
    assert model.pool.free + model.pool.evictable == 1000


@settings(max_examples=80)
@given(
    st.lists(st.tuples(st.integers(1, 400), st.integers(1, 60), st.integers(0, 30)), min_size=1, max_size=25),
    st.integers(700, 3000),
    st.integers(1, 12),
    st.integers(16, 600),
    st.booleans(),
)
def test_every_request_gets_exactly_its_tokens_and_the_pool_is_never_exceeded(
    sent: list[tuple[int, int, int]], pool: int, running: int, chunk: int, with_ids: bool
) -> None:
    model = scheduler(pool, running, chunk)
    made, arrivals = Counter[int](), sorted(enumerate(sent), key=lambda arrival: arrival[1][2])
    count = 0
    while True:
        while arrivals and arrivals[0][1][2] <= count:
            key, (prompt, new, _) = arrivals.pop(0)
            ids = [(key % 3) * 1000 + k for k in range(prompt)] if with_ids else None
            model.add(request(key, prompt, new, ids))
        step = model.step()
        count += 1
        if step is None:
            if not arrivals:
                break
            count = arrivals[0][1][2]
            continue
        for emitted in step.emitted:
            made[emitted.key] += 1
            emitted.output.append(5)
        held = sum(request.private for request in model.running) + (
            model.chunked.private if model.chunked else 0
        )
        owned = sum(entry.owned for entry in model.pool.entries)
        assert model.pool.free + owned + held == pool
        assert model.pool.evictable == sum(entry.owned for entry in model.pool.entries if not entry.locks)
        assert 0 <= model.pool.free <= pool
        assert len(model.running) <= running
        assert model._context == sum(request.total - 1 for request in model.running)
        assert count < 50_000
    assert dict(made) == {key: new for key, (_, new, _) in enumerate(sent)}


def test_parameters_of_a_profile() -> None:
    changed = read_profile("demo?decode_base_ms=6.5&max_running=8")
    assert (changed.decode_base_ms, changed.max_running) == (6.5, 8)
    assert changed.name == "demo"  # the same server with another speed: baselines compare it
    assert read_profile("demo?model_path=other/model").model_path == "other/model"
    assert read_profile("demo") is PROFILES["demo"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "demos",
        "demo?speed=3",
        "demo?max_running=x",
        "demo?max_running=0",
        "demo?noise=-1",
        "demo?right=2",
    ],
)
def test_a_profile_that_is_none_is_one_sentence(text: str) -> None:
    with pytest.raises(UnknownProfile, match=r"\.$"):
        read_profile(text)
