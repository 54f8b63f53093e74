"""What stands beside a test's metrics: TPOT by every clock that has it, and what the GPUs did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean, stdev

from slabench.messages import Message
from slabench.session.measurement import Evaluated
from slabench.verdict.statistics import quantile


def witnesses(loads: Sequence[Evaluated]) -> tuple[Message, ...]:
    """loads: of the server under test; means over them."""
    return (*_tpot(loads), *_gpus(loads))


def _mean(loads: Sequence[Evaluated], key: str) -> float | None:
    """None where a load has no such metric."""
    values = [load.metrics.get(key) for load in loads]
    return None if None in values else fmean(value for value in values if value is not None)


def _tpot(loads: Sequence[Evaluated]) -> Iterator[Message]:
    """Nothing where the client's clock is the only one."""
    client, server = _mean(loads, "tpot.mean"), _mean(loads, "server.tpot")
    logs = [load.context.log for load in loads]
    pairs = [
        (log.log_tpot, log.full_tpot) for log in logs if log is not None and log.log_tpot and log.full_tpot
    ]
    beside = []
    if server is not None:
        beside.append(Message("witness.tpot_server", tpot=server))
    if len(pairs) == len(loads):
        log, full = (fmean(values) for values in zip(*pairs, strict=True))
        beside.append(Message("witness.tpot_log", tpot=log, full=full))
    if client is not None and beside:
        yield Message("witness.tpot", tpot=client, beside=beside)


def _gpus(loads: Sequence[Evaluated]) -> Iterator[Message]:
    gpus = loads[0].context.gpus
    if gpus is None:
        return
    parts = list(_token(loads))
    parts += [
        Message(f"witness.{name}", value=value)
        for name, key in (
            ("tokens", "tokens_per_joule"),
            ("power", "gpu.power"),
            ("clock", "gpu.sm_clock"),
        )
        if (value := _mean(loads, key)) is not None
    ]
    if all("gpu.temperature" in load.metrics for load in loads):
        parts.append(Message("witness.heat", value=max(load.metrics["gpu.temperature"] for load in loads)))
    if all("gpu.energy_bound" in load.metrics for load in loads):
        parts.append(Message("witness.bound", value=max(load.metrics["gpu.energy_bound"] for load in loads)))
    else:
        parts.append(Message("witness.no_energy"))
    yield Message("witness.gpus", count=gpus.count, parts=parts)


def _token(loads: Sequence[Evaluated]) -> Iterator[Message]:
    """With the 95 % interval of the mean where there are several loads."""
    values = [load.metrics.get("energy_per_output_token") for load in loads]
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return
    mean, count = fmean(known), len(known)
    if count == 1:
        yield Message("witness.token", value=mean)
        return
    half = quantile(count - 1, 0.95) * stdev(known) / count**0.5
    yield Message("witness.token_interval", value=mean, low=mean - half, high=mean + half, n=count)
