"""The decode curve against the published table's arithmetic and hand-made samples."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from slabench.metrics.curve import classic_curve, clean_curve, published_form

PUBLISHED = Path(__file__).resolve().parents[2] / "data" / "server" / "seed_ali_decode.json"


class S(NamedTuple):
    running: int
    gen_throughput: float
    graph: bool | None = None
    previous_running: int | None = None
    since: frozenset[str] = frozenset()


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
