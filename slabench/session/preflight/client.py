"""This machine's side of a load: the data set, and how exact the client is at the load asked."""

from __future__ import annotations

from collections.abc import Iterator

from slabench.errors import ConfigError
from slabench.session.load import LoadOptions
from slabench.session.preflight.context import PreflightContext
from slabench.session.preflight.registry import Preflight, Result, Stage, Status, ok, warn
from slabench.workloads.dataset import read_conversations

TPOT_ERROR_PCT = 1.0  # half of the 2 % that a comparison tolerates by default


@Preflight(
    Stage.PROBE,
    needs="--dataset-path",
    stops="the file cannot be read as a data set; a warning where it has fewer conversations than prompts",
)
def data_set(context: PreflightContext) -> Iterator[Result]:
    path = context.settings.options.dataset_path
    prompts = max((load.form.num_prompts for _, load in context.loads), default=0)
    if path is None:
        yield ok("data_set.none", name=context.settings.dataset_name)
        return
    try:
        conversations = read_conversations(path)
    except ConfigError as error:
        yield Result(Status.STOP, error.as_message())
        return
    count = len(conversations.turns)
    arguments = {"count": count, "path": path, "prompts": prompts, "broken": conversations.note or ""}
    yield (warn if count < prompts else ok)(
        "data_set.few" if count < prompts else "data_set.enough", **arguments
    )


@Preflight(
    Stage.PROBE,
    needs="the null server on this machine, or a calibration of the last 30 days",
    stops="a warning: the client's own error at the load asked is more than 1 % of TPOT, or not known",
)
def client_speed(context: PreflightContext) -> Iterator[Result]:
    campaign = context.campaign
    loads = [load for _, load in context.loads]
    # one-token answers show no time between tokens
    several = [load for load in loads if load.form.output_len > 1] or loads
    if campaign is None or not several:
        return
    load = max(several, key=lambda load: load.in_flight)
    options, simulated = LoadOptions.of(context.settings), campaign.servers.new.simulated
    calibrator = campaign.calibration.calibrator(options.quiet.client, options.place, simulated=simulated)
    if calibrator is None:
        yield ok("client_speed.not_asked")
        return
    known = calibrator.before(load.in_flight, one_token=load.form.output_len == 1)
    if known.state != "measured" or known.tpot_error_pct is None:
        yield warn("client_speed.unknown", streams=load.in_flight, why=known.why)
        return
    arguments = {
        "streams": known.streams,
        "rate": known.chunks_per_s,
        "tpot_pct": known.tpot_error_pct,
        "ttft_ms": known.ttft_error_ms,
        "limit_pct": TPOT_ERROR_PCT,
    }
    if abs(known.tpot_error_pct) > TPOT_ERROR_PCT:
        yield warn("client_speed.inexact", **arguments)
    else:
        yield ok("client_speed.exact", **arguments)
