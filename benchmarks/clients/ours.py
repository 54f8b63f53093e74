"""Our client as a program of its own, so that it is watched like every other: URL STREAMS TOKENS INPUT_LEN
WORKERS BACKEND OUTPUT.

Writes bench_serving's names, and what only we can tell: how far requests left after they were due, and each
request's own stamps.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from slabench.loadgen import ClientOptions, Plan, Target, prepare_requests, run_load
from slabench.loadgen.backends import BACKENDS
from slabench.loadgen.run import LoadResult
from slabench.metrics.compute import compute
from slabench.records import RunRecord
from slabench.workloads.model import Prompt


def options(workers: int) -> ClientOptions:
    """With so many load processes, where this version has the option; 0: as it comes."""
    known = {field.name for field in dataclasses.fields(ClientOptions)}
    if workers > 1 and "workers" not in known:
        raise SystemExit("this version of the client has one load process")
    changes: dict[str, Any] = {"workers": workers} if workers and "workers" in known else {}
    return dataclasses.replace(ClientOptions(), **changes)


def reported(result: LoadResult) -> dict[str, Any]:
    """bench_serving's names, and stamps by request id: [due, sent, first token, last token]."""
    run = RunRecord(result.requests, result.began_ns, result.began_unix, {}, {}, result.client)
    metrics = compute(run)
    whole = [record for record in result.requests if record.ok]
    late = [(record.sent_ns - record.due_ns) / 1e6 for record in whole if record.sent_ns is not None]
    return {
        "completed": len(whole),
        "mean_ttft_ms": metrics.get("ttft.mean"),
        "mean_tpot_ms": metrics.get("tpot.mean"),
        "p99_itl_ms": metrics.get("itl.p99"),
        "send_late_mean_ms": sum(late) / len(late) if late else None,
        "send_late_max_ms": max(late, default=None),
        "client": {name: getattr(result.client, name) for name in result.client.__slots__},
        "errors": sorted({record.error_text for record in result.requests if record.error_text})[:3],
        "stamps": {
            record.request_id: [record.due_ns, record.sent_ns, record.arrival_ns[0], record.arrival_ns[-1]]
            for record in whole
        },
    }


def main(argv: Sequence[str]) -> int:
    url, streams, tokens, input_len, workers, backend, output = argv
    ids = array("i", (100 + k % 900 for k in range(int(input_len))))
    text = " tor" * len(ids)
    whole = Prompt(None, ids, len(ids), int(tokens))
    prompt = whole if BACKENDS[backend].takes_ids else Prompt(text, None, len(ids), int(tokens))
    requests = prepare_requests([prompt] * int(streams), backend=backend, model="m")
    result = run_load(Target(url), requests, Plan.at_once(len(requests)), options(int(workers)))
    Path(output).write_text(json.dumps(reported(result)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
