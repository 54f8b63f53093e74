"""bench_serving 0.5.7's figures from our records, formula for formula, so that they stand beside published
numbers.

Where its definition gives a number for no data (TPOT 0 of an empty list, an IndexError for no success) the
figure is absent here. Its ITL and TTFT look at events with text only, which is why RequestRecord keeps
first_text_ns. Of an answer without any text it stores a TTFT of 0, so that its latency becomes a TPOT: one
such answer, and compute_classic leaves these figures out.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from slabench.metrics.compute import MOST_TOKENS, UNKNOWN
from slabench.metrics.definitions import metric_of
from slabench.records import BEFORE, GpuCounts, RequestRecord, RunRecord
from slabench.units import NS_PER_S

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class ClassicOutput:
    """The fields of bench_serving's RequestFuncOutput that calculate_metrics reads; times in seconds."""

    start_time: float
    latency: float
    ttft: float
    output_len: int
    itl: Sequence[float]
    prompt_len: int


def classic_output(record: RequestRecord, began_ns: int) -> ClassicOutput:
    """What bench_serving would have stored for this answer. A first text that never came leaves its ttft at
    0, as there.

    Its length is the count of the last event with text: 0 is one, and the length asked for stands where there
    is no such event.
    """
    if record.start_ns is None or record.end_ns is None:
        raise ValueError(f"request {record.index} has no end: only complete answers have classic figures")
    if not record.arrival_ns and record.text_ns:
        return _of_chunks(record, began_ns)
    ttft, itl, last_ns, last_count = 0.0, [], 0, 0
    if record.first_text_at == BEFORE and record.first_text_ns is not None:
        ttft, last_ns = (record.first_text_ns - record.start_ns) / NS_PER_S, record.first_text_ns
    for place, (stamp, count) in enumerate(zip(record.arrival_ns, record.arrival_tokens, strict=True)):
        if record.first_text_ns is None or stamp < record.first_text_ns:
            continue
        if record.first_text_at is not None and place < record.first_text_at:
            continue
        if not last_ns:
            ttft = (stamp - record.start_ns) / NS_PER_S
        else:
            new = count - last_count
            if new <= 0 or new > MOST_TOKENS:
                continue
            itl += [(stamp - last_ns) / NS_PER_S / new] * new
        last_ns, last_count = stamp, count
    return ClassicOutput(
        start_time=(record.start_ns - began_ns) / NS_PER_S,
        latency=(record.end_ns - record.start_ns) / NS_PER_S,
        ttft=ttft,
        output_len=last_count if last_ns else record.output_len,
        itl=itl,
        prompt_len=record.input_len,
    )


def _of_chunks(record: RequestRecord, began_ns: int) -> ClassicOutput:
    """/v1 without counts along the stream: it takes a chunk for a token there."""
    assert record.start_ns is not None and record.end_ns is not None, "the caller has looked"
    return ClassicOutput(
        start_time=(record.start_ns - began_ns) / NS_PER_S,
        latency=(record.end_ns - record.start_ns) / NS_PER_S,
        ttft=(record.text_ns[0] - record.start_ns) / NS_PER_S,
        output_len=record.output_len if record.completion_tokens is None else record.completion_tokens,
        itl=[(after - before) / NS_PER_S for before, after in itertools.pairwise(record.text_ns)],
        prompt_len=record.input_len,
    )


def classic_figures(outputs: Sequence[ClassicOutput], duration: float) -> dict[str, float]:
    """calculate_metrics over the successes; duration in seconds as bench_serving takes it.

    Keys start with `classic.`.
    """
    import numpy as np

    found: dict[str, float] = {"completed": len(outputs), "duration": duration}
    if not outputs or duration <= 0:
        return {f"classic.{key}": value for key, value in found.items()}
    total_input = sum(one.prompt_len for one in outputs)
    total_output = sum(one.output_len for one in outputs)
    latencies = np.array([one.latency for one in outputs])
    found |= {
        "total_input": total_input,
        "total_output": total_output,
        "request_throughput": len(outputs) / duration,
        "input_throughput": total_input / duration,
        "output_throughput": total_output / duration,
        "total_throughput": (total_input + total_output) / duration,
        "concurrency": float(np.sum(latencies) / duration),
        "qpm": 60 * round(len(outputs) / duration, 2),
    }
    tpots = [(one.latency - one.ttft) / (one.output_len - 1) for one in outputs if one.output_len > 1]
    itls = np.concatenate([np.asarray(one.itl, dtype=float) for one in outputs])
    for name, sample in (
        ("tpot", tpots),
        ("ttft", [one.ttft for one in outputs]),
        ("itl", itls),
        ("e2el", latencies),
    ):
        found |= {f"{name}.{statistic}": value for statistic, value in spread_ms(sample).items()}
    found |= _buckets(outputs)
    return {f"classic.{key}": value for key, value in found.items()}


def retokenized(figures: Mapping[str, float], tokens: int) -> dict[str, float]:
    """Its figures over the answers' texts encoded again (without special tokens); figures: what
    classic_figures gave.
    """
    found: dict[str, float] = {"classic.total_output_retokenized": tokens}
    duration, prompt = figures.get("classic.duration"), figures.get("classic.total_input")
    if duration and prompt is not None:
        found["classic.output_throughput_retokenized"] = tokens / duration
        found["classic.total_throughput_retokenized"] = (prompt + tokens) / duration
    return found


def spread_ms(values: Sequence[float] | np.ndarray) -> dict[str, float]:
    """Its statistics in ms of a sample in seconds: linear percentiles, population standard deviation.

    Empty in, empty out.
    """
    import numpy as np

    sample = np.asarray(values, dtype=float) * 1000
    if sample.size == 0:
        return {}
    return {
        "mean": float(sample.mean()),
        "median": float(np.median(sample)),
        "std": float(sample.std()),
        "p95": float(np.percentile(sample, 95)),
        "p99": float(np.percentile(sample, 99)),
        "max": float(sample.max()),
    }


def _buckets(outputs: Sequence[ClassicOutput]) -> dict[str, float]:
    """Its two peaks over one-second buckets: tokens whose time falls in one, requests that touch one (so it
    over-counts).
    """
    import numpy as np

    zero = min(one.start_time for one in outputs)
    seconds = math.ceil(max(one.start_time + one.latency for one in outputs) - zero) + 1
    tokens, touching = np.zeros(seconds), np.zeros(seconds)
    for one in outputs:
        # Added one by one in its order: a token on the edge of a second must fall on the side where its sum
        # falls.
        times = np.cumsum(np.concatenate(([one.start_time + one.ttft], one.itl)))
        buckets = (times - zero).astype(int)
        np.add.at(tokens, buckets[(buckets >= 0) & (buckets < seconds)], 1)
        last = int(one.start_time + one.latency - zero)
        touching[int(one.start_time - zero) : last + 1] += 1
    return {"max_output_tokens_per_s": float(tokens.max()), "max_concurrent_requests": int(touching.max())}


def without_text(records: Sequence[RequestRecord]) -> list[RequestRecord]:
    """The whole answers that brought tokens and no text: random weights, a server without a tokenizer
    (--skip-tokenizer-init).
    """
    return [record for record in records if record.ok and record.arrival_ns and record.first_text_ns is None]


def text_sizes(records: Sequence[RequestRecord]) -> dict[str, int]:
    """How many answers brought a text, beside sample_sizes."""
    return {"text": sum(record.ok and record.first_text_ns is not None for record in records)}


def of_text(key: str) -> bool:
    """Whether it is a figure that hangs on the first text of every answer."""
    metric = metric_of(key)
    return metric is not None and metric.by_first_text


def compute_classic(run: RunRecord, gpus: GpuCounts = UNKNOWN) -> dict[str, float]:
    """The classic figures of a run; its duration ends with the answer to GET /get_server_info after the load,
    as there.
    """
    done = [record for record in run.requests if record.ok and record.stamps_ns]
    outputs = [classic_output(record, run.began_ns) for record in done]
    silent = without_text(done)
    if silent:  # of these it stores the length asked for, whatever was generated
        outputs = [
            replace(one, output_len=record.arrival_tokens[-1]) if record.first_text_ns is None else one
            for one, record in zip(outputs, done, strict=True)
        ]
    ends = [record.end_ns for record in done if record.end_ns is not None]
    end = (
        run.server.info_after_end_ns
        if run.server.info_after_end_ns is not None
        else max(ends, default=run.began_ns)
    )
    found = classic_figures(outputs, (end - run.began_ns) / NS_PER_S)
    if silent:
        found = {key: value for key, value in found.items() if not of_text(key)}
    if gpus.prefill is not None and "classic.input_throughput" in found:
        found["classic.input_throughput_per_gpu"] = found["classic.input_throughput"] / gpus.prefill
    return found
