# ruff: noqa: E501 - log lines are long
"""The log as columns says what the log line by line says: the same curves, counts, rejections and causes."""

import gzip
import random
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slabench.metrics.curve import CAUSES, CurveBuilder
from slabench.records import LogSpan
from slabench.server.log import merge
from slabench.server.log.columns import ColumnReader
from slabench.server.log.intervals import _idle, intervals
from slabench.server.log.lines import parse
from slabench.server.log.merge import Merged, samples
from slabench.server.log.moulds import HUNDREDTHS, RUNNING, Mould
from slabench.server.log.reader import LogReader
from slabench.server.log.shapes import learn
from slabench.server.log.values import DecodeLine, PrefillLine

DATA = Path(__file__).resolve().parents[2] / "data" / "server"
RECORDED = sorted(DATA.glob("r*.log*"))


def plain(merged):
    """Everything that was noted, comparable."""
    counts = {path: (c.lines, c.size, c.decode, c.prefill, c.events, c.rejected, c.examples) for path, c in merged.counts.items()}
    return (
        counts, merged.outside, merged.dp_ranks, merged.pp_ranks, merged.copies, merged.repeats, merged.events,
        merged.prefill_lines, merged.new_tokens, merged.cached_tokens, merged.schedulers,
    )  # fmt: skip


def both(parts, size):
    """Assert that the two ways agree; the builder of the columns' way."""
    by_line, by_column = Merged(), Merged()
    slow = CurveBuilder().add_all(samples(parts, by_line))
    fast = CurveBuilder().add_columns(intervals(parts, by_column, size=size))
    assert plain(by_column) == plain(by_line)
    assert (fast.lines, fast.largest_graph) == (slow.lines, slow.largest_graph)
    for limit in (None, 4, slow.largest_graph):
        assert fast.clean(2, graph_up_to=limit) == slow.clean(2, graph_up_to=limit)
    assert fast.classic(None) == slow.classic(None)
    return fast


def test_the_causes_have_one_order():
    assert tuple(cause.value for cause in merge.CAUSES) == CAUSES


@pytest.mark.parametrize("size", [997, 1 << 16, 1 << 22])
def test_the_recorded_logs(tmp_path, size):
    paths = []
    for path in RECORDED:
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        paths.append(str(tmp_path / path.name))
        Path(paths[-1]).write_bytes(text * 2)
    assert both(paths, size).lines > 4000


def test_every_line_s_numbers():
    """Digits drawn anew, so that most lines are read by a mould made of another line."""
    dice = random.Random(11)
    for path in RECORDED:
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        rows = [row for row in text.splitlines(keepends=True)[1:] if b" batch" in row][:200]
        rows += [
            bytes(dice.choice(b"0123456789") if 48 <= c <= 57 and i > 20 else c for i, c in enumerate(row)) for row in rows * 3
        ]
        data = b"".join(rows)
        lines = [line for line in LogReader().feed(data) if isinstance(line, DecodeLine | PrefillLine)]
        reader = ColumnReader()
        found = reader.columns(data)
        assert [reader.ranks[n] for n in found.rank] == [line.rank for line in lines]
        assert found.stamp.tolist() == [line.stamp for line in lines]
        for decode, names in ((True, ("running", "gen_throughput")), (False, ("new_token", "cached_token"))):
            for name in names:
                own = [getattr(line, name) for line in lines if isinstance(line, DecodeLine) is decode]
                assert getattr(found, name)[found.decode == decode].tolist() == own
        graphs = [-1 if line.graph is None else int(line.graph) for line in lines]
        assert found.graph.tolist() == graphs
        assert len(reader.moulds) > 0 or not rows


# -- generated logs -------------------------------------------------------------------------------------------------------

TAGS = ["", "", "", " TP0", " DP0 TP0", " DP1 TP4", " DP0 PP1 TP0", " TP0 PP0 DP12", " PP0 ATTN_CP1 TP0"]
FORMS = [  # of several versions
    "Decode batch, #running-req: {r}, #token: {t}, token usage: 0.02, cuda graph: {g}, gen throughput (token/s): {v}, #queue-req: {q}, ",
    "Decode batch. #running-req: {r}, #token: {t}, token usage: 0.02, gen throughput (token/s): {v}, #queue-req: {q}",
    "Decode batch [{t}], #running-req: {r}, #token: {t}, token usage: 0.02, npu graph: {g}, gen throughput (token/s): {v}, #queue-req: {q}",
    "Decode batch, #running-req: {r}, #token: {t}, token usage: 0.02, accept len: 1.{t:02.0f}, cuda graph: {g}, "
    "gen throughput (token/s): {v}, #queue-req: {q}, p99 x: 1.00, fwd occupancy: nan%",
    "Decode batch, #running-req: {r}, #token: {t}, token usage: 0.02, cuda graph: {g}, gen throughput (token/s): {v}, "
    "#queue-req: {q}, p95 x: 1.00",
    "Prefill batch, #new-seq: 1, #new-token: {t}, #cached-token: {q}, token usage: 0.02, #running-req: {r}, #queue-req: 0, ",
    "Prefill batch, #new-seq: 1, #new-token: {t}, #cached-token: {q}, token usage: 0.02, #running-req: {r}, #queue-req: 0",
    "Prefill batch, #new-seq: 1, #new-token: {t}, #cached-token: {q}, token usage: 0.02, #running-req: {r}, #queue-req: 0, "
    "#pending-token: 9, cuda graph: True, input throughput (token/s): 10.00",
]  # fmt: skip
MESSAGES = [
    "Cache flushed successfully!",
    "Cache not flushed because there are pending requests. #queue-req: 1, #running-req: 2",
    "KV cache pool is full. Retract requests. #retracted_reqs: 1, #new_token_ratio: 0.0980 -> 0.3487",
    "Entering DeepGEMM JIT Pre-Compile session.",
    "server_args=ServerArgs(tp_size=2, dp_size=1)",
    "max_total_num_tokens=100, chunked_prefill_size=8",
    "The server is fired up and ready to roll!",
    "SIGTERM received.",
    "INFO:     127.0.0.1:1 - GET /x?a=1 200 OK",
    "text='Decode batch, #running-req: 8, gen throughput (token/s): 10.00, #queue-req: 0'",
    "Receive: obj=GenerateReqInput(text='#1! = J', rid=3)",
    "INFO a line of no interest",
]
NUMBERS = re.compile(rb"#running-req: (\d+).*gen throughput \(token/s\): (\d+)\.(\d\d)")
DIGITS = bytes.maketrans(b"123456789", b"000000000")
VALUES = ["10.00", "1234.56", "0.00", "99.99", "10.01", "nan", "inf", "-1.50", "12345678901234567.25"]


@st.composite
def lines(draw):
    clock = draw(st.sampled_from(["", "", "", ".250"]))
    usual = draw(st.sampled_from(TAGS))
    second, out = 0, []
    for _ in range(draw(st.integers(1, 40))):
        second += draw(st.sampled_from([0, 0, 1, 1, 1, 2, 9, 200]))
        tags = draw(st.one_of(st.just(usual), st.sampled_from(TAGS)))
        date = draw(st.sampled_from(["2026-01-01"] * 12 + ["2026-13-01"]))
        head = f"[{date} {10 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}{clock}{tags}] "
        head = draw(st.sampled_from([head] * 12 + ["", "rank0: " + head, "[2026-01-01 10:0"]))
        form = draw(st.one_of(st.sampled_from(FORMS[:1] + FORMS[5:6]), st.sampled_from(FORMS)))
        text = form.format(
            r=draw(st.sampled_from([0, 1, 4, 4, 4, 4, 64, 8, 10**15 - 1, 10**20 - 1])),
            t=draw(st.sampled_from([7, 900, 12345, 10**16])),
            g=draw(st.sampled_from(["True", "True", "False"])),
            v=draw(st.one_of(st.sampled_from(VALUES[:5]), st.sampled_from(VALUES))),
            q=draw(st.sampled_from([0, 0, 3, 12])),
        )
        if draw(st.integers(0, 4)) == 0:
            text = draw(st.sampled_from(MESSAGES))
        line = head + text
        if draw(st.integers(0, 7)) == 0:  # cut, or two in one
            line = line[: draw(st.integers(0, len(line)))]
        line += draw(st.sampled_from(["\n"] * 12 + ["\r\n", "", " \n", "\n\n", " \x1b[0m\n", " \u4e2d\n"]))
        out += [line] * draw(st.sampled_from([1, 1, 2, 3]))
    return "".join(out).encode()


@settings(max_examples=60)
@given(st.lists(lines(), min_size=1, max_size=2), st.integers(1, 4000), st.booleans(), st.data())
def test_columns_and_lines_say_the_same(tmp_path_factory, texts, size, bounded, data):
    folder = tmp_path_factory.mktemp("logs")
    parts = []
    for number, text in enumerate(texts):
        path = folder / str(number)
        path.write_bytes(text)
        if bounded:
            begin = data.draw(st.integers(0, len(text)))
            noon = 1767261600.0  # 2026-01-01 10:00:00
            parts.append(LogSpan(str(path), 0, begin, noon, noon + 60))
            parts.append(LogSpan(str(path), begin, len(text)))
        else:
            parts.append(str(path))
    both(parts, size)


@pytest.mark.parametrize("count", ["9" * 16, "9" * 20, "9" * 5000])
def test_a_count_of_more_digits_than_anything_has_is_rejected(tmp_path, count):
    form = "[2026-01-01 10:00:00] " + FORMS[0] + "\n"
    right, wrong = (form.format(r=r, t=7, g="True", v="10.00", q=0).encode() for r in (4, count))
    path = tmp_path / "log"
    path.write_bytes(right + wrong + right)
    assert both([str(path)], 1 << 18).lines == 2
    found = Merged()
    list(samples([str(path)], found))
    assert sum(found.rejected().values()) == 1


@pytest.mark.parametrize("where", [" TP{}] Decode batch, ", "] Decode batch [{}], "])
def test_digits_without_end_outside_the_counts(tmp_path, where):
    rest = FORMS[0].removeprefix("Decode batch, ").format(r=4, t=7, g="True", v="10.00", q=0) + "\n"
    path = tmp_path / "log"
    path.write_text("".join("[2026-01-01 10:00:00" + where.format(digits) + rest for digits in ("1", "9" * 5000, "1")))
    assert both([str(path)], 1 << 18).lines == 2


def test_a_line_beyond_all_measure(tmp_path):
    form = ("[2026-01-01 10:00:00] " + FORMS[0] + "\n").format(r=4, t=7, g="True", v="10.00", q=0).encode()
    path = tmp_path / "log"
    path.write_bytes(form + b"text='Decode batch, " + b"#" * (3 << 20) + b"\n" + form)
    assert both([str(path)], 1 << 18).lines == 2


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 1.0, 1.0, 2.0, 3.0, 6.0, 9.0, 60.0, np.nan]), st.booleans()), max_size=30),
    st.booleans(),
)
def test_gaps_out_of_proportion(given_gaps, first):
    gaps = np.array([gap for gap, _ in given_gaps])
    none, prefill = len(CAUSES), CAUSES.index("prefill")
    cause = np.array([*(prefill if disturbed else none for _, disturbed in given_gaps), none])
    usual = 1.0 if first else np.nan
    wanted, last = cause.copy(), usual
    for place, (gap, disturbed) in enumerate(given_gaps):
        if disturbed or np.isnan(gap):
            continue
        if gap > 3 * last + 2:
            wanted[place] = CAUSES.index("idle")
        else:
            last = gap
    found = _idle(gaps, cause, usual)
    assert cause.tolist() == wanted.tolist()
    assert found == last or (np.isnan(found) and np.isnan(last))


def test_events_of_different_marks_keep_their_order(tmp_path):
    """Each mark is looked for on its own: "!", "=", "J", and "#" before them."""
    head = "[2026-01-01 10:00:00] "
    batch = head + FORMS[0].format(r=4, t=7, g="True", v="10.00", q=0)
    compiles, starts, flushes, refuses = (head + MESSAGES[number] for number in (3, 4, 0, 1))
    path = tmp_path / "log"
    rows = [compiles, starts, flushes, batch, batch, compiles, refuses, flushes, batch, refuses, starts, flushes, compiles]
    path.write_text("\n".join(rows) + "\n")
    assert both([str(path)], 1 << 18).lines == 3


BYTE = st.one_of(st.sampled_from(b"\n\n##"), st.integers(0, 255))


@given(st.lists(BYTE, max_size=60).map(bytes))
def test_the_lines_with_a_number_sign(data):
    wanted, start = [], 0
    *whole, _ = data.split(b"\n")
    for line in whole:
        stop = start + len(line) + 1
        if b"#" in line:
            wanted.append((start, stop))
        start = stop
    scan = ColumnReader().scan(data)
    assert scan.lines == len(whole)
    assert list(zip(scan.starts.tolist(), scan.stops.tolist(), strict=True)) == wanted


def test_no_other_byte_is_taken_for_a_number_sign():
    data = b"".join(bytes([byte]) + b"\n" for byte in range(256) if byte != 10)
    scan = ColumnReader().scan(data)
    assert (scan.lines, scan.starts.tolist(), scan.stops.tolist()) == (255, [68], [70])  # 34 lines of two bytes before it


LINE = ("[2026-01-01 10:00:00] " + FORMS[0]).format(r=64, t=7, g="True", v="1234.56", q=0).encode() + b"\n"


@given(
    st.lists(st.tuples(st.integers(0, len(LINE) - 1), st.one_of(st.sampled_from(b"0123456789/:"), st.integers(0, 255))), min_size=1)
)
def test_a_mould_fits_what_differs_in_digits_only(changes):
    """One byte of each row is another one: at any place, the first and the last among them."""
    shape = learn(LINE, parse(LINE))
    mould = Mould(shape, shape.match(LINE))
    rows = np.tile(np.frombuffer(LINE, np.uint8), (len(changes), 1))
    for row, (place, byte) in zip(rows, changes, strict=True):
        row[place] = byte
    texts = [row.tobytes() for row in rows]
    wanted = [text.translate(DIGITS) == LINE.translate(DIGITS) for text in texts]
    digits, fits = mould.digits(rows)
    assert (fits is None) == all(wanted)
    own = np.ones(len(rows), bool) if fits is None else fits
    assert own.tolist() == wanted
    found = [NUMBERS.search(text) for text, fit in zip(texts, wanted, strict=True) if fit]
    numbers = mould.read(digits[own])
    assert numbers[:, RUNNING].tolist() == [int(one[1]) for one in found]
    assert numbers[:, HUNDREDTHS].tolist() == [int(one[2] + one[3]) for one in found]
