"""The run document's types: files of every earlier form are read, and nothing of today's form is lost."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from slabench.messages import Message
from slabench.run_document.entry import CheckEntry, Entry
from slabench.run_document.read import MalformedDocument, parse, run_document
from slabench.run_document.run import FinishedTest
from slabench.run_document.write import stored
from slabench.verdict import baseline_file
from slabench.verdict.outcome import CheckStatus, Outcome

STORED = Path(__file__).parent / "stored"
EARLIER = ("run-1-2026-11-24.json", "run-1-2026-11-26.json")
TODAY = ("run-1-2026-11-29.json", "run-1-2026-11-29-capacity.json", "run-1-2026-11-29-charts.json")
# Of a capacity search of 2026-11-26, which has `load`, `fails` and `marks` since.
RENAMED = {"tests[0].capacity.holds", "tests[0].capacity.unsure", "tests[0].capacity.room"}


def content(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((STORED / name).read_text(encoding="utf-8"))
    return data


def differences(old: object, new: object, where: str = "") -> set[str]:
    """The places of old that new lacks or has another value for."""
    if isinstance(old, dict) and isinstance(new, dict):
        return set().union(
            *(
                differences(value, new[key], f"{where}.{key}".lstrip("."))
                if key in new
                else {f"{where}.{key}"}
                for key, value in old.items()
            )
        )
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = enumerate(zip(old, new, strict=True))
        return set().union(*(differences(*pair, f"{where}[{place}]") for place, pair in pairs))
    return set() if json.dumps(old) == json.dumps(new) else {where}


@pytest.mark.parametrize("name", [*EARLIER, *TODAY])
def test_a_stored_run_is_read_and_written_again_with_every_value(name: str) -> None:
    data = content(name)
    document = run_document(data)
    assert len(document.tests) == len(data["tests"]) > 0
    assert differences(data, stored(document)) <= RENAMED


@pytest.mark.parametrize("name", TODAY)
def test_a_run_of_todays_form_gains_no_key_but_these(name: str) -> None:
    """A key that is absent where there is nothing to say stays absent."""
    data = content(name)
    gained = {place.rpartition(".")[2] for place in differences(stored(run_document(data)), data)}
    assert gained <= {
        "allowed_differences",
        "interleaved",
        "notes",
        "explained",
        "invalid",
        "hosts",
        "tail_requests",
        "out_of_order",
    }


def test_what_a_first_run_lacks_is_none_or_empty() -> None:
    entry = run_document(content(EARLIER[0])).of("ali-decode")[0]
    assert (entry.word, entry.explained, entry.repeats, entry.capacity) == (Outcome.PASSED, None, (), None)
    assert entry.comparison is not None and entry.comparison.metrics == ()
    assert entry.client is not None and entry.client.stalls_ms == ()
    assert entry.server is not None and entry.server.log_spans[0].began is None


def test_an_earlier_capacity_search_has_its_answer() -> None:
    capacity = run_document(content(EARLIER[1])).tests[0].capacity
    assert capacity is not None
    assert (capacity.outcome, capacity.load, capacity.best_so_far, capacity.marks) == (
        "SERVER_LIMIT",
        162.0,
        None,
        (),
    )
    assert [probe.standing for probe in capacity.probes] == ["holds", "holds"]


def test_what_charts_are_drawn_from() -> None:
    """Absent in files before it, whole in those since."""
    before, since = (run_document(content(name)).tests[0] for name in (TODAY[0], TODAY[2]))
    assert (before.distributions, before.timeline, before.ttft_groups) == ((), None, ())
    assert [each.metric for each in since.distributions] == ["ttft", "tpot", "e2el", "itl"]
    assert all(each.at_most[-1] == each.n for each in since.distributions)
    assert since.timeline is not None and len(since.ttft_groups) == 3
    assert {each.name for each in since.timeline.series} >= {"running", "prefill", "in_flight", "output"}


def test_both_sides_of_a_comparison() -> None:
    entry = run_document(content(TODAY[0])).of("ali-decode")[0]
    assert [(load.side, load.repeat) for load in entry.repeats] == [
        ("baseline", 1),
        ("new", 1),
        ("new", 2),
        ("baseline", 2),
    ]
    assert entry.comparison is not None
    (metric,) = (each for each in entry.comparison.metrics if each.metric == "tpot.mean")
    assert metric.new_samples == tuple(load["tpot.mean"] for load in entry.runs())


@pytest.mark.parametrize(("name", "repeats"), [("baseline-1.json", 1), ("baseline-2.json", 1)])
def test_a_baseline_of_each_form_is_read(name: str, repeats: int) -> None:
    baseline = baseline_file.load(str(STORED / name))
    (test,) = baseline.tests.values()
    samples = test.samples.values
    assert samples["tpot.mean"] and {len(values) for values in samples.values()} == {repeats}


def changed(path: str, value: object) -> dict[str, Any]:
    """Today's form with one value replaced; path: keys and places with dots. None: the key is not there."""
    data = copy.deepcopy(content(TODAY[0]))
    part: Any = data
    *inner, last = [int(each) if each.isdigit() else each for each in path.split(".")]
    for each in inner:
        part = part[each]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("schema", "slabench.run/9", "its schema is 'slabench.run/9', this slabench reads slabench.run/1"),
        ("run_id", None, "run_id is missing"),
        ("tests", {}, "tests is {}, not a list"),
        ("tests.0", "x", "tests[0] is 'x', not an object"),
        ("tests.0.word", "GREEN", "tests[0].word is 'GREEN', not PASSED or FAILED or INVALID"),
        (
            "tests.0.checks.0.state",
            3,
            "tests[0].checks[0].state is 3, not ok or invalid or finding or not_checked",
        ),
        ("tests.0.checks.0.name", None, "tests[0].checks[0].name is missing"),
        ("tests.0.checks.0.message", {"id": "x"}, "tests[0].checks[0].message is {'id': 'x'}, not a message"),
        ("tests.0.metrics.qpm", "12", "tests[0].metrics.qpm is '12', not float"),
        ("tests.0.metrics.qpm", True, "tests[0].metrics.qpm is True, not float"),
        ("tests.0.server.flush_workers", [1], "tests[0].server.flush_workers is [1], not a list of 2"),
        ("tests.0.records.requests", 1.5, "tests[0].records.requests is 1.5, not int"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(path: str, value: object, message: str) -> None:
    with pytest.raises(MalformedDocument) as caught:
        run_document(changed(path, value))
    assert str(caught.value) == message


def test_a_key_of_a_later_form_is_left_out_unless_the_entry_is_ours() -> None:
    entry = changed("tests.0.invented", 1)["tests"][0]
    assert parse(Entry, entry).id == entry["id"]
    with pytest.raises(MalformedDocument, match="the document has invented, which no field has"):
        parse(Entry, entry, strict=True)


def test_messages_are_kept() -> None:
    check = CheckEntry(
        name="completed",
        state=CheckStatus.INVALID,
        text="as it was",
        remedy="",
        message=Message("text", text="as it was"),
    )
    data = json.loads(json.dumps(stored(check)))
    assert data == {
        "name": "completed",
        "state": "invalid",
        "text": "as it was",
        "remedy": "",
        "message": {"id": "text", "arguments": {"text": "as it was"}},
    }
    assert parse(CheckEntry, data, strict=True) == check


def test_a_finished_test_survives_the_way_between_processes() -> None:
    document = run_document(content(TODAY[0]))
    test = FinishedTest(entry=document.tests[0], server=document.server, labels=("SIMULATED",))
    assert parse(FinishedTest, json.loads(json.dumps(stored(test))), strict=True) == test
