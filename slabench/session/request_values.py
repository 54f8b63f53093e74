"""A metric's value of each request of a run, whichever client drove it: what a percentile is taken of."""

from __future__ import annotations

from slabench.metrics import bounded
from slabench.metrics.classic import request_samples
from slabench.metrics.definitions import OF_A_REQUEST, declared
from slabench.records import RunRecord
from slabench.reported_records import ReportedRequest

MS_PER_S = 1000
Values = tuple[list[float], list[float]]


def request_values(run: RunRecord, key: str) -> Values:
    """In ms: (what each is at least, what each is at most); the two differ where TPOT is known within bounds
    only.
    """
    metric = declared(key)
    if run.reported is not None:
        good = [request for request in run.reported.requests if not request.error and request.has_text]
        values = _reported(good, metric.ours)
    elif metric.name != metric.ours:
        values = [value * MS_PER_S for value in request_samples(run)[metric.ours]]
    else:
        done = [record for record in run.requests if record.ok and record.span_ns is not None]
        values = OF_A_REQUEST[metric.name].sample(done)
        if not values and metric.name == "tpot":
            return bounded.both(done) or ([], [])
    return values, values


def _reported(requests: list[ReportedRequest], name: str) -> list[float]:
    """As its file has them: the gaps after the first text are what its latency has beyond the TTFT."""
    rest = [(request, sum(request.itl_s)) for request in requests]
    in_seconds = {
        "ttft": [request.ttft_s for request in requests],
        "e2el": [request.ttft_s + gaps for request, gaps in rest],
        "tpot": [
            gaps / (request.reported_output_len - 1)
            for request, gaps in rest
            if request.reported_output_len > 1
        ],
    }
    return [value * MS_PER_S for value in in_seconds[name]]
