"""`compare` and `baseline` over run folders written by hand: words, exit statuses, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from slabench.cli.main import main
from slabench.report.stored_runs import read_side
from slabench.run_document.write import stored
from tests.unit.report.samples import document, entry

ID = "tests/serving/test_custom.py::test_custom"
PRINT = {"server": {"version": "0.5.7"}, "hardware": {"gpu": "H20", "gpus": 8}, "model": {"name": "r1"}}
WORK = {"dataset_name": "random-ids", "num_prompts": 128, "input_len": 3500, "output_len": 1200}


def figures(factor: float = 1.0) -> dict[str, float]:
    """factor: how much slower than at 1."""
    times = {"tpot.mean": 40.0 * factor, "ttft.mean": 900.0 * factor, "total_throughput": 1800.0 / factor}
    return times | {f"classic.{key}": value for key, value in times.items()}


def run(folder: Path, name: str, *factors: float, **more: Any) -> str:
    """A run folder with one test, repeated once for each factor."""
    repeats = [{"metrics": figures(factor)} for factor in factors] if len(factors) > 1 else []
    mean = sum(factors) / len(factors)
    test = entry(
        ID,
        **(
            {"method": "serving", "metrics": figures(mean), "workload": WORK, "repeats": repeats}
            | more.pop("test", {})
        ),
    )
    data = document(
        test,
        updated_utc="2026-01-02T03:04:05Z",
        run_id=f"run-{name}",
        **({"server": {"version": "0.5.7", "fingerprint": PRINT}} | more),
    )
    (folder / name).mkdir()
    (folder / name / "run.json").write_text(json.dumps(stored(data)))
    return str(folder / name)


GOOD, SAME, WORSE = (1.0, 1.002, 0.998, 1.001), (1.001, 1.0, 0.999, 1.002), (1.05, 1.052, 1.048, 1.05)


@pytest.mark.parametrize(
    ("new", "status", "word"),
    [
        (SAME, 0, "PASSED"),
        (WORSE, 1, "FAILED"),
        ((0.99, 1.02, 1.0, 1.01), 6, "INVALID"),
        ((0.5, 0.51, 0.5, 0.5), 0, "PASSED"),
    ],
)
def test_the_words_of_two_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], new: tuple[float, ...], status: int, word: str
) -> None:
    pages = {kind: tmp_path / f"out.{kind}" for kind in ("json", "markdown", "html")}
    options = [f"--{kind}={path}" for kind, path in pages.items()]
    assert main(["compare", run(tmp_path, "a", *GOOD), run(tmp_path, "b", *new), *options]) == status
    out = capsys.readouterr().out
    assert out.endswith(f"Verdict: {word}\n")
    data = json.loads(pages["json"].read_text())
    assert (data["schema"], data["word"], data["tests"][0]["word"]) == ("slabench.compare/1", word, word)
    assert data["tests"][0]["comparison"]["figures"][0]["new_samples"] == pytest.approx(
        [40 * factor for factor in new]
    )
    assert word in pages["markdown"].read_text() and word in pages["html"].read_text()
    assert "tpot mean" in pages["html"].read_text()
    if word == "INVALID":
        assert "INCONCLUSIVE" in out and "--repeats=" in out


def test_labels_of_the_runs_stand_in_every_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row of bench_serving has the embedded server in its server_info, a baseline file the run's labels."""
    labels = ("SIMULATED", "REDUCED")
    old = run(tmp_path, "a", *GOOD, labels=labels)
    baseline = str(tmp_path / "old.json")
    assert main(["baseline", "save", old, "-o", baseline]) == 0
    pages = {kind: tmp_path / f"out.{kind}" for kind in ("json", "markdown", "html")}
    options = [f"--{kind}={path}" for kind, path in pages.items()]
    new = run(tmp_path, "b", *SAME, labels=("SIMULATED",))
    assert main(["compare", old, new, *options]) == 0
    out = capsys.readouterr().out
    assert f"old: {old}, sglang 0.5.7; SIMULATED, REDUCED\n" in out
    assert f"new: {new}, sglang 0.5.7; SIMULATED\n" in out
    assert out.endswith("Verdict: PASSED SIMULATED REDUCED\n")
    sides = json.loads(pages["json"].read_text())["sides"]
    assert [side["labels"] for side in sides] == [["SIMULATED", "REDUCED"], ["SIMULATED"]]
    assert pages["markdown"].read_text().startswith("# slabench compare: PASSED SIMULATED REDUCED\n")
    assert "Verdict: PASSED SIMULATED REDUCED" in pages["html"].read_text()
    assert main(["compare", baseline, new]) == 0
    assert "old.json, sglang 0.5.7; SIMULATED, REDUCED\n" in capsys.readouterr().out
    row = {"mean_ttft_ms": 900.0, "completed": 128, "server_info": {"slabench_sim": {"profile": "demo"}}}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    assert read_side(str(tmp_path / "rows.jsonl")).labels == ("SIMULATED",)


def test_what_single_runs_are_allowed_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    explained = "without repeats that show a spread (SINGLE_RUN, NO_SPREAD) at least 5 % is allowed"
    assert main(["compare", run(tmp_path, "a", 1.0), run(tmp_path, "b", 0.8)]) == 0
    out = capsys.readouterr().out
    assert explained in out and "tpot mean 32.00 ms is better than baseline 40.00 ms (-20.0 %" in out
    assert main(["compare", run(tmp_path, "c", *GOOD), run(tmp_path, "d", *SAME)]) == 0
    assert explained not in capsys.readouterr().out


def test_the_accept_lengths_of_both_sides_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def side(name: str, length: float) -> str:
        return run(tmp_path, name, 1.0, test={"metrics": figures() | {"accept_length": length}})

    main(["compare", side("a", 3.0), side("b", 2.4)])
    assert "  note: accept length 3.00 in the baseline, 2.40 here (-20.0 %)" in capsys.readouterr().out


def test_of_three_each_is_held_against_the_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sides = [run(tmp_path, name, *values) for name, values in (("a", GOOD), ("b", SAME), ("c", WORSE))]
    assert main(["compare", *sides]) == 1
    out = capsys.readouterr().out
    assert f"PASSED {ID} ({sides[1]})" in out
    assert f"FAILED {ID} ({sides[2]})" in out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"test": {"word": "INVALID", "headline": "completed: 1 of 128 requests failed."}},
            "completed: 1 of 128 requests failed",
        ),
        ({"test": {"id": "tests/other.py::test_it"}}, "has no such test"),
        ({"test": {"workload": WORK | {"input_len": 64}}}, "workload.input_len: 64, 3500 in the baseline"),
        (
            {"server": {"fingerprint": PRINT | {"hardware": {"gpu": "H200", "gpus": 8}}}},
            "hardware.gpu: 'H200', 'H20'",
        ),
        ({"test": {"metrics": {"tpot.mean": 40.0}}}, "this run has no ttft.mean, total_throughput"),
    ],
)
def test_what_cannot_be_compared_is_6(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: dict[str, Any], words: str
) -> None:
    assert main(["compare", run(tmp_path, "a", 1.0), run(tmp_path, "b", 1.0, **more)]) == 6
    assert words in capsys.readouterr().out


def test_a_figure_that_one_repeat_lacks_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repeats = [{"metrics": figures(factor)} for factor in GOOD]
    del repeats[2]["metrics"]["tpot.mean"]
    odd = run(tmp_path, "a", *GOOD, test={"repeats": repeats})
    for old, new, whose in (
        (odd, run(tmp_path, "b", *WORSE), "the baseline"),
        (run(tmp_path, "c", *GOOD), odd, "this run"),
    ):
        assert main(["compare", old, new]) == 6
        assert f"{whose} has no tpot.mean in repeat 3 of 4" in capsys.readouterr().out
    assert main(["baseline", "save", odd, "-o", str(tmp_path / "odd.json")]) == 0
    assert main(["baseline", "show", str(tmp_path / "odd.json")]) == 0
    assert "missing in repeat 3 of 4" in capsys.readouterr().out
    assert (
        main(
            [
                "baseline",
                "merge",
                str(tmp_path / "odd.json"),
                str(tmp_path / "b"),
                "-o",
                str(tmp_path / "m.json"),
            ]
        )
        == 4
    )
    assert "tpot.mean is not in every repeat" in capsys.readouterr().err


def test_a_row_without_a_figure_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = Path(rows(tmp_path / "a.jsonl", *GOOD))
    old.write_text(old.read_text().replace('"mean_tpot_ms": 40.0,', '"mean_tpot_ms": 0,', 1))
    assert main(["compare", str(old), rows(tmp_path / "b.jsonl", *WORSE)]) == 6
    assert "the baseline has no classic.tpot.mean in repeat 1 of 4" in capsys.readouterr().out


def rows(path: Path, *factors: float) -> str:
    """bench_serving's own keys, a line a run."""
    kept = []
    for factor in factors:
        rates = {
            "mean_tpot_ms": 40 * factor,
            "mean_ttft_ms": 900 * factor,
            "total_throughput": 1800 / factor,
            "completed": 128,
        }
        load = {"dataset_name": "random-ids", "random_input_len": 3500, "random_output_len": 1200}
        kept.append(json.dumps({"tag": None, "request_rate": 128.0, "max_concurrency": 128} | load | rates))
    path.write_text("\n".join(kept) + "\n")
    return str(path)


def test_rows_of_bench_serving_are_repeats_of_a_load(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = rows(tmp_path / "a.jsonl", *GOOD)
    assert main(["compare", old, rows(tmp_path / "b.jsonl", *SAME)]) == 0
    out = capsys.readouterr().out
    assert "PASSED random-ids 3500/1200, 128 prompts, rate 128.0, concurrency 128" in out
    assert "UNCHECKED" in out and "rows of another client: what they do not show was not checked" in out
    assert main(["compare", old, rows(tmp_path / "c.jsonl", *WORSE)]) == 1


def test_a_run_finds_the_rows_of_its_load(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    test = {"plan": {"request_rate": 128.0, "max_concurrency": 128}}
    old = run(tmp_path, "a", *GOOD, test=test)
    assert main(["compare", old, rows(tmp_path / "b.jsonl", *WORSE)]) == 1
    assert "classic.tpot mean" in capsys.readouterr().out
    other = run(tmp_path, "o", *GOOD, test=test | {"workload": WORK | {"input_len": 64}})
    assert main(["compare", other, rows(tmp_path / "d.jsonl", *SAME)]) == 6


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"mean_ttft_ms": 1, "completed": 1, "request_rate": 1' + "0" * 400 + "}", "is no rate"),
        ('{"mean_ttft_ms": 1, "completed": 1, "request_rate": "fast"}', "request_rate='fast' is no rate"),
        ("{", "is no JSON"),
        ('{"a": 1}', "is no row of sglang.bench_serving"),
        ("", "has no row in it"),
        (None, "cannot be read"),
    ],
)
def test_what_is_neither_is_your_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, words: str
) -> None:
    path = tmp_path / "x.jsonl"
    if content is not None:
        path.write_text(content)
    assert main(["compare", run(tmp_path, "a", 1.0), str(path)]) == 4
    assert words in capsys.readouterr().err
    assert main(["compare", str(tmp_path / "a")]) == 4
    assert main(["report", str(tmp_path / "none")]) == 4
    printed = capsys.readouterr().err
    assert f"{tmp_path / 'none'} has no run.json, so it is no run" in printed
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "none")]) == 4
    assert main(["baseline", "show", str(tmp_path / "none.json")]) == 4
    assert "[Errno" not in printed + capsys.readouterr().err
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "a"), "--allow-diff=nosuch"]) == 4


def test_a_run_is_not_compared_with_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It would always be equal, and green."""
    first, other, link, saved = (
        run(tmp_path, "a", *GOOD),
        run(tmp_path, "b", *WORSE),
        tmp_path / "link",
        str(tmp_path / "a.json"),
    )
    link.symlink_to(first)
    assert main(["baseline", "save", first, "-o", saved]) == 0
    assert main(["baseline", "merge", first, other, "-o", str(tmp_path / "m.json")]) == 0
    for twin in (first, str(link), f"{first}/run.json", saved, str(tmp_path / "m.json")):
        assert main(["compare", first, other, twin]) == 4
        assert (
            f"{first} and {twin} hold the same run, run-a: it would be compared with itself."
            in capsys.readouterr().err
        )
    kept = rows(tmp_path / "r.jsonl", *GOOD)
    assert main(["compare", kept, kept]) == 4
    assert "are the same: it would be compared with itself" in capsys.readouterr().err


def test_a_run_that_allow_let_pass_is_compared_by_who_allows_it_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = {
        "name": "completed",
        "state": "finding",
        "text": "64 of 128 requests failed. Allowed by --allow.",
        "remedy": "",
    }
    odd, good = run(tmp_path, "a", *GOOD, test={"checks": [refused]}), run(tmp_path, "b", *SAME)
    for old, new in ((odd, good), (good, odd)):
        assert main(["compare", old, new]) == 6
        assert "measured with --allow=completed: 64 of 128 requests failed." in capsys.readouterr().out
        assert main(["compare", old, new, "--allow=nosuch"]) == 4
        assert main(["compare", old, new, "--allow=completed"]) == 0
        out = capsys.readouterr().out
        assert (
            "[ONE_LAUNCH, ALLOWED_IN_BASELINE]" in out
            and "note: the baseline was measured with --allow=completed" in out
        )


def test_two_capacity_searches_are_shown_and_are_no_gate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They end at different loads, which no gate may compare, and a reader may."""

    def search(name: str, load: int, factor: float) -> str:
        plan = {"kind": "closed_loop", "request_rate": "inf", "max_concurrency": load}
        test = {
            "id": "t::cap",
            "method": "tencent-capacity",
            "plan": plan,
            "workload": WORK | {"num_prompts": 4 * load},
        }
        return run(tmp_path, name, factor, test=test)

    old, same, other = search("a", 134, 1.0), search("b", 134, 1.2), search("c", 120, 1.2)
    assert main(["compare", old, same]) == 1  # the same load: a gate
    capsys.readouterr()
    page = tmp_path / "page.html"
    assert main(["compare", old, other, f"--html={page}"]) == 6
    out = capsys.readouterr().out
    assert "workload.max_concurrency: 120, 134 in the baseline" in out and "not a gate [NOT_GATED]" in out
    (row,) = [line for line in out.splitlines() if "total_throughput" in line and "not gated" in line]
    assert "-16.7 %" in row and row.endswith("not gated")
    assert "not gated" in page.read_text()
    # What else differs is no other load.
    bad = run(
        tmp_path,
        "d",
        1.0,
        test={"id": "t::cap", "method": "tencent-capacity", "workload": WORK | {"input_len": 1}},
    )
    assert main(["compare", old, bad]) == 6
    assert "NOT_COMPARABLE: workload.input_len" in capsys.readouterr().out


def test_a_baseline_is_saved_shown_listed_merged_and_compared_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    first, second = run(tmp_path, "a", *GOOD[:2]), run(tmp_path, "b", *GOOD[2:])
    assert main(["baseline", "save", first, "-o", str(kept / "a.json")]) == 0
    assert f"Baseline of 1 test written to {kept / 'a.json'}." in capsys.readouterr().out
    assert main(["baseline", "merge", str(kept / "a.json"), second, "-o", str(kept / "both.json")]) == 0
    assert "Baseline of 1 test with up to 4 repeats written to" in capsys.readouterr().out
    assert main(["baseline", "show", str(kept / "both.json")]) == 0
    out = capsys.readouterr().out
    assert (
        "may differ: server.version, server.token_capacity; may not: hardware, model, workload, server" in out
    )
    assert "40.01" in out
    assert "0.17 %" in out  # of 1, 1.002, 0.998, 1.001: deviation 0.00171
    assert main(["baseline", "list", str(kept)]) == 0
    assert [line.split()[:3] for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["a.json", "1", "2"],
        ["both.json", "1", "4"],
    ]
    assert main(["compare", str(kept / "both.json"), run(tmp_path, "c", *SAME)]) == 0
    assert main(["compare", str(kept / "both.json"), run(tmp_path, "d", *WORSE)]) == 1


def test_sides_of_which_one_has_an_argument_null_are_no_baseline_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever is first; `show` names what is set."""
    names = []
    for name, algorithm in (("off", "null"), ("on", "EAGLE")):
        server = {"version": "0.5.7", "speculative_algorithm": algorithm, "arguments": 181}
        more = {"version": "0.5.7", "fingerprint": PRINT | {"server": server}}
        names.append(run(tmp_path, name, *(SAME if name == "on" else GOOD), server=more))
    for first, second in (names, names[::-1]):
        assert main(["compare", first, second]) == 6
        assert "NOT_COMPARABLE: server.speculative_algorithm: " in capsys.readouterr().out
        assert main(["baseline", "merge", first, second, "-o", str(tmp_path / "both.json")]) == 4
    for name, shown in zip(names, (False, True), strict=True):
        assert main(["baseline", "save", name, "-o", str(tmp_path / "b.json")]) == 0
        capsys.readouterr()
        assert main(["baseline", "show", str(tmp_path / "b.json")]) == 0
        assert ("speculative_algorithm" in capsys.readouterr().out) is shown


def test_a_saved_baseline_keeps_what_was_written_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    assert main(["baseline", "save", run(tmp_path, "a", 1.0), "-o", str(path)]) == 0
    data = json.loads(path.read_text())
    data["tests"][ID]["floors"] = {"total_throughput": 1600}
    path.write_text(json.dumps(data))
    assert main(["baseline", "save", run(tmp_path, "b", 1.1), "-o", str(path)]) == 0
    kept = json.loads(path.read_text())["tests"][ID]
    assert (kept["floors"], kept["figures"]["tpot.mean"]) == ({"total_throughput": 1600}, pytest.approx(44.0))


@pytest.mark.parametrize(
    ("fingerprint", "words"),
    [
        (PRINT | {"server": {"version": "0.5.12"}}, "server.version: '0.5.12', '0.5.7' in the first"),
        (PRINT | {"model": {"name": "v3"}}, "model.name: 'v3', 'r1' in the baseline"),
    ],
)
def test_only_what_is_alike_is_merged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fingerprint: dict[str, Any], words: str
) -> None:
    other = run(tmp_path, "b", 1.0, server={"fingerprint": fingerprint})
    assert main(["baseline", "merge", run(tmp_path, "a", 1.0), other, "-o", str(tmp_path / "m.json")]) == 4
    assert words in capsys.readouterr().err
    assert not (tmp_path / "m.json").exists()


def test_the_same_run_is_merged_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Twice it would be two repeats without a spread."""
    first, other = run(tmp_path, "a", *GOOD[:2]), run(tmp_path, "b", *GOOD[2:])
    copy, target = tmp_path / "copy.json", str(tmp_path / "m.json")
    assert main(["baseline", "save", first, "-o", str(copy)]) == 0
    assert main(["baseline", "merge", first, str(copy), "-o", target]) == 4
    assert "hold the same run, run-a: merged, it would count twice" in capsys.readouterr().err
    copy.write_text(copy.read_text().replace('"source": "run-a"', '"source": "another name"'))
    assert main(["baseline", "merge", first, str(copy), "-o", target]) == 4
    assert f"hold the same repeat of {ID}, with every metric alike" in capsys.readouterr().err
    assert main(["baseline", "merge", first, other, "-o", target]) == 0
    assert main(["baseline", "merge", target, other, "-o", str(tmp_path / "n.json")]) == 4
    assert "hold the same run, run-b" in capsys.readouterr().err


def test_runs_whose_curves_print_the_same_are_merged(tmp_path: Path) -> None:
    """The log has two decimals: two short runs of a server can have equal medians."""
    curve = {"id": "tests/ali/test_decode_curve.py::test_decode_curve", "method": "ali-decode-curve"}
    pair = [run(tmp_path, name, 1.0, test=curve | {"metrics": {"curve.2": 41.25}}) for name in "ab"]
    target = tmp_path / "m.json"
    assert main(["baseline", "merge", *pair, "-o", str(target)]) == 0
    assert json.loads(target.read_text())["tests"][curve["id"]]["samples"] == {"curve.2": [41.25, 41.25]}


def test_nothing_valid_is_no_baseline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = run(tmp_path, "a", 1.0, test={"word": "INVALID"})
    assert main(["baseline", "save", bad, "-o", str(tmp_path / "b.json")]) == 6
    assert main(["baseline", "list", str(tmp_path)]) == 6
    assert main(["baseline", "list", str(tmp_path / "none")]) == 4
    assert main(["baseline", "show", str(tmp_path / "none.json")]) == 4
    assert main(["baseline", "save", str(tmp_path / "none"), "-o", str(tmp_path / "b.json")]) == 4
    assert not (tmp_path / "b.json").exists()
