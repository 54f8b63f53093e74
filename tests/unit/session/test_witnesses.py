"""The lines of TPOT by every clock and of the GPUs, means over the loads."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from slabench.messages import in_language
from slabench.session.witnesses import witnesses
from slabench.verdict.validity import LogEvidence
from slabench.verdict.validity.context import GpuEvidence


def load(metrics: dict[str, float], log: Any = None, gpus: GpuEvidence | None = None) -> Any:
    return SimpleNamespace(metrics=metrics, context=SimpleNamespace(log=log, gpus=gpus))


def log(tpot: float | None, full: float | None) -> LogEvidence:
    return LogEvidence(9, {}, 0, 0, 0, 0, log_tpot=tpot, full_tpot=full)


def lines(*loads: Any) -> list[str]:
    return list(map(str, witnesses(loads)))


def test_three_clocks_in_one_line() -> None:
    first = load({"tpot.mean": 41.0, "server.tpot": 40.9}, log(40.0, 40.1))
    second = load({"tpot.mean": 43.0, "server.tpot": 42.9}, log(42.0, 42.1))
    expected = (
        "TPOT: client 42.00 ms; server's /metrics 41.90 ms; log 41.00 ms in its full-batch lines, where the "
        "client has 41.10 ms."
    )
    assert lines(first, second) == [expected]


def test_one_clock_alone_is_no_line_and_a_clock_has_all_loads_or_none() -> None:
    assert lines(load({"tpot.mean": 41.0}), load({"tpot.mean": 41.0})) == []
    assert lines(load({"tpot.mean": 41.0}, log(40.0, None))) == []
    assert lines(load({"server.tpot": 41.0}, log(40.0, 40.0))) == []
    apart = load({"tpot.mean": 41.0, "server.tpot": 40.0}), load({"tpot.mean": 41.0}, log(40.0, 40.0))
    assert lines(*apart) == []


def test_the_gpus() -> None:
    metrics = {
        "energy_per_output_token": 0.2,
        "tokens_per_joule": 4.0,
        "gpu.power": 650.0,
        "gpu.sm_clock": 1700.0,
        "gpu.temperature": 61.0,
        "gpu.energy_bound": 0.012,
    }
    gpus = GpuEvidence(8, "nvml", "processes")
    later = metrics | {"gpu.temperature": 66.0, "gpu.energy_bound": 0.01, "energy_per_output_token": 0.3}
    expected = (
        "GPU (8): 0.25 J per output token in the full batch (95 % interval 0.126 to 0.374 over 3 loads); "
        "4.00 output tokens/J over the load; mean power 650 W; mean SM clock 1700 MHz; at most "
        "66 °C; energies are known to 1.2 %."
    )
    between = load(metrics | {"energy_per_output_token": 0.25}, gpus=gpus)
    loads = load(metrics, gpus=gpus), between, load(later, gpus=gpus)
    assert lines(*loads) == [expected]
    assert (
        "; 4.00 output" in lines(loads[0])[0] and "GPU (8): 0.2 J per output token in" in lines(loads[0])[0]
    )
    without = lines(load({"gpu.sm_clock": 1700.0}, gpus=GpuEvidence(1, "dcgm", "option")))
    assert without[0].startswith("GPU (1): mean SM clock 1700 MHz; energy not known (no counter, or")
    with in_language("zh"):
        assert "每个输出 token 0.25 J" in lines(*loads)[0]
