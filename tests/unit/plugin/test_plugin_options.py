"""Options: what each parser takes and refuses, and what is wrong with a combination is one sentence before
anything runs.
"""

from __future__ import annotations

import argparse
import re
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slabench.errors import ConfigError
from slabench.options.table import OPTIONS
from slabench.options.types import (
    ints,
    load_range,
    positive_float,
    positive_int,
    rate,
    ratio,
    seed,
    worded,
    words,
)
from slabench.plugin.options import _check_rootdir
from slabench.session.settings import Settings
from slabench.session.tokenizer import TokenizerSource
from slabench.verdict.looks import DEFAULT_LOOKS, Looks
from slabench.verdict.sla import Slo

pytest_plugins = ("pytester",)
PUBLISHED = Path(__file__).parents[3] / "baselines" / "published-tencent.json"


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (positive_int, "1", 1),
        (rate, "inf", float("inf")),
        (rate, "0.5", 0.5),
        (positive_float, "2.5", 2.5),
        (ints, "1,2,4", (1, 2, 4)),
        (ints, "1 2, 4,", (1, 2, 4)),
        (words, " a , b,,", ("a", "b")),
        (ratio, "0", 0.0),
        (ratio, "1", 1.0),
        (seed, "4294967295", 4294967295),
        (load_range, "1,8", (1.0, 8.0)),
    ],
)
def test_values(parse: Callable[[str], object], text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        *((positive_int, text) for text in ("0", "-1", "1.5", "many", "")),
        *((rate, text) for text in ("0", "-1", "nan", "fast")),
        *((positive_float, text) for text in ("0", "inf", "nan", "-1")),
        *((ints, text) for text in ("", ",", "1,1", "0", "1,x")),
        *((ratio, text) for text in ("1.1", "-0.1", "nan")),
        *((seed, text) for text in ("-1", "4294967296", "x")),
        *((load_range, text) for text in ("8", "8,1", "1,inf", "1,2,3")),
    ],
)
def test_what_is_no_value(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


def given(**more: Any) -> Namespace:
    return Namespace(**({option.dest: option.default for option in OPTIONS} | more))


IN_TURNS = {"base_url": ["http://a:1"], "baseline_url": "http://b:1"}
ONE_AFTER_THE_OTHER = {"launch": "new", "baseline_launch": "old", "one_after_the_other": True}


@pytest.mark.parametrize(
    ("options", "looks", "repeats"),
    [
        ({}, None, 1),
        ({"repeats": 4}, None, 4),
        (IN_TURNS, DEFAULT_LOOKS, 5),
        ({**IN_TURNS, "repeats": "auto"}, DEFAULT_LOOKS, 5),
        ({**IN_TURNS, "repeats": 5, "warmup_requests": 0}, None, 5),
        (ONE_AFTER_THE_OTHER, DEFAULT_LOOKS, 5),  # the old side's
        ({**ONE_AFTER_THE_OTHER, "repeats": 3}, None, 3),
        ({"baseline": str(PUBLISHED)}, None, 1),
        ({"baseline": str(PUBLISHED), "repeats": "auto"}, DEFAULT_LOOKS, 5),
    ],
)
def test_beside_an_old_server_repeats_are_added_until_it_is_decided(
    options: dict[str, Any], looks: Looks | None, repeats: int
) -> None:
    settings = Settings.of(given(**options), {})
    assert (settings.looks, settings.repeats) == (looks, repeats)


def test_defaults() -> None:
    found = Settings.of(given(), {})
    assert not found.live
    assert (found.dataset_name, found.prompt_form, found.tolerance, found.slos) == (
        "random-ids",
        "ids",
        0.02,
        (),
    )


def test_a_data_set_means_the_published_way(tmp_path: Path) -> None:
    path = tmp_path / "sharegpt.json"
    path.write_text("[]")
    found = Settings.of(given(dataset_path=str(path)), {})
    assert (found.dataset_name, found.prompt_form) == ("random", "text")
    assert Settings.of(given(dataset_path=str(path), prompt_form="ids"), {}).prompt_form == "ids"


@pytest.mark.parametrize(
    ("options", "environment", "urls"),
    [
        ({}, {}, ()),
        ({"base_url": ["http://a:1"]}, {}, ("http://a:1",)),
        ({"base_url": ["http://a:1"]}, {"SLABENCH_BASE_URL": "http://b:2"}, ("http://a:1",)),
        ({}, {"SLABENCH_BASE_URL": "http://b:2"}, ("http://b:2",)),
        ({"base_url": "sim:"}, {}, ("sim:",)),  # as pytest-base-url's option has it
        ({"launch": "serve"}, {}, ("launch:",)),
        ({"launch": "serve", "base_url": ["http://a:1"]}, {}, ("http://a:1",)),
    ],
)
def test_where_the_server_is(
    options: dict[str, Any], environment: dict[str, str], urls: tuple[str, ...]
) -> None:
    found = Settings.of(given(**options), environment)
    assert found.base_urls == urls
    assert found.live == bool(urls)


def test_objectives_and_the_key() -> None:
    found = Settings.of(
        given(slo=["tpot.mean<=40", "ttft<=2000"], api_key_env="MINE"),
        {"MINE": "abc", "SLABENCH_API_KEY": "no"},
    )
    assert found.slos == (Slo("tpot.mean", "<=", 40), Slo("ttft.mean", "<=", 2000))
    assert found.api_key == "abc"
    assert Settings.of(given(), {"SLABENCH_API_KEY": ""}).api_key is None


SSH = {"load_hosts": ("a", "b"), "load_command": "ssh {host}"}


@pytest.mark.parametrize(
    ("options", "environment", "sentence"),
    [
        ({"base_url": [" "]}, {}, "is empty"),
        ({}, {"SLABENCH_BASE_URL": ""}, "is empty"),
        ({"base_url": ["http://u:pw@a:1", "http://u:pw@a:1"]}, {}, "http://***@a:1 twice"),
        ({"launch": " "}, {}, "--launch is empty"),
        ({"launch": "x", "base_url": ["sim:"]}, {}, "leave one of them out"),
        ({"warmup_requests": -1}, {}, "below 0"),
        ({"dataset_path": "/no/such.json"}, {}, "does not exist"),
        ({"dataset_name": "sharegpt"}, {}, "needs --dataset-path=FILE"),
        ({"model": "/no/such"}, {}, "is not a folder here"),
        ({"tokenizer": "nosuch"}, {}, "is not a folder here"),
        ({"allow": ("nosuch",)}, {}, "names no validity check"),
        ({"require_baseline": True}, {}, "needs --baseline=FILE"),
        ({"repeats": "auto"}, {}, "nothing is compared"),
        (
            {"repeats": "auto", "baseline": "history:h"},
            {},
            "beside the runs of history:h this run is one sample",
        ),
        ({**IN_TURNS, "warmup_requests": 0}, {}, "makes the first pair a cold one"),
        ({**IN_TURNS, "repeats": "auto", "warmup_requests": 0}, {}, "makes the first pair a cold one"),
        ({"slo": ["nosuch<=1"]}, {}, "has no known metric"),
        ({"slo": ["curve.8>=1"]}, {}, "is on the decode curve"),
        ({"slo": ["goodput.share>=0.9"]}, {}, "add --goodput=ttft:2000,tpot:50"),
        ({"slo": ["ttft:2000"]}, {}, "could mean the mean or each request"),
        ({"slo": ["classic.output_throughput_retokenized>=1"]}, {}, "needs --retokenize"),
        ({"goodput": ["ttft"]}, {}, "is no METRIC:MS"),
        ({"header": ["hush"]}, {}, "--header reads NAME:VALUE"),
        ({"header": ["Authorization: hush"]}, {"SLABENCH_API_KEY": "hushhush"}, "both identify the client"),
        ({"header": ["X-A: hush"], "client": "bench_serving"}, {}, "cannot send --header"),
        ({"extra_request_body": '{"stream": false}'}, {}, "sets stream, which the test sets itself"),
        ({"extra_request_body": '{"top_p": 0.9}'}, {}, "at the top, where /generate does not read"),
        (
            {"extra_request_body": '{"sampling_params": {"top_p": 0.9}}', "client": "bench_serving"},
            {},
            "replaces sampling_params as a whole",
        ),
        (
            {"base_url": ["http://a:1/v1"]},
            {},
            "--base-url=http://a:1, and --backend=sglang-oai or sglang-oai-chat",
        ),
        ({"base_url": ["https://u:hush@a/llm/v1/"]}, {}, "--base-url=https://***@a/llm, and"),
        ({"base_url": ["http://a:1/v1/chat/completions"]}, {}, "--base-url=http://a:1, and"),
        ({"base_url": ["http://a:1/generate"]}, {}, "the server's root, --base-url=http://a:1."),
        ({"base_url": ["http://a:1"], "baseline_url": "http://b:1/v1"}, {}, "--baseline-url=http://b:1, and"),
        ({"load_hosts": ("a",)}, {}, "--load-hosts=a needs --load-command"),
        ({"load_command": "ssh {host}"}, {}, "add --load-hosts=A,B"),
        ({**SSH, "load_command": "ssh a"}, {}, "has no {host}, so every host would be the same one"),
        ({**SSH, "load_command": "ssh '{host}"}, {}, "has a quote without an end"),
        ({**SSH, "load_hosts": ("a", "b", "a")}, {}, "--load-hosts names a twice"),
        ({**SSH, "load_cluster": "ray"}, {}, "leave out --load-hosts and --load-command"),
        ({**SSH, "client": "bench_serving"}, {}, "--load-hosts needs our own client"),
        ({"load_python": "python3"}, {}, "and none is named"),
        ({"save_baseline": "/no/such/x.json"}, {}, "cannot be written"),
        ({}, {"SLABENCH_API_KEY": "hush\nhush"}, "no HTTP header can carry"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(
    options: dict[str, Any], environment: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ConfigError) as error:
        Settings.of(given(**options), environment)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)
    assert "hush" not in str(error.value)  # the key itself is not in it


def test_a_file_that_cannot_be_added_to_is_refused_before_the_load(tmp_path: Path) -> None:
    """--save-baseline on a run.json, --bench-serving-jsonl on a baseline: each was found out when all was
    measured, or never.
    """
    run, baseline = tmp_path / "run.json", tmp_path / "prod.json"
    run.write_text('{"schema": "slabench.run/1"}')
    baseline.write_text('{"schema": "slabench.baseline/2", "tests": {}, "fingerprint": {}}')
    with pytest.raises(ConfigError, match=r"has schema 'slabench\.run/1'"):
        Settings.of(given(save_baseline=str(run)), {})
    with pytest.raises(ConfigError, match="holds no rows of bench_serving"):
        Settings.of(given(bench_serving_jsonl=str(baseline)), {})
    assert Settings.of(given(save_baseline=str(baseline)), {}).save_baseline == baseline
    assert Settings.of(given(save_baseline="/dev/full"), {}).save_baseline == Path("/dev/full")


def test_a_root_behind_a_path_is_taken() -> None:
    for url in ("http://a:1/", "http://a:1/v1beta", "http://a:1/llm", "https://a/generate-things"):
        assert Settings.of(given(base_url=[url]), {}).base_urls == (url,)


def test_limits_of_single_requests() -> None:
    found = Settings.of(given(goodput=["ttft:2000 tpot:50"], slo=["goodput.share>=0.9"]), {})
    assert found.goodput == {"ttft": 2000.0, "tpot": 50.0}
    assert Settings.of(given(slo=["ttft<=2000"]), {}).goodput == {}  # a mean is no limit of a request


def test_a_served_models_name_is_no_folder_and_no_error() -> None:
    assert Settings.of(given(model="tiny"), {}).options.model == "tiny"


def config(arguments: list[str], root: Path, where: Path, **values: Any) -> Any:
    return SimpleNamespace(
        invocation_params=SimpleNamespace(args=arguments, dir=where),
        rootpath=root,
        getoption=lambda name, default=None: values.get(name, default),
    )


REPO = Path(__file__).resolve().parents[3]


def test_a_folder_that_pytest_takes_for_a_test_path_is_refused_with_the_right_command(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        _check_rootdir(config(["--seed=1", "--model", str(tmp_path), "tests/tencent"], REPO, REPO))
    assert f"Write: pytest tests/tencent --seed=1 --model={tmp_path}" in str(error.value)
    with pytest.raises(ConfigError, match="as its root"):
        _check_rootdir(config(["tests/tencent"], tmp_path, REPO / "docs"))
    _check_rootdir(config(["tests/tencent", f"--model={tmp_path}", "--seed", "1"], REPO, REPO))


def test_the_root_is_the_clones_in_a_clone_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere it is what pytest makes of another repository, unless an option's value became a test
    path."""
    _check_rootdir(config(["bench"], tmp_path, tmp_path))
    _check_rootdir(config(["tests/ali", "--rootdir=/"], tmp_path, REPO, rootdir="/"))  # it was meant
    monkeypatch.setattr("slabench.plugin.options.CLONE", None)  # as in a wheel
    _check_rootdir(config(["tests/tencent"], tmp_path, REPO))
    with pytest.raises(ConfigError, match="for a test path"):
        _check_rootdir(config(["--model", str(tmp_path), "bench"], tmp_path, tmp_path))


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("--num-prompts", "x", "it is not a whole number"),
        ("--num-prompts", "0", "0 is below 1"),
        ("--request-rate", "x", "it is not a number"),
        ("--batch-sizes", "4,8,4", "4 is named twice"),
        ("--batch-sizes", ",", "the list is empty"),
        ("--capacity-range", "4", "it is not two numbers LO,HI"),
        ("--seed", "-1", "-1 is not between 0 and 4294967295"),
    ],
)
def test_a_refused_value_has_a_sentence(name: str, text: str, why: str) -> None:
    option = next(option for option in OPTIONS if option.name == name)
    assert option.parse is not None
    with pytest.raises(
        argparse.ArgumentTypeError, match=re.escape(f"{text!r} cannot be taken ({why}); give")
    ) as raised:
        worded(option.parse, option.help)(text)
    assert option.help in str(raised.value)


def test_a_value_that_can_be_taken_is_read() -> None:
    assert worded(positive_int, "prompts")("3") == 3


@pytest.mark.parametrize(
    ("backend", "ids"), [("sglang", True), ("sglang-oai", True), ("sglang-oai-chat", False)]
)
def test_prompts_of_ids_where_the_endpoint_takes_them(backend: str, ids: bool) -> None:
    options = Namespace(client="slabench", backend=backend, tokenizer=None, model=None)
    source = TokenizerSource(options, lambda: None)
    with pytest.raises(ConfigError, match=r"give --tokenizer=DIR") as error:
        source.required()
    assert ("--prompt-form=ids" in str(error.value)) is ids


def test_the_help_names_defaults_and_allowed_values() -> None:
    said = {option.name: option.described for option in OPTIONS}
    assert said["--connect-timeout"] == "seconds to connect (default 10) [all live]"
    assert "default 1,2,4,8" in said["--batch-sizes"] and "default 1024,2048,4096" in said["--prefill-lens"]
    assert "default 2)" in said["--tolerance"]
    for name in ("--slo-preset", "--arrivals", "--progress", "--prompt-form", "--backend"):
        (option,) = [known for known in OPTIONS if known.name == name]
        assert f"one of {', '.join(option.choices)}" in said[name] and option.choices
    assert "repeatable" in said["--header"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("--num-prompt=4", "write --num-prompts=4."),
        ("--slo-preset=ant50", "Did you mean ant-50?"),
        ("--backend=sglang-chat", "Did you mean sglang-oai-chat?"),
        ("--allow=complete", "--allow=complete names no validity check. Did you mean completed?"),
        ("--allow-diff=hardwar", "names nothing that is compared. Did you mean hardware?"),
        ("--slo=mean_ttft_ms<=2000", "Did you mean ttft.mean?"),
    ],
)
def test_pytest_ends_with_the_hint(run_suite: Callable[..., object], given: str, sentence: str) -> None:
    ran = run_suite("def test_it(says):\n    says('PASSED')\n", given)
    assert ran.status == 4  # type: ignore[attr-defined]
    assert sentence in ran.output  # type: ignore[attr-defined]


def test_the_help_has_our_options_in_one_piece_near_its_begin(run_suite: Callable[..., object]) -> None:
    """Behind pytest's own general ones, and before those of other plugins."""
    ran = run_suite("", "--help", url=None)
    heads = re.findall(r"^(\S.*):$", ran.output, re.M)  # type: ignore[attr-defined]
    ours = [f"slabench: {group}" for group in dict.fromkeys(option.group for option in OPTIONS)]
    assert heads[heads.index("general") + 1 :][: len(ours)] == ours
