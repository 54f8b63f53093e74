"""How long it takes to make what run.json's charts are drawn from, of a synthetic load.

    python -m benchmarks.bench_series [REQUESTS] [TOKENS]

By default 100,000 requests of 200 tokens each. Prints CPU seconds and bytes of each part.
"""

from __future__ import annotations

import json
import random
import sys
import time
from array import array
from collections.abc import Callable
from typing import Any

from slabench.metrics.course import in_flight, output_rate, waiting
from slabench.metrics.distribution import counts, counts_of, token_gaps
from slabench.metrics.pauses import pauses
from slabench.metrics.per_request import tpot, ttft
from slabench.metrics.thinning import thinned
from slabench.metrics.ttft_groups import groups
from slabench.records import RequestRecord
from slabench.units import NS_PER_MS


def records(requests: int, tokens: int) -> list[RequestRecord]:
    """Sent 2 ms apart, with a TTFT of 0.1 to 0.9 s and some 20 ms a token."""
    dice = random.Random(1)
    made = []
    for index in range(requests):
        sent = 2 * index * NS_PER_MS
        at = sent + dice.randrange(100 * NS_PER_MS, 900 * NS_PER_MS)
        step = dice.randrange(18 * NS_PER_MS, 22 * NS_PER_MS)
        stamps = array("q", range(at, at + tokens * step, step))
        made.append(
            RequestRecord(
                index=index,
                input_len=100,
                output_len=tokens,
                due_ns=sent,
                start_ns=sent,
                sent_ns=sent,
                arrival_ns=stamps,
                arrival_tokens=array("q", range(1, tokens + 1)),
                end_ns=stamps[-1] + NS_PER_MS,
                completion_tokens=tokens,
                server={"queue_time": 0.01, "e2e_latency": (stamps[-1] - sent) / 1e9},
            )
        )
    return made


def main(requests: int = 100_000, tokens: int = 200) -> None:
    load = records(requests, tokens)
    duration = max(record.end_ns or 0 for record in load) / 1e9

    def course(points: Any) -> Any:
        seconds, values = points
        kept = thinned(seconds, values)
        return [seconds[kept].round(3).tolist(), values[kept].round(2).tolist()]

    def counted(sample: Any) -> Any:
        return [sample.values, sample.at_most]

    parts: dict[str, Callable[[], Any]] = {
        "TTFT": lambda: counted(counts([value for each in load if (value := ttft(each)) is not None])),
        "TPOT": lambda: counted(counts([value for each in load if (value := tpot(each)) is not None])),
        "ITL": lambda: counted(counts_of(lambda: token_gaps(load))),
        "in flight": lambda: course(in_flight(load, 0)),
        "waiting": lambda: course(waiting(load, 0)),
        "output": lambda: course(output_rate(load, 0, duration)),
        "TTFT in parts": lambda: [[group.queue, group.prefill, group.outside] for group in groups(load)],
        "gaps": lambda: [pause.begin_ns for pause in pauses(load)[0]],
    }
    print(f"{requests:,} requests of {tokens} tokens, {duration:.0f} s of load")
    whole_s = whole = 0.0
    for name, make in parts.items():
        began = time.process_time()
        made = make()
        took, size = time.process_time() - began, len(json.dumps(made, separators=(",", ":")))
        whole_s, whole = whole_s + took, whole + size
        print(f"{name:>14}: {took:6.2f} s {size:8,} bytes")
    print(f"{'all':>14}: {whole_s:6.2f} s {whole:8,.0f} bytes")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
