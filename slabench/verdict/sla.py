"""Objectives: what `--slo` and a test's own rule say, and whether figures hold them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slabench.errors import ConfigError
from slabench.metrics.definitions import LEAST, METRICS, metric_of, statistics_of, too_few
from slabench.verdict.words import Objective

_COMPARISON = re.compile(r"^\s*(?P<metric>[a-z][a-z0-9_.]*)\s*(?P<op><=|>=|:)\s*(?P<limit>[0-9]+(\.[0-9]+)?)\s*(ms)?\s*$")
_OTHER_OPERATOR = re.compile(r"^\s*(?P<metric>[a-z][a-z0-9_.]*)\s*(?P<op>(?![<>]=\s*[0-9])[<>=]+)\s*(?P<limit>[0-9.]+)\s*(ms)?\s*$")
_OPERATORS = {"lower": "<=", "higher": ">="}
PER_REQUEST = ("ttft", "ttft_due", "tpot", "e2el", "e2el_due")


# (mean TPOT ms, mean TTFT ms). ant: the tiers Base, Pro and Max of the publication; tencent: the later form keeps TTFT as well.
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


def slo(figure: str, statistic: str, op: str, limit: float) -> Slo:
    """slo("tpot", "mean", "<=", 50): how a benchmark test states its rule."""
    return check(Slo(f"{figure}.{statistic}" if statistic else figure, op, float(limit)))


def parse(text: str) -> Slo:
    """`tpot.mean<=50`, `total_throughput>=1800`, or `ttft:2000` (bench_serving's --goodput form: the mean, at most)."""
    match = _COMPARISON.match(text)
    other = _OTHER_OPERATOR.match(text) if match is None else None
    if other is not None:
        known = metric_of(other["metric"]) or metric_of(f"{other['metric']}.mean")
        signs = "<= or >=" if known is None else _OPERATORS.get(known.better, "<= or >=")
        raise ConfigError(f"--slo={text!r} compares with {other['op']}, and an objective with <= or >=; write {signs}.")
    if match is None and not any(sign in text for sign in "<>:="):
        raise ConfigError(
            f"--slo={text!r} has no limit; where the shell took it for a redirection, quote the option: '--slo=tpot.mean<=50'."
        )
    if match is None:
        raise ConfigError(
            f"--slo={text!r} is not an objective: write METRIC.STATISTIC<=NUMBER, such as tpot.mean<=50, "
            "METRIC>=NUMBER, such as total_throughput>=1800, or ttft:2000."
        )
    metric, op = match["metric"], match["op"]
    if op == ":":
        op = "<="
        if metric not in PER_REQUEST:
            raise ConfigError(f"--slo={text!r}: the form METRIC:MS is for {', '.join(PER_REQUEST)}, not for {metric}.")
    if metric in PER_REQUEST:
        metric += ".mean"
    return check(Slo(metric, op, float(match["limit"])))


def check(objective: Slo) -> Slo:
    """The same SLO if it can be judged; ConfigError if the metric is unknown or the operator is against its direction."""
    metric = metric_of(objective.metric)
    if metric is None:
        raise ConfigError(f"The objective {objective} {_unknown(objective.metric)}")
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
    return "names no known metric: see docs/metrics.md for the list, such as tpot.mean or qpm."


def preset(name: str | None) -> tuple[Slo, ...]:
    """The objectives of --slo-preset; none without one."""
    if name is None:
        return ()
    tpot, ttft = PRESETS[name]
    return Slo("tpot.mean", "<=", float(tpot)), Slo("ttft.mean", "<=", float(ttft))


def merge(defaults: tuple[Slo, ...], extra: tuple[Slo, ...]) -> tuple[Slo, ...]:
    """A test's rule and the command line's: the latter replaces the former for the same metric, and adds the rest.

    Two of the command line's on one metric are both judged: neither was meant to take back the other.
    """
    named = {one.metric for one in extra}
    return (*(one for one in defaults if one.metric not in named), *dict.fromkeys(extra))


def loosened(rules: Sequence[Slo], given: Sequence[Slo]) -> tuple[str, ...]:
    """A label where the command line asks for less than a method's own rule: the word PASSED is then not the method's."""
    told = [
        f"{mine} instead of {rule}"
        for rule in rules
        if (others := [one for one in given if one.metric == rule.metric])
        for mine in [min(others, key=lambda one: one.limit) if rule.op == "<=" else max(others, key=lambda one: one.limit)]
        if (mine.limit > rule.limit if rule.op == "<=" else mine.limit < rule.limit)
    ]
    return (f"OWN_SLO: {'; '.join(told)}",) if told else ()


def between_tokens(objective: Slo) -> bool:
    """Whether it speaks of the time between tokens, which an answer of one token does not have."""
    return objective.metric.removeprefix("classic.").partition(".")[0] in ("tpot", "itl", "gap_max")


def needs(objective: Slo) -> int:
    """How many requests a run must have for a percentile over requests to be defined; 1 for the rest."""
    figure, _, statistic = objective.metric.removeprefix("classic.").rpartition(".")
    return LEAST.get(statistic, 1) if figure in PER_REQUEST else 1


def request_limits(objectives: tuple[Slo, ...]) -> dict[str, float]:
    """Per-request limits for goodput: the figures of the SLOs that have one value a request, tightest limit each."""
    limits: dict[str, float] = {}
    for one in objectives:
        figure, _, _ = one.metric.rpartition(".")
        if one.op == "<=" and figure in PER_REQUEST:
            limits[figure] = min(one.limit, limits.get(figure, one.limit))
    return limits


def number(value: float) -> str:
    """A figure as the sentences print it: four significant digits and more before the point, never an exponent."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def evaluate(objective: Slo, figures: Mapping[str, float], sizes: Mapping[str, int], *, kind: str = "slo") -> Objective | None:
    """The comparison, or None if the figure is not defined for this run, or is a percentile of too few to be judged by."""
    observed = figures.get(objective.metric)
    metric = metric_of(objective.metric)
    if observed is None or metric is None or too_few(objective.metric, sizes) is not None:
        return None
    holds = observed <= objective.limit if objective.op == "<=" else observed >= objective.limit
    sign = objective.op if holds else {"<=": ">", ">=": "<"}[objective.op]
    n = sizes.get(metric.name.removeprefix("classic."))
    distance = f"{(observed - objective.limit) / objective.limit * 100:+.0f} %" if objective.limit else "no distance from 0"
    inside = distance if n is None else f"{distance}, n={n}"
    shown = number(observed)
    if shown == number(objective.limit) and observed != objective.limit:
        shown = repr(observed)  # rounded, it would print "50.00 ms > 50 ms"
    text = f"{spoken(objective.metric)} {shown} {metric.unit} {sign} {objective.limit:g} {metric.unit} ({inside})"
    return Objective(kind, objective.metric, objective.op, objective.limit, observed, metric.unit, holds, n, text)


def spoken(key: str) -> str:
    """A metric's key in a sentence: `tpot mean`; bench_serving's figures keep their prefix: `classic.tpot mean`."""
    figure, _, statistic = key.rpartition(".")
    return f"{figure} {statistic}" if figure and figure not in ("classic", "concurrency") else key
