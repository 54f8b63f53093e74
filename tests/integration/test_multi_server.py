"""Several servers and -n K: one worker a server, one run document, and what is refused."""

from __future__ import annotations

import contextlib
import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from slabench.server.launch import launch
from tests.integration.conftest import Suite


@pytest.fixture
def two_servers(tmp_path: Path) -> Iterator[list[str]]:
    """The same twice, and another model."""
    with contextlib.ExitStack() as stack:
        urls = []
        for k, profile in enumerate(("demo", "demo", "demo?model_path=other/model")):
            words = [
                sys.executable,
                "-m",
                "slabench.sim",
                "--profile",
                profile,
                "--port",
                "{port}",
                "--log",
                "-",
            ]
            urls.append(
                stack.enter_context(launch(words, str(tmp_path / f"{k}.log"), ready_timeout=60.0)).url
            )
        yield urls


def test_the_tests_are_spread_and_the_run_is_one(
    suite: Suite, two_servers: list[str], tmp_path: Path
) -> None:
    first, second, other = two_servers
    logs = f"--deploy-log={tmp_path / '0.log'},{tmp_path / '1.log'}"
    tests = ("tests/ali", "tests/tencent", "tests/serving")
    done = suite(*tests, f"--base-url={first}", f"--base-url={second}", logs, "-n2")
    assert done.status == 0, done.output
    assert len(done.run["tests"]) == len(done.run["planned"]) == 7
    assert done.run["servers"] == [first, second]
    assert {entry["url"] for entry in done.run["tests"]} == {first, second}
    decode = {entry["url"] for entry in done.run["tests"] if entry["method"].startswith("ali-decode")}
    assert len(decode) == 1  # the curve is of the server that ran the decode tests
    assert done.folder is not None
    for entry in done.run["tests"]:
        if entry["method"] == "ali-decode-curve":
            continue
        name = entry["records"]["file"]
        assert name == f"requests-gw{[first, second].index(entry['url'])}.jsonl.gz"
        with gzip.open(done.folder / name, "rt") as file:
            kept = [json.loads(line) for line in file]
        assert sum(row["test"] == entry["id"] for row in kept) == entry["records"]["requests"]
    refused = suite("tests/serving", f"--base-url={first}", f"--base-url={other}", "-n2")
    assert refused.status == 4, refused.output
    assert "model.name: 'model', 'demo' at" in refused.output
    assert "INTERNALERROR" not in refused.output and "Traceback" not in refused.output


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (
            ("--base-url=http://127.0.0.1:9", "--base-url=http://127.0.0.1:8"),
            4,
            "-n 2 spreads the tests over them",
        ),
        (
            ("--base-url=http://127.0.0.1:9", "--base-url=http://127.0.0.1:8", "-n3"),
            4,
            "would let 3 workers drive 2 servers",
        ),
        (("--base-url=http://127.0.0.1:9", "--base-url=http://127.0.0.1:8", "-n2"), 6, "No test was tried"),
        (("--base-url=http://127.0.0.1:9", "--base-url=http://127.0.0.1:9", "-n2"), 4, "twice"),
        (("--base-url=sim:", "--base-url=sim:a800-qwen3-30b-a3b", "-n2"), 4, "is another server than sim:"),
        (("--base-url=sim:", "--base-url=sim:", "--baseline-url=sim:", "-n2"), 4, "leave -n out"),
    ],
)
def test_what_cannot_be_spread(suite: Suite, options: tuple[str, ...], status: int, words: str) -> None:
    done = suite("tests/serving", *options)
    assert done.status == status, done.output
    assert words in done.output
    assert "INTERNALERROR" not in done.output and "Traceback" not in done.output
