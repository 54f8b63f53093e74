"""Options as other clients spell them get a hint with ours; what is nothing like ours is left to pytest."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from slabench.options.other_spellings import INSTEAD, SAME, hint, loose_limits
from slabench.options.table import OPTIONS
from slabench.options.types import chosen, worded

OURS = [option.name.removeprefix("--") for option in OPTIONS]
CLIENT = (
    Path(__file__).resolve().parents[3] / ".venv-client/lib/python3.11/site-packages/sglang/bench_serving.py"
)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("--num-prompt=32", "--num-prompt is not an option here: write --num-prompts=32."),
        ("--numprompts 8", "write --num-prompts=8."),
        ("--max_concurrency=8", "write --max-concurrency=8."),
        ("--request_rate 4", "write --request-rate=4."),
        ("--input-len=64", "write --random-input-len=64."),
        ("--random-input 64", "write --random-input-len=64."),
        ("--output-len=64", "write --random-output-len=64."),
        ("--dataset=x.json", "write --dataset-path=x.json."),
        ("--host 10.0.0.1 --port 8000", "write --base-url=http://10.0.0.1:8000."),
        ("--port=8000", "write --base-url=http://127.0.0.1:8000."),
        ("--endpoint=/v1/completions", "--backend=sglang-oai (/v1/completions)"),
        ("--percentile-metrics=ttft,tpot", "--slo='ttft.p95<=2000'"),
        ("--metric-percentiles=90", "--slo='ttft.p95<=2000'"),
        ("--save-result", "run.json"),
        ("--result-filename=x", "--bench-serving-jsonl=FILE"),
        ("--burstiness=1.0", "Poisson"),
        ("--ignore-eos", "every request asks for ignore_eos"),
        ("--target=http://x:1", "write --base-url=http://x:1."),
        ("--rust-client", "--load-workers=N sets them"),
        ("--rust-worker-threads=8", "--load-workers=N sets them"),
        ("--tag=a", "--history-version=NAME names the run"),
        ("--metadata a=b", "--history-version=NAME names the run"),
        ("--pd-separated", "known by what its router reports"),
        ("--gsp-num-groups=4", "generated-shared-prefix is no data set here"),
        ("--gsp_system_prompt_len=4", "generated-shared-prefix is no data set here"),
        ("--profile-num-steps=4", "profile the server itself"),
        ("--lora-zipf-alpha=1", '"lora_path": "NAME"'),
        ("--repetition-penalty=1.1", '{"sampling_params": {"repetition_penalty": P}}'),
        ("--ramp-up-strategy=linear", "--find-capacity looks for the highest"),
        ("--ramp-up-start-rps=1", "--find-capacity looks for the highest"),
        ("--no-stream", "TTFT and TPOT need a stream"),
        ("--num-promts=3", "did you mean --num-prompts?"),
        ("--max-concurency=3", "did you mean --max-concurrency?"),
        ("--tolerence=3", "did you mean --tolerance?"),
    ],
)
def test_what_it_is_called_here(given: str, said: str) -> None:
    parts = given.split()
    found = hint([part for part in parts if part.startswith("-")], OURS, parts)
    assert found is not None and said in str(found)
    assert "\n" not in str(found)


@pytest.mark.parametrize("given", [["--nosuch=1"], ["-z"], ["tests/serving"], ["--"], ["--x"], []])
def test_what_is_nothing_of_ours_is_left_to_pytest(given: list[str]) -> None:
    assert hint(given, OURS, given) is None


@pytest.mark.parametrize(
    "given",
    [
        "--api-key=hush",
        "--openai-api-key=hush",
        "--hf-token=hush",
        "--headers=Authorization:hush",
        "--password=hush",
    ],
)
def test_a_secret_that_was_typed_is_not_repeated(given: str) -> None:
    found = hint([given], OURS, [given])
    assert found is not None and "hush" not in str(found)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (["--goodput", "ttft:2000", "tpot:50"], "write --goodput=ttft:2000,tpot:50."),
        (["--goodput=ttft:2000", "tpot:50", "tests/serving"], "write --goodput=ttft:2000,tpot:50."),
        (["--goodput", "ttft:2000", "tests/serving/test_a.py::test_b"], None),
        (["--goodput=ttft:2000,tpot:50"], None),
        (["--slo=tpot<=50", "tests/serving"], None),
    ],
)
def test_limits_with_blanks_between_them_are_joined(parts: list[str], said: str | None) -> None:
    found = loose_limits(parts)
    assert found is None if said is None else found is not None and said in str(found)


def test_hints_name_options_that_exist() -> None:
    assert set(SAME.values()) - {"extra-request-body", "header"} <= set(OURS)
    assert not set(SAME) & set(OURS) and not set(INSTEAD) & set(OURS)
    named = {option for text in INSTEAD.values() for option in re.findall(r"--([a-z][a-z-]+)", str(text))}
    assert named - {"extra-request-body", "header"} <= set(OURS) | {"launch"}


@pytest.mark.skipif(not CLIENT.is_file(), reason="the reference client is not installed here")
def test_most_options_of_the_reference_client_are_ours_or_explained() -> None:
    """Its own list, by name: what is neither is about other data sets and images."""
    theirs = set(re.findall(r'"--([a-z0-9-]+)"', CLIENT.read_text(encoding="utf-8")))
    known = set(OURS) | set(SAME) | set(INSTEAD) | {"host", "port"}
    known |= {option for option in theirs if f"{option.partition('-')[0]}-*" in INSTEAD}
    others = "mooncake-|image|random-image|return-|plot|use-trace|prompt-suffix|print-requests"
    others += r"|sharegpt-context|extra-request"
    assert {option for option in theirs - known if not re.match(others, option)} == set()


def test_a_value_that_is_no_choice_is_said_in_one_sentence() -> None:
    read = worded(chosen(("auto", "off")), "the language")
    for text, why in (
        ("fr", "it is none of auto, off"),
        ("atuo", "it is none of auto, off. Did you mean auto?"),
    ):
        with pytest.raises(argparse.ArgumentTypeError, match=re.escape(f"({why}); give the language.")):
            read(text)
