"""A wheel alone in an environment of its own: the suites from an empty folder, and a test of another
repository.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.integration.conftest import REPO, TINY, Done, environment

DOCUMENT = REPO / "docs" / "writing-a-benchmark.md"
SUITES = ("ali", "serving", "tencent")
# What the wheel is made from, in a container and here.
BUILD_STAGE = (REPO / "Containerfile").read_text(encoding="utf-8").partition("RUN ")[0]
SOURCES = [name for names in re.findall(r"^COPY (.*) \S+$", BUILD_STAGE, re.M) for name in names.split()]


@dataclass(frozen=True)
class Installed:
    """A virtual environment that has the wheel and what the wheel asks for, and nothing else."""

    wheel: Path
    programs: Path
    cache: Path
    source: Path

    def __call__(self, command: str, folder: Path, *more: str) -> Done:
        """command: as it stands in a document."""
        program, *words = command.split()
        path = f"{self.programs}:{os.environ['PATH']}"
        done = _call(
            self.programs / program, *words, *more, folder=folder, PATH=path, SLABENCH_CACHE=str(self.cache)
        )
        latest = folder / "reports" / "latest"
        return Done(done.returncode, done.stdout + done.stderr, latest.resolve() if latest.exists() else None)


def _call(*words: str | Path, folder: Path = REPO, **more: str) -> subprocess.CompletedProcess[str]:
    # of paths that go
    given = {name: value for name, value in environment(**more).items() if name != "PYTHONPYCACHEPREFIX"}
    return subprocess.run(
        list(map(str, words)), cwd=folder, env=given, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.fixture(scope="module")
def installed() -> Iterator[Installed]:
    """Half a gigabyte, and so not among the folders that pytest keeps."""
    with tempfile.TemporaryDirectory(prefix="slabench-installed-") as made:
        folder = Path(made)
        source, python = folder / "source", folder / "venv" / "bin" / "python"
        # A copy: setuptools leaves what it builds in the tree, and takes up what an earlier build left there.
        for name in SOURCES:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (REPO / name).is_dir() else shutil.copy)(REPO / name, source / name)
        # --no-compile: a run compiles what it imports, which is a small part of it all.
        install = ("install", "--no-compile", "--constraint", REPO / "constraints.txt")
        for command in (
            (sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, source),
            (sys.executable, "-m", "venv", folder / "venv"),
            (python, "-m", "pip", *install, folder / "slabench-0.1.0-py3-none-any.whl"),
        ):
            done = _call(*command)
            assert done.returncode == 0, done.stdout + done.stderr
        (wheel,) = folder.glob("*.whl")
        yield Installed(wheel, python.parent, folder / "cache", source)


def test_the_wheel_has_the_package_and_no_more(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        (entries,) = (
            wheel.read(name).decode() for name in wheel.namelist() if name.endswith("/entry_points.txt")
        )

    def below(folder: Path, target: str, pattern: str) -> set[str]:
        return {
            f"{target}/{path.relative_to(folder)}"
            for path in folder.glob(pattern)
            if path.is_file() and path.suffix != ".pyc"
        }

    expected = (
        below(REPO / "slabench", "slabench", "**/*")
        | below(REPO / "fixtures" / "data", "slabench/data", "**/*")
        | below(REPO / "baselines", "slabench/baselines", "published-*.json")
    )
    assert names == expected.union(
        *(below(REPO / "tests" / suite, f"slabench/suites/{suite}", "*.py") for suite in SUITES)
    )
    # and no pytest11
    assert entries.split() == ["[console_scripts]", "slabench", "=", "slabench.cli.main:main"]


@pytest.mark.parametrize(
    ("suite", "ids"),
    [
        ("tencent", "test_sla.py::test_sla[np6]"),
        (
            "ali",
            "test_decode.py::test_decode_tpot[bs1] test_decode.py::test_decode_tpot[bs2] "
            "test_decode_curve.py::test_decode_curve "
            "test_prefill.py::test_prefill_throughput[in64] test_prefill.py::test_prefill_throughput[in128]",
        ),
        ("serving", "test_custom.py::test_custom"),
    ],
)
def test_a_suite_runs_from_an_empty_folder(
    installed: Installed, tmp_path: Path, suite: str, ids: str
) -> None:
    """With the ids of a clone, whatever lies above the folder."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (tmp_path / "conftest.py").write_text("raise RuntimeError('this was read')\n")
    (tmp_path / "empty").mkdir()
    done = installed(f"slabench run {suite} --base-url=sim:", tmp_path / "empty", *TINY)
    assert done.status == 0, done.output
    assert [entry["id"] for entry in done.run["tests"]] == [f"tests/{suite}/{name}" for name in ids.split()]
    assert {entry["word"] for entry in done.run["tests"]} == {"PASSED"}
    assert (
        done.folder is not None
        and (done.folder / "report.html").is_file()
        and (done.folder / "junit.xml").is_file()
    )
    assert {path.name for path in (tmp_path / "empty").iterdir()} <= {"reports", ".benchmarks"}


def test_a_baseline_of_an_installed_suite_is_a_clones_too(installed: Installed, tmp_path: Path) -> None:
    """Tests are found by their ids, here and by --resume."""
    baseline = tmp_path / "base.json"
    first = installed(f"slabench run serving --base-url=sim: --save-baseline={baseline}", tmp_path, *TINY)
    assert first.status == 0 and first.folder is not None, first.output
    assert list(json.loads(baseline.read_text())["tests"]) == ["tests/serving/test_custom.py::test_custom"]
    slower = ["tests/serving", "--base-url=sim:demo?decode_base_ms=9", f"--baseline={baseline}"]
    slower.append(f"--report-dir={tmp_path / 'clone'}")
    clone = _call(sys.executable, "-m", "pytest", *slower, "-p", "no:cacheprovider", *TINY)
    assert clone.returncode == 1, clone.stdout
    again = installed(
        f"slabench run serving --base-url=sim: --save-baseline={baseline} --resume={first.folder}",
        tmp_path,
        *TINY,
    )
    assert again.status == 0 and len(again.run["tests"]) == 1 and again.run["resumed"], again.output


def test_what_cannot_be_run(installed: Installed, tmp_path: Path) -> None:
    assert installed("slabench run tencent", tmp_path).status == 4
    gone = installed("slabench run tencent --base-url=http://127.0.0.1:9", tmp_path)
    assert gone.status == 6, gone.output
    unknown = installed("slabench run tencant --base-url=sim:", tmp_path)
    assert (unknown.status, "'tencant' is no suite" in unknown.output) == (4, True)
    assert installed("slabench compare --help", tmp_path).output.startswith("usage: slabench compare ")


def actions_steps(inputs: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """(script, variables) of each step of action.yml that is shell; what it uses of others is GitHub's."""
    action = yaml.safe_load((REPO / "action.yml").read_text())
    values = {name: each.get("default", "") for name, each in action["inputs"].items()} | inputs
    for step in action["runs"]["steps"]:
        assert ("run" in step) is (step.get("shell") == "bash")
        if "run" in step:
            named = {
                key: re.fullmatch(r"\$\{\{ inputs\.(.+) }}", text)
                for key, text in step.get("env", {}).items()
            }
            assert "${{" not in step["run"]
            yield step["run"], {key: values[match[1]] for key, match in named.items() if match is not None}


def test_the_actions_steps_run(installed: Installed, tmp_path: Path) -> None:
    """As a runner runs them; without what slabench depends on, which is there already."""
    shutil.copy(REPO / "constraints.txt", installed.source)
    variables = {
        "PATH": f"{installed.programs}:{os.environ['PATH']}",
        "GITHUB_ACTION_PATH": str(installed.source),
        "GITHUB_OUTPUT": str(tmp_path / "outputs"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "SLABENCH_CACHE": str(installed.cache),
        "PIP_NO_DEPS": "1",
    }

    def step(script: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        (tmp_path / "step.sh").write_text(script)
        shell = ("bash", "--noprofile", "--norc", "-eo", "pipefail", tmp_path / "step.sh")
        return _call(*shell, folder=tmp_path, **variables, **env)

    for status, rule in enumerate(("tpot.mean<=1000", "tpot.mean<=0.001")):
        options = "\n".join(["--base-url=sim:demo", *TINY, "", f"  --slo={rule}"])
        given = {"suites": "serving ", "options": options, "api-key": "key-of-the-action"}
        install, measure = actions_steps(given)
        if status == 0:
            done = step(*install)
            assert done.returncode == 0, done.stdout + done.stderr
        done = step(*measure)
        assert done.returncode == status, done.stdout + done.stderr
        reported = dict(line.split("=", 1) for line in (tmp_path / "outputs").read_text().splitlines())
        run = json.loads((Path(reported["report"]) / "run.json").read_text())
        assert reported["status"] == str(status)
        assert [entry["word"] for entry in run["tests"]] == ["FAILED" if status else "PASSED"]
        assert "test_custom" in (tmp_path / "summary.md").read_text() and "::" in done.stdout
        assert "key-of-the-action" not in done.stdout + json.dumps(run)


# In another repository

SMALL = """
from slabench.methods import Form

def test_small(run_load, judge):
    judge(run_load(Form("serving", 64, 8, num_prompts=4, request_rate=50.0), point={}))
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The document's files, and tests and fixtures that have nothing to do with us."""
    found = re.findall(
        r"`(bench/\w+\.py)`[^`]*```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.S
    )
    (tmp_path / "bench").mkdir()
    for name, code in (*found, ("bench/test_small.py", SMALL)):
        (tmp_path / name).write_text(code)
    (tmp_path / "conftest.py").write_text("import pytest\n\n@pytest.fixture\ndef theirs():\n    return 1\n")
    (tmp_path / "test_theirs.py").write_text("def test_theirs(theirs):\n    assert theirs\n")
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\naddopts = --strict-markers --strict-config\ntestpaths = .\n"
    )
    return tmp_path


COMMANDS = [
    line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("pytest bench/")
]


@pytest.mark.parametrize(
    ("command", "judged"),
    list(zip(COMMANDS, ["tpot.mean ttft.p95", "tpot.mean", "goodput.share"], strict=True)),
)
def test_the_document_is_true_as_it_stands(
    installed: Installed, repository: Path, command: str, judged: str
) -> None:
    done = installed(command, repository, "--allow=client")
    assert done.status == 0, done.output
    (entry,) = done.run["tests"]
    assert (entry["word"], entry["id"].partition("::")[0]) == ("PASSED", command.split()[1])
    assert [objective["metric"] for objective in entry["objectives"]] == judged.split()
    asked = {"num_prompts": 16, "input_len": 500} if "--num-prompts" in command else {}
    assert {name: entry["workload"][name] for name in asked} == asked
    assert "No test of this run reads" not in done.output and "does not read" not in done.output
    assert done.folder is not None and (done.folder / "report.html").is_file()


def test_options_act_or_are_named(installed: Installed, repository: Path) -> None:
    command = (
        "pytest bench/test_small.py test_theirs.py -p slabench.plugin --base-url=sim: --num-prompts=9 "
        "--batch-sizes=1"
    )
    limits = (
        "--goodput=ttft:0.001",
        "--slo=goodput.share>=0.9",
        '--extra-request-body={"sampling_params":{"top_p":0.9}}',
    )
    done = installed(command, repository, "--allow=client", *limits)
    assert done.status == 1, done.output
    (entry,) = done.run["tests"]
    assert (entry["word"], entry["metrics"]["goodput.share"]) == ("FAILED", 0.0)
    assert "top_p" in json.dumps(entry["plan"])
    assert (
        "bench/test_small.py::test_small does not read --num-prompts: it sends the Form in its file."
        in done.output
    )
    assert "No test of this run reads --batch-sizes (ali decode)." in done.output


def test_several_servers(installed: Installed, repository: Path) -> None:
    """A controller hears its workers' test ids alone, and these do not say which are live."""
    (repository / "bench" / "test_again.py").write_text(SMALL)
    command = "pytest bench/test_small.py bench/test_again.py test_theirs.py -p slabench.plugin -n 2"
    done = installed(command, repository, "--base-url=sim:", "--base-url=sim:", "--allow=client")
    assert done.status == 0, done.output
    assert sorted(entry["id"].partition("::")[0] for entry in done.run["tests"]) == [
        "bench/test_again.py",
        "bench/test_small.py",
    ]
    assert done.run["not_run"] == []
    assert done.folder is not None and not list(done.folder.glob("live-*"))


def test_tests_that_are_not_live_run_as_ever(installed: Installed, repository: Path) -> None:
    done = installed("pytest -p slabench.plugin test_theirs.py", repository)
    assert (done.status, done.folder) == (0, None), done.output
    live = installed("pytest -p slabench.plugin bench/test_small.py", repository)
    assert live.status == 4 and "Live tests need a server" in live.output
