"""Whether the old side is of another deployment is known from the servers' answers: from a file, a server, a
run before.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from slabench.plugin.comparable import refusal
from slabench.verdict.baseline import Baseline, BaselineTest

OURS = {
    "hardware": {"gpu": "H20", "gpus": 8},
    "model": {"name": "r1"},
    "server": {"version": "0.5.8", "attention_backend": "fa3"},
}
OTHER_MODEL = OURS | {"model": {"name": "v3"}}
OTHER_VERSION = OURS | {"server": {"version": "0.5.7", "attention_backend": "fa3"}}
TESTS = ["t.py::one", "t.py::two"]


def campaign(
    where: str, old: dict[str, Any], *, allow: tuple[str, ...] = (), known: tuple[str, ...] = ("t.py::two",)
) -> Any:
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
    settings = SimpleNamespace(options=SimpleNamespace(allow_diff=allow), baseline=file)
    servers = SimpleNamespace(new=SimpleNamespace(fingerprint=OURS), baseline=other)
    return SimpleNamespace(servers=servers, before=before, settings=settings)


@pytest.mark.parametrize(
    ("where", "name"), [("file", "prod.json"), ("server", "http://***@old"), ("before", "reports/x/baseline")]
)
def test_another_model_is_refused(where: str, name: str) -> None:
    found = refusal(campaign(where, OTHER_MODEL), TESTS)
    assert found is not None
    assert (found.baseline, found.state, found.reasons) == (name, "NOT_COMPARABLE", ("NOT_COMPARABLE",))
    assert str(found.not_comparable) == (
        "NOT_COMPARABLE: model.name: 'r1', 'v3' in the baseline (--allow-diff=model compares anyway)"
    )
    assert found.interleaved is (False if where == "before" else None)


@pytest.mark.parametrize("where", ["file", "server", "before"])
def test_what_may_differ_is_measured(where: str) -> None:
    assert refusal(campaign(where, OURS), TESTS) is None
    assert refusal(campaign(where, OTHER_VERSION), TESTS) is None
    assert refusal(campaign(where, OTHER_MODEL, allow=("model",)), TESTS) is None
    assert refusal(campaign(where, OTHER_MODEL, allow=("model.name",)), TESTS) is None
    arguments = OURS | {"server": {"attention_backend": "triton"}}
    assert refusal(campaign(where, arguments), TESTS) is not None
    assert refusal(campaign(where, arguments, allow=("server.attention_backend",)), TESTS) is None


def test_a_file_that_knows_none_of_the_tests_says_nothing() -> None:
    assert refusal(campaign("file", OTHER_MODEL, known=("t.py::three",)), TESTS) is None
    assert refusal(campaign("none", OTHER_MODEL), TESTS) is None
