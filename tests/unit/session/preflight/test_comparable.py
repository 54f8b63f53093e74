"""Whether the old side is of another deployment is known from the servers' answers: from a file, a server, a
run before.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from slabench.session.planned_load import PlannedTest
from slabench.session.preflight import PreflightContext, Status
from slabench.session.preflight.refusals import lines, refusals
from slabench.verdict.baseline import Baseline, BaselineTest
from tests.unit.session.preflight.builders import results

OURS = {
    "hardware": {"gpu": "H20", "gpus": 8},
    "model": {"name": "r1"},
    "server": {"version": "0.5.8", "attention_backend": "fa3"},
}
OTHER_MODEL = OURS | {"model": {"name": "v3"}}
OTHER_VERSION = OURS | {"server": {"version": "0.5.7", "attention_backend": "fa3"}}
TESTS = [PlannedTest("tests/serving/t.py::one"), PlannedTest("tests/serving/t.py::two")]


def session(
    where: str,
    old: dict[str, Any],
    *,
    allow: tuple[str, ...] = (),
    known: tuple[str, ...] = ("tests/serving/t.py::two",),
) -> PreflightContext:
    file = (
        Baseline("prod.json", "s", old, {key: BaselineTest.read({}) for key in known})
        if where == "file"
        else None
    )
    other = (
        SimpleNamespace(fingerprint=old, entry=SimpleNamespace(url="http://***@old"))
        if where == "server"
        else None
    )
    before = SimpleNamespace(fingerprint=old, name="reports/x/baseline") if where == "before" else None
    settings: Any = SimpleNamespace(options=SimpleNamespace(allow_diff=allow), baseline=file)
    servers = SimpleNamespace(new=SimpleNamespace(fingerprint=OURS), baseline=other)
    campaign: Any = SimpleNamespace(servers=servers, before=before, settings=settings)
    return PreflightContext(settings, TESTS, campaign)


def statuses(about: PreflightContext) -> list[Status]:
    return [result.status for result in results("comparable", about)]


@pytest.mark.parametrize(
    ("where", "name"), [("file", "prod.json"), ("server", "http://***@old"), ("before", "reports/x/baseline")]
)
def test_another_model_is_refused(where: str, name: str) -> None:
    about = session(where, OTHER_MODEL)
    (result,) = results("comparable", about)
    comparison = result.comparison
    assert result.status is Status.STOP and comparison is not None
    assert (comparison.baseline, comparison.state, comparison.reasons) == (
        name,
        "NOT_COMPARABLE",
        ("NOT_COMPARABLE",),
    )
    assert str(result.message) == (
        "NOT_COMPARABLE: model.name: 'r1', 'v3' in the baseline (--allow-diff=model compares anyway)"
    )
    assert comparison.interleaved is (False if where == "before" else None)
    refused = refusals([result], about.tests, "--baseline")
    assert list(refused) == [test.test_id for test in TESTS]
    assert list(lines(refused)) == [f"INVALID: {result.message}: no load is sent."]
    entry = refused[TESTS[0].test_id].entry(TESTS[0])
    assert (entry.word, entry.reasons, entry.method) == ("INVALID", ("NOT_COMPARABLE",), "serving")
    assert entry.headline == f"{result.message}; no load was sent"
    assert entry.comparison is not None and entry.comparison.state == "NOT_COMPARABLE"


@pytest.mark.parametrize("where", ["file", "server", "before"])
def test_what_may_differ_is_measured(where: str) -> None:
    assert statuses(session(where, OURS)) == [Status.OK]
    assert statuses(session(where, OTHER_VERSION)) == [Status.OK]
    assert statuses(session(where, OTHER_MODEL, allow=("model",))) == [Status.OK]
    assert statuses(session(where, OTHER_MODEL, allow=("model.name",))) == [Status.OK]
    arguments = OURS | {"server": {"attention_backend": "triton"}}
    assert statuses(session(where, arguments)) == [Status.STOP]
    assert statuses(session(where, arguments, allow=("server.attention_backend",))) == [Status.OK]


def test_a_file_that_knows_none_of_the_tests_says_nothing() -> None:
    assert statuses(session("file", OTHER_MODEL, known=("t.py::three",))) == []
    assert statuses(session("none", OTHER_MODEL)) == []
