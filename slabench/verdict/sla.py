"""Objectives: `--slo` and a test's own rules, and whether the metrics hold them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slabench.errors import ConfigError
from slabench.messages import Message, Sentence
from slabench.metrics.declaration import OF_GAPS
from slabench.metrics.definitions import (
    LEAST,
    METRICS,
    OF_A_REQUEST,
    curve_size,
    declared,
    metric_of,
    statistics_of,
)
from slabench.verdict.metric_names import did_you_mean
from slabench.verdict.percentiles import fewest, share_of
from slabench.verdict.shares import GOOD
from slabench.verdict.statistics import LEVEL

_NUMBER = r"[0-9]+(\.[0-9]+)?([eE]\+?[0-9]+)?"
_COMPARISON = re.compile(
    rf"^\s*(?P<metric>[A-Za-z][A-Za-z0-9_.]*)\s*(?P<op>[<>=:]+)\s*(?P<limit>{_NUMBER})\s*(ms)?\s*$"
)
_OPERATORS = {"lower": "<=", "higher": ">="}


@dataclass(frozen=True, slots=True)
class Slo:
    """metric (a key of run.json's metrics) op limit, in the metric's own unit.

    level: of a percentile's one-sided bounds (percentiles.py).
    """

    metric: str
    op: str
    limit: float
    level: float = LEVEL

    def __str__(self) -> str:
        return f"{self.metric}{self.op}{self.limit:g}"

    def holds(self, value: float) -> bool:
        return value <= self.limit if self.op == "<=" else value >= self.limit


def _both(statistic: str, tpot: float, ttft: float, level: float = LEVEL) -> tuple[Slo, Slo]:
    """Limits in ms of one statistic of TPOT and TTFT."""
    rules = [
        Slo(f"{name}.{statistic}", "<=", limit, level) for name, limit in (("tpot", tpot), ("ttft", ttft))
    ]
    return rules[0], rules[1]


# ant: the tiers Base, Pro and Max of the publication; tencent: the later form has a TTFT limit too; mlperf:
# Inference v6.0, DeepSeek-R1 (its Server and Interactive scenarios), which asks for 99 % confidence.
PRESETS: Mapping[str, tuple[Slo, ...]] = {
    "ant-70": _both("mean", 70, 2000),
    "ant-50": _both("mean", 50, 1500),
    "ant-30": _both("mean", 30, 1000),
    "tencent": _both("mean", 50, 2000),
    "mlperf-server": _both("p99", 80, 2000, 0.99),
    "mlperf-interactive": _both("p99", 15, 1500, 0.99),
}

SLO_FORM = Message("part.slo_form")
_SLO_FORMS = Message("part.slo_forms", form=SLO_FORM)


def slo(name: str, statistic: str = "", op: str = "", limit: float | None = None) -> Slo:
    """slo("tpot", "mean", "<=", 50): how a benchmark test states its rule. ConfigError for anything else.

    The defaults are for wrong calls, so that the error can say what to write: slo("total_throughput", ">=",
    1000), slo("tpot.mean<=50").
    """
    names = (name, statistic, op)
    call = f"slo({', '.join(repr(argument) for argument in (*names, limit) if argument not in ('', None))})"
    if not all(isinstance(part, str) for part in names) or isinstance(limit, bool | None | str):
        raise ConfigError(Message("slo.arguments", call=call, rewritten=_rewritten(*names)))
    if op not in _OPERATORS.values():
        raise ConfigError(Message("slo.call_operator", call=call, op=op, slo_form=SLO_FORM))
    if not isinstance(limit, int | float) or not math.isfinite(limit):
        raise ConfigError(Message("slo.call_limit", call=call, slo_form=SLO_FORM))
    return check(Slo(f"{name}.{statistic}" if statistic else name, op, float(limit)))


def _rewritten(name: object, statistic: object, op: object) -> Message | str:
    """The intended call, where all its parts are there in another form; else the two valid forms."""
    match = _COMPARISON.match(name) if isinstance(name, str) else None
    if match is not None and match["op"] in _OPERATORS.values():
        return _call(match["metric"], match["op"], match["limit"])
    if isinstance(name, str) and statistic in _OPERATORS.values() and isinstance(op, int | float):
        return _call(name, str(statistic), f"{op:g}")
    return _SLO_FORMS


def _call(key: str, op: str, limit: str) -> str:
    metric, (name, _, statistic) = metric_of(key), key.rpartition(".")
    if metric is None or not metric.spread:
        name, statistic = key, statistics_of(key)[0] if metric is None and key in METRICS else ""
    return f'slo("{name}", "{statistic}", "{op}", {limit})'


def parse(text: str) -> Slo:
    """`tpot.mean<=50`, `total_throughput>=1800`; a per-request metric without a statistic is its mean."""
    match = _COMPARISON.match(text)
    if match is None and not any(sign in text for sign in "<>:="):
        raise ConfigError(Message("slo.no_limit", text=text))
    if match is None:
        raise ConfigError(Message("slo.no_objective", text=text))
    key, op = match["metric"], match["op"]
    if op == ":":
        raise ConfigError(_two_forms(text, key, match["limit"]))
    if key in OF_A_REQUEST:
        key += ".mean"
    if op not in _OPERATORS.values():
        metric = metric_of(key)
        either = Message("part.slo_signs")
        signs = either if metric is None else _OPERATORS.get(metric.better, either)
        raise ConfigError(Message("slo.operator", text=text, op=op, signs=signs))
    return check(Slo(key, op, float(match["limit"])))


def _two_forms(text: str, metric: str, limit: str) -> Message:
    """METRIC:MS is bench_serving's --goodput form, a limit of each request; here it could be taken for the
    mean's, so it is refused.
    """
    name = metric if metric in OF_A_REQUEST else f"{metric}l"
    if name not in OF_A_REQUEST:
        return Message("slo.goodput_form", text=text, known=tuple(OF_A_REQUEST))
    return Message("slo.two_meanings", text=text, name=name, metric=metric, limit=limit)


def check(objective: Slo, *, floor: bool = False) -> Slo:
    """The same SLO if it can be evaluated; ConfigError if the metric is unknown, the operator is against its
    direction, or it is no floor and on the curve.
    """
    metric = metric_of(objective.metric)
    if metric is None:
        raise ConfigError(Message("slo.unknown", objective=str(objective), why=_unknown(objective.metric)))
    if not (objective.limit >= 0 and math.isfinite(objective.limit)):
        raise ConfigError(Message("slo.below_zero", objective=str(objective), name=metric.name))
    wanted = _OPERATORS.get(metric.better, objective.op)
    if objective.op != wanted:
        raise ConfigError(
            Message(
                "slo.upside_down",
                objective=str(objective),
                name=metric.name,
                better=Message(f"part.{metric.better}"),
                wanted=wanted,
            )
        )
    if metric.unit == "share" and objective.limit > 1 and not floor:
        share = Message("slo.did_you_mean_share", share=objective.limit / 100)
        meant = share if objective.limit <= 100 else None
        raise ConfigError(Message("slo.above_one", objective=str(objective), name=metric.name, meant=meant))
    if objective.metric == GOOD and objective.limit == 1 and not floor:
        raise ConfigError(Message("slo.share_of_one", objective=str(objective)))
    if curve_size(objective.metric) is not None and not floor:
        raise ConfigError(Message("slo.on_curve", objective=str(objective)))
    return objective


def _unknown(key: str) -> Message:
    """What is wrong with an unknown key: the metric, or only its statistic."""
    if key in METRICS:
        known = statistics_of(key)
        return Message("part.no_statistic", key=key, known=tuple(known), first=known[0])
    name, _, statistic = key.rpartition(".")
    if name == "curve":
        return Message("part.curve_at", statistic=statistic)
    if name in METRICS and METRICS[name].spread:
        return Message("part.other_statistic", name=name, known=tuple(statistics_of(name)))
    if name in METRICS:
        return Message("part.one_number", name=name)
    return Message("part.unknown_metric", hint=did_you_mean(key))


def preset(name: str | None) -> tuple[Slo, ...]:
    """The objectives of --slo-preset; none without one."""
    return () if name is None else PRESETS[name]


def merge(defaults: tuple[Slo, ...], extra: tuple[Slo, ...]) -> tuple[Slo, ...]:
    """A test's rules and the command line's: the latter replace the former for the same metric, and are added
    otherwise.

    Two of the command line on one metric are both evaluated: neither replaces the other.
    """
    metrics = {objective.metric for objective in extra}
    return (*(rule for rule in defaults if rule.metric not in metrics), *dict.fromkeys(extra))


def loosened(rules: Sequence[Slo], extra: Sequence[Slo]) -> tuple[str, ...]:
    """A label where the command line's objectives are looser than a method's own rule: PASSED is then not by
    the method.
    """
    weaker = [
        Message("label.rule_instead", rule=str(strictest), own=str(rule))
        for rule in rules
        if (same := [objective for objective in extra if objective.metric == rule.metric])
        for strictest in [(min if rule.op == "<=" else max)(same, key=lambda objective: objective.limit)]
        if not rule.holds(strictest.limit)
    ]
    return (Sentence.of("label.own_slo", rules=weaker),) if weaker else ()


def between_tokens(objective: Slo) -> bool:
    """Whether it is on the time between tokens, which an answer of one token does not have."""
    return declared(objective.metric).client_error in OF_GAPS


def of_a_batch(objective: Slo) -> bool:
    """Whether only a batch-size point has its metric: the time with a full batch, the log's lines at that
    size.
    """
    return declared(objective.metric).batch_only


def needs(objective: Slo) -> tuple[int, int]:
    """Requests that a percentile over requests, or a share of them, takes: (of one load, to be defined; of
    all loads of a test, to have the bound that could hold the objective). 1 for other metrics.
    """
    key, share = objective.metric, share_of(objective.metric)
    if key == GOOD and 0 < objective.limit < 1:
        return 1, fewest(objective.limit, objective.level)
    if share is None:
        return 1, 1
    return LEAST.get(key.rpartition(".")[2], 1), fewest(share, objective.level)
