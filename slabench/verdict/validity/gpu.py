"""The server's GPUs as witnesses: were they slowed down, were they its own?"""

from __future__ import annotations

from slabench.gpu_records import POWER_CAP, REASONS, THROTTLED
from slabench.verdict.outcome import Check, finding, ok
from slabench.verdict.validity.context import CheckContext
from slabench.verdict.validity.registry import Applies, Registration, Stage

THROTTLED_SHARE = 0.01  # of the samples: a GPU that is slow for less of the time changes no metric by more
_SLOWED = [name for bit, name in REASONS.items() if bit & THROTTLED]


@Registration(
    Stage.SERVER,
    evidence="`--gpu-telemetry`: clock event reasons, sampled",
    invalid=(
        "never; a finding when a GPU was slowed by heat, by its board or by the power supply (hw_slowdown, "
        "sw_thermal_slowdown, hw_thermal_slowdown, hw_power_brake_slowdown) in more than 1 % of the samples; "
        "its own power limit (sw_power_cap) is no finding"
    ),
    why="a GPU that throttles is slower than it will be on another day",
    applies=Applies(
        "loads whose GPUs report them", lambda context: context.gpus is not None and context.gpus.samples
    ),
)
def gpu_throttled(context: CheckContext) -> Check:
    gpus = context.gpus
    assert gpus is not None, "it applies to loads with them"
    if gpus.throttled > THROTTLED_SHARE * gpus.samples:
        seen = [
            f"{name} {100 * gpus.reasons[name] / gpus.samples:.0f} %"
            for name in _SLOWED
            if gpus.reasons.get(name)
        ]
        return finding(
            "gpu_throttled.slowed",
            gpu=gpus.worst,
            share=gpus.throttled / gpus.samples,
            reasons=seen,
            n=gpus.samples,
            limit=THROTTLED_SHARE,
        )
    capped = gpus.reasons.get(REASONS[POWER_CAP], 0)
    return ok("gpu_throttled.ok", n=gpus.samples, share=capped / gpus.samples)


@Registration(
    Stage.SERVER,
    evidence="`--gpu-telemetry`: processes that compute on the server's GPUs",
    invalid="never; a finding when there are others than the servers'",
    why="they take time, memory and power that the metrics are then without",
    applies=Applies(
        "loads by NVML where the server's own processes are known",
        lambda context: context.gpus is not None and context.gpus.others is not None,
    ),
)
def gpu_shared(context: CheckContext) -> Check:
    gpus = context.gpus
    assert gpus is not None, "it applies to loads with them"
    if gpus.others:
        return finding("gpu_shared.others", others=gpus.others)
    return ok("gpu_shared.ok", gpus=gpus.count)
