"""What the options and this machine alone decide: a curve's log, open files, local ports."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import pytest

from slabench.errors import ConfigError
from slabench.methods import Form
from slabench.session.planned_load import PlannedLoad, PlannedTest
from slabench.session.preflight import Stage, Status, examine, registered
from slabench.session.preflight import command_line as checks
from slabench.session.preflight.refusals import check_command_line
from tests.unit.session.preflight.builders import CURVE, NEW, OLD, context, point, results, tencent

OTHER = point(1)


def said(*tests: Any, **options: Any) -> list[str]:
    about = context(*tests, **options)
    return list(check_command_line(examine(about, Stage.COMMAND_LINE), about))


def test_a_curve_without_its_log_is_named_before_the_load() -> None:
    (sentence,) = said(OTHER, CURVE)
    assert "--deploy-log=FILE (" in sentence and "--baseline" not in sentence
    assert sentence.endswith(f"--deselect={CURVE.test_id}. It will be INVALID.")


def test_where_nothing_else_is_left_it_is_an_error_of_usage() -> None:
    with pytest.raises(ConfigError, match=r"--deploy-log=FILE .* No load was sent\."):
        said(CURVE)


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
        said(OTHER, CURVE, **options)
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
    assert said(OTHER, CURVE, **options) == []
    assert [result.status for result in results("deploy_log", context(CURVE, **options))] == [Status.OK]


def test_without_a_curve_no_log_is_needed() -> None:
    assert said(OTHER, baseline_url=OLD) == []
    (result,) = results("deploy_log", context(OTHER, base_url=[NEW]))
    assert result.status is Status.WARN and result.sentence.endswith(
        "Add --deploy-log=FILE (one file per node, comma separated)."
    )


def test_another_client_that_is_not_there(tmp_path: Path) -> None:
    absent = tmp_path / "python"
    options: dict[str, Any] = {"client": "bench_serving", "bench_serving_python": str(absent)}
    (result,) = results("reference_client", context(OTHER, **options))
    assert result.status is Status.STOP and f"{absent} does not exist" in result.sentence
    with pytest.raises(ConfigError, match=r"does not exist; .* No load was sent\."):
        said(OTHER, **options)
    absent.write_text("#!/bin/sh\necho 0.5.7\n")
    absent.chmod(0o755)
    (result,) = results("reference_client", context(OTHER, **options))
    assert result.status is Status.OK and "0.5.7" in result.sentence
    assert results("reference_client", context(OTHER)) == []


def test_open_files_below_the_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (64, 256))
    enough, few = tencent(128), point(512)
    about = context(enough, few, load_workers=1)
    (result,) = results("open_files", about)
    assert (result.status, result.tests) == (Status.STOP, (few.test_id,))
    assert "ulimit -n of the client is 256, and 512 requests in flight need about 576" in result.sentence
    assert said(enough, few, load_workers=1) == [f"{result.sentence} It will be INVALID."]
    with pytest.raises(ConfigError) as refused:
        said(few, load_workers=1)
    assert str(refused.value).count("sent") == 1 and str(refused.value).endswith(". No load was sent.")
    assert results("open_files", context(enough, load_workers=1))[0].status is Status.OK


def test_an_open_loop_without_a_cap_has_no_known_number_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (64, 64))
    form = Form("serving", 64, 12, num_prompts=512, request_rate=8.0)
    about = context(PlannedTest("t.py::t", (PlannedLoad(form),)), load_workers=1)
    assert [result.status for result in results("open_files", about)] == [Status.OK]


@pytest.mark.parametrize(
    ("limits", "options", "status", "text"),
    [
        ("32768 60999", {}, Status.OK, "28232 local ports for 128 requests in flight."),
        ("40000 40099", {}, Status.STOP, "need as many local ports, and this machine has 100."),
        ("40000 40199", {"connections": "per-request"}, Status.WARN, "512 requests, this machine has 200"),
        ("40000 40199", {}, Status.OK, "200 local ports"),
    ],
)  # fmt: skip
def test_local_ports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: str, options: Any, status: Status, text: str
) -> None:
    (tmp_path / "range").write_text(limits.replace(" ", "\t") + "\n")
    monkeypatch.setattr(checks, "PORT_RANGE", tmp_path / "range")
    (result,) = results("local_ports", context(tencent(128), tencent(512), **options))
    assert result.status is status
    assert text in result.sentence


def test_a_system_without_the_range_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "PORT_RANGE", Path("/no/such/file"))
    assert results("local_ports", context(tencent())) == []


def test_the_documentation_names_every_check() -> None:
    page = (Path(__file__).parents[4] / "docs" / "doctor.md").read_text()
    assert [check.name for check in registered() if f"| `{check.name}` |" not in page] == []
