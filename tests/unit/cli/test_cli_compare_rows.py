"""`compare` on rows of other clients: what a row shows of its own run is INVALID, what it cannot show is red
when asked.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from slabench.bench_serving.row_checks import bounds, row_checks
from slabench.cli.main import main
from slabench.run_document.write import stored
from slabench.verdict.outcome import CheckStatus
from tests.unit.cli.test_cli_compare import GOOD, PRINT, SAME, WORK, figures, run

COUNT, ASKED_IN, ASKED_OUT = 8, 1024, 512


def row(factor: float = 1.0, **more: Any) -> dict[str, Any]:
    """As bench_serving 0.5.7 writes it; 8 requests of 1024 in and 512 out, 20 ms a token.

    More replaces its keys.
    """
    took = 12.0 * factor
    tokens = {"total_input_tokens": COUNT * ASKED_IN, "total_output_tokens": COUNT * ASKED_OUT}
    made: dict[str, Any] = {
        "tag": None, "backend": "sglang", "dataset_name": "random", "request_rate": 8.0, "max_concurrency": 8,
        "random_input_len": ASKED_IN, "random_output_len": ASKED_OUT, "random_range_ratio": 1.0,
        "duration": took, "completed": COUNT, **tokens,
        "total_output_tokens_retokenized": COUNT * ASKED_OUT - 3,
        "request_throughput": COUNT / took, "input_throughput": COUNT * ASKED_IN / took,
        "output_throughput": COUNT * ASKED_OUT / took,
        "total_throughput": COUNT * (ASKED_IN + ASKED_OUT) / took,
        "mean_ttft_ms": 300.0 * factor, "median_ttft_ms": 290.0, "std_ttft_ms": 40.0, "p99_ttft_ms": 800.0,
        "mean_tpot_ms": 20.0 * factor, "median_tpot_ms": 20.0, "std_tpot_ms": 0.1, "p99_tpot_ms": 21.0,
        "mean_e2e_latency_ms": 10_520.0 * factor,
    }  # fmt: skip
    return made | more


def fewer(tokens: int, **more: Any) -> dict[str, Any]:
    """A row that came to this many output tokens, with rates that fit."""
    took = 12.0
    rates = {"output_throughput": tokens / took, "total_throughput": (COUNT * ASKED_IN + tokens) / took}
    return row(total_output_tokens=tokens, total_output_tokens_retokenized=tokens, **rates, **more)


def kept(path: Path, *rows: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    return str(path)


def test_a_good_row_is_compared_and_says_what_it_does_not_show(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = (
        kept(tmp_path / "a.jsonl", row(1.0), row(1.001)),
        kept(tmp_path / "b.jsonl", row(1.0005), row(1.0004)),
    )
    page = tmp_path / "c.json"
    assert main(["compare", old, new, "--tolerance=10", f"--json={page}"]) == 0
    out = capsys.readouterr().out
    unreported = "finish_reason, token_counts, prefix_cache, flush, same_server, retraction, client"
    assert f"  not checked: completed, prompt_length, {unreported}; a row does not show it" in out
    (test,) = json.loads(page.read_text())["tests"]
    assert {check["name"] for check in test["checks"] if check["state"] == "ok"} == {
        "output_length",
        "row_figures",
    }
    assert main(["compare", old, new, "--tolerance=10", "--strict-validity"]) == 6
    assert "INVALID" in capsys.readouterr().out
    assert main(["compare", old, kept(tmp_path / "w.jsonl", row(1.3), row(1.301)), "--tolerance=10"]) == 1


DETAILS = {
    "ttfts": [0.3, 0.2, 0.4, 0.3, 0.3, 0.31, 0.32, 0.33],
    "errors": [""] * COUNT,
    "output_lens": [ASKED_OUT] * COUNT,
}


@pytest.mark.parametrize(
    ("bad", "name", "says"),
    [
        (
            fewer(64 * COUNT),
            "output_length",
            "512 tokens were generated where 4096 were requested (8 requests of 512)",
        ),
        (fewer(COUNT * ASKED_OUT - 1), "output_length", "4095 tokens were generated"),
        (fewer(COUNT * ASKED_OUT + 9), "output_length", "4105 tokens were generated"),
        (fewer(8, random_range_ratio=0.0), "output_length", "8 tokens were generated"),
        (fewer(COUNT * 200, random_range_ratio=0.5), "output_length", "1600 tokens were generated"),
        (fewer(0), "output_length", "8 of 8 answers have no tokens"),
        (row(**DETAILS | {"output_lens": [512] * 7 + [0]}), "output_length", "1 of 8 answers has no tokens"),
        (row(num_prompts=16), "completed", "8 of 16 requests are counted as completed"),
        (
            row(errors=[""] * 15 + ["Traceback:\nHTTP 503"], completed=15),
            "completed",
            "First error: HTTP 503",
        ),
        (row(failed=2), "completed", "all must succeed"),
        (row(num_prompts=0.5), "completed", "8 of 0 requests are counted as completed"),
        (row(num_prompts=8, completed=8.5), "completed", "8 of 8 requests are counted"),
        (row(errors=5), "completed", "First error: 5"),
        (row(completed=0), "completed", "0 of an unknown number of requests are counted"),
        (row(**DETAILS | {"ttfts": [0.3] * 4 + [0.0] * 4}), "completed", "4 of 8 answers brought no text"),
        (row(total_output_tokens_retokenized=0), "completed", "8 of 8 answers brought no text"),
        (row(std_ttft_ms=0.0), "row_figures", "all 8 requests have the same ttft"),
        (row(std_tpot_ms=0), "row_figures", "all 8 requests have the same tpot"),
        (row(**DETAILS | {"ttfts": [0.3] * 8}), "row_figures", "all 8 requests have the same ttft"),
        (row(total_throughput=9000.0), "row_figures", "total_throughput is 9000"),
        (row(request_throughput=8.0), "row_figures", "request_throughput is 8"),
        (row(duration=0), "row_figures", "the duration is 0 s"),
        (row(p99_ttft_ms=100.0), "row_figures", "is below median_ttft_ms"),
        (row(mean_e2e_latency_ms=200.0), "row_figures", "is below mean_ttft_ms"),
        (
            row(total_input_tokens=COUNT * 512, input_throughput=None, total_throughput=None),
            "prompt_length",
            "4096 prompt tokens",
        ),
    ],
)
@pytest.mark.parametrize("side", ["old", "new"])
def test_what_a_row_shows_is_invalid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bad: dict[str, Any], name: str, says: str, side: str
) -> None:
    good = row(1.01, completed=bad["completed"], num_prompts=bad.get("num_prompts"))
    good = {key: value for key, value in good.items() if value is not None or key == "tag"}
    if bad["completed"] != COUNT or "errors" in bad or "num_prompts" in bad or bad["random_range_ratio"] != 1:
        good["tag"] = bad["tag"] = "t.py::test_t"  # the load's name has the number of prompts in it
    if "errors" in bad:
        good = {key: value for key, value in good.items() if key in ("tag", "mean_ttft_ms", "completed")}
    first, second = (bad, good) if side == "old" else (good, bad)
    checks = {check.name: check for check in row_checks(bad)}
    assert checks[name].state is CheckStatus.INVALID and says in checks[name].text
    status = main(
        ["compare", kept(tmp_path / "a.jsonl", first), kept(tmp_path / "b.jsonl", second), "--tolerance=90"]
    )
    assert status == 6
    assert says in capsys.readouterr().out


def test_a_metric_of_zero_was_not_measured() -> None:
    """A client without end-to-end latencies writes 0 for their mean."""
    checks = {check.name: check for check in row_checks(row(mean_e2e_latency_ms=0.0))}
    assert checks["row_figures"].state is CheckStatus.OK


@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.5, 1.0])
def test_lengths_that_were_drawn_are_in_their_bounds(ratio: float) -> None:
    """bench_serving's own draw, a hundred runs: none is called wrong."""
    import numpy as np

    for seed in range(100):
        dice = np.random.RandomState(seed)
        lengths = dice.randint(max(int(ASKED_OUT * ratio), 1), ASKED_OUT + 1, 24)
        least, most = bounds({"completed": 24, "random_range_ratio": ratio}, ASKED_OUT)
        assert least <= lengths.sum() <= most


def test_a_row_without_counts_of_the_server_is_not_checked() -> None:
    """/v1 without usage: it keeps the length that was asked for, whatever came."""
    checks = {check.name: check for check in row_checks(row(backend="sglang-oai"))}
    assert checks["output_length"].state is CheckStatus.NOT_CHECKED
    few = {check.name: check for check in row_checks(row(total_output_tokens_retokenized=900))}
    assert few["completed"].state is CheckStatus.FINDING


def test_the_same_run_twice_is_no_repeat_and_no_comparison(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = kept(tmp_path / "a.jsonl", row(1.0), row(1.001), row(1.0))
    assert main(["compare", old, kept(tmp_path / "b.jsonl", row(1.01)), "--tolerance=10"]) == 6
    assert "Rows 1 and 3 of this load are the same run, which would count twice" in capsys.readouterr().out
    copy = kept(tmp_path / "c.jsonl", row(1.2), row(1.001))
    assert main(["compare", kept(tmp_path / "d.jsonl", row(1.1), row(1.001)), copy]) == 4
    assert "it would be compared with itself" in capsys.readouterr().err


def test_allow_lets_a_check_pass_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = (
        kept(tmp_path / "a.jsonl", fewer(4000)),
        kept(tmp_path / "b.jsonl", fewer(4001, duration=12.01)),
    )
    assert main(["compare", old, new, "--tolerance=10"]) == 6
    assert main(["compare", old, new, "--tolerance=10", "--allow=output_length"]) == 0
    assert "Allowed by --allow." in capsys.readouterr().out


def test_another_clients_file_of_one_object(tmp_path: Path) -> None:
    """vllm bench serve --save-result: one indented object, other names for some."""

    def result(factor: float, **more: Any) -> dict[str, Any]:
        made = row(factor, num_prompts=COUNT, failed=0, **more)
        made["total_token_throughput"] = made.pop("total_throughput")
        return made

    old, new, bad = (tmp_path / name for name in ("a.json", "b.json", "c.json"))
    old.write_text(json.dumps(result(1.0), indent=1))
    new.write_text(json.dumps(result(1.01), indent=1))
    bad.write_text(json.dumps(result(1.01, completed=7), indent=1))
    assert main(["compare", str(old), str(new), "--tolerance=10"]) == 0
    assert main(["compare", str(old), str(bad), "--tolerance=10"]) == 6


def test_a_run_of_ours_is_held_to_strict_validity_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hidden = {"name": "other_clients", "state": "not_checked", "text": "There is no log.", "remedy": ""}
    sides = [run(tmp_path, "a", *GOOD), run(tmp_path, "b", *SAME, test={"checks": [hidden]})]
    assert main(["compare", *sides]) == 0
    assert main(["compare", *sides, "--strict-validity"]) == 6
    assert "other_clients: There is no log." in capsys.readouterr().out
    assert main(["compare", *sides, "--strict-validity", "--allow=other_clients"]) == 0


def test_only_what_both_have(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A test that one side lacks is INVALID, and left out by --common, with its name; so are a curve's
    further points.
    """
    from tests.unit.report.samples import document, entry

    def side(name: str, *ids: str, points: tuple[int, ...], factor: float = 1.0) -> str:
        tests = [entry(test_id, method="serving", metrics=figures(factor), workload=WORK) for test_id in ids]
        curve = {f"curve.{size}": 100.0 * size / factor for size in points}
        tests.append(entry("t/c.py::test_curve", method="ali-decode-curve", metrics=curve, workload=WORK))
        data = document(
            *tests, run_id=name, updated_utc="x", server={"version": "0.5.7", "fingerprint": PRINT}
        )
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(json.dumps(stored(data)))
        return str(tmp_path / name)

    old, new = (
        side("a", "t/x.py::one", "t/x.py::two", points=(1, 8)),
        side("b", "t/x.py::one", "t/x.py::three", points=(8, 16)),
    )
    assert main(["compare", old, new]) == 6
    assert "has no such test" in capsys.readouterr().out
    assert main(["compare", old, new, "--common"]) == 0
    out = capsys.readouterr().out
    assert f"Left out by --common, only in {old}: x.py::two, c.py::test_curve at 1." in out
    assert f"Left out by --common, only in {new}: c.py::test_curve at 16, x.py::three." in out
    assert "curve 8" in out and "curve 16 " not in out
    slow = side("s", "t/x.py::one", points=(8,), factor=1.3)
    assert main(["compare", old, slow, "--common"]) == 1
    none = side("n", "t/x.py::four", points=())
    assert main(["compare", old, none, "--common"]) == 6


def test_one_sentence_for_all_tests_that_it_is_true_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another model was a page of the same sentence, once a test."""
    from tests.unit.report.samples import document, entry

    for name, model in (("a", "r1"), ("b", "v3")):
        tests = [
            entry(f"t/x.py::test[{k}]", method="serving", metrics=figures(), workload=WORK) for k in range(5)
        ]
        server = {"version": "0.5.7", "fingerprint": PRINT | {"model": {"name": model}}}
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(
            json.dumps(stored(document(*tests, run_id=name, updated_utc="x", server=server)))
        )
    page = tmp_path / "c.md"
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b"), f"--markdown={page}"]) == 6
    out = capsys.readouterr().out
    for text in (out, page.read_text()):
        assert text.count("model.name: 'v3', 'r1' in the baseline") == 1
        assert "INVALID 5 tests: NOT_COMPARABLE" in text
        assert all(f"t/x.py::test[{k}]" in text for k in range(5))


def test_rows_of_other_lengths_are_no_repeats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The range ratio is part of a load: bench_serving's default of 0 draws half as many tokens as 1."""
    half = fewer(COUNT * ASKED_OUT // 2, random_range_ratio=0.0, duration=12.0)
    old = kept(tmp_path / "a.jsonl", row(1.0), half)
    new = kept(tmp_path / "b.jsonl", row(1.01), half | {"duration": 12.001})
    assert main(["compare", old, new, "--tolerance=10"]) == 0
    out = capsys.readouterr().out
    assert "PASSED random 1024/512, 8 prompts" in out and "PASSED random 1024/512 x 0 to 1, 8 prompts" in out
    assert main(["compare", kept(tmp_path / "c.jsonl", row(1.0)), kept(tmp_path / "d.jsonl", half)]) == 6
