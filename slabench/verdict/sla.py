"""Objectives: what `--slo` and a test's own rule say, and whether figures hold them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slabench.errors import ConfigError
from slabench.messages import metric_name, number
from slabench.metrics.declaration import ClientError
from slabench.metrics.definitions import (
    LEAST,
    METRICS,
    OF_A_REQUEST,
    curve_size,
    declared,
    metric_of,
    statistics_of,
    too_few,
)
from slabench.verdict.metric_names import did_you_mean
from slabench.verdict.outcome import Objective

_NUMBER = r"[0-9]+(\.[0-9]+)?([eE]\+?[0-9]+)?"
_COMPARISON = re.compile(
    rf"^\s*(?P<metric>[a-z][a-z0-9_.]*)\s*(?P<op><=|>=|:)\s*(?P<limit>{_NUMBER})\s*(ms)?\s*$"
)
_OTHER_OPERATOR = re.compile(
    r"^\s*(?P<metric>[a-z][a-z0-9_.]*)\s*(?P<op>(?![<>]=\s*[0-9])[<>=]+)\s*(?P<limit>[0-9.]+)\s*(ms)?\s*$"
)
_OPERATORS = {"lower": "<=", "higher": ">="}


# (mean TPOT ms, mean TTFT ms). ant: the tiers Base, Pro and Max of the publication; tencent: the later form
# keeps TTFT as well.
PRESETS: Mapping[str, tuple[float, float]] = {
    "ant-70": (70, 2000),
    "ant-50": (50, 1500),
    "ant-30": (30, 1000),
    "tencent": (50, 2000),
}


@dataclass(frozen=True, slots=True)
class Slo:
    """metric (a key of run.json's metrics) op limit, in the metric's own unit."""

    metric: str
    op: str
    limit: float

    def __str__(self) -> str:
        return f"{self.metric}{self.op}{self.limit:g}"

    def holds(self, value: float) -> bool:
        return value <= self.limit if self.op == "<=" else value >= self.limit


SLO_FORM = 'slo(METRIC, STATISTIC, "<=" or ">=", NUMBER), such as slo("tpot", "mean", "<=", 50)'
_SLO_FORMS = f'{SLO_FORM}, or slo("total_throughput", "", ">=", 1000) for a metric that is one number for the whole run'


def slo(figure: str, statistic: str = "", op: str = "", limit: float | None = None) -> Slo:
    """slo("tpot", "mean", "<=", 50): how a benchmark test states its rule. ConfigError for anything that is
    no such rule.

    The defaults are there for what is wrong to be said: slo("total_throughput", ">=", 1000) and
    slo("tpot.mean<=50") end here too.
    """
    given = ", ".join(repr(one) for one in (figure, statistic, op, limit) if one not in ("", None))
    if not all(isinstance(one, str) for one in (figure, statistic, op)) or isinstance(
        limit, bool | None | str
    ):
        raise ConfigError(
            f"slo({given}) has not the four arguments that it needs: write {_rewritten(figure, statistic, op)}."
        )
    if op not in _OPERATORS.values():
        raise ConfigError(
            f"slo({given}) compares with {op!r}, and an objective with <= or >=: write {SLO_FORM}."
        )
    if not isinstance(limit, int | float) or not math.isfinite(limit):
        raise ConfigError(f"slo({given}) has a limit that is no number: write {SLO_FORM}.")
    return _stated(Slo(f"{figure}.{statistic}" if statistic else figure, op, float(limit)))


def _rewritten(figure: object, statistic: object, op: object) -> str:
    """The call that was meant, where its parts are all there in another form; else the two forms that there
    are.
    """
    match = _COMPARISON.match(figure) if isinstance(figure, str) else None
    if match is not None and match["op"] != ":":
        return _call(match["metric"], match["op"], match["limit"])
    if isinstance(figure, str) and statistic in _OPERATORS.values() and isinstance(op, int | float):
        return _call(figure, str(statistic), f"{op:g}")
    return _SLO_FORMS


def _call(key: str, op: str, limit: str) -> str:
    metric, (figure, _, statistic) = metric_of(key), key.rpartition(".")
    if metric is None and key in METRICS:
        figure, statistic = key, statistics_of(key)[0]
    elif metric is None or not metric.spread:
        figure, statistic = key, ""
    return f'slo("{figure}", "{statistic}", "{op}", {limit})'


def parse(text: str) -> Slo:
    """`tpot.mean<=50`, `total_throughput>=1800`; a metric with one value a request and no statistic is its
    mean.
    """
    match = _COMPARISON.match(text)
    other = _OTHER_OPERATOR.match(text) if match is None else None
    if other is not None:
        known = metric_of(other["metric"]) or metric_of(f"{other['metric']}.mean")
        signs = "<= or >=" if known is None else _OPERATORS.get(known.better, "<= or >=")
        raise ConfigError(
            f"--slo={text!r} compares with {other['op']}, and an objective with <= or >=; write {signs}."
        )
    if match is None and not any(sign in text for sign in "<>:="):
        raise ConfigError(
            f"--slo={text!r} has no limit; where the shell took it for a redirection, quote the option: '--slo=tpot.mean<=50'."
        )
    if match is None:
        raise ConfigError(
            f"--slo={text!r} is not an objective: write METRIC.STATISTIC<=NUMBER, such as tpot.mean<=50, or METRIC>=NUMBER, such "
            "as total_throughput>=1800; times are in ms, and the number stands alone (2000, not 2s)."
        )
    metric, op = match["metric"], match["op"]
    if op == ":":
        raise ConfigError(_two_forms(text, metric, match["limit"]))
    if metric in OF_A_REQUEST:
        metric += ".mean"
    return _stated(Slo(metric, op, float(match["limit"])))


def _two_forms(text: str, figure: str, limit: str) -> str:
    """bench_serving's --goodput form is a limit for each request there, and would be the mean's here: it
    stands for neither.
    """
    if figure not in OF_A_REQUEST and f"{figure}l" not in OF_A_REQUEST:
        return f"--slo={text!r} is not an objective: METRIC:MS is --goodput's form, for {', '.join(OF_A_REQUEST)}; write <= or >=."
    name = figure if figure in OF_A_REQUEST else f"{figure}l"
    return (
        f"--slo={text!r} could mean the mean or each request: write --slo='{name}.mean<={limit}' for the mean, or "
        f"--goodput={figure}:{limit} for a limit of each request, with --slo='goodput.share>=0.95' to judge the share within it."
    )


def _stated(objective: Slo) -> Slo:
    """check(), for an objective of a test or of the command line: floors may be of the curve, too."""
    if curve_size(check(objective).metric) is not None:
        raise ConfigError(
            f'The objective {objective} is of the decode curve, which has no objectives: put the limit under "floors" of a '
            "baseline file (docs/gate-an-upgrade.md)."
        )
    return objective


def check(objective: Slo) -> Slo:
    """The same SLO if it can be judged;

    ConfigError if the metric is unknown or the operator is against its direction.
    """
    metric = metric_of(objective.metric)
    if metric is None:
        raise ConfigError(f"The objective {objective} {_unknown(objective.metric)}")
    if not (objective.limit >= 0 and math.isfinite(objective.limit)):
        raise ConfigError(f"The objective {objective} has a limit below 0, and {metric.name} never is.")
    wanted = _OPERATORS.get(metric.better)
    if wanted is not None and objective.op != wanted:
        raise ConfigError(
            f"The objective {objective} is upside down: for {metric.name} {metric.better} is better, so write {wanted}."
        )
    return objective


def _unknown(key: str) -> str:
    """What is wrong with a metric's key that is none: the figure, or only its statistic."""
    if key in METRICS:
        known = statistics_of(key)
        return f"names no statistic; {key} has {', '.join(known)}: write {key}.{known[0]} or another of them."
    figure, _, statistic = key.rpartition(".")
    if figure == "curve":
        return f"names the curve at {statistic!r}; write curve.N with N the number of running requests."
    if figure in METRICS and METRICS[figure].spread:
        return f"names a statistic that {figure} does not have; it has {', '.join(statistics_of(figure))}."
    if figure in METRICS:
        return f"names a statistic, and {figure} is one number for the whole run: write {figure} alone."
    return (
        f"names no known metric.{did_you_mean(key)} docs/metrics.md has the list, such as tpot.mean or qpm."
    )


def preset(name: str | None) -> tuple[Slo, ...]:
    """The objectives of --slo-preset; none without one."""
    if name is None:
        return ()
    tpot, ttft = PRESETS[name]
    return Slo("tpot.mean", "<=", float(tpot)), Slo("ttft.mean", "<=", float(ttft))


def merge(defaults: tuple[Slo, ...], extra: tuple[Slo, ...]) -> tuple[Slo, ...]:
    """A test's rule and the command line's: the latter replaces the former for the same metric, and adds the
    rest.

    Two of the command line's on one metric are both judged: neither was meant to take back the other.
    """
    named = {one.metric for one in extra}
    return (*(one for one in defaults if one.metric not in named), *dict.fromkeys(extra))


def loosened(rules: Sequence[Slo], given: Sequence[Slo]) -> tuple[str, ...]:
    """A label where the command line asks for less than a method's own rule: the word PASSED is then not the
    method's.
    """
    told = [
        f"{mine} instead of {rule}"
        for rule in rules
        if (others := [one for one in given if one.metric == rule.metric])
        for mine in [
            min(others, key=lambda one: one.limit)
            if rule.op == "<="
            else max(others, key=lambda one: one.limit)
        ]
        if (mine.limit > rule.limit if rule.op == "<=" else mine.limit < rule.limit)
    ]
    return (f"OWN_SLO: {'; '.join(told)}",) if told else ()


def between_tokens(objective: Slo) -> bool:
    """Whether it speaks of the time between tokens, which an answer of one token does not have."""
    return declared(objective.metric).client_error in (ClientError.TPOT, ClientError.ITL)


def of_a_batch(objective: Slo) -> bool:
    """Whether it speaks of what only a batch-size point has: the time with a full batch, the log's lines at
    that size.
    """
    return declared(objective.metric).batch_only


def needs(objective: Slo) -> int:
    """How many requests a run must have for a percentile over requests to be defined; 1 for the rest."""
    key = objective.metric
    return LEAST.get(key.rpartition(".")[2], 1) if declared(key).ours in OF_A_REQUEST else 1


def evaluate(
    objective: Slo, figures: Mapping[str, float], sizes: Mapping[str, int], *, kind: str = "slo"
) -> Objective | None:
    """The comparison, or None if the figure is not defined for this run, or is a percentile of too few to be
    judged by."""
    observed, metric = figures.get(objective.metric), declared(objective.metric)
    if observed is None or too_few(objective.metric, sizes) is not None:
        return None
    shown = number(observed)
    if shown == number(objective.limit) and observed != objective.limit:
        shown = repr(observed)  # rounded, it would print "50.00 ms > 50 ms"
    # goodput.share says its unit itself
    unit = "" if objective.metric.endswith(f".{metric.unit}") else f" {metric.unit}"
    return judged(objective, kind, observed, sizes.get(metric.ours), f"{shown}{unit}", unit)


def judged(
    rule: Slo, kind: str, observed: float, n: int | None, shown: str, unit: str, *beside: str
) -> Objective:
    """The comparison in a sentence; shown: what was observed, beside: what else is said of it."""
    holds = rule.holds(observed)
    sign = rule.op if holds else {"<=": ">", ">=": "<"}[rule.op]
    distance = f"{(observed - rule.limit) / rule.limit * 100:+.0f} %" if rule.limit else "no distance from 0"
    inside = ", ".join([distance, *([] if n is None else [f"n={n}"]), *beside])
    text = f"{metric_name(rule.metric)} {shown} {sign} {rule.limit:g}{unit} ({inside})"
    return Objective(
        kind, rule.metric, rule.op, rule.limit, observed, declared(rule.metric).unit, holds, n, text
    )
