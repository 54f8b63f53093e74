"""/v1 with the sum at the end alone, as through SGLang's own gateway:

TPOT within bounds, judged where both ends agree.
"""

from __future__ import annotations

import pytest

from tests.integration.conftest import Suite

AT_THE_END = ("tests/serving", "--base-url=sim:demo?fault=uncounted", "--vocab-size=1000")


@pytest.mark.parametrize("backend", ["sglang-oai", "sglang-oai-chat"])
def test_totals_classic_figures_and_both_bounds_are_shown(suite: Suite, backend: str) -> None:
    done = suite(*AT_THE_END, f"--backend={backend}", "--slo=tpot.mean<=50")
    assert done.status == 0, done.output
    (entry,) = done.run["tests"]
    figures = entry["metrics"]
    assert figures["output_tokens"] == 6 * 12
    assert "tpot.mean" not in figures
    assert figures["tpot_low.mean"] <= figures["tpot_high.mean"] == pytest.approx(5.3, rel=0.5)
    assert figures["classic.tpot.mean"] == pytest.approx(figures["tpot_low.mean"], rel=0.2)
    assert (figures["classic.total_output"], figures["classic.completed"]) == (72, 6)
    assert "TPOT_BOUNDED" in entry["reasons"]
    assert "Total generated tokens:                  72" in done.output
    assert done.folder is not None
    for name in ("summary.md", "report.html", "junit.xml", "run.json"):
        assert "TPOT_BOUNDED" in (done.folder / name).read_text(), name
    assert "TPOT_BOUNDED" in done.output


def test_a_limit_below_both_bounds_is_not_held(suite: Suite) -> None:
    done = suite(*AT_THE_END, "--backend=sglang-oai", "--slo=tpot.mean<=0.5")
    assert done.status == 1, done.output
    (entry,) = done.run["tests"]
    assert entry["headline"].endswith("n=6, TPOT_BOUNDED)")


def test_a_tpot_within_bounds_is_not_compared(suite: Suite) -> None:
    file = suite.folder / "base.json"
    first = suite(
        "tests/serving",
        "--base-url=sim:",
        "--backend=sglang-oai",
        "--vocab-size=1000",
        f"--save-baseline={file}",
    )
    assert first.status == 0, first.output
    done = suite(*AT_THE_END, "--backend=sglang-oai", f"--baseline={file}", "--tolerance=90")
    assert done.status == 6, done.output
    assert "NOT_COMPARABLE: this run has no tpot.mean" in done.output
    assert "TPOT_BOUNDED: " in done.output
