"""Throughput of a full server by three ways of counting it, from few waves and from many: how far each is
from what it settles at.

    nice -n 10 .venv/bin/python benchmarks/bench_saturated.py

Closed loops of more requests than run at once, in virtual time without noise, at the servers of
bench_capacity.py. slots: the counted requests' times over the number of slots, all whole waves but the first
and the last. window: tokens between the first end and the first slot that stays empty. stretch:
slabench/metrics/saturated.py. settled: the slope of the ends of 300 waves. Every cell is the way's difference
from that, in per cent.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bench_capacity import A800, H200, OUTPUT, PROMPT, R1, slope_of_ends
from slabench.metrics.saturated import saturated_flow
from slabench.metrics.steady_state import steady, steady_metrics
from slabench.records import RunRecord
from tests.unit.capacity.virtual_capacity import closed_loop

SETTLED, WAVES = 300, (3, 4, 10, 30)
POINTS = ((H200, (148, 157, 175, 192)), (R1, (18, 20, 22)), (A800, (22, 25, 28)))
TOTAL = "total_throughput"


def ways(run: RunRecord, wave: int) -> tuple[float, float, float]:
    """Total tokens/s by slots, window and stretch."""
    part = steady(run, wave)
    flow = saturated_flow(run.requests)
    assert part is not None and flow is not None
    by_window = steady_metrics(run, part)[TOTAL]
    return steady_metrics(run, part, slots=wave)[TOTAL], by_window, flow.rate * (PROMPT + OUTPUT) / OUTPUT


def main() -> int:
    print(
        "| server | in flight | settled tok/s | "
        f"{' | '.join(f'{n} waves: slots, window, stretch' for n in WAVES)} |"
    )
    print(f"|---|---|---|{'---|' * len(WAVES)}", flush=True)
    for profile, loads in POINTS:
        for load in loads:
            settled = slope_of_ends(closed_loop(profile, load, (PROMPT, OUTPUT), SETTLED, 0)) * (
                PROMPT + OUTPUT
            )
            cells = []
            for waves in WAVES:
                found = ways(closed_loop(profile, load, (PROMPT, OUTPUT), waves, 0), load)
                cells.append(", ".join(f"{100 * (rate / settled - 1):+.1f}" for rate in found))
            print(f"| {profile.name} | {load} | {settled:,.0f} | {' | '.join(cells)} |", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
