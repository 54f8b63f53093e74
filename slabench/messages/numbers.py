"""How numbers and the names of metrics stand in a sentence, a table and a report."""

from __future__ import annotations

from slabench.messages.language import current


def number(value: float) -> str:
    """Four significant digits and more before the point, never an exponent: 61.23, 10,875, 0.123."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def metric_name(key: str) -> str:
    """`tpot mean` for tpot.mean; bench_serving's metrics keep their prefix: `classic.tpot mean`."""
    name, _, statistic = key.rpartition(".")
    return f"{name} {statistic}" if name and name not in ("classic", "concurrency", "answers") else key


def percent(share: float, spec: str = ".0%") -> str:
    """0.5 -> `50 %`, in Chinese `50%`. spec: as in format(), ending with %."""
    return f"{format(share, spec)[:-1]}{'%' if current() == 'zh' else ' %'}"
