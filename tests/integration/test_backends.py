"""/v1/completions and /v1/chat/completions: the live tests over them, and what happens without counts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from slabench.loadgen import ClientOptions, LoadResult, Plan, Target, prepare_requests, run_load
from slabench.loadgen.backends import BACKENDS
from slabench.metrics.compute import compute
from slabench.records import ErrorKind, RunRecord
from slabench.server.launch import launch
from slabench.workloads.model import Prompt
from tests.data.loadgen.unreliable import unreliable
from tests.integration.conftest import Suite
from tests.integration.real_sglang import REPO

TOKENIZER = str(REPO / "fixtures" / "data" / "tokenizer")


@pytest.mark.parametrize("backend", ["sglang-oai", "sglang-oai-chat"])
def test_the_live_tests_over_v1(suite: Suite, backend: str) -> None:
    done = suite("tests/tencent", "--base-url=sim:", f"--backend={backend}")
    assert done.status == 0, done.output
    (entry,) = done.run["tests"]
    assert entry["plan"]["backend"] == backend
    assert entry["metrics"]["output_tokens"] == 6 * 12
    assert entry["metrics"]["tpot.mean"] == pytest.approx(5.3, rel=0.4)
    states = {check["name"]: check["state"] for check in entry["checks"]}
    assert {states[name] for name in ("completed", "finish_reason", "output_length", "token_counts")} == {
        "ok"
    }
    assert states["prefix_cache"] == "not_checked"
    (text,) = [check["text"] for check in entry["checks"] if check["name"] == "prompt_length"]
    # which of them is the text's drift: this data set's is 1 %
    assert states["prompt_length"] in ("ok", "finding"), text
    assert ("and 5 more of its chat template in each" in text) == (backend == "sglang-oai-chat")
    assert f"Backend:                                 {backend}" in done.output


def test_chat_takes_no_ids(suite: Suite) -> None:
    done = suite("tests/tencent", "--base-url=sim:", "--backend=sglang-oai-chat", "--prompt-form=ids")
    assert done.status == 4, done.output
    assert "--backend=sglang-oai-chat sends text; leave out --prompt-form=ids." in done.output


@pytest.mark.parametrize("backend", ["sglang-oai", "sglang-oai-chat"])
def test_what_a_server_counts_decides_which_figures_there_are(tmp_path: Path, backend: str) -> None:
    """Chunks are not tokens. With a sum alone the pace is known within bounds, without a count nothing is."""
    prompt = Prompt("some words", None, 2, 8)
    with launch([sys.executable, "-m", "slabench.sim", "--port", "{port}"], str(tmp_path / "log")) as server:

        def load(options: dict[str, bool] | None) -> LoadResult:
            requests = prepare_requests(
                [prompt], backend=backend, model="m", extra={"stream_options": options}
            )
            return run_load(Target(server.url), requests, Plan.at_once(1), ClientOptions())

        (record,) = load(None).requests
        assert record.error is ErrorKind.NO_TOKENS
        result = load({"include_usage": True, "continuous_usage_stats": False})
        (record,) = result.requests
        assert record.ok and not record.arrival_ns
        assert (record.completion_tokens, record.finish_reason) == (8, "length")
        figures = compute(
            RunRecord(result.requests, result.began_ns, result.began_unix, {}, {}, result.client)
        )
        assert (figures["completed"], figures["output_tokens"]) == (1, 8)
        assert 0 < figures["ttft.mean"] < figures["e2el.mean"]
        assert not [key for key in figures if key.startswith(("tpot.", "itl"))]
        assert 0 < figures["tpot_low.mean"] <= figures["tpot_high.mean"]
        (record,) = run_load(
            Target(server.url),
            prepare_requests([prompt], backend=backend, model="m"),
            Plan.at_once(1),
            ClientOptions(),
        ).requests
        assert record.ok
        assert list(record.arrival_tokens) == list(range(1, 9))
        assert (record.completion_tokens, record.finish_reason) == (8, "length")
        # The sum and [DONE] come after the last token and are no part of its pace.
        assert record.end_ns is not None and record.arrival_ns[-1] <= record.end_ns


@pytest.mark.sglang
@pytest.mark.parametrize("backend", ["sglang-oai", "sglang-oai-chat"])
def test_the_bodies_are_bench_serving_s_with_counts_asked_for(backend: str) -> None:
    from slabench.bench_serving.client import find, run_bench_serving
    from slabench.workloads import WorkloadSpec, prepare
    from slabench.workloads.cache import DatasetStore
    from slabench.workloads.tokenizer import load_tokenizer

    spec = WorkloadSpec("random-ids", 4, 20, 5, 1.0, 3, "text")
    tokenizer = load_tokenizer(TOKENIZER)
    prompts = prepare(spec, tokenizer=lambda: tokenizer, store=DatasetStore()).prompts
    with unreliable("all_503") as server:
        plan = Plan.closed_loop(4, 1)
        run_bench_serving(
            find(None),
            Target(server.url),
            spec,
            plan,
            prompts,
            backend=backend,
            tokenizer=TOKENIZER,
            model="m",
        )
    ours = [json.loads(request.body) for request in prepare_requests(prompts, backend=backend, model="m")]
    assert [body.pop("stream_options") for body in ours] == [
        {"include_usage": True, "continuous_usage_stats": True}
    ] * 4
    assert server.bodies == ours
    assert server.paths == [BACKENDS[backend].path] * 4
