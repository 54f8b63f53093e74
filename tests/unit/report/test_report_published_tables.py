"""The three files of the published tables, key for key: from entries with the published figures come the
published files.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slabench.report.published_tables import ali_decode, ali_prefill, tencent, write_published_tables
from slabench.run_document.entry import Entry
from slabench.run_document.run import RunDocument
from tests.unit.report.samples import document, entry

DATA = Path(__file__).parents[2] / "data"
DECODE = json.loads((DATA / "server" / "seed_ali_decode.json").read_text())
PREFILL = json.loads((DATA / "report" / "seed_ali_prefill.json").read_text())
TENCENT = json.loads((DATA / "report" / "seed_tencent.json").read_text())
CONSOLE = {
    "classic.tpot.mean": 35.98,
    "classic.ttft.mean": 144639.27,
    "classic.input_throughput": 1346.12,
    "classic.output_throughput": 461.53,
    "classic.total_throughput": 1807.65,
    "classic.qpm": 22.8,
}


def decode_point(size: int, tpot: float, word: str = "PASSED") -> Entry:
    name = f"tests/ali/test_decode.py::test_decode_tpot[bs{size}]"
    return entry(
        name, word, method="ali-decode", point={"batch_size": size}, metrics={"classic.tpot.mean": tpot}
    )


def curve(word: str = "PASSED") -> Entry:
    rows = [
        {
            "running": int(running),
            "median": row["median"],
            "per_gpu": row["throughput_per_gpu"],
            "per_user": row["throughput_per_user"],
            "samples": row["gen_througput_samples"],
            "clean_samples": 1,
        }
        for running, row in DECODE[1].items()
    ]
    return entry(
        "tests/ali/test_decode_curve.py::test_decode_curve", word, method="ali-decode-curve", curve=rows
    )


def prefill_point(length: int, throughput: float, key: str = "classic.input_throughput_per_gpu") -> Entry:
    name = f"tests/ali/test_prefill.py::test_prefill_throughput[in{length}]"
    return entry(name, method="ali-prefill", point={"input_len": length}, metrics={key: throughput})


def whole_run() -> RunDocument:
    points = [decode_point(int(size), tpot) for size, tpot in DECODE[0].items()]
    lengths = [prefill_point(int(length), throughput) for length, throughput in PREFILL[0].items()]
    return document(*points, curve(), *lengths, entry(metrics=CONSOLE))


def test_decode_is_the_published_file() -> None:
    made = ali_decode(whole_run())
    assert made == DECODE
    assert made is not None
    assert [list(part) for part in made] == [list(part) for part in DECODE]
    # its spelling
    point = made[1]["8"]
    assert isinstance(point, dict) and list(point) == [
        "median",
        "throughput_per_gpu",
        "throughput_per_user",
        "gen_througput_samples",
    ]


def test_prefill_is_the_published_file() -> None:
    assert ali_prefill(whole_run()) == PREFILL


def test_tencent_is_the_published_final_metrics() -> None:
    made = tencent(whole_run())
    assert made == TENCENT
    assert made is not None
    assert list(made[0]) == list(TENCENT[0])
    assert isinstance(made[0]["QPM (req/min)"], float) and isinstance(made[0]["tpot (ms)"], str)


def test_metrics_are_rounded_as_the_tables_are() -> None:
    assert ali_decode(document(decode_point(1, 7.0649))) == [{"1": 7.06}, {}]
    assert ali_prefill(document(prefill_point(1024, 25574.9449))) == [{"1024": 25574.94}]


def test_what_could_not_be_judged_is_not_in_them() -> None:
    assert ali_decode(document(decode_point(1, 7.06, "INVALID"), decode_point(2, 9.37, "FAILED"))) == [
        {"2": 9.37},
        {},
    ]
    assert ali_decode(document(decode_point(1, 7.06, "INVALID"), curve("INVALID"))) is None
    assert tencent(document(entry(word="INVALID", metrics=CONSOLE))) is None
    assert tencent(document(entry(metrics={"classic.qpm": 1.0}))) is None
    assert ali_prefill(document(prefill_point(1024, 1.0, "classic.input_throughput"))) is None  # GPUs unknown


@pytest.mark.parametrize(
    ("run", "names"),
    [
        (whole_run(), ["ali_decode.json", "ali_prefill.json", "tencent.json"]),
        (document(), []),
        (document(curve()), ["ali_decode.json"]),
    ],
)
def test_only_files_with_metrics_are_written(run: RunDocument, names: list[str], tmp_path: Path) -> None:
    write_published_tables(run, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    if len(names) == 3:
        assert json.loads((tmp_path / "ali_decode.json").read_text()) == DECODE
