"""What the checks about the server's GPUs say, and the lines of TPOT by every clock and of the GPUs."""

MESSAGES = {
    "gpu_throttled.ok": (
        "No GPU was slowed by heat, its board or its power supply (n={n} samples); at its power limit in "
        "{share:.0%} of them."
    ),
    "gpu_throttled.slowed": (
        "GPU {gpu} was slowed by heat, its board or its power supply in {share:.0%} of n={n} samples "
        "({reasons}); at most {limit:.0%} may be."
    ),
    "gpu_throttled.slowed.remedy": (
        "Look at cooling and power of this machine (nvidia-smi -q -d PERFORMANCE,TEMPERATURE), and measure "
        "again when the GPU keeps its clock."
    ),
    "gpu_shared.ok": "Only the server computes on its GPUs ({gpus}).",
    "gpu_shared.others": "Other processes compute on the server's GPUs: {others}.",
    "gpu_shared.others.remedy": (
        "End them, or give the server GPUs of its own; --gpu-index names the GPUs that are the server's."
    ),
    "witness.tpot": "TPOT: client {tpot:number} ms; {beside:; }.",
    "witness.tpot_server": "server's /metrics {tpot:number} ms",
    "witness.tpot_log": "log {tpot:number} ms in its full-batch lines, where the client has {full:number} ms",
    "witness.gpus": "GPU ({count}): {parts:; }.",
    "witness.token": "{value:number} J per output token in the full batch",
    "witness.token_interval": (
        "{value:number} J per output token in the full batch (95 % interval {low:number} to {high:number} "
        "over {n} loads)"
    ),
    "witness.tokens": "{value:number} output tokens/J over the load",
    "witness.power": "mean power {value:.0f} W",
    "witness.clock": "mean SM clock {value:.0f} MHz",
    "witness.heat": "at most {value:.0f} °C",
    "witness.bound": "energies are known to {value:.1%}",
    "witness.no_energy": "energy not known (no counter, or the load is too short for it: docs/gpu.md)",
}
