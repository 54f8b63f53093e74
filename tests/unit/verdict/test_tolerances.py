"""Every metric that can be compared is once made worse and seen FAILED, and made better and seen PASSED: from
the definitions.
"""

from __future__ import annotations

import inspect
from dataclasses import replace

import pytest

from slabench.errors import ConfigError
from slabench.metrics import definitions
from slabench.metrics.declaration import Metric
from slabench.metrics.definitions import METRICS, metric_of, statistics_of
from slabench.verdict.baseline import Baseline, BaselineTest
from slabench.verdict.comparison import compare, gates
from slabench.verdict.judge import Case, judge
from slabench.verdict.outcome import Outcome
from slabench.verdict.sla import Slo, check
from slabench.verdict.tolerances import MOST_BY_FLOOR, allowed, tolerance_of

COMPARABLE = [metric for metric in METRICS.values() if metric.better != "none"]
WITHOUT = [metric for metric in METRICS.values() if metric.better == "none"]
TEST = "tests/own.py::test_own"
SIZES = dict.fromkeys(
    ("ttft", "ttft_due", "tpot", "itl", "e2el", "e2el_due", "ttft_queue", "ttft_prefill", "ttft_outside"), 200
)


def keys_of(metric: Metric) -> list[str]:
    """Every key that a baseline may name of it."""
    if metric.name == "curve":
        return ["curve.8"]
    return (
        [f"{metric.name}.{statistic}" for statistic in statistics_of(metric.name)]
        if metric.spread
        else [metric.name]
    )


KEYS = [key for metric in COMPARABLE for key in keys_of(metric)]


def word(key: str, new: list[float], old: list[float]) -> Outcome:
    """Of a test with this one figure, against a baseline file's entry."""
    entry = {"figures": {key: sum(old) / len(old)}, "samples": {key: old}}
    found = compare(
        Baseline("b", "b", {}, {TEST: BaselineTest.read(entry)}),
        TEST,
        {key: new},
        SIZES,
        {},
        {},
        tolerance=0.02,
    )
    return judge(Case({key: sum(new) / len(new)}, SIZES, (), comparison=found)).word


def times(factor: float, old: list[float]) -> list[float]:
    return [factor * value for value in old]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("many", [1, 4])
def test_worse_is_failed_and_better_is_passed(key: str, many: int) -> None:
    """Three times as long, a third of the rate; where a difference is above the metric's own floor."""
    metric = metric_of(key)
    assert metric is not None
    size = 0.9 if metric.unit == "share" else 4 * tolerance_of(key).floor
    old = times(size, [1.0, 1.001, 0.999, 1.0002][:many])
    worse, better = (1 / 3, 3.0) if metric.better == "higher" else (3.0, 1 / 3)
    assert word(key, times(worse, old), old) is Outcome.FAILED
    assert word(key, times(better, old), old) is Outcome.PASSED
    assert word(key, old, old) is Outcome.PASSED


# type: ignore[union-attr]
@pytest.mark.parametrize("key", [key for key in KEYS if metric_of(key).better == "higher"])
@pytest.mark.parametrize("size", [0.9, 0.5, 0.05, 0.001])
def test_a_rate_below_its_own_floor_cannot_fall_to_a_tenth(key: str, size: float) -> None:
    """A floor of 1 tok/s let 0.5 fall to 0.05, which is -90 %, "within -200 %"."""
    assert allowed(key, size, 0.02) <= MOST_BY_FLOOR
    assert word(key, [size / 10], [size]) is Outcome.FAILED
    assert word(key, [size * 2], [size]) is Outcome.PASSED


@pytest.mark.parametrize(
    ("key", "old", "new"),
    [
        ("goodput.request_throughput", 0.5, 0.05),
        ("ttft_outside.mean", 0.5, 1.4),
        ("ttft_queue.mean", 5, 9),
        ("failed", 1, 9),
    ],
)
def test_what_was_within_a_floor_of_another_unit(key: str, old: float, new: float) -> None:
    assert word(key, [new], [old]) is Outcome.FAILED


def test_a_metric_without_a_tolerance_is_an_error_at_import() -> None:
    """So that it cannot be forgotten: nothing stands for a missing tolerance."""
    source = inspect.getsource(definitions)
    missing = source.replace('completed / duration", "client", RATE,', 'completed / duration", "client",')
    assert missing != source
    with pytest.raises(ValueError, match="metric request_throughput can be compared and has no tolerance"):
        exec(compile(missing, "definitions.py", "exec"), {"__name__": "definitions"})
    with pytest.raises(
        ValueError, match="metric requests has no better and no worse, so it cannot have a tolerance"
    ):
        replace(METRICS["requests"], tolerance=METRICS["completed"].tolerance)


def test_every_tolerance_has_its_reason() -> None:
    known = [metric.tolerance for metric in METRICS.values() if metric.tolerance is not None]
    assert all(each.reason and each.floor > 0 and each.times >= 1 for each in known)


@pytest.mark.parametrize("metric", WITHOUT, ids=lambda metric: str(metric.name))
def test_what_has_no_direction_is_not_compared(metric: Metric) -> None:
    for key in keys_of(metric):
        assert not gates(key)
        with pytest.raises(KeyError):
            tolerance_of(key)


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: str(metric.name))
def test_a_floor_is_the_least_and_where_lower_is_better_the_most(metric: Metric) -> None:
    """A floor on `completed` was taken for a ceiling: 12 of 12 failed a floor of 10, and 3 of 12 held it."""
    for key in keys_of(metric):
        known = Baseline(
            "b", "b", {}, {TEST: BaselineTest.read({"figures": {key: 10.0}, "floors": {key: 10.0}})}
        )
        found = compare(known, TEST, {key: [10.0]}, SIZES, {}, {}, tolerance=0.02)
        (floor,) = found.floors
        assert floor.op == ("<=" if metric.better == "lower" else ">=")
        case = Case({key: 10.0}, SIZES, (), floors=found.floors)
        good, bad = (8.0, 12.0) if metric.better == "lower" else (12.0, 8.0)
        assert judge(replace(case, metrics={key: good})).word is Outcome.PASSED
        assert judge(replace(case, metrics={key: bad})).word is Outcome.FAILED


@pytest.mark.parametrize("metric", COMPARABLE, ids=lambda metric: str(metric.name))
def test_an_objective_against_the_direction_is_refused(metric: Metric) -> None:
    for key in keys_of(metric):
        with pytest.raises(ConfigError, match="upside down"):
            check(Slo(key, "<=" if metric.better == "higher" else ">=", 1.0))


def test_every_count_of_success_or_failure_has_its_direction() -> None:
    """By name, so that a new one is thought of: what a server did more of is better or worse, what the plan
    said is neither.
    """
    directions = {
        metric.name: metric.better
        for metric in METRICS.values()
        if metric.unit in ("count", "requests", "tokens")
    }
    better = {name: way for name, way in directions.items() if way != "none"}
    assert better == {
        "completed": "higher",
        "classic.completed": "higher",
        "failed": "lower",
        "waited.peak": "lower",
    }
