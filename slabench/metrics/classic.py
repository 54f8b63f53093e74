"""bench_serving 0.5.7's metrics from our records, formula for formula, so that they stand beside published
numbers.

Where its definition gives a number for no data (TPOT 0 of an empty list, an IndexError for no success) the
metric is absent here. Its ITL and TTFT look at events with text only, which is why RequestRecord keeps
first_text_ns. Of an answer without any text it stores a TTFT of 0, so that its latency becomes a TPOT: one
such answer, and compute_classic leaves these metrics out.
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
        raise ValueError(f"request {record.index} has no end: only complete answers have classic metrics")
    texts, length = _texts(record), record.output_len
    if _of_chunks(record) and record.completion_tokens is not None:
        length = record.completion_tokens
    elif texts and not _of_chunks(record):
        length = texts[-1][1]
    itl: list[float] = []
    for (before, counted), (stamp, count) in itertools.pairwise(texts):
        itl += [(stamp - before) / NS_PER_S / (count - counted)] * (count - counted)
    return ClassicOutput(
        start_time=(record.start_ns - began_ns) / NS_PER_S,
        latency=(record.end_ns - record.start_ns) / NS_PER_S,
        ttft=(texts[0][0] - record.start_ns) / NS_PER_S if texts else 0.0,
        output_len=length,
        itl=itl,
        prompt_len=record.input_len,
    )


def _of_chunks(record: RequestRecord) -> bool:
    """/v1 without counts along the stream: it takes a chunk for a token there."""
    return not record.arrival_ns and bool(record.text_ns)


def _texts(record: RequestRecord) -> list[tuple[int, int]]:
    """(when, tokens so far) of its events with text that bring tokens."""
    begin = record.first_text_ns
    if _of_chunks(record):
        return list(zip(record.text_ns, itertools.count(1), strict=False))
    if begin is None:
        return []
    texts = [(begin, 0)] if record.first_text_at == BEFORE else []
    for place, (stamp, count) in enumerate(zip(record.arrival_ns, record.arrival_tokens, strict=True)):
        has_text = stamp >= begin and place >= (record.first_text_at or 0)
        if has_text and (not texts or 0 < count - texts[-1][1] <= MOST_TOKENS):
            texts.append((stamp, count))
    return texts


def classic_metrics(outputs: Sequence[ClassicOutput], duration: float) -> dict[str, float]:
    """calculate_metrics over the successes; duration in seconds as bench_serving takes it.

    Keys start with `classic.`.
    """
    import numpy as np

    metrics: dict[str, float] = {"completed": len(outputs), "duration": duration}
    if outputs and duration > 0:
        prompt, output = (sum(each.prompt_len for each in outputs), sum(each.output_len for each in outputs))
        latencies = np.array([each.latency for each in outputs])
        metrics |= {
            "total_input": prompt,
            "total_output": output,
            "request_throughput": len(outputs) / duration,
            "input_throughput": prompt / duration,
            "output_throughput": output / duration,
            "total_throughput": (prompt + output) / duration,
            "concurrency": float(np.sum(latencies) / duration),
            "qpm": 60 * round(len(outputs) / duration, 2),
        }
        samples: dict[str, Sequence[float] | np.ndarray] = {
            **_of_a_request(outputs),
            "itl": np.concatenate([np.asarray(each.itl, dtype=float) for each in outputs]),
        }
        for name, sample in samples.items():
            metrics |= {f"{name}.{statistic}": value for statistic, value in spread_ms(sample).items()}
        metrics |= _buckets(outputs)
    return {f"classic.{key}": value for key, value in metrics.items()}


def _of_a_request(outputs: Sequence[ClassicOutput]) -> dict[str, list[float]]:
    """What it takes percentiles of, in seconds: one value a request."""
    return {
        "tpot": [
            (each.latency - each.ttft) / (each.output_len - 1) for each in outputs if each.output_len > 1
        ],
        "ttft": [each.ttft for each in outputs],
        "e2el": [each.latency for each in outputs],
    }


def request_samples(run: RunRecord) -> dict[str, list[float]]:
    """The values of a run's whole answers in seconds by metric, those without any text left out."""
    done = [record for record in run.requests if record.ok and record.stamps_ns]
    texts = [record for record in done if record.first_text_ns is not None]
    return _of_a_request([classic_output(record, run.began_ns) for record in texts])


def retokenized(metrics: Mapping[str, float], tokens: int) -> dict[str, float]:
    """Its metrics over the answers' texts encoded again (without special tokens); metrics: what
    classic_metrics gave.
    """
    counted: dict[str, float] = {"classic.total_output_retokenized": tokens}
    duration, prompt = metrics.get("classic.duration"), metrics.get("classic.total_input")
    if duration and prompt is not None:
        counted["classic.output_throughput_retokenized"] = tokens / duration
        counted["classic.total_throughput_retokenized"] = (prompt + tokens) / duration
    return counted


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

    zero = min(each.start_time for each in outputs)
    seconds = math.ceil(max(each.start_time + each.latency for each in outputs) - zero) + 1
    tokens, touching = np.zeros(seconds), np.zeros(seconds)
    for each in outputs:
        # Summed in its order: a token on the edge of a second must fall on the side where its sum falls.
        times = np.cumsum(np.concatenate(([each.start_time + each.ttft], each.itl)))
        buckets = (times - zero).astype(int)
        np.add.at(tokens, buckets[(buckets >= 0) & (buckets < seconds)], 1)
        last = int(each.start_time + each.latency - zero)
        touching[int(each.start_time - zero) : last + 1] += 1
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
    """Whether it is a metric that depends on the first text of every answer."""
    metric = metric_of(key)
    return metric is not None and metric.by_first_text


def compute_classic(run: RunRecord, gpus: GpuCounts = UNKNOWN) -> dict[str, float]:
    """The classic metrics of a run; its duration ends with the answer to GET /get_server_info after the load,
    as there.
    """
    done = [record for record in run.requests if record.ok and record.stamps_ns]
    silent = without_text(done)
    outputs = [classic_output(record, run.began_ns) for record in done]
    if silent:  # of these it stores the length asked for, whatever was generated
        outputs = [
            replace(output, output_len=record.arrival_tokens[-1]) if record.first_text_ns is None else output
            for output, record in zip(outputs, done, strict=True)
        ]
    end = run.server.info_after_end_ns
    if end is None:
        end = max((record.end_ns or 0 for record in done), default=run.began_ns)
    metrics = classic_metrics(outputs, (end - run.began_ns) / NS_PER_S)
    if gpus.prefill is not None and "classic.input_throughput" in metrics:
        metrics["classic.input_throughput_per_gpu"] = metrics["classic.input_throughput"] / gpus.prefill
    return {key: value for key, value in metrics.items() if not silent or not of_text(key)}
