"""How many workers may drive how many servers: decided from numbers alone."""

from __future__ import annotations

from argparse import Namespace
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.errors import ConfigError
from slabench.plugin.multi_server import check_numbers, check_same, place, workers


class Config:
    """As much of pytest's as is asked for."""

    def __init__(self, count: int, worker: str | None = None) -> None:
        self.option = Namespace(
            dist="load" if count else "no", tx=[f"{count}*popen"] if count else [], maxworkerrestart=None
        )
        if worker is not None:
            self.workerinput = {"workerid": worker}

    def getoption(self, name: str, default: Any = None) -> Any:
        return getattr(self.option, name, default)


def settings(*urls: str, **more: Any) -> Any:
    options = Namespace(**({"launch": None, "deploy_log": (), "time_budget": None} | more.pop("options", {})))
    return SimpleNamespace(
        **(
            {"base_urls": urls, "resume": None, "baseline_url": None, "quick": False, "options": options}
            | more
        )
    )


def test_the_forms_of_tx() -> None:
    config = Config(2)
    for tx, count in ((["popen"] * 2, 2), (["2*popen"], 2), (["popen"], 1), ([], 0)):
        config.option.tx = tx
        assert workers(config) == count  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_numbers(count: int) -> None:
    assert workers(Config(count)) == count  # type: ignore[arg-type]
    assert workers(Config(count, worker="gw0")) == 0  # type: ignore[arg-type]
    assert (place(Config(0)), place(Config(0, worker="gw3"))) == (None, 3)  # type: ignore[arg-type]


@pytest.mark.parametrize(("count", "urls"), [(0, 1), (1, 1), (2, 2), (2, 3), (8, 0)])
def test_one_worker_a_server_or_none(count: int, urls: int) -> None:
    check_numbers(Config(count), settings(*("http://h:1", "http://h:2", "http://h:3")[:urls]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("count", "options", "words"),
    [
        (2, settings("a"), "2 workers drive 1 server at once"),
        (3, settings("a", "b"), "3 workers drive 2 servers at once"),
        (0, settings("a", "b"), "-n 2 spreads the tests"),
        (1, settings("a", resume="run"), "leave -n out"),
        (2, settings("a", "b", baseline_url="c"), "leave -n out"),
        (2, settings("a", "b", quick=True), "--gate=quick sets its lengths"),
        (2, settings("a", "b", options={"time_budget": 60.0}), "--time-budget is kept by one process"),
        (1, settings("launch:", options={"launch": "x"}), "leave -n out"),
        (2, settings("a", "b", options={"deploy_log": ("x",)}), "2 servers have 1 log"),
    ],
)
def test_what_is_refused(count: int, options: Any, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        check_numbers(Config(count), options)  # type: ignore[arg-type]
    assert words in str(error.value)


def test_a_worker_that_dies_is_not_replaced_by_one_without_a_server() -> None:
    config = Config(2)
    check_numbers(config, settings("a", "b"))  # type: ignore[arg-type]
    assert config.option.maxworkerrestart == "0"


def test_embedded_servers_have_to_be_named_alike() -> None:
    check_same(settings("sim:", "sim:"))
    with pytest.raises(ConfigError, match="is another server than sim:"):
        check_same(settings("sim:", "sim:demo?noise=0"))
