"""Infinity and NaN are in no JSON that is written: other readers refuse the whole file for one of them."""

from __future__ import annotations

import ast
import gzip
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from slabench.report.bench_serving_row import append_row
from slabench.report.document import RunFile, RunFolder
from slabench.report.published_tables import write_published_tables
from slabench.report.records_file import RecordsFile
from slabench.report.stored_runs import read_side
from slabench.session.reference import _row
from slabench.strict_json import dumps, finite
from slabench.verdict import baseline_file
from tests.unit.report.samples import document, entry

REPO = Path(__file__).resolve().parents[3]
ODD = {"a": math.inf, "b": [1.0, math.nan, -math.inf], "c": {"d": math.nan, "e": 2}, "f": 1}
METRICS = {
    "classic.completed": 8.0,
    "classic.tpot.mean": math.nan,
    "classic.total_throughput": math.inf,
    "tpot.mean": math.inf,
}


def strict(text: str) -> Any:
    """As a reader does that knows JSON alone."""

    def refused(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refused)


def test_what_is_not_finite_is_left_out() -> None:
    assert strict(dumps(ODD)) == finite(ODD) == {"b": [1.0, None, None], "c": {"e": 2}, "f": 1}
    assert dumps({"a": 1}, compact=True) == '{"a":1}' and dumps({"a": 1}, indent=1) == '{\n "a": 1\n}'


@pytest.mark.parametrize("rate", ["inf", 8.0])
def test_a_row_for_readers_of_bench_serving(tmp_path: Path, rate: object) -> None:
    """An infinite rate is "inf", as vllm bench writes it; bench_serving itself writes Infinity."""
    target = tmp_path / "rows.jsonl"
    test = entry(
        "t::x", metrics=METRICS, plan={"request_rate": rate}, workload={"dataset_name": "random-ids"}
    )
    append_row(
        target,
        test,
        {"mem_fraction_static": math.nan, "internal_states": [{"avg_spec_accept_length": math.inf}]},
    )
    row = strict(target.read_text())
    assert row["request_rate"] == rate and "mean_tpot_ms" not in row
    target.write_text(target.read_text().replace('"completed": 8', '"completed": 8, "mean_ttft_ms": 1.0'))
    assert read_side(str(target)).tests["t::x"].workload["request_rate"] == rate


def test_rows_of_the_other_client() -> None:
    assert strict(dumps(_row("t", {"request_rate": math.inf, "ttfts": [math.nan]}))) == {
        "test": "t",
        "request_rate": "inf",
        "ttfts": [None],
    }
    assert _row("t", {"request_rate": 8.0}) == {"test": "t", "request_rate": 8.0}


def test_run_json_records_baseline_and_tables(tmp_path: Path) -> None:
    run = RunFile(RunFolder.create(str(tmp_path)), environment=None, slabench="0")
    run.add_test(entry(metrics=METRICS, evidence=ODD))
    run.update(server=document(server={"info": ODD, "fingerprint": {"server": ODD}}).server)
    run.write()
    strict((run.folder.path / "run.json").read_text())
    baseline_file.save(str(tmp_path / "b.json"), {"fingerprint": {"server": ODD}})
    strict((tmp_path / "b.json").read_text())
    records = RecordsFile(tmp_path / "requests.jsonl.gz")
    records.append_row({"test": "t", "server": ODD, "arrival_ns": [1, 2]})
    records.close()
    assert strict(gzip.decompress((tmp_path / "requests.jsonl.gz").read_bytes()).decode())["arrival_ns"] == [
        1,
        2,
    ]
    metrics = dict.fromkeys(
        ("classic.tpot.mean", "classic.ttft.mean", "classic.input_throughput", "classic.qpm"), math.inf
    )
    metrics |= dict.fromkeys(("classic.output_throughput", "classic.total_throughput"), math.nan)
    write_published_tables(document(entry(metrics=metrics, workload={"input_len": 1})), tmp_path)
    for path in tmp_path.glob("*.json"):
        strict(path.read_text())


# Whatever writes outputs; what goes between our own processes stands elsewhere.
WRITERS = "report run_document cli verdict session plugin calibration".split()


def test_every_writer_is_strict() -> None:
    """A json.dump(s) of our own stands in strict_json alone, says allow_nan=False, or is a text that is
    hashed."""
    loose = []
    for path in (file for name in WRITERS for file in REPO.glob(f"slabench/{name}/*.py")):
        name = str(path.relative_to(REPO))
        if path.name == "resume.py":
            continue  # what it dumps it loads again: two values in the same form
        calls = [
            node
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call)
        ]
        for node in calls:
            if not re.fullmatch(r"json\.dumps?", ast.unparse(node.func)):
                continue
            says = {str(each.arg): ast.unparse(each.value) for each in node.keywords}
            if says.get("allow_nan") != "False" and "sort_keys" not in says:  # sorted: a text that is hashed
                loose.append(f"{name}:{node.lineno}")
    assert loose == []
