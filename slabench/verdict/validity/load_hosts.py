"""Checks of a load that several hosts sent: each of them, and what their clocks leave open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from slabench.metrics.compute import compute
from slabench.metrics.full_batch import full_batch
from slabench.records import RunRecord
from slabench.units import NS_PER_MS
from slabench.verdict.outcome import Check, invalid, ok
from slabench.verdict.validity.client import CPU_SHARE_LIMIT
from slabench.verdict.validity.context import CheckContext, LogEvidence
from slabench.verdict.validity.registry import Applies, Registration, Stage, registered

HOSTS = Applies(
    "loads that other hosts sent (--load-hosts, --load-cluster)", lambda c: bool(c.run.client.hosts)
)
SILENT_S = 2.0  # a load process reports twice a second
WAITING_SHARE = 0.01  # of the time of all slots


@Registration(
    Stage.CLIENT,
    evidence="load processes of each host",
    invalid=(
        "nothing came from a host for more than 2 s of the load; one of its load processes used more than "
        "95 % of a core; slots waited for their next request to come to the host for more than 1 % of the "
        "time of all slots"
    ),
    why="it was not the load that was planned, or the host measured itself",
    applies=HOSTS,
    probe=True,
)
def load_hosts(context: CheckContext) -> Check:
    """A host that died is the check client's."""
    client = context.run.client
    hosts = client.hosts
    silent = max(hosts, key=lambda host: host.silent_s)
    if silent.silent_s > SILENT_S:
        return invalid("load_hosts.cut_off", host=silent.name, silent_s=silent.silent_s, limit_s=SILENT_S)
    busy = max(hosts, key=lambda host: host.cpu_share or 0.0)
    if client.wall_s > 0.5 and (busy.cpu_share or 0.0) > CPU_SHARE_LIMIT:
        return invalid("load_hosts.busy", host=busy.name, share=busy.cpu_share, limit=CPU_SHARE_LIMIT)
    cap = context.run.plan.get("max_concurrency")
    waited_s = sum(host.slot_wait_s for host in hosts)
    share = waited_s / (cap * client.wall_s) if cap and client.wall_s > 0 else 0.0
    trips = [host.round_trip_ms for host in hosts if host.round_trip_ms is not None]
    longest = max(trips, default=None)
    if share > WAITING_SHARE:
        return invalid("load_hosts.slots_waited", share=share, limit=WAITING_SHARE, round_trip_ms=longest)
    return ok(
        "load_hosts.ok",
        hosts=[f"{host.name} {host.requests}" for host in hosts],
        round_trip_ms=longest,
        share=share,
        tail=client.tail_requests,
    )


@Registration(
    Stage.CLIENT,
    evidence="pings of each host before and after the load, arrivals",
    invalid=(
        "the offset of a host's clock is not known, or moving the hosts' times against each other by as much "
        "as it may be wrong changes the result of another check, or the side of its limit that a metric is on"
    ),
    why="a verdict must not depend on two clocks; times of one answer are of one clock",
    applies=HOSTS,
)
def load_clock(context: CheckContext) -> Check:
    hosts = context.run.client.hosts
    unknown = [host.name for host in hosts if host.clock_error_ms is None]
    if unknown:
        return invalid("load_clock.unknown", hosts=unknown)
    error_ms = max(host.clock_error_ms or 0.0 for host in hosts)
    states, metrics = _states(context), _metrics(context.run, context.batch_size)
    for run in _corners(context.run):
        after = _metrics(run, context.batch_size)
        moved = replace(context, run=run, log=_log(context, after))
        changed = [name for name, state in _states(moved).items() if states.get(name) is not state]
        changed += _sides(context, metrics, after)
        if changed:
            return invalid("load_clock.decides", error_ms=error_ms, what=changed)
    drift_ms = max(host.clock_drift_ms or 0.0 for host in hosts)
    return ok("load_clock.ok", error_ms=error_ms, drift_ms=drift_ms)


def _corners(run: RunRecord) -> Iterator[RunRecord]:
    """The run with the hosts' times apart by as much as they may be: any two hosts are, in one of them."""
    hosts = run.client.hosts
    for bit in range(max(1, (len(hosts) - 1).bit_length())):
        for sign in (1, -1):
            by = {
                host.name: round(
                    (sign if number >> bit & 1 else -sign) * (host.clock_error_ms or 0) * NS_PER_MS
                )
                for number, host in enumerate(hosts)
            }
            requests = [
                record.moved(by[record.host]) if record.host in by else record for record in run.requests
            ]
            yield replace(run, requests=requests)


def _log(context: CheckContext, metrics: dict[str, float]) -> LogEvidence | None:
    """The log's evidence with what of it is computed from times of several answers."""
    if context.log is None:
        return None
    full_tpot, full_share = metrics.get("full_batch.tpot"), metrics.get("full_batch.share")
    return replace(context.log, full_tpot=full_tpot, full_share=full_share)


def _states(context: CheckContext) -> dict[str, object]:
    """The result of each other check."""
    stages = [stage for stage in Stage if stage not in (Stage.CURVE, Stage.TEST)]
    made = [
        check.evaluate(context)
        for check in registered(*stages)
        if check.name not in (load_clock.__name__, load_hosts.__name__)
    ]
    return {check.name: check.state for check in made if check is not None}


def _metrics(run: RunRecord, batch_size: int | None) -> dict[str, float]:
    metrics = compute(run)
    if batch_size is not None:
        metrics |= full_batch(run.requests, batch_size, metrics.get("duration"))
    return metrics


def _sides(context: CheckContext, before: dict[str, float], after: dict[str, float]) -> list[str]:
    """Metrics that are on the other side of a limit. Of those per GPU, whose GPUs are not known here, by the
    run's duration.
    """
    longer = after["duration"] / before["duration"] if before.get("duration") and "duration" in after else 1.0
    changed = []
    for margin in context.margins:
        value = after.get(margin.metric)
        if value is None and margin.metric.endswith("_per_gpu"):
            value = margin.observed / longer
        if value is not None and (value > margin.limit) != (margin.observed > margin.limit):
            changed.append(margin.metric)
    return changed
