"""What the servers' own answers decide, without a further request: who they are, what of a load fits."""

from __future__ import annotations

from collections.abc import Iterator

from slabench.messages import Argument, Message
from slabench.methods import ALI_PREFILL
from slabench.session.evidence import behind, graph_limit
from slabench.session.planned_load import PlannedLoad
from slabench.session.preflight.context import PreflightContext, Side
from slabench.session.preflight.registry import (
    Preflight,
    Result,
    Stage,
    Status,
    each_server,
    of_check,
    ok,
    short,
    stop,
    warn,
)
from slabench.verdict.comparison import Comparison, ComparisonState
from slabench.verdict.differences import blocked, differences
from slabench.verdict.validity.batch import fits
from slabench.verdict.validity.policy import settle
from slabench.verdict.validity.registry import FILLING


@Preflight(
    Stage.SERVER,
    needs="server_info",
    stops=(
        "the server does not answer, or is not SGLang; a warning for another version than the reference, and "
        "where a router's servers are not all known"
    ),
)
@each_server
def server(context: PreflightContext, side: Side) -> Iterator[Result]:
    roles, info, entry = side.deployment.roles, side.deployment.info, side.deployment.entry
    kinds = [worker.role.value for worker in roles.workers]
    arguments: dict[str, Argument] = {
        "url": entry.url,
        "version": info.version or Message("server.unknown_version"),
        "roles": " + ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)),
        "router": "" if roles.router.value == "none" else Message("server.router", kind=roles.router.value),
        "model": side.deployment.model_name,
        "gpus": side.deployment.gpu_source,
    }
    if not roles.whole or roles.unasked:
        yield warn("server.partly", **arguments)
    elif not info.reference and not side.deployment.simulated:
        yield warn("server.other_version", **arguments)
    elif side.deployment.gpus.total is None:
        yield warn("server.unknown_gpus", **arguments)
    else:
        yield ok("server.answers", **arguments)


@Preflight(
    Stage.SERVER,
    needs="server_info, the baseline's record",
    stops="another model, hardware, or arguments than the baseline's, not named by --allow-diff",
)
def comparable(context: PreflightContext) -> Iterator[Result]:
    """None where the old side has none of the tests."""
    campaign, file = context.campaign, context.settings.baseline
    if campaign is None:
        return
    tests = [test.test_id for test in context.tests]
    for test_id in tests:
        if file is not None and (why := file.refused.get(test_id)) is not None:
            refused = Comparison(file.path, ComparisonState.NOT_COMPARABLE).refused(why)
            assert refused.not_comparable is not None, "it was refused for that"
            yield Result(Status.STOP, refused.not_comparable, tests=(test_id,), comparison=refused)
    if campaign.before is not None:
        name, old = campaign.before.name, campaign.before.fingerprint
    elif campaign.servers.baseline is not None:
        name, old = campaign.servers.baseline.entry.url, campaign.servers.baseline.fingerprint
    elif file is not None and any(test in file.tests for test in tests):
        name, old = file.path, file.fingerprint
    else:
        return
    blocking = blocked(
        differences(old, campaign.servers.new.fingerprint), context.settings.options.allow_diff
    )
    if blocking is None:
        yield ok("comparable.same", baseline=name)
        return
    interleaved = None if campaign.before is None else False
    comparison = Comparison(name, ComparisonState.NOT_COMPARABLE, interleaved=interleaved).refused(*blocking)
    assert comparison.not_comparable is not None, "it was refused for that"
    yield Result(Status.STOP, comparison.not_comparable, comparison=comparison)


@Preflight(
    Stage.SERVER,
    needs="token capacity and running cap of server_info",
    stops="a batch-size point that the server cannot hold (--allow=batch_fits measures it anyway)",
)
@each_server
def batch_fits(context: PreflightContext, side: Side) -> Iterator[Result]:
    """Every point that does not fit; of the others the largest."""
    options, info, fitting = context.settings.options, side.deployment.info, dict[int, Result]()
    for test_id, load in context.loads:
        lengths = context.least_lengths(load)
        if load.batch_size is None or lengths is None:
            continue
        check = settle(
            fits(
                load.batch_size,
                sum(lengths),
                capacity=info.token_capacity,
                max_running=info.max_running_requests,
                several=behind(side.deployment.roles).several,
            ),
            load.form.method,
            allow=options.allow,
            strict=options.strict_validity,
        )
        result = of_check(check, (test_id,))
        if result.status is Status.OK:
            fitting.setdefault(load.batch_size, result)
        else:
            yield result
    if fitting:
        yield fitting[max(fitting)]


@Preflight(
    Stage.SERVER,
    needs="context length, longest prompt and token capacity of server_info",
    stops="a request, prompt and answer together, is longer than the server takes",
)
@each_server
def request_fits(context: PreflightContext, side: Side) -> Iterator[Result]:
    loads = [(test_id, context.least_lengths(load)) for test_id, load in context.loads]
    tokens = {test_id: sum(lengths) for test_id, lengths in loads if lengths is not None}
    limits = _request_limits(side)
    if not tokens or not limits:
        return
    what = min(limits, key=lambda key: limits[key])
    limit, longest = limits[what], max(tokens.values())
    too_long = [test_id for test_id, count in tokens.items() if count > limit]
    if too_long:
        yield stop(_TOO_LONG[what], too_long, tokens=longest, limit=limit)
    else:
        yield ok("request_fits.fits", tokens=longest, limit=limit)


_TOO_LONG = {"context": "request_fits.context", "pool": "request_fits.pool"}
# sglang sets the longest prompt to the context length, or the pool, less 6 (srt/managers/tp_worker.py, 0.5.7)
_BELOW_CONTEXT = 6


def _request_limits(side: Side) -> dict[str, int]:
    """Tokens that a request may have, by what limits it. A server may refuse one at the limit itself."""
    info = side.deployment.info
    prompt = info.raw.get("max_req_input_len")
    contexts = [info.context_length, prompt + _BELOW_CONTEXT if type(prompt) is int else None]
    pool = min(info.token_capacity_per_rank or (0,))
    known = {"context": min((limit for limit in contexts if limit), default=0), "pool": pool}
    return {what: limit for what, limit in known.items() if limit > 0}


@Preflight(
    Stage.SERVER,
    needs="token capacity and running cap of server_info",
    stops="a warning: a test keeps more requests in flight than the server runs at once",
)
@each_server
def in_flight(context: PreflightContext, side: Side) -> Iterator[Result]:
    loads = [(test, load) for test, load in context.loads if load.batch_size is None]
    for by_design in (False, True):
        same = [pair for pair in loads if (pair[1].form.method in BY_DESIGN) is by_design]
        yield from _in_flight(side, same, by_design=by_design)


BY_DESIGN = (*FILLING, ALI_PREFILL.method)  # they offer more than a server runs at once


def _in_flight(side: Side, loads: list[tuple[str, PlannedLoad]], *, by_design: bool) -> Iterator[Result]:
    info = side.deployment.info
    most = max(loads, key=lambda pair: pair[1].in_flight, default=None)
    if most is None:
        return
    streams, tokens = most[1].in_flight, most[1].request_tokens
    capacity = None if info.token_capacity is None else info.token_capacity // max(tokens, 1)
    limits = [limit for limit in (capacity, info.max_running_requests) if limit is not None]
    why = []
    if info.token_capacity is not None:
        why.append(Message("in_flight.pool", capacity=info.token_capacity, tokens=tokens))
    if info.max_running_requests is not None:
        why.append(Message("in_flight.cap", cap=info.max_running_requests))
    queued: dict[str, Argument] = {
        "test": short(most[0]),
        "streams": streams,
        "running": min(limits, default=0),
        "why": why,
    }
    if not limits:
        yield warn("in_flight.unknown", streams=streams)
    elif streams <= min(limits):
        yield ok("in_flight.runs", test=short(most[0]), streams=streams, running=min(limits))
    elif by_design:
        yield ok("in_flight.by_design", **queued)
    else:
        yield warn("in_flight.queued", **queued)


@Preflight(
    Stage.SERVER,
    needs="CUDA graph sizes of server_info",
    stops="a warning: a batch is larger than the largest CUDA graph, or graphs are off",
)
@each_server
def cuda_graph(context: PreflightContext, side: Side) -> Iterator[Result]:
    sizes = [load.batch_size or load.in_flight for _, load in context.loads if load.form.output_len > 1]
    info = side.deployment.info
    if not sizes or info.device == "cpu":
        return
    running = [size for size in (max(sizes), info.max_running_requests) if size is not None]
    largest, limit = min(running), graph_limit(info, None)
    if info.disable_cuda_graph:
        yield warn("cuda_graph.off")
    elif limit is None:
        yield warn("cuda_graph.unknown")
    elif largest > limit:
        yield warn("cuda_graph.beyond", size=largest, limit=limit)
    else:
        yield ok("cuda_graph.covers", size=largest, limit=limit)
