"""A disk that fills while a run is on costs files, never a verdict: on a file system that is really full, and
at a real limit.

What is lost is reported, and the run is NOT_SAVED: a gate that reads the files later would find less than the
console shows.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from slabench.report.records_file import read_records
from tests.integration.conftest import REPO, Suite, environment
from tests.integration.fault_matrix.servers import sim_server

OBJECTIVE = "--slo=tpot.mean<=500"
BOTH = ("tests/tencent", "tests/serving", "--vocab-size=1000")
# A tmpfs of its own in a mount namespace: no other process sees it, and it ends with the shell. What is on
# it at the end is copied out. $1 its size, $2 where, $3 bytes of it that are taken already, $4 where to
# copy to, then the command
FULL = """
small=$2 kept=$4
mount -t tmpfs -o size="$1" full "$small" && head -c "$3" /dev/zero >"$small/others" || exit 99
shift 4
"$@"
status=$?
cp -a "$small/." "$kept"
exit $status
"""


def run_on_a_small_disk(suite: Suite, size: str, *arguments: str, taken: int = 0) -> tuple[int, str, Path]:
    """(exit status, output, a copy of the report folder) of a run whose report folder is all the room there
    is."""
    small, kept = suite.folder / "small", suite.folder / "kept"
    small.mkdir()
    kept.mkdir()
    command = [*suite.command(*arguments), f"--report-dir={small}"]
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", FULL, "sh", size, small, str(taken), kept,
        *command],
        cwd=REPO, env=environment(**suite.environment), capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    output = done.stdout + done.stderr
    assert done.returncode != 99, output
    return done.returncode, output, kept


@pytest.fixture
def namespaces() -> None:
    """Where a container forbids them the other tests of this file remain, and the skip says so."""
    if shutil.which("unshare") is None:
        pytest.skip("There is no unshare here, so no file system can be made small.")
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "true"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"This machine allows no mount namespace: {done.stderr.strip()}")


def expect_the_verdicts(status: int, output: str, says: str) -> None:
    assert status == 6, output
    assert "PASSED tests/tencent/test_sla.py::test_sla[np6]: tpot mean" in output
    assert "PASSED tests/serving/test_custom.py::test_custom: tpot mean" in output
    assert "Verdict of the run: INVALID" in output
    assert "NOT_SAVED" in next(line for line in output.splitlines() if line.startswith("This run is "))
    assert f"NOT_SAVED: run.json could not be written ({says}); the verdicts stand on the console." in output
    assert "Traceback" not in output
    assert "INTERNALERROR" not in output


# 8 kB: full within the first test; 24 kB: when the first verdict is written; 48 kB: at the second. The
# server's log is elsewhere.
@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize(("size", "tests"), [("8k", 0), ("24k", 0), ("48k", 1)])
def test_the_verdicts_stand_on_the_console(suite: Suite, tmp_path: Path, size: str, tests: int) -> None:
    with sim_server(tmp_path) as url:
        status, output, kept = run_on_a_small_disk(suite, size, *BOTH, f"--base-url={url}", OBJECTIVE)
    expect_the_verdicts(status, output, "No space left on device")
    assert "NOT_SAVED: summary.md could not be written (No space left on device)" in output
    # What could be written before is whole, and claims no more than it holds.
    (folder,) = (path for path in kept.iterdir() if path.is_dir() and not path.is_symlink())
    run = json.loads((folder / "run.json").read_text())
    assert (len(run["tests"]), run["word"], run["state"]) == (tests, None, "running")
    assert len(run["not_run"]) == 2 - tests
    records = list(read_records(folder / "requests.jsonl.gz"))
    assert len(records) <= 12
    assert {record.completion_tokens for _, record in records} <= {12}


@pytest.mark.usefixtures("namespaces")
def test_a_page_that_takes_the_last_room(suite: Suite, tmp_path: Path) -> None:
    """run.json was green by then, and a gate reads it."""
    with sim_server(tmp_path) as url:
        status, output, kept = run_on_a_small_disk(
            suite, "200k", "tests/serving", f"--base-url={url}", OBJECTIVE
        )
    assert status == 6, output
    (folder,) = (path for path in kept.iterdir() if path.is_dir() and not path.is_symlink())
    run = json.loads((folder / "run.json").read_text())
    assert (run["word"], run["exit_status"], list(run["not_saved"])) == ("INVALID", 6, ["report.html"])
    assert not [path.name for path in folder.iterdir() if "report.html" in path.name]
    assert (folder / "junit.xml").read_text().endswith("</testsuites>")
    assert (folder / "summary.md").read_text().startswith("# slabench: INVALID")


@pytest.mark.usefixtures("namespaces")
def test_a_red_word_stays_red(suite: Suite, tmp_path: Path) -> None:
    with sim_server(tmp_path) as url:
        status, output, _ = run_on_a_small_disk(
            suite, "24k", *BOTH, f"--base-url={url}", "--slo=tpot.mean<=0.1"
        )
    assert status == 1, output
    assert "FAILED tests/tencent/test_sla.py::test_sla[np6]: tpot mean" in output
    assert "Verdict of the run: FAILED" in output
    assert "NOT_SAVED: run.json could not be written (No space left on device)" in output


@pytest.mark.usefixtures("namespaces")
def test_a_launched_server_whose_log_has_no_room(suite: Suite) -> None:
    """The server continues, but its log is not proven to be this run's: INVALID with that check's name, lost
    records reported, no crash.
    """
    status, output, _ = run_on_a_small_disk(suite, "4k", *BOTH, "--base-url=sim:")
    assert status == 6, output
    assert (
        "INVALID tests/tencent/test_sla.py::test_sla[np6]: log_lines: The deploy log contains no batch line"
        in output
    )
    assert "requests.jsonl.gz could not be written (No space left on device)" in output
    assert "NOT_SAVED: run.json could not be written (No space left on device)" in output
    assert "Traceback" not in output


@pytest.mark.usefixtures("namespaces")
def test_a_disk_that_is_full_before_the_run_ends_it_before_measuring(suite: Suite) -> None:
    status, output, _ = run_on_a_small_disk(suite, "4k", *BOTH, "--base-url=sim:", taken=4096)
    assert status == 4, output
    small = suite.folder / "small"
    says = f"--report-dir={small} cannot be written (No space left on device); name another folder."
    assert says in output
    assert "PASSED" not in output


def test_a_limit_on_file_sizes(suite: Suite) -> None:
    """No namespace is needed for this one: no file may grow beyond 12 kB, which the second test's document
    does.
    """
    # pytest-benchmark asks git for the commit, whose refreshed index would be over the limit, and its lock
    # would stay.
    suite.environment["GIT_OPTIONAL_LOCKS"] = "0"
    limited = [
        "bash",
        "-c",
        'ulimit -f 12; exec "$@"',
        "bash",
        *suite.command(*BOTH, "--base-url=sim:", OBJECTIVE),
    ]
    done = subprocess.run(
        limited,
        cwd=REPO,
        env=environment(**suite.environment),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    expect_the_verdicts(done.returncode, done.stdout + done.stderr, "File too large")


OUTPUTS = {
    "--bench-serving-jsonl=/dev/full": "--bench-serving-jsonl=/dev/full",
    "--save-baseline=/dev/full": "--save-baseline=/dev/full",
    "--junitxml=/dev/full": "junit.xml or pytest.html",
    "--html=/dev/full": "junit.xml or pytest.html",
    "--github": "the job's summary",
}


@pytest.mark.parametrize("option", OUTPUTS)
def test_an_output_that_is_lost_is_said_in_all_others(suite: Suite, option: str) -> None:
    """A device that is always full: one output after the other, while the run folder has room."""
    suite.environment["GITHUB_STEP_SUMMARY"] = "/dev/full"
    done = suite("tests/serving", "--base-url=sim:demo", "--slo=tpot.mean<=500", option)
    assert done.status == 6, done.output
    assert done.words == {"test_custom": "PASSED"}
    label = f"NOT_SAVED: {OUTPUTS[option]} could not be written (No space left on device);"
    assert label in done.output and "Verdict of the run: INVALID" in done.output
    assert "Traceback" not in done.output and "INTERNALERROR" not in done.output
    assert (done.run["word"], done.run["exit_status"], done.run["state"]) == ("INVALID", 6, "finished")
    assert list(done.run["not_saved"]) == [OUTPUTS[option]] and "NOT_SAVED" in done.run["labels"]
    assert done.folder is not None
    assert label.replace("`", "'") in (done.folder / "summary.md").read_text()
    assert Path("/dev/full").is_char_device()


@pytest.mark.usefixtures("namespaces")
def test_pytest_s_table_on_a_full_disk(suite: Suite, tmp_path: Path) -> None:
    """pytest-html writes a style sheet before the first test."""
    work = ("tests/serving", "--base-url=sim:demo", OBJECTIVE, f"--html={suite.folder / 'small'}/table.html")
    (suite.folder / "small").mkdir()
    (suite.folder / "kept").mkdir()
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", FULL, "sh", "8k", suite.folder / "small",
         "8192", suite.folder / "kept", *suite.command(*work)],
        cwd=REPO, env=environment(**suite.environment), capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    ended = suite.done(done.returncode, done.stdout + done.stderr)
    assert ended.status == 6, ended.output
    assert (ended.run["word"], ended.words) == ("INVALID", {"test_custom": "PASSED"})
    assert list(ended.run["not_saved"]) == [f"--html={suite.folder / 'small'}/table.html"]
    assert "INTERNALERROR" not in ended.output and ended.folder is not None
    assert (ended.folder / "pytest.html").exists()


def test_a_red_word_stays_red_where_an_output_is_lost(suite: Suite) -> None:
    done = suite("tests/serving", "--base-url=sim:demo", "--slo=tpot.mean<=0.1", "--save-baseline=/dev/full")
    assert (done.status, done.run["word"], done.run["exit_status"]) == (1, "FAILED", 1), done.output
    assert "NOT_SAVED" in done.run["labels"]


def test_a_run_folder_that_was_cleared_away_is_made_anew(suite: Suite) -> None:
    done = suite(
        "tests/serving", "--base-url=sim:demo", "--slo=tpot.mean<=500", "-ptests.integration.cleared"
    )
    assert done.status == 0, done.output
    assert "The run folder was removed during the run and was made again" in done.output
    assert (
        done.folder is not None
        and done.run["tests"][0]["word"] == "PASSED"
        and (done.folder / "summary.md").is_file()
    )
