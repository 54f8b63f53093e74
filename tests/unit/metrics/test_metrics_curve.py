"""The decode curve against the published table's arithmetic and hand-made samples."""

import json
import statistics
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.metrics.curve import clean_tpots, largest_graph, shares
from tests.unit.metrics.curves import classic_curve, clean_curve, published_form

PUBLISHED = Path(__file__).resolve().parents[2] / "data" / "server" / "seed_ali_decode.json"


class S(NamedTuple):
    running: int
    gen_throughput: float
    graph: bool | None = None
    previous_running: int | None = None
    since: frozenset[str] = frozenset()
    accept_len: float | None = None


def test_the_published_table_comes_out_key_for_key():
    table = json.loads(PUBLISHED.read_text())[1]
    made = []
    for running, row in table.items():
        # samples that are placed evenly around the published median: the table keeps no more than that
        n, median = row["gen_througput_samples"], row["median"]
        low, high = [median - 5.0] * ((n - 1) // 2), [median + 5.0] * ((n - 1) // 2)
        middle = [median] if n % 2 else [median - 1.0, median + 1.0]
        made += [S(int(running), value) for value in (*low, *middle, *high)]
    curve = classic_curve(made, 1)
    assert curve.used == len(made)
    assert [p.running for p in curve.points] == sorted(int(k) for k in table)
    found = published_form(curve)
    assert found.keys() == table.keys()
    for running, row in table.items():
        assert found[running].keys() == row.keys()
        assert found[running] == pytest.approx(row, rel=1e-12)


def test_denominators_and_quartiles():
    point = classic_curve([S(4, v) for v in (100.0, 200.0, 300.0, 400.0, 500.0)], 8).points[0]
    assert (point.median, point.per_gpu, point.per_user) == (300.0, 37.5, 75.0)
    assert (point.q1, point.q3) == (200.0, 400.0)
    assert not point.enough
    assert classic_curve([S(1, 1.0)] * 100, 1).points[0].enough


def test_one_sample_has_no_quartiles():
    point = classic_curve([S(4, 100.0)], 1).points[0]
    assert (point.q1, point.q3) == (None, None)


def test_no_data_is_no_point():
    assert classic_curve([], 1).points == ()
    curve = classic_curve([S(0, 5.0), S(3, float("nan"))], 1)
    assert (curve.points, curve.used, curve.left_out) == ((), 0, {"no_batch": 2})
    with pytest.raises(ValueError):
        classic_curve([], 0)


def test_clean_leaves_out_and_says_why():
    made = [
        S(8, 1.0, True, None, frozenset({"first"})),
        S(8, 100.0, True, 8),
        S(8, 2.0, True, 7),
        S(8, 3.0, True, 8, frozenset({"prefill", "idle"})),
        S(8, 4.0, True, 8, frozenset({"flush", "prefill"})),
        S(8, 5.0, False, 8),
        S(64, 500.0, False, 64),
        S(8, 102.0, None, 8),
        S(8, 6.0, True, None),
    ]
    curve = clean_curve(made, 1, graph_up_to=24)
    assert [(p.running, p.samples, p.median) for p in curve.points] == [(8, 2, 101.0), (64, 1, 500.0)]
    assert curve.left_out == {"first": 2, "batch_changed": 1, "prefill": 1, "flush": 1, "graph_off": 1}
    assert curve.used + sum(curve.left_out.values()) == len(made)
    assert clean_curve(made, 1).left_out.get("graph_off") is None
    assert classic_curve(made, 1).used == len(made)


def test_without_a_number_of_gpus_there_is_no_figure_per_gpu():
    assert classic_curve([S(4, 100.0)], None).points[0].per_gpu is None


def test_a_batch_over_data_parallel_ranks():
    assert shares(8, 1) == (8,)
    assert shares(8, 4) == (2,)
    assert shares(10, 4) == (2, 3)
    assert shares(3, 4) == (1,)  # one rank has none, and prints nothing


def test_clean_tpot_is_of_clean_lines_at_the_size_alone():
    made = [
        S(8, 800.0, True, 8),
        S(8, 400.0, True, 8),
        S(8, 500.0, True, 8),
        S(8, 1.0, True, 7),
        S(4, 1.0, True, 4),
        S(8, 0.0, True, 8),
    ]
    assert clean_tpots(made, (8,)) == [10.0, 20.0, 16.0]
    assert clean_tpots(made, (16,)) == []
    assert clean_tpots([S(8, 800.0, False, 8), S(8, 400.0, True, 8)], (8,), graph_up_to=8) == [20.0]
    point = clean_curve(made[:3], 1).points[-1]
    assert point.tpot_ms == pytest.approx(8000 / 500)
    assert point.tpot_mean_ms == pytest.approx((10 + 20 + 16) / 3)
    # an interval without tokens has no time per token
    assert clean_curve(made, 1).points[-1].tpot_mean_ms is None


def test_the_largest_batch_with_a_graph():
    assert largest_graph([S(4, 1.0, True), S(9, 1.0, False), S(8, 1.0, True)]) == 8
    assert largest_graph([S(4, 1.0, False), S(4, 1.0)]) is None


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 400)), min_size=1, max_size=60))
def test_counting_equal_values_gives_the_exact_statistics(made):
    curve = classic_curve([S(running, value / 4) for running, value in made], None)
    for point in curve.points:
        values = [value / 4 for running, value in made if running == point.running]
        assert (point.samples, point.median) == (len(values), statistics.median(values))
        if len(values) > 1:
            q1, _, q3 = statistics.quantiles(values, n=4, method="inclusive")
            assert (point.q1, point.q3) == (q1, q3)
