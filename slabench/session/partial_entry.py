"""Ctrl-C: what a test had measured becomes its entry. No verdict can stand on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from slabench.records import GpuCounts, RunRecord
from slabench.session.measurement import NEW, Trial

if TYPE_CHECKING:
    from slabench.loadgen.plan import Plan
    from slabench.loadgen.run import LoadResult
    from slabench.session.campaign import Campaign
    from slabench.session.deployment import Deployment
    from slabench.workloads.model import Workload


def entry(
    test_id: str, trial: Trial, result: LoadResult, workload: Workload, plan: Plan, gpus: GpuCounts
) -> dict[str, Any]:
    """Of the load that was on; whole loads of the same test before it stand in requests.jsonl.gz. The figures
    of the baseline server are not this test's, so its load gives none."""
    from slabench.metrics.compute import compute

    parts = (
        result.requests,
        result.began_ns,
        result.began_unix,
        workload.describe(),
        plan.describe(),
        result.client,
    )
    run = RunRecord(*parts, interrupted=True)
    figures = compute(run, gpus) if trial.side == NEW else {}
    done = sum(record.ok for record in result.requests)
    during = f" of {trial.message}" if trial != Trial() else ""
    headline = (
        f"interrupted: Ctrl-C after {done} of {len(result.requests)} requests{during}; their records are kept"
    )
    return bare_entry(test_id, "INVALID", headline, "interrupted") | {
        "workload": dict(run.workload),
        "plan": dict(run.plan),
        "metrics": {key: float(value) for key, value in figures.items()},
        "duration_s": result.client.wall_s,
        "records": {"file": "requests.jsonl.gz", "requests": len(result.requests)},
    }


def hand_over(
    campaign: Campaign, deployment: Deployment, entry: dict[str, Any], labels: Sequence[str]
) -> None:
    """To the recorder, labelled as a verdict would be: pytest makes no report of the test that Ctrl-C ended."""
    codes = [*(one.partition(":")[0] for one in labels), *deployment.labels]
    entry |= {"labels": list(labels), "reasons": [*entry["reasons"], *codes]}
    campaign.interrupted = {"entry": entry, "server": campaign.as_dict(), "labels": codes}


def entry_of_another_client(test_id: str, workload: Workload, plan: Plan) -> dict[str, Any]:
    """It writes its output at its end, so nothing of the load is left."""
    headline = "interrupted: Ctrl-C while sglang.bench_serving ran; it keeps nothing of a load before its end"
    return bare_entry(test_id, "INVALID", headline, "interrupted") | {
        "workload": workload.describe(),
        "plan": dict(plan.describe()),
    }


def bare_entry(test_id: str, word: str, line: str, reason: str) -> dict[str, Any]:
    """The entry of a test that never came to a measurement."""
    from slabench.report.document import utc_now

    return {
        "id": test_id,
        "method": test_id.split("/")[1]
        if test_id.startswith("tests/") and test_id.count("/") > 1
        else "serving",
        "point": {},
        "word": word,
        "headline": line,
        "reasons": [reason] if reason else [],
        "labels": [],
        "objectives": [],
        "checks": [],
        "advice": [],
        "workload": {},
        "plan": {},
        "metrics": {},
        "began_utc": utc_now(),
        "duration_s": 0.0,
    }
