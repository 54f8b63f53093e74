"""`--client=bench_serving`: the same workload and plan, sent by the unmodified reference client instead of
ours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from slabench.errors import system_words
from slabench.session.deployment import Campaign, Deployment
from slabench.strict_json import dumps

if TYPE_CHECKING:
    from slabench.loadgen.plan import Plan
    from slabench.loadgen.run import LoadResult
    from slabench.records import ReportedRun
    from slabench.workloads.model import Workload

FILE = "bench_serving.jsonl"  # its result rows, without the answers' texts and the server's info


def drive(
    campaign: Campaign, deployment: Deployment, test_id: str, workload: Workload, plan: Plan
) -> tuple[LoadResult, ReportedRun]:
    """A load result without records, and what the client told. ConfigError for what it cannot do."""
    from slabench.bench_serving.client import check_recipe, find, run_bench_serving
    from slabench.loadgen import Target
    from slabench.loadgen.run import LoadResult
    from slabench.records import ClientRecord

    given = campaign.settings.given
    reference = find(given.bench_serving_python)
    campaign.required_tokenizer()
    tokenizer = campaign.tokenizer_folder()
    assert tokenizer is not None, "there is a tokenizer, so it has a folder or a name"
    check_recipe(workload.spec, plan, tokenizer, trust_remote_code=given.trust_remote_code)
    told = run_bench_serving(
        reference,
        Target(deployment.url, headers=deployment.headers, ca_file=deployment.ca_file),
        workload.spec,
        plan,
        workload.prompts,
        backend=given.backend,
        tokenizer=tokenizer,
        model=deployment.model_name,
        allow_download=given.allow_download,
        body=campaign.settings.body,
    )
    try:
        with (campaign.folder / FILE).open("a", encoding="utf-8") as file:
            file.write(dumps(_row(test_id, told.row)) + "\n")
    except OSError as error:
        campaign.lose(FILE, system_words(error))
    # Where it gives no result, the time of its whole process is what there is.
    client = ClientRecord(told.run.metrics.get("duration", told.wall_s), None, None, None, None)
    return LoadResult((), told.began_ns, told.began_unix, client, interrupted=False), told.run


def _row(test_id: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """bench_serving writes an infinite rate as Infinity, which is no JSON."""
    rate = row.get("request_rate")
    return {"test": test_id, **row} | ({"request_rate": "inf"} if rate == math.inf else {})
