"""Does the DCGM exporter of --gpu-telemetry answer, and with what?"""

from __future__ import annotations

from collections.abc import Iterator

from slabench.server.gpu.dcgm import CLOCK, ENERGY, REASONS, Dcgm, read_text
from slabench.server.gpu.reading import SourceError
from slabench.session.preflight.context import PreflightContext
from slabench.session.preflight.registry import Preflight, Result, Stage, ok, stop, warn


@Preflight(
    Stage.SERVER,
    needs="--gpu-telemetry=URL",
    stops="no DCGM exporter answers there; a warning where it does not have energy, clocks or their reasons",
)
def gpu_telemetry(context: PreflightContext) -> Iterator[Result]:
    where = context.settings.options.gpu_telemetry
    if context.campaign is None or "://" not in where:
        return
    try:
        exporter = Dcgm(where)
        _, values = read_text(exporter.scrape())
    except SourceError as error:
        yield stop("gpu_telemetry.no_exporter", why=str(error))
        return
    fields = {name for known in values.values() for name in known}
    missing = [name for name in (ENERGY, CLOCK) if name not in fields]
    missing += [] if fields & set(REASONS) else [REASONS[0]]
    if missing:
        yield warn("gpu_telemetry.missing", gpus=len(exporter.gpus), fields=missing)
    else:
        yield ok("gpu_telemetry.answers", gpus=len(exporter.gpus))
