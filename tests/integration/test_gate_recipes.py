"""Every command of docs/gate-an-upgrade.md, docs/baselines.md and of the CI files is run: servers' names and
environments stand for embedded servers, and the loads are small."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from slabench.options.table import OPTIONS
from slabench.run_document.read import run_document
from slabench.server.launch import launch
from slabench.workloads.cache import DatasetStore
from tests.integration.conftest import REPO, TINY, TOKENIZER, environment, preloaded, tokenizer

PAGES = [(REPO / "docs" / name).read_text() for name in ("gate-an-upgrade.md", "baselines.md")]
BLOCKS = [block for page in PAGES for block in re.findall(r"^```sh\n(.*?)^```", page, re.M | re.S)]
COMMANDS = [line for block in BLOCKS for line in block.replace("\\\n", " ").splitlines() if line.strip()]
# Equal servers; a busy machine is no part of a recipe, and two repeats are enough to see it work.
BUSY = "--allow=client,one_read,log_agrees,curve_agrees,first_run"
ONE_EACH = ("--batch-sizes=2", "--prefill-lens=64")  # every command, not every point of it
SMALL = (*TINY, *ONE_EACH, BUSY, "--tolerance=500", "--repeats=2", "-p", "no:cacheprovider")
SIM = f"{sys.executable} -m slabench.sim --log - --tokenizer {TOKENIZER}"
SERVER = re.compile(r"[^\s'\"=]+/bin/python -m sglang.launch_server --model-path \S+ --tp \d")


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("servers")
    with contextlib.ExitStack() as stack:
        found = {}
        for name in ("new", "old", "twin"):
            command = f"{SIM} --port {{port}}"
            log = str(folder / f"{name}.log")
            found[f"http://{name}:8000"] = stack.enter_context(launch(command, log, ready_timeout=60.0)).url
        yield {**found, "": str(folder)}


def only_open(folder: Path) -> bool:
    """A machine that is busy with something else leaves a comparison open: that is a verdict, and no broken
    recipe.
    """
    data = json.loads((folder / "reports" / "latest" / "run.json").read_text())
    return all(entry.valid for entry in run_document(data).tests) and data["state"] == "finished"


# What a recipe says of sizes and doubt is for a real server; TINY and two repeats stand for it here.
REPLACED = ("--repeats", "--tolerance", "--decode-", "--batch-sizes")


def run(command: str, folder: Path, urls: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """With the embedded servers in the place of the recipe's, and its files in folder."""
    logs = [f"{urls['']}/{name}.log" for name in re.findall(r"--base-url=http://(\w+):8000", command)]
    beside = [f"--baseline-deploy-log={urls['']}/old.log"] if "--baseline-url=http" in command else []
    for name, url in urls.items():
        command = command.replace(name, url) if name else command
    program, *words = shlex.split(SERVER.sub(SIM, command), comments=True)
    assert program in (".venv/bin/pytest", ".venv/bin/python"), command
    if program == ".venv/bin/pytest":
        for option in ("--save-baseline=", "--baseline="):
            words = [
                f"{option}{folder / word.removeprefix(option)}" if word.startswith(option) else word
                for word in words
            ]
        words = [word for word in words if not word.startswith(REPLACED)]
        words += [f"--deploy-log={','.join(logs)}"] if logs else []
        words = [*words, *SMALL, f"--report-dir={folder / 'reports'}", *beside]
    paths = os.pathsep.join([str(REPO), os.environ.get("PYTHONPATH", "")])
    DatasetStore(folder / "cache").vocabulary(TOKENIZER, tokenizer)  # else every test would read it
    given = environment(SLABENCH_CACHE=str(folder / "cache"), PYTHONPATH=paths)
    if program == ".venv/bin/pytest":
        return preloaded().run(words, given, REPO, 240)
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder, env=given, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


def test_every_command_of_the_document_runs(tmp_path: Path, urls: dict[str, str]) -> None:
    """In its order: later ones use what earlier ones left.

    A comment of digits is the exit status, 0 where there is none.
    """
    assert len(COMMANDS) >= 10
    for command in COMMANDS:
        wanted = re.search(r"#\s*(\d)\s*$", command)
        if wanted and wanted[1] == "1":
            # red whatever the machine does
            command = command.replace("decode_base_ms=8", "decode_base_ms=200")
        done = run(command, tmp_path, urls)
        good = done.returncode == int(wanted[1] if wanted else 0) or (
            done.returncode == 6 and not wanted and only_open(tmp_path)
        )
        assert good, (command, done.stdout[-4000:], done.stderr[-2000:])


def scripts() -> list[tuple[str, str]]:
    """(where, command) of every slabench command of both CI files."""
    found = []
    for path in (REPO / ".github/workflows/gate.yml", REPO / "docs/ci/gitlab.yml"):
        document: dict[str, Any] = yaml.safe_load(path.read_text())
        for name, job in document.get("jobs", document).items():
            if not isinstance(job, dict):
                continue
            lines = (
                job["script"] if "script" in job else [step["run"] for step in job["steps"] if "run" in step]
            )
            found += [(f"{path.name} {name}", line) for line in lines if "pytest" in line]
    return found


def limits() -> list[tuple[str, str, float]]:
    """(where, command, seconds that its job may take) of the same."""
    seconds = {}
    for path in (REPO / ".github/workflows/gate.yml", REPO / "docs/ci/gitlab.yml"):
        document: dict[str, Any] = yaml.safe_load(path.read_text())
        for name, job in document.get("jobs", document).items():
            if isinstance(job, dict):
                number, _, unit = str(job.get("timeout", f"{job.get('timeout-minutes')} minutes")).partition(
                    " "
                )
                seconds[f"{path.name} {name}"] = float(number) * {"hours": 3600, "minutes": 60}[unit]
    return [(where, command, seconds[where]) for where, command in scripts()]


@pytest.mark.parametrize(
    ("where", "command", "limit_s"), limits(), ids=[where.replace(" ", "-") for where, *_ in limits()]
)
def test_the_ci_files_fit_their_time_limits(where: str, command: str, limit_s: float, tmp_path: Path) -> None:
    """By --plan on DeepSeek-R1's profile, or on the embedded server that the command names; with the longest
    that the servers may take to start, and a tenth for the rest of the job. What is asked for fits into the
    server, too.
    """
    data = REPO / "fixtures" / "data"
    for name, value in (("$MODEL", data / "tokenizer"), ("$DATASET", data / "sharegpt_small.json")):
        command = command.replace(name, str(value))
    _, *words = shlex.split(command)
    started = sum(word.startswith(("--launch=", "--baseline-launch=")) for word in words)
    plan = "--plan=r1-fp8-tp8" if started else "--plan"
    file = tmp_path / "plan.json"
    words += [plan, f"--plan-json={file}", "-p", "no:cacheprovider"]
    done = preloaded().run(words, environment(), REPO, 120)
    assert done.returncode == 0, (where, done.stdout[-4000:], done.stderr[-2000:])
    planned = json.loads(file.read_text())
    assert planned["seconds"][1] + started * 1800 < 0.9 * limit_s, (where, planned["seconds"])
    assert not [problem for test in planned["tests"] for problem in test["problems"]]


def test_the_ci_files_name_options_that_exist() -> None:
    known = {option.name for option in OPTIONS}
    found = scripts()
    assert len(found) == 4
    for where, line in found:
        names = {word.partition("=")[0] for word in shlex.split(line) if word.startswith("--")}
        assert names <= known, (where, names - known)


@pytest.mark.parametrize(
    ("where", "command"), scripts(), ids=lambda value: value.replace(" ", "-") if len(value) < 40 else ""
)
def test_the_ci_files_commands_run(where: str, command: str, tmp_path: Path, urls: dict[str, str]) -> None:
    data = REPO / "fixtures" / "data"
    for name, value in (("$MODEL", data / "tokenizer"), ("$DATASET", data / "sharegpt_small.json")):
        command = command.replace(name, str(value))
    done = run(command, tmp_path, urls)
    assert done.returncode == 0 or (done.returncode == 6 and only_open(tmp_path)), (
        where,
        command,
        done.stdout[-4000:],
        done.stderr[-2000:],
    )
