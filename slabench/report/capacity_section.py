"""A capacity search's probes as a table, the same in every output."""

from __future__ import annotations

from collections.abc import Mapping

from slabench.messages import Message, number
from slabench.run_document.capacity import Capacity

HEAD = (
    Message("probe.number"),
    Message("probe.load"),
    Message("probe.verdict"),
    Message("probe.waves"),
    Message("probe.tpot"),
    Message("probe.interval"),
    Message("probe.ttft"),
    Message("probe.total"),
    Message("probe.seconds"),
    Message("probe.why"),
)
STANDINGS = {
    "holds": Message("probe.holds"),
    "fails": Message("probe.fails"),
    "unsure": Message("probe.unsure"),
    "ruled out": Message("probe.ruled_out"),
}


def probe_cells(capacity: Capacity) -> list[list[str]]:
    """A row a probe under HEAD."""
    rows = []
    for probe in capacity.probes:
        waves = [str(probe.waves), *(str(name) for key, name in _ENDS.items() if getattr(probe, key))]
        tpot = probe.intervals.get("tpot.mean")
        rows.append(
            [
                str(probe.number),
                f"{probe.load:g}",
                str(STANDINGS.get(probe.standing, probe.standing)),
                str(Message("console.codes", codes=waves)),
                "n/a" if tpot is None else number(tpot.value),
                "n/a"
                if tpot is None
                else str(Message("label.range", low=number(tpot.low), high=number(tpot.high))),
                *_cells(probe.metrics, "ttft.mean", "total_throughput"),
                f"{probe.seconds:.1f}",
                probe.why,
            ]
        )
    return rows


_ENDS = {"first_wave_only": Message("probe.first_wave"), "stopped": Message("probe.stopped")}


def _cells(metrics: Mapping[str, float], *keys: str) -> list[str]:
    return [number(metrics[key]) if key in metrics else "n/a" for key in keys]
