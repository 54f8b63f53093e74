"""The decode curve's checks: what passes each, and what it finds; the GPUs that a line's throughput is
divided by.
"""

from dataclasses import replace

import pytest

from slabench.verdict.outcome import CheckStatus
from slabench.verdict.validity import Stage, registered
from slabench.verdict.validity.curve import examine_curve
from slabench.verdict.validity.curve_evidence import CurveEvidence, Scale
from tests.unit.metrics.curves import classic_curve, clean_curve
from tests.unit.metrics.test_metrics_curve import S


def evidence(samples=None, points=((4, "PASSED"), (8, "PASSED")), scale=None, **more):
    made = samples if samples is not None else [*[S(4, 400.0, True, 4)] * 100, *[S(8, 700.0, True, 8)] * 100]
    scale = scale or Scale(reported_gpus=1, reported_dp=1, reported_pp=1)
    parts = {"copies": 0, "rejected": {}, "outside": 0, "files": 1, "tpots": {8: (11.5, 11.4)}} | more
    return CurveEvidence(
        points=points,
        lines=len(made),
        classic=classic_curve(made, scale.gpus_per_line),
        clean=clean_curve(made, scale.gpus_per_line),
        scale=scale,
        **parts,
    )


def checks(curve, **more):
    return {check.name: check for check in examine_curve(curve, **more)}


def states(curve, **more):
    return {name: check.state for name, check in checks(curve, **more).items()}


def test_a_good_curve_is_good():
    assert states(evidence()) == {check.name: CheckStatus.OK for check in registered(Stage.CURVE)}


DISTURBED = [
    *[S(4, 400.0, True, 4)] * 100,
    *[S(8, 700.0, True, 8)] * 100,
    *[S(4, 100.0, True, 4, frozenset({"prefill"}))] * 200,
]


NONE_CLEAN = [*[S(4, 400.0, True, 4)] * 100, *[S(8, 700.0, True, 8, frozenset({"prefill"}))] * 100]


def lines_of_8(count):
    """None of them clean; a hundred clean ones of 4."""
    disturbed = S(8, 700.0, True, 8, frozenset({"prefill"}))
    return [*[S(4, 400.0, True, 4)] * 100, *[disturbed] * count]


def test_noise_and_slow_lines_are_this_servers():
    """A few scattered lines may be off by more than the limit of many; lines without a clean one are slower,
    not faster.
    """
    noisy = [
        *[S(4, 400.0, True, 4)] * 100,
        *[S(8, speed, True, 8) for speed in (500.0, 700.0, 900.0, 1000.0)],
    ]
    assert states(evidence(noisy, tpots={8: (11.5, 13.5)}))["curve_agrees"] is not CheckStatus.INVALID
    slow = evidence(NONE_CLEAN, tpots={4: (10.0, 10.0)}, clients={4: 10.0, 8: 5.0})
    assert states(slow)["curve_agrees"] is CheckStatus.OK


@pytest.mark.parametrize(
    ("name", "curve", "state"),
    [
        ("curve_lines", evidence(rejected={"cut": 1}), CheckStatus.FINDING),
        ("curve_lines", evidence(outside=2), CheckStatus.FINDING),
        ("curve_samples", evidence(points=((4, "PASSED"), (12, "PASSED"))), CheckStatus.INVALID),
        (
            "curve_samples",
            evidence([*[S(4, 400.0, True, 4)] * 100, *[S(8, 700.0, True, 8)] * 99]),
            CheckStatus.FINDING,
        ),
        ("curve_points", evidence(points=((4, "INVALID"), (8, "PASSED"))), CheckStatus.FINDING),
        ("curve_points", evidence(refused=(16, 32)), CheckStatus.FINDING),
        ("curve_samples", evidence(lines_of_8(5)), CheckStatus.INVALID),
        ("curve_samples", evidence(lines_of_8(1)), CheckStatus.INVALID),
        ("curve_samples", evidence(lines_of_8(6)), CheckStatus.FINDING),
        ("curve_samples", evidence([*lines_of_8(1), S(8, 700.0, True, 8)]), CheckStatus.FINDING),
        ("curve_agrees", evidence(tpots={4: (10.0, 10.1), 8: (11.5, 23.1)}), CheckStatus.INVALID),
        ("curve_agrees", evidence(tpots={4: (10.0, 4.9)}), CheckStatus.INVALID),
        ("curve_agrees", evidence(tpots={}), CheckStatus.NOT_CHECKED),
        # another server's lines, 1.9 times as fast; and interleaved, three of them for each of ours
        ("curve_agrees", evidence(tpots={8: (11.43 * 1.9, 11.43)}), CheckStatus.INVALID),
        ("curve_agrees", evidence(tpots={8: (20.0, (20.0 + 3 * 20.0 / 3) / 4)}), CheckStatus.INVALID),
        ("curve_agrees", evidence(tpots={8: (11.43, 11.43 * 1.11)}), CheckStatus.INVALID),
        ("curve_agrees", evidence(tpots={8: (13.0, 13.2)}), CheckStatus.FINDING),  # the median is 11.43
        (
            "curve_agrees",
            evidence(NONE_CLEAN, tpots={4: (10.0, 10.0)}, clients={4: 10.0, 8: 11.43 * 1.9}),
            CheckStatus.INVALID,
        ),
        ("curve_agrees", evidence(tokens={4: (900.0, 1000.0), 8: (1110.0, 1000.0)}), CheckStatus.INVALID),
        ("curve_lines", evidence(engines=2), CheckStatus.FINDING),
        ("curve_lines", evidence(mixed=True), CheckStatus.FINDING),
        ("curve_clean", evidence(DISTURBED), CheckStatus.FINDING),
        ("curve_clean", evidence([*[S(4, 400.0)] * 100, *[S(8, 700.0)] * 100]), CheckStatus.NOT_CHECKED),
        ("curve_gpus", evidence(scale=Scale(option_gpus=8, reported_gpus=1)), CheckStatus.FINDING),
        ("curve_gpus", evidence(scale=Scale()), CheckStatus.NOT_CHECKED),
    ],
)
def test_each_check_can_fail(name, curve, state):
    made = states(curve)
    assert made.pop(name) is state
    assert set(made.values()) == {CheckStatus.OK}


def test_no_line_at_all_is_one_sentence():
    assert states(evidence([])) == {"curve_lines": CheckStatus.INVALID}


def test_strict_takes_no_finding():
    assert states(evidence(outside=2), strict=True)["curve_lines"] is CheckStatus.INVALID


def test_few_lines_without_a_clean_one_are_no_curve():
    text = checks(evidence(lines_of_8(1)))["curve_samples"].text
    assert text.startswith("Too few lines, of which none is clean (batch size 8: 1)")
    assert "fewer than 6 lines give no 95 % interval of their median" in text
    of_two = evidence(lines_of_8(1), scale=Scale(reported_gpus=2, servers=2))
    assert states(of_two)["curve_samples"] is CheckStatus.FINDING, "a router need not distribute evenly"


def test_sizes_that_were_refused_are_named():
    both = checks(evidence(points=((4, "INVALID"), (8, "PASSED")), refused=(16, 32)))["curve_points"].text
    assert "batch size 4 were INVALID" in both
    assert "batch size 16, 32 were refused before load" in both


def test_both_counts_are_reported():
    text = checks(evidence(DISTURBED))["curve_samples"].text
    assert "requires 100 samples" in text
    assert "batch size 4: 300, 100 of them clean; batch size 8: 100, 100 of them clean" in text
    assert "200 prefill" in checks(evidence(DISTURBED))["curve_clean"].text


# tp, dp and pp as servers are started, what one line of the log stands for
@pytest.mark.parametrize(
    ("scale", "ranks", "gpus"),
    [
        (Scale(reported_gpus=8, reported_dp=1), 1, 8),  # tp 8
        # tp 16, dp 16 inside: dp-attention on two nodes
        (Scale(reported_gpus=16, reported_dp=16, logged_dp=range(16)), 16, 1),
        (
            Scale(reported_gpus=16, reported_dp=4, logged_dp=range(4)),
            4,
            4,
        ),  # tp 16, dp 4 inside; or tp 4 x dp 4
        (Scale(reported_gpus=16, reported_dp=1, reported_pp=2, logged_pp=(0, 1)), 1, 16),  # tp 8 x pp 2
        # a gateway reports nothing, the log does
        (Scale(option_gpus=32, reported_gpus=None, logged_dp=range(32)), 32, 1),
        (Scale(), 1, None),
    ],
)
def test_denominators(scale, ranks, gpus):
    assert (scale.ranks, scale.gpus_per_line) == (ranks, gpus)


@pytest.mark.parametrize(
    ("scale", "id", "sentence"),
    [
        (
            Scale(option_gpus=8, reported_gpus=16, reported_source="tp 16"),
            "curve_gpus.option",
            "--decode-gpu-num is 8 GPUs, but server_info reports 16 (tp 16)",
        ),
        (
            Scale(reported_gpus=4, reported_dp=1, logged_dp=(0, 1)),
            "curve_gpus.rank",
            "the log contains lines of rank DP1, but server_info reports dp 1",
        ),
        (
            Scale(reported_gpus=4, reported_pp=1, logged_pp=(0, 1)),
            "curve_gpus.rank",
            "the log contains lines of rank PP1, but server_info reports pp 1",
        ),
        (
            Scale(reported_gpus=16, reported_dp=16, logged_dp=range(8)),
            "curve_gpus.missing_ranks",
            "8 of 16 data-parallel ranks have no Decode line in the logs (first DP8; log files: 1)",
        ),
        (
            Scale(reported_gpus=16, reported_dp=2),
            "curve_gpus.no_rank",
            "server_info reports dp 2, but no line of the log names a data-parallel rank",
        ),
        (
            Scale(option_gpus=6, reported_dp=4, logged_dp=range(4)),
            "curve_gpus.divide",
            "6 GPUs do not divide into 4 data-parallel ranks of the log, so the curve has no metric per GPU",
        ),
        (
            Scale(reported_gpus=16, reported_dp=1, servers=2),
            "curve_gpus.files",
            "2 servers decode, but --deploy-log names fewer files (1)",
        ),
        (
            Scale(reported_gpus=8, logged_dp=range(16)),
            "curve_gpus.divide",
            "8 GPUs do not divide into 16 data-parallel ranks of the log, so the curve has no metric per GPU",
        ),
    ],
)
def test_contradictions_are_reported(scale, id, sentence):
    samples = [*[S(size // scale.ranks, 100.0, True, size // scale.ranks) for size in (4, 8)]]
    check = checks(evidence([s for s in samples if s.running] or [S(1, 1.0)], scale=scale))["curve_gpus"]
    assert check.state is CheckStatus.FINDING
    assert sentence in [str(each) for each in check.message.arguments["contradictions"] if each.id == id]


@pytest.mark.parametrize(
    "scale",
    [
        Scale(reported_gpus=8, logged_dp=range(16)),  # 16 schedulers on 8 GPUs
        Scale(
            option_gpus=8, reported_gpus=16, reported_dp=16, logged_dp=range(16)
        ),  # the option names half of them
        Scale(option_gpus=6, reported_dp=4, logged_dp=range(4)),
        Scale(reported_gpus=4, reported_dp=1, logged_dp=(0, 1)),  # a log of two ranks, and a server of one
        Scale(reported_gpus=4, reported_pp=1, logged_pp=(0, 1)),
        # two stages of each rank, one GPU each
        Scale(option_gpus=4, reported_dp=4, logged_dp=range(4), logged_pp=(0, 1)),
        Scale(reported_gpus=16, reported_dp=8, servers=2, logged_dp=range(16)),
    ],
)
def test_ranks_that_cannot_be_on_these_gpus_have_no_metric_per_gpu(scale):
    assert scale.gpus_per_line is None
    check = checks(evidence([S(1, 1.0)], scale=scale))["curve_gpus"]
    assert check.state is CheckStatus.FINDING
    assert "curve_gpus.divide" in [each.id for each in check.message.arguments["contradictions"]]


@pytest.mark.parametrize(
    ("scale", "ranks", "gpus"),
    [
        (Scale(reported_gpus=16, reported_dp=1, servers=2), 2, 8),  # two decode servers of tp 8
        # each numbers its ranks from 0
        (Scale(reported_gpus=32, reported_dp=16, servers=2, logged_dp=range(16)), 32, 1),
        # the option counts
        (Scale(option_gpus=16, reported_gpus=8, reported_dp=1, logged_dp=range(16)), 16, 1),
    ],
)
def test_several_servers_decode(scale, ranks, gpus):
    assert (scale.ranks, scale.gpus_per_line) == (ranks, gpus)


def test_a_router_need_not_share_evenly():
    curve = evidence(
        [S(3, 300.0, True, 3)] * 200,
        points=((4, "PASSED"),),
        scale=Scale(reported_gpus=16, reported_dp=1, servers=2),
        files=2,
    )
    assert states(curve)["curve_samples"] is CheckStatus.FINDING
    assert (
        states(replace(curve, scale=Scale(reported_gpus=16, reported_dp=1)))["curve_samples"]
        is CheckStatus.INVALID
    )


def test_a_batch_spread_over_ranks_shows_as_its_share():
    scale = Scale(reported_gpus=4, reported_dp=4, logged_dp=range(4))
    curve = evidence(
        [*[S(2, 200.0, True, 2)] * 60, *[S(3, 290.0, True, 3)] * 60],
        points=((10, "PASSED"),),
        scale=scale,
        tpots={10: (10.3, 10.2)},
    )
    assert states(curve) == {check.name: CheckStatus.OK for check in registered(Stage.CURVE)}
    assert states(replace(curve, points=((16, "PASSED"),)))["curve_samples"] is CheckStatus.INVALID
