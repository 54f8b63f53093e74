"""Limits of single requests are read in bench_serving's and vLLM's form, and goodput is judged by nothing
else."""

from __future__ import annotations

import pytest

from slabench.errors import ConfigError
from slabench.verdict.metric_names import meant
from slabench.verdict.request_limits import check_goodput, checked, parse_goodput
from slabench.verdict.sla import parse


@pytest.mark.parametrize(
    ("texts", "limits"),
    [
        ([], {}),
        (["ttft:2000"], {"ttft": 2000.0}),
        (["ttft:2000 tpot:50"], {"ttft": 2000.0, "tpot": 50.0}),
        (["ttft:2000,tpot:50,e2el:6e4"], {"ttft": 2000.0, "tpot": 50.0, "e2el": 60000.0}),
        (["ttft:2000", "tpot:49.5ms"], {"ttft": 2000.0, "tpot": 49.5}),
        (["ttft_due:10, e2el_due:20"], {"ttft_due": 10.0, "e2el_due": 20.0}),
    ],
)
def test_limits(texts: list[str], limits: dict[str, float]) -> None:
    assert parse_goodput(texts) == limits


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no limit"),
        (" , ", "names no limit"),
        ("ttft", "'ttft' is no METRIC:MS"),
        ("ttft:", "is no METRIC:MS"),
        ("ttft:fast", "is no METRIC:MS"),
        ("ttft:-1", "is no METRIC:MS"),
        ("ttft:0", "is no METRIC:MS"),
        ("ttft:nan", "is no METRIC:MS"),
        ("ttft<=2000", "is no METRIC:MS"),
        ("ttft:1 ttft:2", "names ttft twice"),
        ("qpm:3", "names 'qpm'; a request has tpot, ttft, ttft_due, e2el, e2el_due."),
        ("itl:3", "names 'itl'"),
        ("e2e:3", "e2e latency is e2el here"),
    ],
)
def test_what_is_no_limit(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_goodput([text])
    assert said in str(error.value)


def test_limits_of_a_test_of_ones_own() -> None:
    assert checked({"ttft": 2000, "tpot": 50.5}, "judge(goodput=...)") == {"ttft": 2000.0, "tpot": 50.5}
    for bad in ({"ttft": True}, {"ttft": "2000"}, {"ttft": 0}, {"p99": 3}, {"ttft": float("inf")}):
        with pytest.raises(ConfigError, match="judge"):
            checked(bad, "judge(goodput=...)")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="reads limits in ms by metric"):
        checked("ttft:2000", "judge(goodput=...)")  # type: ignore[arg-type]


def test_goodput_needs_limits_and_a_mean_is_none() -> None:
    """A mean objective says nothing of a single request: it used to be taken for its limit."""
    rules = (parse("ttft<=2000"), parse("tpot.p99<=50"))
    check_goodput(rules, {})
    share = (*rules, parse("goodput.share>=0.95"))
    with pytest.raises(
        ConfigError, match=r"goodput\.share>=0\.95 counts the requests .* add --goodput=ttft:2000,tpot:50"
    ):
        check_goodput(share, {})
    with pytest.raises(ConfigError, match=r"goodput\.request_throughput"):
        check_goodput((parse("goodput.request_throughput>=3"),), {})
    check_goodput(share, {"ttft": 2000.0})


def test_the_form_that_could_mean_two_things_is_refused_with_both() -> None:
    with pytest.raises(ConfigError) as error:
        parse("ttft:2000")
    assert "--slo='ttft.mean<=2000' for the mean" in str(error.value)
    assert "--goodput=ttft:2000 for a limit of each request" in str(error.value)
    with pytest.raises(ConfigError, match="METRIC:MS is the form of --goodput"):
        parse("qpm:3")


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("goodput", ("goodput.share", "goodput.request_throughput")),
        ("throughput", ("total_throughput", "output_throughput", "request_throughput")),
        ("mean_ttft_ms", ("ttft.mean",)),
        ("p99_tpot_ms", ("tpot.p99",)),
        ("median_itl_ms", ("itl.p50",)),
        ("mean_e2e_latency_ms", ("e2el.mean",)),
        ("total_token_throughput", ("total_throughput",)),
        ("time_to_first_token_ms", ("ttft.mean",)),
        ("tpto.mean", ("tpot.mean",)),
        ("tpto", ("tpot.mean",)),
        ("tfft.p99", ("ttft.p99",)),
        ("output_throughtput", ("output_throughput",)),
        ("nosuch", ()),
        ("x", ()),
    ],
)
def test_what_a_name_may_stand_for(name: str, keys: tuple[str, ...]) -> None:
    assert meant(name)[: len(keys) or None] == keys


def test_an_unknown_metric_says_what_may_be_meant() -> None:
    with pytest.raises(
        ConfigError,
        match=r"has no known metric\. Did you mean goodput\.share or goodput\.request_throughput\?",
    ):
        parse("goodput>=0.9")
