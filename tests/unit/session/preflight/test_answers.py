"""What the servers' own answers decide before a load, and which tests are then sent none."""

from __future__ import annotations

from typing import Any

import pytest

from slabench.methods import Form
from slabench.session.planned_load import PlannedLoad, PlannedTest
from slabench.session.preflight import Stage, Status, examine
from slabench.session.preflight.refusals import Refusal, grouped, lines, refusals
from slabench.session.servers import Servers
from slabench.verdict.outcome import CheckStatus
from tests.unit.session.preflight.builders import OLD, answered, context, deployment, point, results, tencent


@pytest.mark.parametrize(
    ("info", "status", "text"),
    [
        ({}, Status.OK, "SGLang 0.5.7 at http://127.0.0.1:1: 1 unified, model org/r1, 1 GPU"),
        ({"version": "0.5.12"}, Status.WARN, "SGLang 0.5.12 at"),
        ({"version": "0.5.12"}, Status.WARN, "labelled NOT_REFERENCE"),
        ({"disaggregation_mode": "decode"}, Status.WARN, "1 decode, model org/r1"),
        ({"disaggregation_mode": "decode"}, Status.WARN, "give --prefill-gpu-num and --decode-gpu-num"),
        ({"tp_size": None, "max_total_num_tokens": 9}, Status.WARN, "Give --decode-gpu-num."),
    ],
)
def test_the_server(info: dict[str, Any], status: Status, text: str) -> None:
    (result,) = results("server", answered(**info))
    assert result.status is status
    assert text in result.sentence


def test_the_baseline_server_is_named() -> None:
    about = context(servers=Servers(deployment(), deployment(OLD, version="0.5.6")), baseline_url=OLD)
    new, old = results("server", about)
    assert (new.status, old.status) == (Status.OK, Status.WARN)
    assert str(old.message).startswith("The baseline server: SGLang 0.5.6 at http://127.0.0.1:2")


def test_a_batch_that_fits_by_hand() -> None:
    """Of 4096 + 1536 = 5632 tokens 17 fit into 100,000."""
    (result,) = results("batch_fits", answered(point(1), point(17)))
    assert result.status is Status.OK
    assert str(result.message) == "Batch size 17 needs 95744 of 100000 tokens of KV cache."
    (result,) = results("batch_fits", answered(point(18)))
    assert (result.status, result.tests) == (Status.STOP, (point(18).test_id,))
    assert result.sentence == (
        "Batch size 18 needs 101376 tokens of KV cache, the server has 100000. "
        "Use --batch-sizes up to 17, or a server with a larger KV pool."
    )


@pytest.mark.parametrize(
    ("options", "info", "status"),
    [
        ({}, {"max_running_requests": 8}, Status.STOP),
        ({"allow": ("batch_fits",)}, {"max_running_requests": 8}, Status.WARN),
        ({}, {"max_total_num_tokens": None, "max_running_requests": None}, Status.WARN),
        # half of each length at the least: 16 may fit, and the load decides
        ({"random_range_ratio": 0.5}, {"max_total_num_tokens": 16 * 2816}, Status.OK),
        ({"random_range_ratio": 0.5}, {"max_total_num_tokens": 16 * 2816 - 1}, Status.STOP),
    ],
)
def test_a_batch_under_options(options: dict[str, Any], info: dict[str, Any], status: Status) -> None:
    (result,) = results("batch_fits", answered(point(16), options=options, **info))
    assert result.status is status
    assert result.check is not None and result.check.name == "batch_fits"


def test_conversations_have_their_own_lengths(tmp_path: Any) -> None:
    path = tmp_path / "data.json"
    path.write_text("[]")
    options = {"dataset_name": "sharegpt", "dataset_path": str(path)}
    about = answered(point(64), options=options, max_total_num_tokens=10)
    assert results("batch_fits", about) == results("request_fits", about) == []


@pytest.mark.parametrize(
    ("info", "status", "text"),
    [
        ({}, Status.OK, "The longest request has 4700 tokens; the server takes 8192."),
        ({"context_length": 4699}, Status.STOP, "have 4700 tokens, and the server's context length is 4699."),
        ({"context_length": 4700}, Status.OK, "takes 4700"),
        ({"context_length": None, "max_req_input_len": 4693}, Status.STOP, "context length is 4699."),
        ({"context_length": None, "max_req_input_len": 4694}, Status.OK, "takes 4700"),
        ({"max_req_input_len": 99_994}, Status.OK, "takes 8192"),
        ({"max_req_input_len": 4693}, Status.STOP, "context length is 4699."),
        ({"max_total_num_tokens": 4000}, Status.STOP, "KV cache holds 4000."),
        ({"max_total_num_tokens": None, "context_length": None}, None, ""),
    ],
)  # fmt: skip
def test_a_request_that_is_longer_than_the_server_takes(
    info: dict[str, Any], status: Status | None, text: str
) -> None:
    found = results("request_fits", answered(tencent(), **info))
    assert [result.status for result in found] == ([] if status is None else [status])
    assert all(text in result.sentence for result in found)
    assert all(result.tests == (tencent().test_id,) for result in found if status is Status.STOP)


OWN_128 = PlannedTest(
    "perf/t.py::t", (PlannedLoad(Form("own", 3500, 1200, num_prompts=128, max_concurrency=128)),)
)


@pytest.mark.parametrize(
    ("info", "status", "text"),
    [
        ({"max_running_requests": 64}, Status.WARN, "128 requests in flight, and the server runs 21 at"),
        ({"max_running_requests": 8}, Status.WARN, "100000 tokens at 4700 a request, running cap 8)"),
        ({"max_running_requests": 128, "max_total_num_tokens": 4700 * 128}, Status.OK, "runs 128 at once"),
        ({"max_running_requests": None, "max_total_num_tokens": None}, Status.WARN, "is not known"),
    ],
)  # fmt: skip
def test_a_load_that_waits_in_the_queue(info: dict[str, Any], status: Status, text: str) -> None:
    (result,) = results("in_flight", answered(OWN_128, **info))
    assert result.status is status
    assert text in str(result.message)


def test_a_method_that_fills_the_server_by_design_is_no_warning() -> None:
    (result,) = results("in_flight", answered(tencent()))
    assert result.status is Status.OK
    assert "keeps 128 requests in flight, and the server runs 21 at once" in result.sentence
    assert "by design" in result.sentence


@pytest.mark.parametrize(
    ("info", "status", "text"),
    [
        ({}, Status.WARN, "Batches of up to 64 run, and the largest CUDA graph is of 32"),  # the cap is 64
        ({"cuda_graph_max_bs": 64}, Status.OK, "The largest CUDA graph is of 64, the largest batch 64."),
        ({"cuda_graph_bs": [1, 2, 64]}, Status.OK, "of 64"),
        ({"disable_cuda_graph": True}, Status.WARN, "without CUDA graphs"),
        ({"cuda_graph_max_bs": None}, Status.WARN, "does not report its largest CUDA graph"),
        ({"device": "cpu"}, None, ""),
    ],
)
def test_cuda_graphs(info: dict[str, Any], status: Status | None, text: str) -> None:
    found = results("cuda_graph", answered(tencent(), **info))
    assert [result.status for result in found] == ([] if status is None else [status])
    assert all(text in result.sentence for result in found)


def test_only_the_tests_concerned_are_refused() -> None:
    about = answered(point(1), point(18), point(20), tencent(), max_running_requests=None)
    refused = refusals(examine(about, Stage.SERVER), about.tests, None)
    assert list(refused) == [point(18).test_id, point(20).test_id]
    (line,) = lines(refused)
    assert line == (
        "INVALID test_decode_tpot[bs18]: batch_fits: Batch size 18 needs 101376 tokens of KV cache, the "
        "server has 100000. Use --batch-sizes up to 17, or a server with a larger KV pool. (and 1 more: "
        "test_decode_tpot[bs20]) No load is sent."
    )
    entry = refused[point(18).test_id].entry(point(18))
    assert (entry.word, entry.reasons, entry.method) == ("INVALID", ("batch_fits",), "ali-decode")
    assert entry.point == {"batch_size": 18} and entry.metrics == {}
    assert [(check.name, check.state) for check in entry.checks] == [("batch_fits", CheckStatus.INVALID)]
    assert entry.headline.startswith("batch_fits: Batch size 18 needs 101376 tokens of KV cache")
    assert entry.headline.endswith("No load was sent.")


def test_a_gate_sends_nothing() -> None:
    about = answered(point(1), point(18))
    refused = refusals(examine(about, Stage.SERVER), about.tests, "--baseline")
    assert list(refused) == [point(18).test_id, point(1).test_id]
    assert len(list(lines(refused))) == 1
    entry = refused[point(1).test_id].entry(point(1))
    assert (entry.word, entry.reasons, entry.checks) == ("INVALID", ("no_load",), ())
    assert entry.headline == (
        "no_load: under --baseline no load is sent in a run with a test that cannot be measured "
        "(test_decode_tpot[bs18]: batch_fits: Batch size 18 needs 101376 tokens of KV cache, the server has "
        "100000.)"
    )


def test_without_a_stop_nothing_is_refused() -> None:
    about = answered(point(1), tencent())
    assert refusals(examine(about, Stage.SERVER), about.tests, "--baseline") == {}


def test_a_baseline_server_that_cannot_hold_the_batch() -> None:
    small = deployment(OLD, max_total_num_tokens=6000)
    about = context(point(2), servers=Servers(deployment(), small), baseline_url=OLD)
    refused = refusals(examine(about, Stage.SERVER), about.tests, "--baseline-url")
    assert isinstance(refused[point(2).test_id], Refusal)
    assert "The baseline server: Batch size 2 needs" in str(refused[point(2).test_id].message)


def test_both_servers_have_a_line_each() -> None:
    about = context(point(1), servers=Servers(deployment(), deployment(OLD)), baseline_url=OLD)
    groups = list(grouped(examine(about, Stage.SERVER)))
    lines = [str(group.first.message) for group in groups if group.first.name == "server"]
    assert [line.startswith("The baseline server: ") for line in lines] == [False, True]
