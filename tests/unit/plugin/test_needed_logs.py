"""A curve whose log is missing is known from the command line."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from slabench.errors import ConfigError
from slabench.plugin.needed_logs import missing_logs
from slabench.session.settings import Settings
from tests.unit.plugin.test_plugin_options import given

NEW, OLD = "http://127.0.0.1:1", "http://127.0.0.1:2"
CURVE = SimpleNamespace(
    nodeid="tests/ali/test_decode_curve.py::test_decode_curve", fixturenames=["judge_curve"]
)
OTHER = SimpleNamespace(nodeid="tests/ali/test_decode.py::test_decode_tpot[bs1]", fixturenames=["run_load"])


def said(*items: Any, **options: Any) -> str | None:
    return missing_logs(items, Settings.of(given(**{"base_url": [NEW], **options}), {}))


def test_without_a_gate_it_is_named_before_the_load() -> None:
    sentence = said(OTHER, CURVE)
    assert sentence is not None and "--deploy-log=FILE (" in sentence and "--baseline" not in sentence
    assert sentence.endswith(f"--deselect={CURVE.nodeid}. It will be INVALID.")


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({"baseline_url": OLD}, "--deploy-log=FILE and --baseline-deploy-log=FILE"),
        ({"baseline_url": OLD, "deploy_log": ["a"]}, "add --baseline-deploy-log=FILE"),
        ({"baseline_url": OLD, "baseline_deploy_log": ["b"]}, "add --deploy-log=FILE ("),
        ({"baseline_url": "sim:"}, "add --deploy-log=FILE ("),
        ({"strict_validity": True}, "add --deploy-log=FILE ("),
    ],
)
def test_a_gate_sends_no_load(options: dict[str, Any], missing: str) -> None:
    with pytest.raises(ConfigError, match="so no load was sent") as error:
        said(CURVE, **options)
    assert missing in str(error.value)


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": ["sim:"]},
        {"base_url": None, "launch": "python -m server --port {port}"},
        {"deploy_log": ["a"]},
        {"deploy_log": ["a"], "baseline_url": OLD, "baseline_deploy_log": ["b"]},
        {"base_url": ["sim:"], "baseline_url": "sim:demo"},
    ],
)
def test_a_curve_with_its_log_is_no_matter(options: dict[str, Any]) -> None:
    assert said(OTHER, CURVE, **options) is None


def test_without_a_curve_no_log_is_needed() -> None:
    assert said(OTHER, baseline_url=OLD) is None
