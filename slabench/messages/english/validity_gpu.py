"""What the checks about the server's GPUs say."""

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
}
