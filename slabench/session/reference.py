"""`--client=bench_serving`: the same workload and plan, sent by the unmodified reference client."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slabench.bench_serving.client import BenchServingResult, Reference, check_recipe, run_bench_serving
from slabench.loadgen import LoadResult
from slabench.records import ClientRecord
from slabench.session.load import Load, Sent, target_of
from slabench.strict_json import dumps

FILE = "bench_serving.jsonl"  # its result rows, without the answers' texts and the server's info


def drive(
    load: Load,
    reference: Reference,
    *,
    tokenizer: str,
    trust_remote_code: bool = False,
    allow_download: bool = False,
) -> tuple[Sent, BenchServingResult]:
    """A load result without records, and what the client wrote. ConfigError for what it cannot do.

    tokenizer: its folder or name.
    """
    deployment, spec = load.deployment, load.workload.spec
    check_recipe(spec, load.plan, tokenizer, trust_remote_code=trust_remote_code)
    output = run_bench_serving(
        reference,
        target_of(deployment),
        spec,
        load.plan,
        load.workload.prompts,
        backend=load.options.backend,
        tokenizer=tokenizer,
        model=deployment.model_name,
        allow_download=allow_download,
        body=load.options.body,
    )
    # Where it gives no result, the time of its whole process is what there is.
    client = ClientRecord(output.run.metrics.get("duration", output.wall_s), None, None, None, None)
    result = LoadResult((), output.began_ns, output.began_unix, client, interrupted=False)
    return Sent(result, output.run), output


def append_row(folder: Path, test_id: str, row: Mapping[str, Any]) -> None:
    """Its result row, as it wrote it, into the run folder. OSError where the disk does not take it."""
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.write(dumps(_row(test_id, row)) + "\n")


def _row(test_id: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """bench_serving writes an infinite rate as Infinity, which is no JSON."""
    rate = row.get("request_rate")
    return {"test": test_id, **row} | ({"request_rate": "inf"} if rate == math.inf else {})
