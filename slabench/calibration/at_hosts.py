"""The client's own error where other hosts send the load: each drives a null server of its own, at once."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from slabench.calibration.shape import Shape
from slabench.errors import InvalidRun, system_words
from slabench.loadgen import ClientOptions
from slabench.loadgen.pools import worker_pool
from slabench.loadgen.remote_pool import RemotePool
from slabench.loadgen.transports.base import LoadHosts, Transport
from slabench.messages import Message
from slabench.records import Calibration

TIMEOUT_S = 120.0


def measurer(place: LoadHosts) -> Callable[[Shape, ClientOptions], Calibration]:
    """Like calibrate.measure(), of all hosts together: a share of the streams at each."""

    def measure(shape: Shape, options: ClientOptions) -> Calibration:
        try:
            with worker_pool(place) as pool:
                assert isinstance(pool, RemotePool), "it is not this machine"
                transport = pool.transport
        except (InvalidRun, OSError) as error:
            return Calibration("failed", system_words(error))
        hosts = list(transport.hosts)
        share = replace(shape, streams=math.ceil(shape.streams / len(hosts)))
        workers = None if options.workers is None else math.ceil(options.workers / len(hosts))
        with ThreadPoolExecutor(len(hosts)) as threads:
            made = list(threads.map(lambda host: _at(transport, place, host, share, workers), hosts))
        return together(dict(zip(hosts, made, strict=True)))

    return measure


def _at(transport: Transport, place: LoadHosts, host: str, shape: Shape, workers: int | None) -> Calibration:
    """What `python -m slabench.calibration` prints there."""
    arguments = (str(shape.streams), f"{shape.itl_ms:g}", "auto" if workers is None else str(workers))
    try:
        printed = transport.output(host, place.module("slabench.calibration", *arguments), TIMEOUT_S)
        return Calibration(**json.loads(printed.splitlines()[-1]))
    except (OSError, ValueError, TypeError, IndexError) as error:
        return Calibration("failed", str(Message("calibration.not_driven", problem=system_words(error))))


def together(made: dict[str, Calibration]) -> Calibration:
    """The first that was not measured, with its host; else the largest error of each kind."""
    for host, calibration in made.items():
        if calibration.state != "measured":
            why = str(Message("calibration.at_host", host=host, why=calibration.why))
            return replace(calibration, why=why)
    each = list(made.values())
    return replace(
        each[0],
        streams=sum(calibration.streams for calibration in each),
        tpot_error_pct=_largest([calibration.tpot_error_pct for calibration in each]),
        ttft_error_ms=_largest([calibration.ttft_error_ms for calibration in each]),
        p99_itl_error_ms=_largest([calibration.p99_itl_error_ms for calibration in each]),
        server_late_p99_ms=_largest([calibration.server_late_p99_ms for calibration in each]),
    )


def _largest(errors: list[float | None]) -> float | None:
    return max((error for error in errors if error is not None), key=abs, default=None)
