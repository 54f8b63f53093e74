"""The interval of a ratio against one worked by hand, and what a crosscheck makes of it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.messages import Message
from slabench.report.crosscheck import compare, crosscheck_table
from slabench.verdict.statistics import paired_ratio


def test_by_hand():
    # logarithms 0 and 2: mean 1, deviation sqrt 2, t 12.7062
    found = paired_ratio([1.0, math.e**2], [1.0, 1.0])
    assert found.estimate == pytest.approx(math.e)
    assert math.log(found.high) == pytest.approx(1 + 12.7062, abs=1e-4)
    assert math.log(found.low) == pytest.approx(1 - 12.7062, abs=1e-4)
    assert found.one_is_inside


@given(st.lists(st.floats(0.1, 100), min_size=2, max_size=30), st.floats(0.5, 2))
def test_a_constant_factor_is_found_and_has_no_noise_to_be_sure_by(values, factor):
    found = paired_ratio([value * factor for value in values], values)
    assert found.estimate == pytest.approx(factor)
    assert (found.low, found.high, found.one_is_inside) == (None, None, None)


def test_what_is_equal_in_every_round_is_equal_and_a_constant_factor_is_not_sure():
    runs = [{"duration": 1.0, "classic.duration": 1.0}] * 2
    (row,) = compare(runs, [{"classic.duration": 1.0}] * 2)
    assert row.causes == (Message("crosscheck.equal"),)
    (row,) = compare(runs, [{"classic.duration": 1.5}] * 2)
    assert row.causes == (Message("crosscheck.no_noise"),)


@pytest.mark.parametrize(("ours", "theirs"), [([], []), ([1.0], [1.0, 2.0]), ([0.0], [1.0]), ([1.0], [-1.0])])
def test_nothing_to_compare_is_none(ours, theirs):
    assert paired_ratio(ours, theirs) is None


def test_one_round_has_no_interval():
    found = paired_ratio([2.0], [1.0])
    assert (found.estimate, found.low, found.one_is_inside) == (2.0, None, None)


def test_definition_error_and_noise_are_separate():
    ours = [
        {"duration": 1.0, "classic.duration": 1.1, "tpot.mean": 10.0, "classic.tpot.mean": 10.0 + k / 10}
        for k in range(3)
    ]
    theirs = [{"classic.duration": 1.1 + k / 100, "classic.tpot.mean": 12.0 + k / 10} for k in range(3)]
    rows = {row.metric: row for row in compare(ours, theirs)}
    ends = Message("crosscheck.definition", why=Message("crosscheck.duration"))
    assert rows["duration"].causes == (ends, Message("crosscheck.noise"))
    assert rows["duration"].cause.startswith("definition (it ends with")
    assert rows["duration"].definition == pytest.approx(1.0 / 1.1 - 1)
    parsing = Message("crosscheck.client", why=Message("crosscheck.parsing"))
    assert parsing in rows["tpot.mean"].causes
    assert "bench_serving's client (it parses" in rows["tpot.mean"].cause
    assert rows["tpot.mean"].client.high < 1
    text = crosscheck_table(list(rows.values()))
    assert "n/a" not in text.split("\n")[1]


def test_what_one_side_lacks_is_not_compared():
    (row,) = compare([{"tpot.mean": 1.0, "classic.tpot.mean": 1.0}], [{}])
    assert row.client is None
    assert Message("crosscheck.missing") in row.causes
    assert "n/a" in crosscheck_table([row])
