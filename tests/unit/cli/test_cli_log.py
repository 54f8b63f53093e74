"""`python -m slabench log`: the published way's arithmetic over real logs, by an oracle of its own."""

import csv
import gzip
import io
import json
import re
import statistics
from pathlib import Path

import pytest

from slabench.cli.log import read
from slabench.cli.main import main
from slabench.server.log.start import gpus as started

DATA = Path(__file__).resolve().parents[2] / "data" / "server"
CPU = DATA / "real-0.5.7-cpu-tiny-qwen3.log.gz"
H200 = DATA / "real-0.5.12-h200-qwen3-30b-a3b-dummy.log.gz"


@pytest.mark.parametrize("path", [CPU, H200])
def test_classic_is_the_published_script_s_table(path):
    """Every line that matches one expression, grouped, the median: nothing of the parser is in it."""
    groups = {}
    for running, throughput in re.findall(
        rb"#running-req: (\d+).*gen throughput \(token/s\): ([\d.]+)", gzip.decompress(path.read_bytes())
    ):
        groups.setdefault(int(running), []).append(float(throughput))
    rows = {row["running"]: row for row in read([str(path)], 4)["curve"]}
    assert rows.keys() == groups.keys()
    for running, values in groups.items():
        row, median = rows[running], statistics.median(values)
        assert (row["samples"], row["median"], row["per_gpu"], row["per_user"]) == (
            len(values),
            median,
            median / 4,
            median / running,
        )


def test_clean_by_hand_on_the_h200_log():
    """Decode lines after a Decode line of the same size, with no prefill and no flush between."""
    kept = {}
    before = None
    for line in gzip.decompress(H200.read_bytes()).splitlines():
        match = re.search(rb"Decode batch, #running-req: (\d+).*gen throughput \(token/s\): ([\d.]+)", line)
        if match is not None:
            if before == match[1]:
                kept.setdefault(int(match[1]), []).append(float(match[2]))
            before = match[1]
        elif b"Prefill batch" in line or b"Cache flushed" in line:
            before = None
    rows = {row["running"]: row for row in read([str(H200)])["curve"]}
    for running, values in kept.items():
        assert (rows[running]["clean_samples"], rows[running]["clean_median"]) == (
            len(values),
            statistics.median(values),
        )
        assert rows[running]["clean_tpot_ms"] == pytest.approx(1000 * running / statistics.median(values))


def test_text_json_and_csv_say_the_same(capsys):
    assert main(["log", str(H200)]) == 0
    text = capsys.readouterr().out
    assert main(["log", "--json", str(H200)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert main(["log", "--csv", str(H200)]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert (
        [int(row["running"]) for row in rows] == [row["running"] for row in document["curve"]] == [1, 8, 32]
    )
    assert [float(row["clean_median"]) for row in rows] == [row["clean_median"] for row in document["curve"]]
    for row in document["curve"]:
        assert f"{row['median']:.2f}" in text
    assert "rejected: none" in text
    assert document["files"][0]["events"]["flushed"] == 6


PREFILL = (
    "[2026-01-01 10:00:00] Prefill batch, #new-seq: 1, #new-token: 4096, #cached-token: 0, token usage: "
    "0.02, #running-req: 0, #queue-req: 0"
)
DECODE = "Decode batch, #running-req: 8, #token: 900, gen throughput (token/s): 410.55, #queue-req: 3"
FLUSHED = "[2026-01-01 10:00:00] Cache flushed successfully!"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "have no line of an SGLang server: see that they are a server's own output."),
        ("# A README\n", "have no line of an SGLang server"),
        (
            f"{PREFILL}\n{PREFILL}\n",
            "have 2 Prefill lines and no Decode line: is this the log of a prefill node?",
        ),
        (f"{FLUSHED}\n", "are a server's, and have no batch line"),
        (f"[2026-01-01 10:00:00] {DECODE[:60]}\n", "1 batch line had to be left out"),
    ],
)
def test_a_log_without_decode_lines_is_6_and_says_why(text, words, tmp_path, capsys):
    (tmp_path / "log").write_text(text)
    assert main(["log", str(tmp_path / "log")]) == 6
    printed = capsys.readouterr()
    assert words in printed.err
    assert "scheduler" not in printed.out  # there is no Decode line
    assert read([str(tmp_path / "log")])["schedulers"] is None


START = (
    "[2026-01-01 10:00:00] server_args=ServerArgs(tp_size={}, pp_size=1, dp_size={}, "
    "enable_dp_attention=True)\n"
)


@pytest.mark.parametrize(
    ("start", "ranks", "options", "words"),
    [
        ("", (), (), "1 scheduler; the number of GPUs is unknown"),
        ("", (), ("--decode-gpu-num=2",), "1 scheduler; one line is of 2 GPUs."),
        ("", (0, 1), ("--decode-gpu-num=2",), "2 schedulers; one line is of 1 GPU."),
        (
            "",
            (3,),
            (),
            "Decode lines of 1 scheduler (DP3); by its number there are 4 or more; the number of GPUs is "
            "unknown",
        ),
        (
            "",
            (1, 3),
            ("--decode-gpu-num=8",),
            "2 schedulers (DP1, DP3); by its number there are 4 or more; one line is of 2 GPUs if",
        ),
        (
            START.format(8, 8),
            (3,),
            (),
            "Decode lines of 1 scheduler (DP3) of 8 that the log's start reports; one line is of 1 GPU.",
        ),
        (START.format(4, 2), (0, 1), (), "2 schedulers; one line is of 2 GPUs."),
    ],
)
def test_schedulers_that_speak_and_that_there_are(start, ranks, options, words, tmp_path, capsys):
    lines = [f"[2026-01-01 10:00:01 DP{rank} TP{rank}] {DECODE}\n" for rank in ranks] or [
        f"[2026-01-01 10:00:01] {DECODE}\n"
    ]
    (tmp_path / "log").write_text(start + "".join(lines))
    assert main(["log", str(tmp_path / "log"), *options]) == 0
    assert words in capsys.readouterr().out
    assert read([str(tmp_path / "log")])["schedulers_seen"] == list(ranks)


def test_usage_errors_are_4(tmp_path, capsys):
    assert main(["log", str(tmp_path / "none")]) == 4
    printed = capsys.readouterr().err
    assert (
        "cannot be read (No such file or directory). Give the file that a server's output went to." in printed
    )
    assert "--deploy-log" not in printed  # which this command does not have
    assert main(["log", str(CPU), "--decode-gpu-num=0"]) == 4
    assert main(["log", str(CPU), "--decode-gpu-num=x"]) == 4
    assert "it is not a whole number" in capsys.readouterr().err


def test_rejected_lines_are_shown(tmp_path, capsys):
    batch = "Decode batch, #running-req: 8, #token: 900, gen throughput (token/s): 410.55, #queue-req: 3"
    line = f"[2026-01-01 10:00:00] {batch}"
    (tmp_path / "log").write_text(f"{line}\n{line[:60]}\n")
    assert main(["log", str(tmp_path / "log")]) == 0
    out = capsys.readouterr().out
    assert "rejected: 1 cut" in out
    assert f"rejected: {line[:60]}" in out


@pytest.mark.parametrize(
    ("sizes", "gpus"),
    [
        ({}, None),
        ({"tp_size": 8.0}, 8),
        ({"tp_size": 8.0, "pp_size": 2.0}, 16),
        ({"tp_size": 8.0, "dp_size": 2.0, "enable_dp_attention": 0.0}, 16),
        ({"tp_size": 16.0, "dp_size": 16.0, "enable_dp_attention": 1.0, "nnodes": 2.0}, 16),
    ],
)
def test_gpus_by_the_start_of_the_log(sizes, gpus):
    assert started(sizes) == gpus


def test_a_contradiction_is_said(tmp_path):
    start = (
        "[2026-01-01 10:00:00] server_args=ServerArgs(tp_size=8, pp_size=1, dp_size=1, "
        "enable_dp_attention=False)\n"
    )
    (tmp_path / "log").write_text(start)
    report = read([str(tmp_path / "log")], 4)
    assert report["warnings"] == ["--decode-gpu-num says 4 GPUs, the start of the server in the log 8."]
    assert report["gpus_per_line"] == 4
    assert read([str(tmp_path / "log")])["gpus_per_line"] == 8
