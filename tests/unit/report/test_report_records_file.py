"""requests.jsonl.gz: what is written is read back equal, and a file that breaks off gives everything before
the break.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from array import array
from dataclasses import fields
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from slabench.records import ErrorKind, RequestRecord
from slabench.report.records_file import RecordsFile, as_row, from_row, read_records, read_rows
from slabench.server.known_secrets import know

NS = st.integers(0, 2**62)
MAYBE = st.none() | NS


@st.composite
def records(draw: st.DrawFn) -> RequestRecord:
    arrivals = draw(st.lists(NS, max_size=8))
    tokens = draw(st.lists(st.integers(-1, 2**31), min_size=len(arrivals), max_size=len(arrivals)))
    return RequestRecord(
        index=draw(st.integers(0, 2**31)),
        input_len=draw(st.integers(0, 2**20)),
        output_len=draw(st.integers(0, 2**20)),
        due_ns=draw(NS),
        start_ns=draw(MAYBE),
        sent_ns=draw(MAYBE),
        arrival_ns=array("q", arrivals),
        arrival_tokens=array("q", tokens),
        first_text_ns=draw(MAYBE),
        end_ns=draw(MAYBE),
        events=len(arrivals),
        done=draw(st.booleans()),
        reused=draw(st.booleans()),
        status=draw(st.none() | st.integers(100, 599)),
        error=draw(st.none() | st.sampled_from(ErrorKind)),
        error_text=draw(st.text(max_size=20)),
        prompt_tokens=draw(st.none() | st.integers(0, 2**31)),
        completion_tokens=draw(st.none() | st.integers(0, 2**31)),
        cached_tokens=draw(st.none() | st.integers(0, 2**31)),
        finish_reason=draw(st.none() | st.text(max_size=8)),
        server=draw(
            st.dictionaries(st.text(max_size=8), st.floats(allow_nan=False, allow_infinity=False), max_size=3)
        ),
        request_id=draw(st.none() | st.text(max_size=8)),
        text=draw(st.none() | st.text(max_size=20)),
        out_of_order=draw(st.none() | st.integers(0, 2**31)),
        first_read_ns=draw(MAYBE),
        last_read_ns=draw(MAYBE),
    )


@given(records())
def test_every_field_survives_json(record: RequestRecord) -> None:
    row = json.loads(json.dumps(as_row("tests/x.py::test_y[1]", record), allow_nan=False))
    test_id, read = from_row(row)
    assert test_id == "tests/x.py::test_y[1]"
    assert read == record
    assert type(read.error) is type(record.error)
    assert isinstance(read.arrival_ns, array)
    assert set(row) - {"test"} <= {field.name for field in fields(RequestRecord)}


def test_arrivals_are_differences_from_zero() -> None:
    record = RequestRecord(
        0, 8, 3, due_ns=5, arrival_ns=array("q", [1000, 1007, 1019]), arrival_tokens=array("q", [1, 2, 4])
    )
    row = as_row("t", record)
    assert (row["arrival_ns"], row["arrival_tokens"]) == ([1000, 7, 12], [1, 1, 2])
    assert "error" not in row and "text" not in row  # what did not happen takes no room


@settings(max_examples=20)
@given(st.lists(st.tuples(st.text(max_size=12), records()), max_size=6), st.integers(0, 6))
def test_a_file_is_read_back_whole_whoever_appended(
    rows: list[tuple[str, RequestRecord]], split: int
) -> None:
    """Two sessions on one file make two gzip members."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "requests.jsonl.gz"
        for part in (rows[:split], rows[split:]):
            file = RecordsFile(path)
            for test_id, record in part:
                file.append(test_id, record)
            file.close()
        assert list(read_records(path)) == rows
        with gzip.open(path, "rt", encoding="utf-8") as text:
            assert len(text.readlines()) == len(rows)


def written(path: Path, count: int) -> list[tuple[str, RequestRecord]]:
    rows = [
        (f"test[{k}]", RequestRecord(k, 8, 3, due_ns=k * 977, error_text=f"{k * 7919 % 1000:x}"))
        for k in range(count)
    ]
    file = RecordsFile(path)
    for k, (test_id, record) in enumerate(rows):
        file.append(test_id, record)
        if k == count // 2:
            file.flush()
    file.close()
    return rows


def test_a_file_cut_anywhere_gives_a_beginning_of_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl.gz"
    rows = written(path, 40)
    whole = path.read_bytes()
    lengths = []
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        read = list(read_records(path))
        assert read == rows[: len(read)], size
        lengths.append(len(read))
    assert lengths == sorted(lengths)
    assert lengths[0] == 0 and lengths[-1] == 40  # only gzip's trailer is missing then


def test_damage_in_the_middle_keeps_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl.gz"
    rows = written(path, 400)
    whole = bytearray(path.read_bytes())
    middle = len(whole) * 3 // 4
    whole[middle : middle + 40] = b"\xff" * 40
    path.write_bytes(bytes(whole))
    read = list(read_records(path))
    assert 201 <= len(read) < 400
    assert read[:201] == rows[:201]


def test_a_line_that_is_no_json_ends_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl.gz"
    rows = written(path, 3)
    with gzip.open(path, "ab") as file:
        file.write(b"{\xff\n")
    assert list(read_records(path)) == rows


def test_what_was_flushed_is_there_while_the_file_is_open(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl.gz"
    file = RecordsFile(path)
    record = RequestRecord(0, 8, 3, due_ns=1)
    file.append("test", record)
    assert list(read_records(path)) == []
    file.flush()
    assert list(read_records(path)) == [("test", record)]
    file.close()


def test_repeats_and_sides_are_in_the_row_and_a_test_s_only_load_is_as_before(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl.gz"
    file = RecordsFile(path)
    record = RequestRecord(0, 8, 4, 100)
    file.append("t", record)
    file.append("t", record, "baseline", 2)
    file.close()
    first, second = read_rows(path)
    assert "side" not in first and "repeat" not in first
    assert (second["side"], second["repeat"]) == ("baseline", 2)
    assert list(read_records(path)) == [("t", record), ("t", record)]


def test_no_row_shows_what_is_known_as_a_secret() -> None:
    """Whatever a server wrote into a field: as a text, and as a name or a value of several."""
    key = "sk-Planted9Zq7xTe5bNmW2"
    know(key)
    texts = {
        "error_text": key,
        "finish_reason": key,
        "request_id": key,
        "text": f"a {key}",
        "first_piece": key,
    }
    record = RequestRecord(0, 1, 1, 0, server={key: 1.0}, origin={"header server": key, key: "x"}, **texts)
    row = as_row("test", record)
    assert key not in json.dumps(row)
    assert all(row[name].endswith("***") for name in texts)
    assert (row["server"], row["origin"]) == ({"***": 1.0}, {"header server": "***", "***": "x"})
