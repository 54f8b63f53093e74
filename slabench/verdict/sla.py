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

SLO_FORM = 'slo(METRIC, STATISTIC, "<=" or ">=", NUMBER), such as slo("tpot", "mean", "<=", 50)'
_SLO_FORMS = f'{SLO_FORM}, or slo("qpm", "", ">=", 20) for a metric that is one number for the whole run'


def slo(name: str, statistic: str = "", op: str = "", limit: float | None = None) -> Slo:
    """slo("tpot", "mean", "<=", 50): how a benchmark test states its rule. ConfigError for anything else.

    The defaults are for wrong calls, so that the error can say what to write: slo("total_throughput", ">=",
    1000), slo("tpot.mean<=50").
    """
    names = (name, statistic, op)
    call = f"slo({', '.join(repr(argument) for argument in (*names, limit) if argument not in ('', None))})"
    if not all(isinstance(part, str) for part in names) or isinstance(limit, bool | None | str):
        raise ConfigError(f"{call} does not have the four arguments of a rule: write {_rewritten(*names)}.")
    if op not in _OPERATORS.values():
        raise ConfigError(f"{call} compares with {op!r}, but an objective uses <= or >=: write {SLO_FORM}.")
    if not isinstance(limit, int | float) or not math.isfinite(limit):
        raise ConfigError(f"{call} has a limit that is not a number: write {SLO_FORM}.")
    return check(Slo(f"{name}.{statistic}" if statistic else name, op, float(limit)))


def _rewritten(name: object, statistic: object, op: object) -> str:
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
        raise ConfigError(
            f"--slo={text!r} has no limit; if the shell took < as a redirection, quote the option: "
            "'--slo=tpot.mean<=50'."
        )
    if match is None:
        raise ConfigError(
            f"--slo={text!r} is not an objective: write METRIC.STATISTIC<=NUMBER, such as tpot.mean<=50, or "
            "METRIC>=NUMBER, such as total_throughput>=1800; times are in ms, without a unit (2000, not 2s)."
        )
    key, op = match["metric"], match["op"]
    if op == ":":
        raise ConfigError(_two_forms(text, key, match["limit"]))
    if key in OF_A_REQUEST:
        key += ".mean"
    if op not in _OPERATORS.values():
        metric = metric_of(key)
        signs = "<= or >=" if metric is None else _OPERATORS.get(metric.better, "<= or >=")
        raise ConfigError(
            f"--slo={text!r} compares with {op}, but an objective uses <= or >=; write {signs}."
        )
    return check(Slo(key, op, float(match["limit"])))


def _two_forms(text: str, metric: str, limit: str) -> str:
    """METRIC:MS is bench_serving's --goodput form, a limit of each request; here it could be taken for the
    mean's, so it is refused.
    """
    name = metric if metric in OF_A_REQUEST else f"{metric}l"
    if name not in OF_A_REQUEST:
        return (
            f"--slo={text!r} is not an objective: METRIC:MS is the form of --goodput, for "
            f"{', '.join(OF_A_REQUEST)}; write <= or >=."
        )
    return (
        f"--slo={text!r} could mean the mean or each request: write --slo='{name}.mean<={limit}' for the "
        f"mean, or --goodput={metric}:{limit} for a limit of each request, with --slo='goodput.share>=0.95' "
        "for the share of requests within it."
    )


def check(objective: Slo, *, floor: bool = False) -> Slo:
    """The same SLO if it can be evaluated; ConfigError if the metric is unknown, the operator is against its
    direction, or it is no floor and on the curve.
    """
    metric = metric_of(objective.metric)
    if metric is None:
        raise ConfigError(f"The objective {objective} {_unknown(objective.metric)}")
    if not (objective.limit >= 0 and math.isfinite(objective.limit)):
        raise ConfigError(
            f"The objective {objective} has a limit below 0, which {metric.name} never reaches."
        )
    wanted = _OPERATORS.get(metric.better, objective.op)
    if objective.op != wanted:
        raise ConfigError(
            f"The objective {objective} is upside down: for {metric.name} {metric.better} is better, so "
            f"write {wanted}."
        )
    if curve_size(objective.metric) is not None and not floor:
        raise ConfigError(
            f"The objective {objective} is on the decode curve, which has no objectives: put the limit under "
            '"floors" in a baseline file (docs/baselines.md).'
        )
    return objective


def _unknown(key: str) -> str:
    """What is wrong with an unknown key: the metric, or only its statistic."""
    if key in METRICS:
        known = statistics_of(key)
        return f"has no statistic; {key} has {', '.join(known)}: write {key}.{known[0]} or another of them."
    name, _, statistic = key.rpartition(".")
    if name == "curve":
        return f"is on the curve at {statistic!r}; write curve.N with N the number of running requests."
    if name in METRICS and METRICS[name].spread:
        return f"names a statistic that {name} does not have; it has {', '.join(statistics_of(name))}."
    if name in METRICS:
        return f"names a statistic, but {name} is one number for the whole run: write {name} alone."
    return f"has no known metric.{did_you_mean(key)} docs/metrics.md has the list, such as tpot.mean or qpm."


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
    """Requests that a percentile over requests takes: (of one load, to be defined; of all loads of a test, to
    have the bound that could hold the objective). 1 for other metrics.
    """
    key, share = objective.metric, share_of(objective.metric)
    if share is None:
        return 1, 1
    return LEAST.get(key.rpartition(".")[2], 1), fewest(share, objective.level)
