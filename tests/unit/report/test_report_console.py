"""The console: bench_serving's block byte for byte, and our lines beside it."""

from __future__ import annotations

from pathlib import Path

from slabench.report.bench_serving_block import bench_serving_block
from slabench.report.console import curve_table, decode_line, details, summary_table, test_block
from slabench.report.run_facts import run_facts
from slabench.report.text_table import table
from tests.unit.report.samples import CURVE_ROW, document, entry

# The block that sglang 0.5.7 printed for the published run with 128 prompts.
PUBLISHED = Path(__file__).parents[2] / "data" / "report" / "seed_tencent_block.txt"
METRICS = {
    "classic.completed": 128,
    "classic.duration": 332.81,
    "classic.total_input": 448000,
    "classic.total_output": 153600,
    "classic.total_output_retokenized": 153232,
    "classic.request_throughput": 0.3846,
    "classic.input_throughput": 1346.12,
    "classic.output_throughput": 461.53,
    "classic.max_output_tokens_per_s": 585,
    "classic.max_concurrent_requests": 128,
    "classic.total_throughput": 1807.65,
    "classic.concurrency": 72.22,
    "classic.e2el.mean": 187775.43,
    "classic.e2el.median": 187361.54,
    "classic.ttft.mean": 144639.27,
    "classic.ttft.median": 151860.76,
    "classic.ttft.p99": 302543.20,
    "classic.tpot.mean": 35.98,
    "classic.tpot.median": 28.90,
    "classic.tpot.p99": 216.36,
    "classic.itl.mean": 35.98,
    "classic.itl.median": 27.18,
    "classic.itl.p95": 28.74,
    "classic.itl.p99": 29.52,
    "classic.itl.max": 272786.87,
}
PLAN = {"count": 128, "request_rate": 128.0, "max_concurrency": 128}


def test_the_block_is_the_published_one_byte_for_byte() -> None:
    assert bench_serving_block(PLAN, METRICS) + "\n" == PUBLISHED.read_text()


def test_an_undefined_metric_is_na_and_no_zero() -> None:
    """bench_serving prints 0.00 for the TPOT of one-token answers."""
    block = bench_serving_block({"request_rate": "inf", "max_concurrency": None}, {"classic.completed": 3})
    assert "Mean TPOT (ms):                          n/a       \n" in block
    assert "Traffic request rate:                    inf       \n" in block
    assert "Max request concurrency:                 not set   \n" in block
    assert "0.00" not in block


def test_a_table_aligns() -> None:
    assert (
        table(("word", "n"), [("PASSED", "1"), ("x", "1,234")], left=(0,))
        == "word        n\nPASSED      1\nx       1,234"
    )
    assert table(("n", "last"), [("1", "a"), ("22", "bbbbbb")], left=(1,)) == " n  last\n 1  a\n22  bbbbbb"


def test_the_summary() -> None:
    tests = (
        entry(
            metrics={
                "tpot.mean": 35.98,
                "ttft.mean": 144639.27,
                "output_throughput": 461.5,
                "total_throughput": 1807.65,
                "qpm": 23.0766,
            },
            checks=[
                {"name": name, "state": state, "text": "", "remedy": ""}
                for name, state in (
                    ("stall", "finding"),
                    ("flush", "ok"),
                    ("retraction", "finding"),
                    ("graph", "not_checked"),
                )
            ],
        ),
        entry("tests/tencent/test_sla.py::test_sla[np256]", "FAILED"),
    )
    data = document(
        *tests, word="FAILED", labels=["REDUCED"], not_run=["tests/tencent/test_sla.py::test_sla[np512]"]
    )
    assert summary_table(data).splitlines() == [
        "verdict  test                          TPOT ms  TTFT ms  output tok/s  total tok/s    QPM  metrics",
        "PASSED   test_sla.py::test_sla[np128]    35.98  144,639        461.50        1,808  23.08  "
        "total 1,808 tok/s, TPOT 35.98 ms",
        "FAILED   test_sla.py::test_sla[np256]      n/a      n/a           n/a          n/a    n/a  n/a",
        "The blocks above have bench_serving's definitions, this table slabench's own (docs/metrics.md).",
        "Planned and not run: test_sla.py::test_sla[np512].",
        f"FAILED test_sla.py::test_sla[np256]: {tests[1].headline}",
        "PASSED with findings, listed above: test_sla.py::test_sla[np128] (stall, retraction).",
        "This run is REDUCED.",
        "Verdict of the run: FAILED",
    ]


def test_a_table_of_another_client_s_figures_is_not_called_slabench_s_own() -> None:
    table = summary_table(
        document(entry("tests/tencent/test_sla.py::test_sla[np8]", metrics={"classic.tpot.mean": 5.64}))
    )
    assert "5.64 (classic)" in table and "slabench's own" not in table


def test_the_line_of_a_batch_size_leaves_out_the_views_that_are_missing() -> None:
    full = {"tpot.mean": 8.0, "full_batch.tpot": 7.5, "full_batch.share": 0.5}
    assert decode_line(full) == "  TPOT: mean 8.00 ms; full batch 7.50 ms, 50 % of the run"
    log = {"tpot.mean": 8.0, "log.tpot": 7.6, "log.samples": 3}
    assert decode_line(log) == "  TPOT: mean 8.00 ms; deploy log 7.60 ms, 3 clean lines"


def test_everything_about_a_test_stands_below_it() -> None:
    invalid = entry(
        word="INVALID",
        headline="completed: 3 of 128 requests failed.",
        labels=["REDUCED: input_len 64 instead of 3500"],
        objectives=[
            {"holds": True, "text": "first"},
            {"holds": False, "text": "qpm 20.00 req/min < 22 req/min (-9 %)"},
        ],
        checks=[
            {
                "name": "completed",
                "state": "invalid",
                "text": "3 of 128 requests failed.",
                "remedy": "See the errors.",
            },
            {"name": "gaps", "state": "finding", "text": "A pause of 272.8 s.", "remedy": ""},
            {"name": "lengths", "state": "ok", "text": "All 1200.", "remedy": ""},
            {
                "name": "cache",
                "state": "not_checked",
                "text": "The server does not report it.",
                "remedy": "Use --enable-cache-report.",
            },
        ],
        comparison={"differences": ["hardware.gpu: 'H200', 'H20' in the baseline"]},
        advice=["TPOT has room."],
        server={"notes": ["1 of 1 warm-up requests failed."]},
    )
    assert details(invalid) == [
        "REDUCED: input_len 64 instead of 3500",
        "ok: first",
        "no: qpm 20.00 req/min < 22 req/min (-9 %)",
        "finding gaps: A pause of 272.8 s.",
        "not checked cache: The server does not report it. Use --enable-cache-report.",
        "differs from the baseline: hardware.gpu: 'H200', 'H20' in the baseline",
        "TPOT has room.",
        "note: 1 of 1 warm-up request failed.",
    ]
    assert (
        test_block(invalid).splitlines()[0]
        == f"INVALID {invalid.id}: completed: 3 of 128 requests failed. See the errors."
    )


def test_the_curve_as_the_published_table_has_it() -> None:
    clean = {
        "clean_samples": 400,
        "clean_median": 141.7,
        "clean_q1": 141.0,
        "clean_q3": 142.0,
        "clean_tpot_ms": 7.057,
    }
    rows = [
        {"running": 1, "samples": 419, "median": 141.67, "per_gpu": 141.67, "per_user": 141.67} | clean,
        {
            "running": 2,
            "samples": 186,
            "median": 215.565,
            "per_gpu": 107.7825,
            "per_user": 107.7825,
            "baseline": 210.0,
        },
    ]
    entries = entry(method="ali-decode-curve", curve=[CURVE_ROW | row for row in rows]).curve
    assert entries is not None
    assert curve_table(entries) == (
        "running  samples  median tok/s  per GPU  per user  clean  clean tok/s      quartiles  clean TPOT ms "
        " baseline\n      1      419        141.67   141.67    141.67    400       141.70  141.00-142.00     "
        "      7.06       n/a\n      2      186        215.56   107.78    107.78      0          n/a         "
        "   n/a            n/a    210.00"
    )


def test_facts() -> None:
    workload = {"num_prompts": 8, "dataset_name": "random", "dataset": "sharegpt.json", "prompt_form": "text"}
    server = {
        "version": "0.5.12",
        "model_path": "/m",
        "reference": False,
        "gpus": {"decode": None, "source": ""},
    }
    assert run_facts(document(entry(workload=workload), labels=["SIMULATED", "REDUCED"], server=server)) == [
        "This run is SIMULATED, REDUCED.",
        "Prompts: random from sharegpt.json, sent as text.",
        "Server: sglang 0.5.12, /m, number of GPUs not known, so there is no metric per GPU.",
        "This is not the reference environment, sglang 0.5.7, which the published tables are of.",
    ]
    ids = {"num_prompts": 8, "dataset_name": "random-ids", "prompt_form": "ids"}
    assert run_facts(document(entry(workload=ids))) == ["Prompts: random-ids, sent as ids, no data set."]
    assert run_facts(document(unreachable="It is down.")) == ["No test was tried: It is down."]


def test_several_servers_are_called_alike_by_what_they_report_and_not_by_their_speed():
    """Two of 10 and 45 ms a token were "of the same kind"."""
    urls = ["http://h:1", "http://h:2"]
    (sentence,) = run_facts(document(servers=urls))
    assert sentence == (
        "Tests were spread over 2 servers that report the same version, arguments, hardware and model "
        "(their speed was not compared): http://h:1, http://h:2."
    )
    assert run_facts(document(servers=urls, servers_alike="both report random_seed 7"))[1:] == [
        "They may be one process: both report random_seed 7, and nothing shows that they are several."
    ]


def test_the_accept_length_stands_among_a_tests_details() -> None:
    """summary.md, report.html and junit.xml have these lines, and not the block."""
    line = "accept length 3.55 tokens a step and request (speculative decoding)"
    assert line in details(entry("a", metrics={"accept_length": 3.55}))
    assert not any("accept" in line for line in details(entry("a")))
