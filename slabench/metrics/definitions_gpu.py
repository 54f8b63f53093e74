"""The metrics of the server's GPUs, with --gpu-telemetry (gpu_energy.py)."""

from __future__ import annotations

from slabench.metrics.declaration import Metric, Tolerance

_COUNTER = "GPU: total-energy counter at both ends"
_SAMPLED = "GPU: samples during the load"
_ENDS = "the counter at a span's ends is known to some tenths of a second, a few per cent of a short one"

OF_GPUS: tuple[Metric, ...] = (
    Metric(
        "energy_per_output_token", "J", "lower",
        "mean power in the full-batch windows * full-batch TPOT / batch size; all GPUs", _COUNTER,
        Tolerance(2.5, 0.001, _ENDS),
    ),
    Metric(
        "tokens_per_joule", "tok/J", "higher", "output tokens of the load / gpu.energy", _COUNTER,
        Tolerance(2.5, 0.01, _ENDS),
    ),
    Metric("gpu.energy", "J", "none", "of the whole load, all GPUs together", _COUNTER),
    Metric("gpu.power", "W", "none", "gpu.energy / duration of the load, all GPUs together", _COUNTER),
    Metric(
        "gpu.energy_bound", "share", "none", "by how much the energies above may be wrong at most", _COUNTER,
        repeats="largest",
    ),
    Metric("gpu.sm_clock", "MHz", "none", "mean of all samples and GPUs", _SAMPLED),
    Metric("gpu.temperature", "°C", "none", "the highest of any GPU", _SAMPLED, repeats="largest"),
    Metric("gpu.memory", "GiB", "none", "the most in use of any GPU", _SAMPLED, repeats="largest"),
)  # fmt: skip
