"""The gate on real sockets: two embedded servers in turns, repeats against a stored baseline, and whose fault
it is.
"""

from __future__ import annotations

import gzip
import itertools
import json
import socket
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import REPO, Done, Suite

PUBLISHED = REPO / "baselines" / "published-tencent.json"

# Wide enough for a machine that is busy with something else; the servers differ by more.
# what a late client brings about
BUSY = "--allow=client,one_read,log_agrees,curve_agrees,first_run,server_agrees"
WIDE = ("--tolerance=25", "--repeats=4", BUSY)
# for the curve: a point of it has a handful of lines in a run this short
VERY_WIDE = ("--tolerance=80", BUSY)
SLOW = "sim:demo?decode_base_ms=12&decode_request_ms=0.2"


def figure(done: Done, test: str, key: str) -> dict[str, object]:
    entry = next(entry for entry in done.run["tests"] if entry["id"].endswith(test))
    found: dict[str, object] = next(
        metric for metric in entry["comparison"]["figures"] if metric["metric"] == key
    )
    return found


def test_a_slower_server_fails_with_the_tests_named(suite: Suite) -> None:
    # as tests/ali: what this machine does meanwhile is small beside it, and nothing stays open
    long = "--random-output-len=40"
    done = suite(
        "tests/serving",
        "tests/ali/test_decode.py",
        f"--base-url={SLOW}",
        "--baseline-url=sim:demo",
        *WIDE,
        long,
    )
    assert done.status == 1, done.output
    assert set(done.words.values()) == {"FAILED"}
    assert "worse by more than 25 % of baseline" in done.output
    found = figure(done, "bs2-quick]", "tpot.mean")
    assert found["outcome"] == "worse" and found["paired"] is True
    assert len(found["new_samples"]) == len(found["old_samples"]) == 4  # type: ignore[arg-type]
    assert float(str(found["low"])) > 1.5
    assert done.run["server"]["baseline"]["fingerprint"]["hardware"]["gpu"] == "simulated: demo"
    assert done.folder is not None
    for page in ("summary.md", "report.html"):
        text = (done.folder / page).read_text()
        assert "Baseline server" in text and "WORSE" in text, page
    with gzip.open(done.folder / "requests.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    order = [
        (row.get("side", "new"), row.get("repeat", 1)) for row in rows if row["test"].endswith("bs2-quick]")
    ]
    alternating = [side for side, _ in itertools.groupby(side for side, _ in order)]
    assert [key for key, _ in itertools.groupby(order)][:4] == [
        ("baseline", 1),
        ("new", 1),
        ("new", 2),
        ("baseline", 2),
    ]
    assert alternating == ["baseline", "new", "baseline", "new", "baseline"]  # A BB AA BB A


def test_equal_servers_pass_as_soon_as_it_is_decided(suite: Suite) -> None:
    done = suite(
        "tests/ali/test_decode.py",
        "tests/ali/test_decode_curve.py",
        "--base-url=sim:",
        "--baseline-url=sim:",
        "--gate=full",
        *VERY_WIDE,
    )
    assert done.status == 0, done.output
    *decode, curve = done.run["tests"]
    pairs = [entry["comparison"]["looks"]["repeats"] for entry in decode]
    for entry, count in zip(decode, pairs, strict=True):
        assert 3 <= count <= 16
        assert entry["comparison"]["looks"]["stopped"] == "decided"
        assert [load["repeat"] for load in entry["repeats"]] == [k for k in range(1, count + 1) for _ in "AB"]
        assert f"{count} of at most 16 pairs" in entry["headline"] + str(entry["objectives"])
    samples = {metric["metric"]: len(metric["new_samples"]) for metric in curve["comparison"]["figures"]}
    assert list(samples.values()) == pairs, samples


def test_what_is_wrong_with_the_baseline_server_is_said_of_it(suite: Suite) -> None:
    broken = "--baseline-url=sim:demo?fault=busy"
    done = suite("tests/serving", "--base-url=sim:", broken, "--repeats=2")
    assert done.status == 6, done.output
    (entry,) = done.run["tests"]
    assert entry["word"] == "INVALID"
    assert entry["headline"].startswith(
        "completed: baseline server, repeat 1 of 2 (and 1 more of 4 loads): "
    ), entry["headline"]
    assert any(repeat["invalid"] for repeat in entry["repeats"] if repeat["side"] == "baseline")
    assert not any(repeat["invalid"] for repeat in entry["repeats"] if repeat["side"] == "new")


def test_repeats_have_prompts_of_their_own_unless_asked_not_to(suite: Suite) -> None:
    """With fresh prompts no repeat finds another's in the prefix cache although nothing is flushed; with the
    same ones it does.
    """
    options = ("tests/serving", "--base-url=sim:", "--repeats=2", "--no-flush-cache", "--warmup-requests=0")
    fresh = suite(*options)
    (entry,) = fresh.run["tests"]
    assert [repeat["metrics"]["cached_tokens"] for repeat in entry["repeats"]] == [0, 0]
    (entry,) = suite(*options, "--same-prompts").run["tests"]
    first, second = (repeat["metrics"]["cached_tokens"] for repeat in entry["repeats"])
    assert first == 0 and second > 0


def test_repeats_are_saved_and_compared(suite: Suite, tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    saved = suite("tests/ali/test_decode.py", "--base-url=sim:", "--repeats=3", f"--save-baseline={path}")
    assert saved.status == 0, saved.output
    stored = json.loads(path.read_text())
    assert stored["schema"] == "slabench.baseline/2"
    assert {len(values) for test in stored["tests"].values() for values in test["samples"].values()} == {3}
    slow = suite(
        "tests/ali/test_decode.py", f"--base-url={SLOW}", *WIDE, f"--baseline={path}", "--require-baseline"
    )
    assert slow.status == 1, slow.output
    assert figure(slow, "bs1]", "tpot.mean")["paired"] is False
    assert "4 and 3 runs" in slow.output
    single = suite("tests/ali/test_decode.py", f"--base-url={SLOW}", "--tolerance=25", f"--baseline={path}")
    assert single.status == 1, single.output  # a single run borrows the baseline's spread
    assert "SINGLE_RUN" not in single.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--baseline-url=sim:",), "name the new one with --base-url"),
        (("--base-url=sim:", "--baseline-url="), "--baseline-url is empty"),
        (("--base-url=sim:", "--baseline-url=sim:", f"--baseline={PUBLISHED}"), "leave one of them out"),
        (
            ("--base-url=http://u:secret@h:1", "--baseline-url=http://u:secret@h:1"),
            "name the same server, http://***@h:1",
        ),
        (("--base-url=sim:", "--baseline-env=A=1"), "--baseline-env belongs to a second server"),
        (("--base-url=sim:", "--env=A=1"), "it needs --launch=CMD"),
        (("--launch=x", "--env=A"), "--env reads NAME=VALUE"),
        (("--base-url=sim:", "--baseline-url=sim:nosuch"), "There is no profile 'nosuch'"),
        (("--base-url=sim:", "--repeats=0"), "--repeats"),
    ],
)
def test_usage_errors_end_with_4(suite: Suite, options: tuple[str, ...], words: str) -> None:
    done = suite("tests/serving", *options)
    assert done.status == 4, done.output
    assert words in done.output and "secret" not in done.output.replace("***", "")


def test_a_baseline_server_that_is_down_is_6_and_named(suite: Suite) -> None:
    done = suite("tests/serving", "--base-url=sim:", "--baseline-url=http://user:geheim@127.0.0.1:9")
    assert done.status == 6, done.output
    assert "INVALID: The baseline server (--baseline-url): " in done.output
    assert done.folder is not None
    assert "the port of this address" in done.output and "geheim" not in done.output
    assert " doctor --base-url=sim: --baseline-url=" in done.output
    for file in done.folder.iterdir():
        assert b"geheim" not in file.read_bytes(), file


def test_both_are_launched_with_their_own_environment_and_no_secret_is_kept(
    suite: Suite, tmp_path: Path
) -> None:
    script = tmp_path / "serve.sh"
    script.write_text(
        'echo "this is $NAME"; exec "$PYTHON" -m slabench.sim --profile "$PROFILE" --log - "$@"\n'
    )

    def given(option: str, env: str, name: str, profile: str) -> list[str]:
        values = (f"NAME={name}", f"PROFILE={profile}", f"PYTHON={sys.executable}", "HF_TOKEN=geheim")
        return [f"--{option}=bash {script} --port {{port}}", *(f"--{env}={value}" for value in values)]

    new = given("launch", "env", "the-new", SLOW.removeprefix("sim:"))
    old = given("baseline-launch", "baseline-env", "the-old", "demo")
    done = suite("tests/ali/test_decode.py", *new, *old, "--batch-sizes=2", *WIDE)
    assert done.status == 1, done.output
    assert done.folder is not None
    assert "this is the-new" in (done.folder / "server.log").read_text()
    assert "this is the-old" in (done.folder / "server-baseline.log").read_text()
    for file in done.folder.iterdir():
        assert b"geheim" not in file.read_bytes(), file
    assert "geheim" not in done.output


def test_one_after_the_other_is_labelled_and_names_the_side(suite: Suite) -> None:
    """Both on one port, which two servers at once cannot have."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    def serve(profile: str) -> str:
        return f"{sys.executable} -m slabench.sim --log - --port {port} --profile {profile}"

    tests = (
        "tests/ali/test_decode.py",
        "tests/ali/test_decode_curve.py",
        "--one-after-the-other",
        "--gate=full",
    )
    old = f"--baseline-launch={serve('demo')}"
    done = suite(*tests, f"--launch={serve(SLOW.removeprefix('sim:'))}", old, *WIDE)
    assert done.status == 1, done.output
    assert set(done.words.values()) == {"FAILED"}
    assert all("NOT_INTERLEAVED" in entry["reasons"] for entry in done.run["tests"])
    found = figure(done, "test_decode_curve", "curve.2")
    assert (found["paired"], len(found["old_samples"])) == (False, 4)  # type: ignore[arg-type]
    answers = [entry["answers"] for entry in done.run["tests"] if "answers" in entry]
    assert answers and all(each["identical"] == each["answers"] for each in answers)
    known = {metric["metric"] for metric in answers[0]["metrics"]}
    assert "answers.logprob_shift" in known and "answers.decode_shift" not in known  # the old one has ended
    assert "answers.vocabulary_shift" in known  # of what it stored
    assert done.folder is not None
    assert json.loads((done.folder / "baseline" / "latest" / "run.json").read_text())["word"] == "PASSED"
    broken = suite(
        *tests,
        f"--launch={serve('demo')}",
        f"--baseline-launch={serve('demo?fault=busy')}",
        "--repeats=1",
        "--batch-sizes=2",
        BUSY,
    )
    assert broken.status == 6, broken.output
    assert "baseline server: completed: " in broken.output


def test_one_after_the_other_needs_two_commands(suite: Suite) -> None:
    done = suite("tests/serving", "--base-url=sim:", "--baseline-url=sim:", "--one-after-the-other")
    assert done.status == 4, done.output
    assert "it needs --baseline-launch=CMD and --launch=CMD" in done.output


def test_a_quick_gate_is_compared_alone_within_its_time(suite: Suite) -> None:
    """Of the two batch sizes the smaller has no place in the time; what was left out is said."""
    decode = ("tests/ali/test_decode.py", "tests/ali/test_decode_curve.py")
    options = (*decode, "--base-url=sim:", "--baseline-url=sim:", "--time-budget=14s")
    done = suite(*options, "--tolerance=900", BUSY)
    over = [entry["id"] for entry in done.run["tests"] if "--time-budget" in entry["headline"]]
    assert done.status == (6 if over else 0), done.output  # a machine that is busy with something else
    assert "Left to --gate=full" in done.output and "the decode curve" in done.output
    assert "Time budget 14 s" in done.output and "Left out, since it would take longer" in done.output
    assert done.run["tests"] and (over or done.run["labels"].count("NOT_JUDGED") == 1)
    for entry in (entry for entry in done.run["tests"] if entry["id"] not in over):
        assert entry["id"].endswith("quick]") and "NOT_JUDGED" in entry["reasons"]
        assert {objective["kind"] for objective in entry["objectives"]} == {"baseline"}
        assert 3 <= entry["comparison"]["looks"]["repeats"] <= entry["comparison"]["looks"]["last"]
    assert done.folder is not None
    assert [name.rpartition("::")[2] for name in done.run["left_out"]["tests"]] == [
        "test_decode_tpot[bs1-quick]"
    ]
    assert "LEFT_OUT" in done.run["labels"] and done.run["left_out"]["methods"] == []
    assert over or "Verdict of the run: PASSED (LEFT_OUT: 1 of 2 tests)" in done.output
    for page in ("summary.md", "report.html", "junit.xml"):
        assert over or "NOT_JUDGED" in (done.folder / page).read_text(), page
        assert "bs1-quick" in (done.folder / page).read_text(), page
    again = suite(*options, "--tolerance=900", BUSY, f"--resume={done.folder}")
    assert again.run["planned"] == done.run["planned"] and again.run["not_run"] == [], again.output
    assert again.run["left_out"] == done.run["left_out"] and "LEFT_OUT: 1 of 2 tests" in again.output
    assert over or again.status == done.status, again.output  # what the budget left out is not missing


def test_a_gate_without_a_test_of_a_method_is_not_green(suite: Suite) -> None:
    """Prefill and tencent's load have no place in the time: what was not measured is not PASSED."""
    options = ("tests/ali", "tests/tencent", "--base-url=sim:", "--baseline-url=sim:", "--time-budget=14s")
    done = suite(*options, "--tolerance=900", BUSY)
    assert done.status == 6 and done.run["word"] == "INVALID", done.output
    assert done.run["left_out"]["methods"] == ["ali-prefill", "tencent"] and done.run["not_run"] == []
    sentence = (
        "Nothing is measured of ali-prefill, tencent, so this run is not PASSED; --time-budget=1m has room"
    )
    assert done.output.count(sentence) == 2  # before the loads, and at the end
    assert done.folder is not None
    for page in ("summary.md", "report.html"):
        assert sentence in (done.folder / page).read_text().replace("\\", ""), page
