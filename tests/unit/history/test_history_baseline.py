"""A history as the old side: which runs, what their spread is worth, and what is refused before load."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from slabench.errors import ConfigError
from slabench.history.baseline import LEAST, MOST, load
from slabench.history.file import append
from slabench.history.lines import AcceptLine, LaunchLine, MeasuredTest, RunLine
from slabench.run_document.write import stored
from slabench.session.comparison import ComparedWith, compare_runs
from slabench.session.planned_load import PlannedTest
from slabench.session.preflight import PreflightContext, Status
from slabench.verdict.compared import ComparisonResult
from slabench.verdict.comparison import Comparison
from slabench.verdict.statistics import unpaired
from tests.unit.history.lines import ID, PRINT, WORK, run_line
from tests.unit.session.preflight.builders import results


def accepted(path: Path, *runs: RunLine, version: str = "0.5.7") -> str:
    for run in runs:
        append(str(path), run)
    append(str(path), AcceptLine(accept=version, utc="2026-11-30T00:00:00Z"))
    return str(path)


def days(*tpots: float, **more: Any) -> list[RunLine]:
    return [run_line(day, (tpot,), day=day, **more) for day, tpot in enumerate(tpots, 1)]


TPOTS = (40.0, 40.4, 39.6, 40.2, 39.8)


def compared(file: str, *tpots: float, work: dict[str, Any] = WORK, repeats: int | None = None) -> Comparison:
    """A new run with one value a repeat."""
    baseline = load(file, repeats or len(tpots))
    mine = [{"tpot.mean": tpot, "total_throughput": 72_000 / tpot} for tpot in tpots]
    found = compare_runs(ComparedWith(ID, PRINT, file=baseline), "serving", mine, [], work, [{}])
    assert found is not None
    return found


def test_the_interval_is_that_of_a_further_run(tmp_path: Path) -> None:
    """By hand: the logarithms' mean and spread s, and s sqrt(1 + 1/5) at Student's t of 4."""
    found = compared(accepted(tmp_path / "h", *days(*TPOTS)), 42.0)
    tpot = next(metric for metric in found.metrics if metric.key == "tpot.mean")
    logs = np.log(TPOTS)
    distance = math.log(42.0) - logs.mean()
    half = stats.t(4).ppf(0.975) * logs.std(ddof=1) * math.sqrt(1 + 1 / 5)
    assert tpot.interval is not None
    assert math.log(tpot.interval.high) == pytest.approx(distance + half)
    assert (tpot.change.new, tpot.change.old, tpot.change.freedom) == (1, 5, 4)
    (note,) = found.notes
    assert str(note) == (
        "compared with the last 5 accepted runs of 0.5.7, 2026-11-01 to 2026-11-05, of 5 server processes; a "
        "run is one sample, and the interval is that of a further run, with 4 degrees of freedom"
    )


def test_repeats_of_the_new_run_are_one_sample_and_as_many_are_taken_of_each_old_run(tmp_path: Path) -> None:
    runs = [run_line(day, (tpot, tpot * 1.1, 77.0)) for day, tpot in enumerate(TPOTS, 1)]
    found = compared(accepted(tmp_path / "h", *runs), 44.0, 44.0 * 1.1)
    tpot = next(metric for metric in found.metrics if metric.key == "tpot.mean")
    assert tpot.new == pytest.approx([44.0 * math.sqrt(1.1)])
    assert tpot.old == pytest.approx([tpot * math.sqrt(1.1) for tpot in TPOTS])


def test_an_undecided_metric_asks_for_runs_and_not_for_repeats(tmp_path: Path) -> None:
    found = compared(accepted(tmp_path / "h", *days(*TPOTS)), 40.6)
    assert {metric.outcome for metric in found.metrics} == {ComparisonResult.INCONCLUSIVE}
    assert "--repeats" not in str(found.inconclusive)
    assert "more of them, or both servers in turns (--baseline-url)" in str(found.inconclusive)


def test_which_runs_are_taken(tmp_path: Path) -> None:
    """The last ten of the accepted version above its acceptance, of one deployment and workload."""
    path = tmp_path / "h"
    other_gpu = {**PRINT, "hardware": {"gpu": "H200", "gpus": 8}}
    append(str(path), run_line(90, (10.0,), fingerprint=other_gpu))
    append(str(path), run_line(91, (20.0,), version="0.5.6"))
    other_work = MeasuredTest(
        method="serving", workload=WORK | {"num_prompts": 9}, samples={"tpot.mean": (30.0,)}
    )
    append(str(path), run_line(92, tests={ID: other_work}))
    accepted(path, *days(*(40.0 + k / 10 for k in range(12))))
    append(str(path), run_line(99, (60.0,)))  # below the acceptance: a slower run becomes no baseline
    (test,) = load(str(path), 1).tests.values()
    assert test.samples.values["tpot.mean"] == pytest.approx([40.0 + k / 10 for k in range(2, 12)])
    assert len(test.samples.values["tpot.mean"]) == MOST
    accepted(path)  # accepted again
    (test,) = load(str(path), 1).tests.values()
    assert test.samples.values["tpot.mean"][-1] == pytest.approx(60.0)


def test_a_metric_that_some_runs_lack_is_not_comparable(tmp_path: Path) -> None:
    runs = days(*TPOTS, 40.1)
    (test,) = runs[2].tests.values()
    lacking = replace(test, samples={"total_throughput": (1800.0,)}, lacking={"tpot.mean": ""})
    runs[2] = replace(runs[2], tests={ID: lacking})
    found = compared(accepted(tmp_path / "h", *runs), 40.0)
    assert "the baseline has no tpot.mean in 1 of 6 runs" in str(found.not_comparable)


@pytest.mark.parametrize(
    ("seeds", "words"),
    [
        ([7, 7, 7, 7, 7], "of 1 server process"),
        ([1, 2, 2, 3, 3], "of 3 server processes"),
        ([1, 2, None, 3, 3], "of an unknown number of server processes"),
    ],
)
def test_the_note_counts_server_processes(tmp_path: Path, seeds: list[int | None], words: str) -> None:
    runs = [
        replace(run, launch=LaunchLine(random_seed=seed))
        for run, seed in zip(days(*TPOTS), seeds, strict=True)
    ]
    found = compared(accepted(tmp_path / "h", *runs), 40.0)
    assert words in str(found.notes[0])
    assert "ONE_LAUNCH" in found.reasons  # fewer processes than runs


def test_runs_of_a_launch_each_contain_how_launches_differ(tmp_path: Path) -> None:
    assert "ONE_LAUNCH" not in compared(accepted(tmp_path / "h", *days(*TPOTS)), 40.0).reasons


def test_too_few_runs_are_refused_before_load(tmp_path: Path) -> None:
    few = accepted(tmp_path / "few", *days(*TPOTS[:4]))
    with pytest.raises(ConfigError) as error:
        load(few, 1)
    assert "has 4 runs of the accepted version 0.5.7 of one test" in str(error.value)
    assert f"needs {LEAST}; append more with --history={few}" in str(error.value)
    path = tmp_path / "none"
    append(str(path), run_line(1))
    with pytest.raises(ConfigError, match=r"has no accepted version; it holds 0\.5\.7 \(1 run\)"):
        load(str(path), 1)


def test_one_test_with_too_few_runs_is_refused_by_itself(tmp_path: Path) -> None:
    runs = days(*TPOTS)
    runs[-1] = replace(runs[-1], tests={**runs[-1].tests, "other": runs[-1].tests[ID]})
    baseline = load(accepted(tmp_path / "h", *runs), 1)
    settings: Any = SimpleNamespace(options=SimpleNamespace(allow_diff=()), baseline=baseline)
    servers = SimpleNamespace(new=SimpleNamespace(fingerprint=baseline.fingerprint), baseline=None)
    campaign: Any = SimpleNamespace(servers=servers, before=None, settings=settings)
    about = PreflightContext(settings, [PlannedTest(ID), PlannedTest("other")], campaign)
    refused, same = results("comparable", about)
    assert (refused.status, refused.tests) == (Status.STOP, ("other",))
    assert "has 1 run of the accepted version 0.5.7 of this test" in str(refused.message)
    assert same.status is Status.OK


def gate(rng: np.random.Generator, path: Path, *, factor: float) -> set[ComparisonResult]:
    """Five accepted runs that differ by 1 %, repeats of a run by 0.3 %; a sixth is slower by factor."""
    runs = np.exp(rng.normal(math.log(40.0), 0.01, 6))[:, None] * np.exp(rng.normal(0, 0.003, (6, 3)))
    runs[-1] *= factor
    lines = [stored(run_line(k, tuple(map(float, run)))) for k, run in enumerate(runs[:-1])]
    lines.append(stored(AcceptLine(accept="0.5.7", utc="")))
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    found = compared(str(path), *map(float, runs[-1]))
    return {metric.outcome for metric in found.metrics if metric.key == "tpot.mean"}


def test_at_what_is_allowed_as_few_runs_fail_as_is_stated(tmp_path: Path) -> None:
    """The new run is exactly 2 % slower: FAILED in at most 2.5 %, though the days' spread of 1 % is three
    times that of one day's repeats. 10 % slower is seen.
    """
    rng = np.random.default_rng(3)
    worse = sum(gate(rng, tmp_path / "h", factor=1.02) == {ComparisonResult.WORSE} for _ in range(400))
    assert worse <= stats.binom(400, 0.025).ppf(0.995), worse
    # what the same repeats say when they are taken for runs of their own, as one day's baseline does
    one_day = sum(_repeats_alone(rng) for _ in range(400))
    assert one_day >= 100, one_day
    seen = sum(gate(rng, tmp_path / "h", factor=1.10) == {ComparisonResult.WORSE} for _ in range(100))
    assert seen >= 90, seen


def _repeats_alone(rng: np.random.Generator) -> bool:
    days = np.exp(rng.normal(math.log(40.0), 0.01, 2))[:, None] * np.exp(rng.normal(0, 0.003, (2, 5)))
    change = unpaired([*(days[1] * 1.02)], [*days[0]])
    assert change is not None
    doubt = change.doubt(math.log(1.02), upward=True)
    return doubt is not None and doubt <= 0.025
