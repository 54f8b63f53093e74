"""--goodput: limits that each request is held to by itself, whatever the objectives of the whole run are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from slabench.errors import ConfigError
from slabench.metrics.definitions import METRICS, OF_A_REQUEST
from slabench.verdict.sla import Slo

FORM = "--goodput=ttft:2000,tpot:50 (METRIC:MS)"


def parse_goodput(texts: Iterable[str]) -> dict[str, float]:
    """`ttft:2000 tpot:50` with blanks, as bench_serving and vLLM write it, or commas; the option may come
    several times.

    Metrics are ttft, tpot, e2el and their *_due, each once; milliseconds above 0.
    """
    found: dict[str, float] = {}
    for text in texts:
        parts = text.replace(",", " ").split()
        if not parts:
            raise ConfigError(f"--goodput={text!r} names no limit: write {FORM}.")
        for part in parts:
            name, sign, value = part.partition(":")
            limit = _number(value.removesuffix("ms"))
            if not sign or limit is None:
                raise ConfigError(f"--goodput={text!r}: {part!r} is no METRIC:MS; write {FORM}.")
            if name in found:
                raise ConfigError(f"--goodput names {name} twice; a request has one limit for it.")
            found[name] = limit
    return checked(found, "--goodput")


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def checked(limits: Mapping[str, float], source: str) -> dict[str, float]:
    """Limits by metric in ms; ConfigError if one of them is no limit of a single request. source: who gave
    them.
    """
    if not isinstance(limits, Mapping):
        raise ConfigError(
            f'{source} is {limits!r}; it reads limits in ms by metric, such as {{"ttft": 2000, "tpot": 50}}.'
        )
    for name, limit in limits.items():
        if name not in OF_A_REQUEST:
            hint = " e2e latency is e2el here." if name in METRICS["e2el"].also_called else ""
            raise ConfigError(f"{source} names {name!r}; a request has {', '.join(OF_A_REQUEST)}.{hint}")
        if (
            isinstance(limit, bool)
            or not isinstance(limit, int | float)
            or not (math.isfinite(limit) and limit > 0)
        ):
            raise ConfigError(f"{source} holds {name} to {limit!r}; give milliseconds above 0.")
    return {name: float(limit) for name, limit in limits.items()}


def check_goodput(objectives: Iterable[Slo], limits: Mapping[str, float], *, where: str = "") -> None:
    """ConfigError for an objective on goodput where no limit says which requests are good. where: the test
    that states it.
    """
    for one in objectives:
        if one.metric.startswith("goodput.") and not limits:
            raise ConfigError(
                f"{where}The objective {one} counts the requests within per-request limits, and none is "
                f"given: add {FORM}, whose limits are each request's own, or take the mean of all with "
                "--slo='ttft.mean<=2000'."
            )
