import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.errors import ConfigError
from slabench.verdict.bounded import evaluate
from slabench.verdict.sla import Slo, check, loosened, merge, parse, slo


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tpot.mean<=50", Slo("tpot.mean", "<=", 50)),
        (" ttft.p99 <= 2000 ms", Slo("ttft.p99", "<=", 2000)),
        ("ttft<=2e3", Slo("ttft.mean", "<=", 2000)),
        ("tpot<=50", Slo("tpot.mean", "<=", 50)),
        ("total_throughput>=1800.5", Slo("total_throughput", ">=", 1800.5)),
        ("classic.tpot.median<=30", Slo("classic.tpot.median", "<=", 30)),
    ],
)
def test_parse(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tpot",
        "tpot.mean=50",
        "tpot.mean<=fast",
        "tpot.mean>=50",
        "qpm<=3",
        "tpto.mean<=50",
        "qpm:3",
        "tpot.p42<=1",
    ],
)
def test_what_cannot_be_judged_is_refused(text):
    with pytest.raises(ConfigError):
        parse(text)


def test_a_limit_that_the_shell_took_is_asked_for_with_quotes():
    with pytest.raises(ConfigError, match="quote the option"):
        parse("tpot.mean")
    with pytest.raises(ConfigError, match="is not an objective"):
        parse("tpot.mean<=fast")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "ttft.p97<=2000",
            "names a statistic that ttft does not have; it has mean, p50, p90, p95, p99, min, max, std.",
        ),
        ("classic.ttft.p50<=2000", "names a statistic that classic.ttft does not have; it has mean, median,"),
        (
            "itl<=20",
            "has no statistic; itl has mean, p50, p90, p95, p99, min, max, std: write itl.mean or another "
            "of them.",
        ),
        ("qpm.mean>=20", "names a statistic, but qpm is one number for the whole run: write qpm alone."),
        ("curve.8>=20", 'is on the decode curve, which has no objectives: put the limit under "floors"'),
        ("curve.all>=20", "is on the curve at 'all'; write curve.N with N the number of running requests."),
        ("nosuch.p99<=1", "has no known metric"),
        ("tpot.mean=50", "--slo='tpot.mean=50' compares with =, but an objective uses <= or >=; write <=."),
        ("tpot=50ms", "compares with =, but an objective uses <= or >=; write <=."),
        ("tpot.mean==50", "compares with ==, but"),
        ("tpot.mean<50", "compares with <, but"),
        ("total_throughput>1800", "compares with >, but an objective uses <= or >=; write >=."),
        ("total_throughput=>1800", "compares with =>, but"),
        ("nosuch=1", "compares with =, but an objective uses <= or >=; write <= or >=."),
        ("tpot.mean<=5.0.0", "is not an objective"),
        ("tpot.mean=", "is not an objective"),
        ("tpot.mean<=fifty", "is not an objective"),
        ("ttft.p99<=2s", "times are in ms"),
    ],
)
def test_what_is_wrong_with_an_objective_is_named(text, words):
    with pytest.raises(ConfigError) as raised:
        parse(text)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("total_throughput", ">=", 1000), 'write slo("total_throughput", "", ">=", 1000).'),
        (("tpot.mean", "<=", 50), 'write slo("tpot", "mean", "<=", 50).'),
        (("tpot", "<=", 50), 'write slo("tpot", "mean", "<=", 50).'),
        (("tpot.mean<=50",), 'write slo("tpot", "mean", "<=", 50).'),
        (("total_throughput>=1800",), 'write slo("total_throughput", "", ">=", 1800).'),
        (("tpot", "mean"), "write slo(METRIC, STATISTIC,"),
        (("tpot", "mean", "<=", "50"), "write slo(METRIC, STATISTIC,"),
        (("tpot", "mean", "<=", True), "write slo(METRIC, STATISTIC,"),
        (("tpot", None, "<=", 50), "write slo(METRIC, STATISTIC,"),
        ((50,), "write slo(METRIC, STATISTIC,"),
        (("tpot", "mean", "==", 50), "compares with '=='"),
        (("tpot", "mean", "<=", float("nan")), "a limit that is not a number"),
        (("tpot", "mean", "<=", -1), "a limit below 0"),
        (("goodput", "share", ">=", 95), "is a share, between 0 and 1. Did you mean 0.95?"),
    ],
)
def test_a_rule_that_is_none_says_what_to_write(arguments, words):
    with pytest.raises(ConfigError) as raised:
        slo(*arguments)
    assert words in str(raised.value)


def test_a_share_above_1_is_refused_before_a_load():
    with pytest.raises(ConfigError, match=r"share>=95: goodput\.share is a share, .* Did you mean 0\.95\?$"):
        parse("goodput.share>=95")
    with pytest.raises(ConfigError, match=r"is a share, between 0 and 1\.$"):
        parse("goodput.share>=950")
    assert parse("goodput.share>=0.95").limit == 0.95


def test_a_floor_may_be_of_the_curve():
    assert check(Slo("curve.8", ">=", 400.0), floor=True).metric == "curve.8"


def test_sentence():
    held = evaluate(slo("tpot", "mean", "<=", 50), {"tpot.mean": 35.98}, {"tpot": 128})
    assert held is not None
    assert held.text == "tpot mean 35.98 ms <= 50 ms (-28 %, n=128)"
    broken = evaluate(slo("tpot", "mean", "<=", 50), {"tpot.mean": 61.2}, {"tpot": 80})
    assert broken is not None
    assert not broken.holds
    assert broken.text == "tpot mean 61.20 ms > 50 ms (+22 %, n=80)"


def test_a_hair_above_the_limit_is_not_printed_as_equal():
    found = evaluate(slo("tpot", "mean", "<=", 50), {"tpot.mean": 50.0004}, {})
    assert found is not None
    assert not found.holds
    assert "50.0004 ms > 50 ms" in found.text


def test_no_data_is_no_outcome():
    assert evaluate(slo("tpot", "mean", "<=", 50), {"ttft.mean": 1.0}, {}) is None


@given(st.floats(0.001, 1e6), st.floats(0.001, 1e6))
def test_holds_is_the_comparison(observed, limit):
    low = evaluate(Slo("tpot.mean", "<=", limit), {"tpot.mean": observed}, {})
    high = evaluate(Slo("qpm", ">=", limit), {"qpm": observed}, {})
    assert low is not None
    assert high is not None
    assert (low.holds, high.holds) == (observed <= limit, observed >= limit)


def test_command_line_replaces_and_adds():
    rule = (slo("tpot", "mean", "<=", 50),)
    both = (parse("tpot.mean<=50"), parse("tpot.mean<=500"))
    assert merge(rule, both) == both  # neither takes back the other
    assert merge(rule, (parse("tpot.mean<=70"), parse("ttft<=2000"))) == (
        Slo("tpot.mean", "<=", 70),
        Slo("ttft.mean", "<=", 2000),
    )


@pytest.mark.parametrize(
    ("given", "label"),
    [
        (["tpot<=500"], ("OWN_SLO: tpot.mean<=500 instead of tpot.mean<=50",)),
        (["tpot<=500", "tpot<=40"], ()),  # both are judged
        (["tpot<=50"], ()),
        (["ttft<=9000"], ()),
        ([], ()),
    ],
)
def test_a_method_s_rule_that_is_loosened_is_labelled(given: list[str], label: tuple[str, ...]) -> None:
    assert (
        loosened((Slo("tpot.mean", "<=", 50), Slo("qpm", ">=", 100)), [parse(text) for text in given])
        == label
    )


def test_a_floor_is_loosened_downwards() -> None:
    assert loosened((Slo("qpm", ">=", 100),), [parse("qpm>=90")]) == ("OWN_SLO: qpm>=90 instead of qpm>=100",)
    assert loosened((Slo("qpm", ">=", 100),), [parse("qpm>=110")]) == ()


def test_a_share_is_said_once():
    found = evaluate(Slo("goodput.share", ">=", 0.95), {"goodput.share": 0.0}, {})
    assert found.text == "goodput share 0 < 0.95 (-100 %)"
    assert (
        evaluate(Slo("tpot.mean", "<=", 50), {"tpot.mean": 40.0}, {}).text
        == "tpot mean 40.00 ms <= 50 ms (-20 %)"
    )
