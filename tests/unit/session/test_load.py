"""A load's record: what the server reported before and after it, and where its notes come from."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from slabench.loadgen import LoadResult
from slabench.methods import SERVING
from slabench.records import ClientRecord, LogSpan
from slabench.session import load as loads
from slabench.session.load import Load, LoadOptions, Ready, Sent, measure
from slabench.session.observation import Observation
from slabench.workloads.model import Prompt, Workload, WorkloadSpec

CLIENT = ClientRecord(1.5, None, None, None, None)
RESULT = LoadResult((), 7, 1.0, CLIENT, interrupted=False)


def load(prompts: int = 2, form: str = "ids", **options: Any) -> Load:
    workload = Workload(
        WorkloadSpec("random-ids", prompts, 8, 4, prompt_form=form),
        [Prompt(None, None, 8, 4)] * prompts,
        (),
        own_ids=[range(3), range(5)],
    )
    how = LoadOptions(**options)
    deployment: Any = SimpleNamespace(logs=("a.log",))
    return Load(deployment, how, workload, how.plan(SERVING.replaced(request_rate=float("inf")), workload))


BEFORE = {"requests": 3.0, "prompt_tokens": 30.0, "output_tokens": 5.0}
AFTER = {"requests": 5.0, "prompt_tokens": 60.0, "output_tokens": 15.0}


def observed(number: int, note: str = "", counters: dict[str, float] | None = None) -> Observation:
    return Observation({"n": number}, note, number, ((("n", number),),), ((float(number),),), counters)


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The order of what is asked around a load; the server answers 1 before it and 2 after it."""
    events: list[str] = []
    answers = {True: observed(1, "before", BEFORE), False: observed(2, "after", AFTER)}

    def observe(deployment: Any) -> Observation:
        events.append("observe")
        return answers["send" not in events]

    def spans(marks: Any) -> Any:
        events.append(f"spans of {marks}")
        return (LogSpan("a.log", 0, 9),), ("log",)

    def mark(paths: Any) -> str:
        events.append(f"mark {paths[0]}")
        return "m"

    monkeypatch.setattr(loads, "observe", observe)
    monkeypatch.setattr(loads, "mark", mark)
    monkeypatch.setattr(loads, "spans", spans)
    return events


def test_the_server_is_asked_right_before_and_right_after(order: list[str]) -> None:
    def drive() -> Sent:
        order.append("send")
        return Sent(RESULT, notes=("sent",))

    run = measure(load(), Ready(6, ("ready",), 200, "Cache flushed.", 1), drive)
    assert order == ["observe", "mark a.log", "send", "observe", "spans of m"]
    server = run.server
    assert (server.info_before, server.info_after, server.info_after_end_ns) == ({"n": 1}, {"n": 2}, 2)
    assert server.throughputs == (((1.0,),), ((2.0,),))
    assert [dict(identity) for identity in server.identities] == [{"n": 1}, {"n": 2}]
    assert server.counted == {"requests": 2.0, "prompt_tokens": 30.0, "output_tokens": 10.0}
    assert server.notes == ("ready", "before", "sent", "after", "log")
    assert (server.flush_status, server.flush_lines) == (200, 1)
    assert run.plan["warmup_requests"] == 6 and run.plan["flush_cache"] is True
    assert (run.began_ns, run.client, run.interrupted) == (7, CLIENT, False)


def test_a_server_without_counters_has_counted_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loads, "observe", lambda deployment: observed(1, counters=None))
    monkeypatch.setattr(loads, "mark", lambda paths: ())
    monkeypatch.setattr(loads, "spans", lambda marks: ((), ()))
    run = measure(load(flush_cache=False), Ready(0), lambda: Sent(RESULT))
    assert run.server.counted is None and run.server.notes == () and run.server.flush_status is None
    assert run.plan["flush_cache"] is False


@pytest.mark.parametrize(("form", "counted"), [("ids", ()), ("text", (3, 5))])
def test_our_own_counts_are_of_texts_alone(form: str, counted: tuple[int, ...]) -> None:
    run: Any = SimpleNamespace()
    measured = load(form=form).measured(run, SERVING, batch_size=2)
    assert (measured.exact_prompt, measured.counted) == (form == "ids", counted)
    assert measured.batch_size == 2 and len(measured.shared) == 2
