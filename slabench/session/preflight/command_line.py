"""What the options and this machine alone decide, before any request."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from slabench.bench_serving.client import find
from slabench.errors import ConfigError
from slabench.loadgen.own_limits import too_few_files
from slabench.loadgen.workers import worker_count
from slabench.session.load import LoadOptions
from slabench.session.preflight.context import PreflightContext, plan_of
from slabench.session.preflight.registry import Preflight, Result, Stage, Status, ok, stop, warn
from slabench.session.settings import SIM

PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


@Preflight(
    Stage.COMMAND_LINE,
    needs="--deploy-log, --baseline-deploy-log",
    stops="a decode curve is selected, and a server's log is not named",
)
def deploy_log(context: PreflightContext) -> Iterator[Result]:
    settings, options = context.settings, context.settings.options
    other = settings.baseline_url
    sides = (
        (settings.base_urls[0], options.launch, options.deploy_log, "--deploy-log=FILE"),
        (other or SIM, options.baseline_launch, options.baseline_deploy_log, "--baseline-deploy-log=FILE"),
    )
    missing = [option for url, launch, log, option in sides if not (url.startswith(SIM) or launch or log)]
    curves = [test.test_id for test in context.tests if test.curve]
    if curves and missing:
        yield stop("deploy_log.missing", curves, test=curves[0], options=" and ".join(missing))
    elif missing:
        yield warn("deploy_log.none", option=missing[0])
    else:
        yield ok("deploy_log.given")


@Preflight(
    Stage.COMMAND_LINE,
    needs="--client=bench_serving, --bench-serving-python",
    stops="the Python that is named has no sglang.bench_serving",
)
def reference_client(context: PreflightContext) -> Iterator[Result]:
    options = context.settings.options
    if options.client != "bench_serving":
        return
    try:
        yield ok("reference_client.there", name=find(options.bench_serving_python).name)
    except ConfigError as error:
        yield Result(Status.STOP, error.as_message())


@Preflight(
    Stage.COMMAND_LINE,
    needs="`ulimit -n` of this machine",
    stops="a load process may not open as many connections as a test has in flight",
)
def open_files(context: PreflightContext) -> Iterator[Result]:
    options = LoadOptions.of(context.settings)
    if options.place is not None:
        return  # each load host is asked for its own
    workers, refused = options.client.workers, []
    for test_id, load in context.loads:
        if load.form.max_concurrency is None and math.isfinite(load.form.request_rate):
            continue  # how many are in flight then depends on the server
        plan = plan_of(load)
        count = worker_count(plan, [load.form.output_len] * plan.count, workers)
        sentence = too_few_files(plan, count)
        if sentence is not None:
            refused.append((test_id, sentence))
    if refused:
        tests = [test_id for test_id, _ in refused]
        yield stop("open_files.few", tests, problem=refused[-1][1])
    elif context.streams is not None:
        yield ok("open_files.enough", streams=context.streams[1].in_flight)


@Preflight(
    Stage.COMMAND_LINE,
    needs="ip_local_port_range of this machine",
    stops=(
        "a test has more requests in flight than there are local ports; a warning where each of its requests "
        "takes a port of its own (--connections=per-request) and there are more of them"
    ),
)
def local_ports(context: PreflightContext) -> Iterator[Result]:
    ports, most = port_count(), context.streams
    if ports is None or most is None or LoadOptions.of(context.settings).place is not None:
        return
    tests = [test_id for test_id, load in context.loads if load.in_flight > ports]
    requests = max(load.form.num_prompts for _, load in context.loads)
    if tests:
        yield stop("local_ports.few", tests, ports=ports, streams=most[1].in_flight)
    elif context.settings.options.connections == "per-request" and requests > ports:
        yield warn("local_ports.waiting", ports=ports, requests=requests)
    else:
        yield ok("local_ports.enough", ports=ports, streams=most[1].in_flight)


def port_count() -> int | None:
    """Local ports that the system hands out; None where it does not report them."""
    try:
        low, high = PORT_RANGE.read_text(encoding="ascii").split()
        return int(high) - int(low) + 1
    except (OSError, ValueError):
        return None
