"""`python -m slabench crosscheck`: what is text before a server is asked, and of what.

The runs are in tests/integration.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slabench.bench_serving.client import Reference, command, find
from slabench.cli.crosscheck import SHARED, SIM_DATA, load_in_words, options, shared_beginnings
from slabench.cli.main import main
from slabench.loadgen import Plan, Target
from slabench.messages import Message
from slabench.options.table import OPTIONS
from slabench.places import TOKENIZER
from slabench.workloads import WorkloadSpec, prepare
from slabench.workloads.cache import DatasetStore
from slabench.workloads.model import Workload
from slabench.workloads.tokenizer import load_tokenizer


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--num-prompts=-1", "argument --num-prompts: '-1' cannot be taken (-1 is below 1)"),
        (
            "--num-prompts=0",
            "argument --num-prompts: '0' cannot be taken (0 is below 1); give the number of prompts.",
        ),
        ("--random-output-len=0", "argument --random-output-len: '0' cannot be taken (0 is below 1)"),
        ("--random-input-len=-4", "argument --random-input-len: '-4' cannot be taken (-4 is below 1)"),
        (
            "--random-range-ratio=7",
            "argument --random-range-ratio: '7' cannot be taken (7 is not between 0 and 1)",
        ),
        ("--request-rate=0", "argument --request-rate: '0' cannot be taken (0 is not a rate above 0)"),
        ("--max-concurrency=0", "argument --max-concurrency: '0' cannot be taken (0 is below 1)"),
        ("--seed=-1", "argument --seed: '-1' cannot be taken"),
        ("--rounds=0", "argument --rounds: '0' cannot be taken (0 is below 1)"),
        ("--rounds=many", "argument --rounds: 'many' cannot be taken (it is not a whole number)"),
        ("--dataset-path=/nope", "--dataset-path=/nope does not exist"),
        ("--dataset-path=docs", "--dataset-path=docs is a folder"),
        ("--allow=nosuch,client", "--allow=nosuch names no validity check. In all there are completed,"),
        ("--tokenizer=./nope", "--tokenizer=./nope is not a folder here"),
        ("--json=/no/such/folder/x.json", "--json=/no/such/folder/x.json cannot be written"),
        ("--base-url=", "--base-url (or SLABENCH_BASE_URL) is empty"),
        ("--bench-serving-python=nope", f"{Path('nope').absolute()} does not exist"),
    ],
)
def test_a_wrong_option_is_4_and_one_sentence(
    option: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["crosscheck", "--base-url=sim:", option]) == 4
    text = capsys.readouterr().err
    assert words in text.splitlines()[-1]
    assert "Traceback" not in text


def test_data_set_names_that_need_a_file_say_so_for_a_real_server(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["crosscheck", "--base-url=http://127.0.0.1:9", "--dataset-name=random"]) == 4
    assert "--dataset-name=random needs --dataset-path=FILE" in capsys.readouterr().err


def test_an_option_is_read_as_pytest_reads_it() -> None:
    """One value, one meaning: the same text gives the same value on both command lines."""
    same = {
        "--num-prompts": "7",
        "--request-rate": "2.5",
        "--max-concurrency": "3",
        "--random-range-ratio": "0.5",
        "--seed": "9",
    }
    parsed = options(
        [
            "--base-url=http://a:1",
            *(f"{name}={text}" for name, text in same.items()),
            "--allow= client ,flush",
        ]
    )
    for option in OPTIONS:
        if option.name in same:
            assert option.parse is not None
            assert getattr(parsed, option.dest) == option.parse(same[option.name])
    assert parsed.allow == ("client", "flush")


def test_defaults_stand_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    parsed = options(["--base-url=http://a:1"])
    assert main(["crosscheck", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for name in (
        "rounds",
        "num_prompts",
        "request_rate",
        "max_concurrency",
        "random_input_len",
        "random_output_len",
        "seed",
    ):
        _, _, after = text.partition(f" --{name.replace('_', '-')} N ")
        assert f"({getattr(parsed, name)})" in after.partition(" --")[0], name


def test_the_embedded_server_has_texts_and_a_real_one_random_ids() -> None:
    assert options(["--base-url=sim:"]).dataset_path == str(SIM_DATA)
    assert options(["--base-url=sim:", "--dataset-name=random-ids"]).dataset_path is None
    assert options(["--base-url=http://a:1"]).dataset_path is None


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "16 prompts (random) of 256 tokens, 128 out, request rate inf, concurrency 8"),
        (
            {"max_concurrency": None},
            "16 prompts (random) of 256 tokens, 128 out, request rate inf, concurrency not limited",
        ),
        (
            {"range_ratio": 0.5},
            "16 prompts (random) of 0.5 x length to 256 tokens, 0.5 x length to 128 out, request rate inf, "
            "concurrency 8",
        ),
        (
            {"input_len": None, "dataset_name": "sharegpt"},
            "16 prompts (sharegpt) with the conversations' own lengths, request rate inf, concurrency 8",
        ),
    ],
)
def test_the_first_line_names_the_whole_load(more: dict[str, Any], words: str) -> None:
    usual = {
        "num_prompts": 16,
        "dataset_name": "random",
        "input_len": 256,
        "output_len": 128,
        "range_ratio": 1.0,
    }
    described = usual | {"request_rate": "inf", "max_concurrency": 8} | more
    assert str(load_in_words(described)) == words


def workload(tmp_path: Path, **more: Any) -> Workload:
    loaded = load_tokenizer(str(TOKENIZER))
    spec = WorkloadSpec(num_prompts=32, input_len=256, output_len=8, prompt_form="text", **more)
    return prepare(spec, tokenizer=lambda: loaded, store=DatasetStore(tmp_path))


def test_prompts_that_a_prefix_cache_can_answer_are_reported_beforehand(tmp_path: Path) -> None:
    """Bytes that are no character all become the same sign: with 2048 ids some prompts begin with a row of
    it.
    """
    alike = shared_beginnings(workload(tmp_path, dataset_name="random-ids"))
    longest = max(map(len, workload(tmp_path, dataset_name="random-ids").own_ids))
    assert longest > 225 and f"their texts have up to {longest})" in str(alike)
    assert alike == Message("crosscheck.alike_random_ids", alike=5, prompts=32, tokens=225, longest=longest)
    assert str(alike).startswith("5 of 32 prompts share up to 225 tokens of their beginning")
    assert "--dataset-path=FILE" in str(alike)
    texts = workload(tmp_path, dataset_name="random", dataset_path=str(SIM_DATA))
    assert shared_beginnings(texts) is None


def test_everything_else_is_as_the_suite_s_defaults() -> None:
    """So that the session measures and evaluates as it does for a test."""
    parsed = options(["--base-url=sim:"])
    own = {name for name, *_ in SHARED} | {"--base-url", "--prompt-form", "--calibrate", "--lang"}
    assert {option.name for option in OPTIONS if not hasattr(parsed, option.dest)} == set()
    for option in OPTIONS:
        if option.name not in own:
            assert getattr(parsed, option.dest) == option.default, option.name
    assert (parsed.prompt_form, parsed.calibrate) == ("text", "off")


def test_the_reference_client_runs_elsewhere_so_its_paths_are_absolute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(SIM_DATA.parent)
    spec = WorkloadSpec("random", 1, 8, 8, prompt_form="text", dataset_path=SIM_DATA.name)
    plan, target = Plan.open_loop(1, float("inf"), cap=None, unit_gaps=(0.0,)), Target("http://a:1")

    def words(tokenizer: str) -> list[str]:
        reference = Reference("python", "0.5.7")
        return command(
            reference, target, spec, plan, backend="sglang", tokenizer=tokenizer, model="m", output=Path("/o")
        )

    folder = str(TOKENIZER)
    assert {f"--tokenizer={folder}", f"--model={folder}", f"--dataset-path={SIM_DATA}"} <= set(
        words(TOKENIZER.name)
    )
    assert {"--tokenizer=org/name", "--model=org/name"} <= set(words("org/name"))  # a hub's name stays one
    assert "--served-model-name=m" in words("org/name")


def test_a_relative_python_is_found_where_it_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "python").write_text("#!/bin/sh\necho 0.5.7\n")
    (tmp_path / "python").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert find("./python") == Reference(str(tmp_path / "python"), "0.5.7")
