"""`classic.*` against sglang 0.5.7's own calculate_metrics and its own /generate client, for whatever
hypothesis finds."""

from __future__ import annotations

import json
import subprocess
from array import array
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slabench.loadgen.backends.generate import GenerateMeter
from slabench.metrics.classic import ClassicOutput, classic_metrics, classic_output, retokenized
from slabench.metrics.definitions import metric_of
from slabench.records import ErrorKind, RequestRecord
from tests.integration.real_sglang import REPO

pytestmark = pytest.mark.sglang

PYTHON = REPO / ".venv-client" / "bin" / "python"
DRIVER = REPO / "tests" / "data" / "metrics" / "calculate_with_sglang.py"
NS = 1_000_000_000
# Field of its BenchmarkMetrics -> our figure. Text tokens are all there are, and none are of pictures.
FIELDS = {
    "completed": "completed",
    "total_input": "total_input",
    "total_input_text": "total_input",
    "total_output": "total_output",
    "total_output_retokenized": "total_output_retokenized",
    "request_throughput": "request_throughput",
    "input_throughput": "input_throughput",
    "output_throughput": "output_throughput",
    "output_throughput_retokenized": "output_throughput_retokenized",
    "total_throughput": "total_throughput",
    "total_throughput_retokenized": "total_throughput_retokenized",
    "concurrency": "concurrency",
    "max_output_tokens_per_s": "max_output_tokens_per_s",
    "max_concurrent_requests": "max_concurrent_requests",
    "p95_itl_ms": "itl.p95",
    "max_itl_ms": "itl.max",
    **{
        f"{statistic}_{theirs}_ms": f"{ours}.{statistic}"
        for theirs, ours in (("ttft", "ttft"), ("tpot", "tpot"), ("itl", "itl"), ("e2e_latency", "e2el"))
        for statistic in ("mean", "median", "std", "p99")
    },
}
UNKNOWN = {"total_input_vision"}

Ask = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """One process of sglang's environment for all examples."""
    if not PYTHON.exists():
        pytest.fail(
            "There is no reference client in .venv-client; run make test-sglang, which installs it.",
            pytrace=False,
        )
    process = subprocess.Popen(
        [str(PYTHON), str(DRIVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None

    def asked(job: dict[str, Any]) -> dict[str, Any]:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
        found: dict[str, Any] = json.loads(process.stdout.readline())
        return found

    yield asked
    process.stdin.close()
    process.wait(20)
    process.stdout.close()


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 400_000_000), st.integers(0, 4), st.sampled_from(["", "a", "some words", "two", '"x"'])
    ),
    max_size=12,
)
REQUESTS = st.tuples(
    st.integers(0, 3 * NS), st.integers(1, 2 * NS), EVENTS, st.integers(0, 200_000_000), st.booleans()
)


def record(
    index: int, request: tuple[int, int, list[tuple[int, int, str]], int, bool]
) -> tuple[RequestRecord, str]:
    """A record with a text per event, as the load process would make it; every fourth or so has failed."""
    start, first, events, tail, failed = request
    at, count, text = start + first, 0, ""
    stamps, counts, first_text = array("q"), array("q"), None
    for gap, new, word in events:
        at, count, text = at + gap, count + new, text + word
        stamps.append(at)
        counts.append(count)
        if text and first_text is None:
            first_text = at
    made = RequestRecord(
        index=index,
        input_len=17 + index,
        output_len=5,
        due_ns=start,
        start_ns=start,
        sent_ns=start + 1,
        arrival_ns=stamps,
        arrival_tokens=counts,
        first_text_ns=first_text,
        end_ns=at + tail,
        error=ErrorKind.RESET if failed else None,
        done=True,
    )
    return made, text


@settings(max_examples=300, deadline=None)
@given(requests=st.lists(REQUESTS, min_size=1, max_size=8), duration=st.integers(1, 20 * NS))
def test_every_figure_of_calculate_metrics(ask: Ask, requests: list[Any], duration: int) -> None:
    records = [record(index, request) for index, request in enumerate(requests)]
    good = [(classic_output(made, 0), text) for made, text in records if made.ok]
    ours = classic_metrics([output for output, _ in good], duration / NS)
    if good:
        ours |= retokenized(ours, sum(len(text.split()) for _, text in good))
    sent = []
    for made, text in records:
        output = classic_output(made, 0)
        fields = {**asdict(output), "itl": list(output.itl), "success": made.ok, "generated_text": text}
        sent.append(fields)
    theirs = ask({"outputs": sent, "duration": duration / NS})
    if not good:
        # numpy has no percentile of an empty list: its benchmark ends with an IndexError, ours leaves the
        # metrics undefined.
        assert theirs == {"raised": "IndexError"}
        assert set(ours) == {"classic.completed", "classic.duration"}
        return
    assert set(theirs) - UNKNOWN == set(FIELDS)
    samples = {
        "tpot": any(output.output_len > 1 for output, _ in good),
        "itl": any(len(output.itl) for output, _ in good),
    }
    for field, figure in FIELDS.items():
        key = f"classic.{figure}"
        assert metric_of(key) is not None, key
        if samples.get(figure.partition(".")[0], True):
            assert ours[key] == pytest.approx(theirs[field], rel=1e-9, abs=1e-9), field
        else:
            assert theirs[field] == 0.0  # its figure for no data
            assert key not in ours


def streamed(*events: tuple[int, int, str]) -> Any:
    return example(request=(0, NS, list(events), 0, False), spaced=False)


@settings(max_examples=200, deadline=None)
@given(request=REQUESTS, spaced=st.booleans())
@streamed((0, 0, "a"))  # text that no event counts: the length is 0, not what was asked for
# text before the first count: TTFT ends with it, and the first gap begins
@streamed((0, 0, "a"), (7, 2, "b"), (9, 1, ""))
@streamed((0, 0, "a"), (5, 0, "b"), (0, 2, "b"))  # and the second such event is passed over
@streamed((0, 0, ""), (5, 2, ""), (5, 0, "a"), (5, 1, "b"))
@streamed((0, 0, ""), (5, 0, ""))  # no text at all: the length asked for
def test_what_its_client_stores_of_a_stream(ask: Ask, request: Any, spaced: bool) -> None:
    """The same lines at the same times through its client and through ours."""
    start, first, events, tail, _ = request
    at, count, text, lines, meter = start + first, 0, "", [], GenerateMeter()
    for gap, new, word in events:
        at, count, text = at + gap, count + new, text + word
        event = {"text": text, "meta_info": {"completion_tokens": count, "cached_tokens": 0}}
        lines.append([at, "data: " + json.dumps(event, separators=None if spaced else (",", ":"))])
    lines.append([at + tail, "data: [DONE]"])
    for stamp, line in lines:
        meter.feed(stamp, f"{line}\n\n".encode())
    theirs = ask({"stream": [[stamp / NS, line] for stamp, line in lines], "start": start / NS, "asked": 5})
    made = RequestRecord(
        index=0,
        input_len=1,
        output_len=5,
        due_ns=start,
        start_ns=start,
        sent_ns=start,
        arrival_ns=meter.arrival_ns,
        arrival_tokens=meter.arrival_tokens,
        first_text_ns=meter.first_text_ns,
        first_text_at=meter.first_text_at,
        end_ns=meter.done_ns,
    )
    ours: ClassicOutput = classic_output(made, 0)
    assert theirs["success"]
    for name in ("start_time", "latency", "ttft", "output_len", "prompt_len"):
        assert getattr(ours, name) == pytest.approx(theirs[name], rel=1e-9, abs=1e-9), name
    assert list(ours.itl) == pytest.approx(theirs["itl"], rel=1e-9, abs=1e-9)
