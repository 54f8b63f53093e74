"""Logs as files: whole, in parts, growing, rotated, packed; several of them as one deployment."""

import functools
import gzip
import os
import random
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slabench.errors import ConfigError
from slabench.records import LogSpan
from slabench.server.log.line_types import DecodeLine, Event, EventKind, PrefillLine, Reason, Rejected
from slabench.server.log.log_window import mark, spans
from slabench.server.log.merge import Merged, Since, samples
from slabench.server.log.reader import LogReader, read_blocks
from tests.unit.factories import (
    decode_line,
    message_line,
    parse_line,
    prefill_line,
    read_lines,
    rejected,
    write_text,
)

DATA = Path(__file__).resolve().parents[2] / "data" / "server"
CPU = DATA / "real-0.5.7-cpu-tiny-qwen3.log.gz"
H200 = DATA / "real-0.5.12-h200-qwen3-30b-a3b-dummy.log.gz"

decode = functools.partial(decode_line, tail=", ")  # as 0.5.4 to 0.5.8 end it


# Counted in the unpacked files with grep -c, sort and uniq: lines, decode, prefill, flushed, refused.
@pytest.mark.parametrize(("path", "counted"), [(CPU, (2617, 2030, 120, 15, 2)), (H200, (831, 77, 190, 6, 0))])
def test_the_real_logs_parse_whole(path, counted):
    reader = LogReader()
    lines = [line for block in read_blocks(str(path), reader) for line in block]
    c = reader.counts
    assert (
        c.lines,
        c.decode,
        c.prefill,
        c.events[EventKind.FLUSHED],
        c.events[EventKind.FLUSH_REFUSED],
    ) == counted
    assert rejected(c) == 0
    assert sum(isinstance(line, DecodeLine) for line in lines) == counted[1]
    for kind in (EventKind.START, EventKind.CAPACITY, EventKind.READY, EventKind.STOP):
        assert c.events[kind] == 1
    # the same numbers by one blunt expression over the text
    text = gzip.decompress(path.read_bytes())
    blunt = re.findall(rb"Decode batch, #running-req: (\d+).*gen throughput \(token/s\): ([\d.]+)", text)
    assert [(d.running, d.gen_throughput) for d in lines if isinstance(d, DecodeLine)] == [
        (int(a), float(b)) for a, b in blunt
    ]


@pytest.mark.parametrize("path", [CPU, H200])
@pytest.mark.parametrize("size", [1, 7, 1000, 1 << 20])
def test_blocks_of_any_size_give_the_same(path, size):
    data = gzip.decompress(path.read_bytes())[-30000 if size < 100 else 0 :]
    reader = LogReader()
    values = [
        line for i in range(0, len(data), size) for line in reader.feed(data[i : i + size])
    ] + reader.finish()
    alone = [parsed for line in data.splitlines() if (parsed := parse_line(line)) is not None]
    assert values == alone


def test_fast_and_careful_reading_agree_on_every_known_line():
    for path in DATA.glob("r*.log"):
        rows = path.read_bytes().splitlines(keepends=True)[1:]
        reader = LogReader()
        values = reader.feed(b"".join(rows * 3))
        assert repr(unnamed(values)) == repr([parse_line(row) for row in rows] * 3)


def unnamed(lines):
    """Without the writer, which the reader alone tells: these files hold lines of several versions."""
    return [
        line if isinstance(line, Rejected) else line._replace(rank=line.rank._replace(writer=""))
        for line in lines
    ]


def test_a_known_shape_says_what_the_careful_reader_says_of_any_digits():
    """Every known line with its digits drawn anew: the fast lane has seen its shape, the careful reader has
    not.
    """
    dice, learned, rows = random.Random(7), 0, 0
    for path in DATA.glob("r*.log*"):
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for row in [row for row in text.splitlines(keepends=True)[1:] if b" batch" in row][:300]:
            # the date stays one: there are 12 months
            fresh = row[:20] + re.sub(rb"\d", lambda _: b"%d" % dice.randrange(10), row[20:])
            fresh = re.sub(
                rb":\d\d([.\] ])", rb":07\1", re.sub(rb" \d\d:\d\d:", b" 11:22:", fresh, count=1), count=1
            )
            reader = LogReader()
            reader.feed(row)
            assert repr(reader.feed(fresh)) == repr([parse_line(fresh)])
            learned, rows = learned + bool(reader._lanes), rows + 1
    assert learned > 0.95 * rows > 300


@pytest.mark.parametrize("date", ["2026-13-01", "2026-00-10"])
def test_a_line_of_a_known_shape_without_a_date_is_rejected(date):
    values = LogReader().feed((decode(8, 100.0) * 3 + decode(8, 100.0).replace("2026-11-01", date)).encode())
    assert [type(line) for line in values] == [DecodeLine] * 3 + [Rejected]
    assert values[-1].reason is Reason.PREFIX


pieces = st.lists(
    st.one_of(
        st.builds(
            decode, st.integers(0, 300), st.floats(0, 9e4), tags=st.sampled_from(["", " TP0", " DP1 TP1"])
        ),
        st.just(prefill_line()),
        st.just(decode(8, 100.0).replace("100.00", "nan")),
        st.just(decode(8, 100.0)[:-40]),
        st.just(decode(8, 100.0)[:-3]),
        st.just(message_line("Cache flushed successfully!")),
        st.just("[2026-11-01 10:00:00] INFO:     127.0.0.1:1 - GET /x?a=1 200 OK\r\n"),
        st.text(max_size=20),
    ),
    max_size=12,
)


@given(pieces, st.integers(1, 400))
def test_reader_never_says_more_than_the_careful_parser(parts, size):
    data = "".join(parts).encode()
    reader = LogReader()
    values = [line for i in range(0, len(data), size) for line in reader.feed(data[i : i + size])]
    # As the reader cuts a file: a progress bar's "\r" begins a line too, and a log that was cut while written
    # to holds NULs.
    lines = re.split(rb"[\r\n]", data.replace(b"\0", b""))[:-1]
    alone = [p for line in lines if (p := parse_line(line)) is not None]
    good = [repr(line) for line in values if not isinstance(line, Rejected)]
    # The reader may reject more (it knows the file's shapes), and must give the rest in the same order.
    rest = iter(repr(line) for line in alone)
    assert all(line in rest for line in good)
    assert len(alone) - len(good) <= rejected(reader.counts) + sum(isinstance(p, Rejected) for p in alone)


def test_a_line_without_the_comma_of_the_others_was_cut():
    reader = LogReader()
    values = reader.feed(
        (decode(8, 100.0, queue=12) + decode(8, 100.0, queue=1, tail="") + prefill_line()).encode()
    )
    assert [type(line) for line in values] == [DecodeLine, Rejected, PrefillLine]
    assert reader.counts.rejected == {Reason.CUT: 1}
    assert reader.counts.examples[Reason.CUT][0].endswith(b"#queue-req: 1")


def test_a_line_that_is_the_beginning_of_a_known_shape_was_cut():
    longer = prefill_line().replace(
        ", \n", ", #pending-token: 9, cuda graph: True, input throughput (token/s): 10.00\n"
    )
    shorter = prefill_line().replace(", \n", "\n")
    assert [type(x) for x in LogReader().feed((longer + shorter).encode())] == [PrefillLine, Rejected]
    restart = message_line("server_args=ServerArgs(x=1)")
    assert [type(x) for x in LogReader().feed((longer + restart + shorter).encode())] == [
        PrefillLine,
        Event,
        PrefillLine,
    ]


def test_the_end_of_a_file_in_the_middle_of_a_line():
    reader = LogReader()
    assert len(reader.feed(decode(8, 100.0).encode() + decode(9, 100.0)[:-1].encode())) == 1
    assert [r.reason for r in reader.finish()] == [Reason.UNTERMINATED]


def test_a_line_without_an_end_costs_bounded_memory():
    reader = LogReader()
    for _ in range(64):
        reader.feed(b"text='Decode batch, " + b"x" * (1 << 18))
        assert len(reader._tail) <= (1 << 20) + (1 << 19)
    values = reader.feed(b"\n" + decode(8, 100.0).encode())
    assert [type(line) for line in values] == [DecodeLine]
    assert reader.counts.rejected[Reason.TOO_LONG] == 1


@pytest.mark.parametrize("packed", [False, True])
def test_a_part_of_a_file_owns_the_lines_that_begin_in_it(tmp_path, packed):
    lines = [decode(n, 100.0 + n) for n in range(1, 9)]
    data = "".join(lines).encode()
    path = tmp_path / "log"
    path.write_bytes(gzip.compress(data) if packed else data)
    starts = [sum(map(len, lines[:n])) for n in range(9)]
    for begin in (0, 1, starts[2], starts[2] - 1, starts[2] + 1, starts[8]):
        for end in (starts[5], starts[5] - 1, starts[5] + 1, starts[8]):
            owned = [n + 1 for n in range(8) if begin <= starts[n] < end]
            assert [line.running for line in read_lines(str(path), begin, end)] == owned, (begin, end)


def test_a_log_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        list(read_lines(str(tmp_path / "none")))
    (tmp_path / "half.gz").write_bytes(CPU.read_bytes()[:5000])
    with pytest.raises(ConfigError, match="Is the file whole"):
        list(read_lines(str(tmp_path / "half.gz")))


# -- spans


def test_spans_are_what_was_written_between(tmp_path):
    first, second = tmp_path / "a.log", tmp_path / "b.log"
    first.write_text("x" * 10)
    second.write_text("")
    marks = mark([str(first), str(second)])
    with first.open("a") as file:
        file.write("y" * 5)
    assert spans(marks) == ((LogSpan(str(first), 10, 15), LogSpan(str(second), 0, 0)), ())


def test_spans_of_a_rotated_a_cut_and_a_vanished_log(tmp_path):
    path = tmp_path / "a.log"
    path.write_text("x" * 10)
    marks = mark([str(path)])
    path.rename(tmp_path / "a.log.1")
    with (tmp_path / "a.log.1").open("a") as file:
        file.write("y" * 3)
    path.write_text("z" * 4)
    values = spans(marks)
    assert values.spans == (LogSpan(f"{path}.1", 10, 13), LogSpan(str(path), 0, 4))
    assert "rotated" in values.notes[0]
    (tmp_path / "a.log.1").unlink()
    assert "replaced" in spans(marks).notes[0]
    marks = mark([str(path)])
    os.truncate(path, 2)
    assert spans(marks).spans == (LogSpan(str(path), 0, 2),)
    assert "cut from 4 to 2 bytes" in spans(marks).notes[0]
    path.unlink()
    assert spans(marks).spans == ()
    assert "is gone" in spans(marks).notes[0]


def test_a_missing_log_is_refused_at_the_start(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        mark([str(tmp_path / "none")])


# -- merge


def test_what_came_between_two_lines_of_one_scheduler(tmp_path):
    path = write_text(
        tmp_path / "log",
        decode(4, 10.0), decode(4, 11.0, second=1), prefill_line(second=1), decode(4, 12.0, second=2),
        decode(4, 13.0, second=3),
        message_line("Cache flushed successfully!"), decode(4, 14.0, second=4),
        message_line("KV cache pool is full. Retract requests. #retracted_reqs: 1"),
        decode(4, 15.0, second=5), decode(4, 16.0, second=6)[:-30] + "\n", decode(4, 17.0, second=7),
        message_line("Entering DeepGEMM JIT Pre-Compile session."), decode(4, 18.0, second=8),
        decode(4, 19.0, second=40),
        message_line("server_args=ServerArgs(x)", second=50), decode(4, 20.0, second=51),
        decode(5, 21.0, second=52),
    )  # fmt: skip
    merged = Merged()
    values = [(s.gen_throughput, s.previous_running, set(s.since)) for s in samples([path], merged)]
    assert values == [
        (10.0, None, {Since.FIRST}), (11.0, 4, set()), (12.0, 4, {Since.PREFILL}), (13.0, 4, set()),
        (14.0, 4, {Since.FLUSH}),
        (15.0, 4, {Since.RETRACTION}), (17.0, 4, {Since.REJECTED}), (18.0, 4, {Since.JIT}),
        (19.0, 4, {Since.IDLE}),
        (20.0, None, {Since.RESTART}), (21.0, 4, set()),
    ]  # fmt: skip
    assert (merged.prefill_lines, merged.new_tokens, merged.cached_tokens) == (1, 512, 7)
    assert len(merged.events_of(EventKind.RETRACTION)) == 1


def test_data_parallel_ranks_are_schedulers_of_their_own(tmp_path):
    a, b = " DP0 TP0", " DP1 TP4"
    path = write_text(
        tmp_path / "log",
        decode(4, 10.0, tags=a),
        decode(8, 20.0, tags=b),
        prefill_line(tags=b),
        decode(4, 11.0, tags=a),
        decode(8, 21.0, tags=b),
    )
    merged = Merged()
    values = list(samples([path], merged))
    assert [(s.scheduler[1], s.previous_running, set(s.since)) for s in values[2:]] == [
        (0, 4, set()),
        (1, 8, {Since.PREFILL}),
    ]
    assert merged.schedulers == {(path, 0): 2, (path, 1): 2}


def test_copies_and_repeats_count_once(tmp_path):
    retract = (
        "KV cache pool is full. Retract requests. #retracted_reqs: 1, #new_token_ratio: 0.0980 -> 0.3487"
    )
    node0 = write_text(
        tmp_path / "0",
        decode(4, 10.0, tags=" PP0 TP0"), decode(4, 10.0, tags=" PP1 TP0"),
        decode(4, 10.0, tags=" PP0 ATTN_CP1 TP0"),
        message_line(retract, tags=" PP0 TP1"), message_line(retract, tags=" PP0 TP0"),
        message_line(retract, tags=" PP1 TP0"),
        message_line(retract, tags=" PP0 TP1"),
    )  # fmt: skip
    node1 = write_text(
        tmp_path / "1",
        message_line(retract, tags=" PP0 TP2"),
        prefill_line(tags=" PP1 TP0"),
        message_line(retract, tags=" DP1 TP8"),
    )
    merged = Merged()
    assert len(list(samples([node0, node1], merged))) == 1
    assert merged.copies == 3
    assert merged.repeats == 3
    # two of TP1 and one of another data-parallel rank
    assert len(merged.events_of(EventKind.RETRACTION)) == 3
    assert merged.prefill_lines == 0


def test_parts_of_files(tmp_path):
    lines = [decode(n, 10.0) for n in range(1, 5)]
    path = write_text(tmp_path / "log", *lines)
    values = list(samples([LogSpan(path, len(lines[0]), len(lines[0]) * 3)]))
    assert [s.running for s in values] == [2, 3]
    assert set(values[0].since) == {Since.FIRST}


# -- only this run


@pytest.mark.parametrize("zone_h", [-9.5, 0, 5.75])
def test_a_run_s_time_by_the_log_s_own_clock(tmp_path, zone_h):
    path = tmp_path / "log"
    now = time.time()
    stamp = time.strftime("[%Y-%m-%d %H:%M:%S] INFO: x\n", time.gmtime(now - 1 + zone_h * 3600))
    path.write_text(stamp)
    [span] = spans(mark([str(path)])).spans
    assert span.began == pytest.approx(now + zone_h * 3600, abs=2)
    assert span.ended >= span.began


@pytest.mark.parametrize(
    "text", ["", "no stamp at all\n", "[2020-01-01 00:07:30] an old log\n", "[2026-13-01 10:00:00] no date\n"]
)
def test_a_log_whose_clock_is_unknown_is_bound_by_bytes(tmp_path, text):
    path = tmp_path / "log"
    path.write_text(text)
    [span] = spans(mark([str(path)])).spans
    assert (span.began, span.ended) == (None, None)


def test_an_old_line_is_no_other_time_zone(tmp_path):
    path = tmp_path / "log"
    path.write_text(
        time.strftime("[%Y-%m-%d %H:%M:%S] INFO: half an hour ago\n", time.gmtime(time.time() - 1800))
    )
    marks = mark([str(path)])
    with path.open("a") as file:
        file.write(time.strftime("[%Y-%m-%d %H:%M:%S] INFO: now\n", time.gmtime()))
    assert spans(marks).spans[0].began is None


def test_a_log_that_was_silent_until_the_run_tells_its_time_afterwards(tmp_path):
    path = tmp_path / "log"
    path.write_text("[2020-01-01 00:07:30] an old log\n")
    marks = mark([str(path)])
    with path.open("a") as file:
        file.write(time.strftime("[%Y-%m-%d %H:%M:%S] INFO: now\n", time.gmtime()))
    [span] = spans(marks).spans
    assert span.began == pytest.approx(time.time(), abs=5)


def test_lines_of_another_time_between_the_marks_are_left_out(tmp_path):
    path = tmp_path / "log"
    marks = [1000.0 + 60 * n for n in range(4)]
    path.write_text(
        "".join(
            decode(n + 1, 10.0).replace(
                "[2026-11-01 10:00:00]", time.strftime("[%Y-%m-%d %H:%M:%S]", time.gmtime(at))
            )
            for n, at in enumerate(marks)
        )
        + decode(9, 10.0)[:40]
        + "\n"
    )
    merged = Merged()
    whole = LogSpan(str(path), 0, path.stat().st_size, 1060.0, 1121.0)
    values = list(samples([whole], merged))
    assert [s.running for s in values] == [2, 3]
    assert (merged.outside, merged.rejected()) == (2, {Reason.CUT: 1})
    assert [s.running for s in samples([str(path)])] == [1, 2, 3, 4]


def test_the_parts_of_one_file_add_up(tmp_path):
    bad = decode(9, 10.0)[:40] + "\n"
    path = write_text(tmp_path / "log", decode(1, 10.0), bad, decode(2, 10.0), bad)
    half = len(decode(1, 10.0)) + len(bad)
    merged = Merged()
    assert [s.running for s in samples([LogSpan(path, 0, half), LogSpan(path, half, 2 * half)], merged)] == [
        1,
        2,
    ]
    assert merged.rejected() == {Reason.CUT: 2}
    assert merged.counts[path].decode == 2


def test_ranks_that_the_log_names(tmp_path):
    nodes = [
        write_text(
            tmp_path / str(n),
            decode(4, 10.0, tags=f" DP{n} PP0 TP0"),
            decode(4, 10.0, tags=f" DP{n} PP1 TP0"),
        )
        for n in range(2)
    ]
    merged = Merged()
    assert len(list(samples(nodes, merged))) == 2
    assert (merged.dp_ranks, merged.pp_ranks, merged.copies) == ({0, 1}, {0, 1}, 2)
