"""The first screen: why a run is not PASSED, how its loads were sent, what to do next."""

from __future__ import annotations

import socket

import pytest

from slabench.errors import ServerError
from slabench.messages import in_language
from slabench.program import slabench_program
from slabench.report.localized import localized
from slabench.report.page.first_screen import first_screen
from slabench.server.http import Http
from tests.unit.report.samples import document, entry

WHY = "http://host:8000 cannot be reached (Connection refused)."


def test_a_missing_server_is_the_reason_and_doctor_the_next_step() -> None:
    options = {"base_url": ["http://host:8000"]}
    run = document(unreachable=WHY, options=options, planned=["a"], not_run=["a"], word="INVALID")
    screen = first_screen(run, {})
    (reason,) = screen.reasons
    assert (reason.word, reason.text) == ("INVALID", f"No test was tried. {WHY}")
    assert "slabench doctor" in reason.remedy
    assert not any(WHY in note for note in screen.notes)
    doctor = " ".join([*slabench_program(), "doctor", "--base-url=http://host:8000"])
    assert screen.next_steps[0][1] == doctor
    started = document(unreachable="The launched server ended.", options={"base_url": None}, word="INVALID")
    assert not any("doctor" in command for _, command in first_screen(started, {}).next_steps)


@pytest.mark.parametrize(
    ("plan", "shown"),
    [
        ({"kind": "open_loop", "request_rate": 8.0, "max_concurrency": None}, "open loop"),
        (
            {"kind": "open_loop", "request_rate": 8.0, "max_concurrency": 4},
            "at the rate, capped",
        ),
        ({"kind": "closed_loop", "max_concurrency": 4}, "closed loop"),
        ({"kind": "at_once"}, "all at once"),
        ({"kind": "later_kind"}, "later_kind"),
    ],
)
def test_a_load_with_a_cap_is_no_open_loop(plan: dict[str, object], shown: str) -> None:
    (row,) = first_screen(document(entry(plan={"count": 8} | plan)), {}).loads.rows
    assert row[4].text == shown


def test_an_interrupted_run_can_be_continued_though_its_test_has_an_entry() -> None:
    stopped = entry("t::a", "INVALID", reasons=["interrupted"])
    run = document(
        stopped,
        state="interrupted",
        interrupted_by="SIGTERM",
        planned=["t::a"],
        command=["pytest", "tests/ali"],
        word="INVALID",
    )
    screen = first_screen(run, {"t::a": "#a"})
    assert (
        "The run was interrupted by SIGTERM. Tests that had ended, and are kept: 0 of 1; one that had not is "
        "measured again from its first load, with all its repeats and pairs."
    ) in screen.notes
    assert screen.next_steps[0][1] == "pytest tests/ali --resume=reports/20260102T030405Z-3f9a2c"


def test_why_there_was_no_server_is_translated() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ServerError) as caught:
        Http(url).get("/server_info")
    sentence = caught.value.as_message()
    assert str(sentence).startswith(f"{url}/server_info: connection refused, no server listens at 127.0.0.1")
    stored = sentence.as_dict()
    run = document(unreachable=str(sentence), unreachable_message=stored, word="INVALID")
    with in_language("zh"):
        text = first_screen(localized(run), {}).reasons[0].text
    assert "连接被拒绝" in text and "refused" not in text
    assert first_screen(run, {}).reasons[0].text.endswith("the port of this address.")


def test_an_argument_that_is_null_is_not_shown() -> None:
    model = {"model_type": "qwen3", "quantization": "null", "dtype": "auto"}
    settings = {"attention_backend": "fa3", "speculative_algorithm": "null"}
    run = document(server={"fingerprint": {"model": model, "server": settings}, "max_running_requests": 8})
    lines = [line for fact in first_screen(run, {}).facts for line in fact.lines]
    assert any("dtype auto" in line for line in lines) and any(
        "attention_backend fa3" in line for line in lines
    )
    assert not any("null" in line for line in lines)
