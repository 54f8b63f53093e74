"""--goodput: limits for each single request, beside the objectives of the whole run."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from slabench.errors import ConfigError
from slabench.messages import Message
from slabench.metrics.definitions import METRICS, OF_A_REQUEST
from slabench.verdict.sla import Slo

FORM = "--goodput=ttft:2000,tpot:50 (METRIC:MS)"
_LIMIT = re.compile(r"(?P<name>[^:]*):(?P<ms>(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,2})?)(?:ms)?", re.I)


def parse_goodput(texts: Iterable[str]) -> dict[str, float]:
    """`ttft:2000 tpot:50` with blanks, as bench_serving and vLLM write it, or commas; the option may come
    several times.

    Metrics are ttft, tpot, e2el and their *_due, each once; milliseconds above 0.
    """
    limits: dict[str, float] = {}
    for text in texts:
        parts = text.replace(",", " ").split()
        if not parts:
            raise ConfigError(Message("slo.goodput_empty", text=text, form=FORM))
        for part in parts:
            match = _LIMIT.fullmatch(part)
            if match is None or not float(match["ms"]):
                raise ConfigError(Message("slo.goodput_part", text=text, part=part, form=FORM))
            if match["name"] in limits:
                raise ConfigError(Message("slo.goodput_twice", name=match["name"]))
            limits[match["name"]] = float(match["ms"])
    return checked(limits, "--goodput")


def checked(limits: Mapping[str, float], source: str) -> dict[str, float]:
    """Limits by metric in ms; ConfigError if one of them is no limit of a single request. source: the option
    or call that sets them.
    """
    if not isinstance(limits, Mapping):
        raise ConfigError(Message("slo.goodput_kind", source=source, limits=limits))
    for name, limit in limits.items():
        if name not in OF_A_REQUEST:
            hint = Message("part.e2el") if name in METRICS["e2el"].also_called else None
            raise ConfigError(
                Message("slo.goodput_unknown", source=source, name=name, known=tuple(OF_A_REQUEST), hint=hint)
            )
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 < limit < math.inf:
            raise ConfigError(Message("slo.goodput_limit", source=source, name=name, limit=limit))
    return {name: float(limit) for name, limit in limits.items()}


def check_goodput(objectives: Iterable[Slo], limits: Mapping[str, float], *, where: str = "") -> None:
    """ConfigError for an objective on goodput without per-request limits. where: the test that states it."""
    of_goodput = [objective for objective in objectives if objective.metric.startswith("goodput.")]
    if of_goodput and not limits:
        raise ConfigError(Message("slo.goodput_needed", where=where, objective=str(of_goodput[0]), form=FORM))
