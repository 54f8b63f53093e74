"""Questions with known answers on real sockets: right, wrong on one side, and without an answer."""

from __future__ import annotations

import json

from tests.integration.conftest import REPO, Suite

FILE = REPO / "fixtures" / "data" / "accuracy_smoke.jsonl"
KNOWS = f"sim:demo?answers={FILE}"
TEST = "tests/serving/test_accuracy.py"


def test_a_floor_that_holds_at_the_load_s_concurrency(suite: Suite) -> None:
    done = suite("tests/serving", f"--base-url={KNOWS}", "--accuracy-file=smoke", "--accuracy-floor=0.9")
    assert done.status == 0, done.output
    load, asked = done.run["tests"]
    assert load["id"].endswith("test_custom") and asked["id"] == f"{TEST}::test_accuracy"
    accuracy = asked["accuracy"]
    assert accuracy["results"] == "1" * 40 and accuracy["concurrency"] == 3, "the load's"
    assert asked["headline"] == "accuracy 100.0 % >= 90.0 % (95 % bounds 92.8 % and 100.0 %, n=40)"


def test_a_new_server_that_loses_answers_fails_and_its_baseline_has_them(suite: Suite) -> None:
    saved = suite.folder / "accuracy.json"
    done = suite(
        TEST, f"--base-url={KNOWS}&right=0.7", f"--baseline-url={KNOWS}", f"--accuracy-file={FILE}",
        f"--save-baseline={saved}",
    )  # fmt: skip
    assert done.status == 1, done.output
    (asked,) = done.run["tests"]
    assert (
        "BASELINE:accuracy" in asked["reasons"] and "12 questions lost, 0 gained, n=40" in asked["headline"]
    )
    assert asked["accuracy"]["old_results"] == "1" * 40
    (stored,) = json.loads(saved.read_text())["tests"].values()
    assert stored["answers"] == {key: asked["accuracy"][key] for key in ("sha256", "results")}


def test_a_question_without_an_answer_is_invalid_and_no_wrong_answer(suite: Suite) -> None:
    server = f"{KNOWS}&fault=busy&fault_index=3&fault_skip=0"
    done = suite(TEST, f"--base-url={server}", "--accuracy-file=smoke", "--accuracy-floor=0.5")
    assert done.status == 6, done.output
    (asked,) = done.run["tests"]
    assert asked["reasons"][0] == "answered" and "status 503" in asked["headline"]
    results = asked["accuracy"]["results"]
    assert (results.count("1"), results.count("0"), results.count("-")) == (39, 0, 1)
