"""A metric's name in another client, or misspelled: the hint names ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from slabench.errors import ConfigError
from slabench.verdict.metric_names import meant
from slabench.verdict.sla import parse

DOC = Path(__file__).resolve().parents[3] / "docs" / "metrics.md"
_NAME = re.compile(r"[a-z][a-z0-9_.]*")


def others_names() -> list[tuple[str, str]]:
    """(ours, another client's) of the names table of docs/metrics.md."""
    table = DOC.read_text(encoding="utf-8").partition("## What others call it")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if "`" in line
    ]
    return [
        (cells[0].strip("`"), match[0])
        for cells in rows
        for cell in cells[1:]
        if (match := _NAME.match(cell))
    ]


def test_every_name_of_the_table_leads_to_ours() -> None:
    names = others_names()
    assert len(names) > 40
    assert not [
        (ours, name, meant(name))
        for ours, name in names
        if not any(key == ours or key.startswith(f"{ours}.") for key in meant(name))
    ]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("mean_ttft_ms<=2000", "Did you mean ttft.mean?"),
        ("p99_tpot_ms<=80", "Did you mean tpot.p99?"),
        ("median_itl_ms<=80", "Did you mean itl.p50?"),
        ("throughput>=1000", "Did you mean total_throughput or output_throughput or request_throughput?"),
        ("goodput>=0.9", "Did you mean goodput.share or goodput.request_throughput?"),
        ("inter_token_latency<=50", "Did you mean tpot.mean or itl.mean?"),
        ("tpto.p99<=50", "Did you mean tpot.p99?"),
        ("TPOT<=50", "Did you mean tpot.mean?"),
        ("tpot.avg<=50", "it has mean, p50"),
        ("ttft.mean<=2s", "(2000, not 2s)"),
        ("ttft:2000", "--goodput=ttft:2000"),
    ],
)
def test_an_objective_in_another_form_gets_a_hint(text: str, hint: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse(text)
    assert hint in str(raised.value)


def test_what_is_near_nothing_gets_none() -> None:
    assert meant("zzzz") == ()
