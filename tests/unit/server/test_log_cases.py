"""Logs as people have them: starts, values, writers, encodings and copies; what each says is counted by
hand.
"""

import bz2
import functools
import gzip
import lzma
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slabench.cli import log
from slabench.errors import ConfigError
from slabench.server.log import start
from slabench.server.log.line_types import DecodeLine, Event, PrefillLine, Reason, Rejected
from slabench.server.log.merge import Merged, Since, samples
from slabench.server.log.reader import LogReader
from tests.unit.factories import decode_line, parse_line, read_lines, rejected

line = functools.partial(decode_line, tags=" TP0")
CASES = Path(__file__).resolve().parents[2] / "data" / "server" / "log_cases"


def case(number):
    return str(next(CASES.glob(f"{number}-*.log")))


def read(number, **kwargs):
    return log.read([case(number)], **kwargs)


def only(number, kind=DecodeLine):
    [value] = [parsed for parsed in read_lines(case(number)) if isinstance(parsed, kind)]
    return value


def test_the_start_since_0519_is_a_dict_whose_nested_keys_are_not_taken():
    result = read("01")
    assert result["files"][0]["events"] == {"start": 1}
    assert (result["decode_lines"], result["gpus_per_line"], result["curve"][0]["per_gpu"]) == (5, 4.0, 200.0)


def test_a_restart_by_a_dict_start_with_other_options():
    result = read("02")
    assert result["files"][0]["events"] == {"start": 2}
    assert (result["decode_lines"], result["files"][0]["rejected"]) == (10, {})
    assert result["left_out_of_clean"] == {"first": 1, "restart": 1}
    assert result["servers"] == 1
    assert sorted(sample.gen_throughput for sample in samples([case("02")])) == [800.0] * 5 + [900.0] * 5


@pytest.mark.parametrize("given_gpus", [None, 16])
def test_dp_attention_by_attn_dp_size(given_gpus):
    result = read("03", decode_gpus=given_gpus)
    assert (result["schedulers"], len(result["schedulers_seen"]), result["gpus_per_line"]) == (16, 8, 1.0)
    assert result["curve"][0]["per_gpu"] == 203.5


@pytest.mark.parametrize(
    ("sizes", "ranks", "gpus"),
    [
        ({"tp_size": 4}, None, 4),
        ({"tp_size": 4, "dp_size": 1, "attn_dp_size": 1}, 1, 4),
        ({"tp_size": 2, "dp_size": 3}, 3, 6),  # replicas
        ({"tp_size": 16, "dp_size": 8, "enable_dp_attention": 1.0}, 8, 16),  # up to 0.5.21
        ({"tp_size": 16, "pp_size": 2, "dp_size": 1, "attn_dp_size": 16, "enable_dp_attention": 1.0}, 16, 32),
        ({"tp_size": 8, "dp_size": 2, "attn_dp_size": 4, "enable_dp_attention": 1.0}, 8, 16),
        ({"tp_size": 8, "dp_size": 8, "attn_dp_size": 8, "enable_dp_attention": 1.0}, 64, 64),
    ],
)
def test_ranks_and_gpus_of_a_start(sizes, ranks, gpus):
    assert (start.ranks(sizes), start.gpus(sizes)) == (ranks, gpus)


@pytest.mark.parametrize(
    "text",
    [
        "server_args={'tp_size': 4, 'x': {'pp_size': 7, 'y': [{'dp_size': 9}]}, 'pp_size': 2}",
        "server_args={'template': \"it's {'tp_size': 99\", 'tp_size': 4, 'other': 'a\\'b, \\'tp_size\\': "
        "5', 'pp_size': 2}",
        "server_args=ServerArgs(tp_size=4, override='{\"tp_size\": 99}', x=Config(tp_size=98), pp_size=2)",
        "server_args={'tp_size':4,'pp_size':2,'nested':{'tp_size':99}",  # cut by a collector
        "server_args={'enum': <Mode.A: 'a'>, 'tp_size': 4, 'path': PosixPath('/x'), 'pp_size': 2}",
    ],
)
def test_sizes_of_a_start_are_its_own(text):
    event = parse_line(f"[2026-11-01 10:00:00] {text}\n".encode())
    assert isinstance(event, Event)
    assert dict(event.details) == {"tp_size": 4, "pp_size": 2}


def test_lines_of_049post1_end_in_a_timestamp():
    prefill, decode = only("04", PrefillLine), only("04")
    assert (prefill.new_seq, prefill.new_token, prefill.cached_token, prefill.queue) == (1, 220, 30, 0)
    assert (decode.running, decode.token, decode.gen_throughput, decode.queue, decode.graph) == (
        8,
        2266,
        812.34,
        0,
        True,
    )


def test_both_pools_in_one_value():
    text = line().replace(
        "#token: 800, token usage: 0.10", "#token: full=812, swa=400, token usage: full=0.12, swa=0.05"
    )
    result = parse_line(text.encode())
    assert (result.token, result.swa_token, result.token_usage, result.swa_usage) == (812, 400, 0.12, 0.05)


@pytest.mark.parametrize(
    "value",
    [
        "2.97 [2.81, 3.12]",
        "[2.81, 3.12]",
        "(1, 2, 3)",
        "[]",
        "{'a': 1, 'b': 2.5}",
        "None",
        "12.50%",
        "2026-11-01T10:00:00.123456",
    ],
)
@pytest.mark.parametrize("end", [False, True])
def test_values_with_commas_and_brackets(value, end):
    text = line(tail=f", est x: {value}") if end else line(extra=f"est x: {value}, ")
    result = parse_line(text.encode())
    assert isinstance(result, DecodeLine)
    assert (result.running, result.gen_throughput, dict(result.other)["est x"]) == (8, 800.0, value)
    broken = parse_line(text.replace(value, value[:-1] + "[20", 1).encode())
    assert isinstance(broken, Rejected)


def test_dsparks_online_estimate():
    result = only("06")
    assert (result.running, result.gen_throughput, result.accept_len, result.accept_rate) == (
        8,
        800.0,
        2.83,
        0.61,
    )
    assert read("06")["curve"][0]["accept_len"] == 2.83


def test_a_negative_count_costs_nothing_else():
    result = only("07")
    assert (result.running, result.gen_throughput, result.swa_token, result.swa_usage, result.token) == (
        8,
        800.0,
        -224,
        -0.01,
        800,
    )


def test_two_engines_in_one_file_are_kept_apart(capsys):
    result = read("08")
    assert result["servers"] == 2
    rows = {row["writer"].rpartition("(")[2]: row for row in result["writers"]}
    assert {name: (row["decode"], row["clean"], row["median"]) for name, row in rows.items()} == {
        "Engine pid=1)": (20, 19, {8: 800.0}),
        "Engine pid=2)": (20, 0, {8: 400.0}),
    }
    assert read("08", decode_gpus=2)["gpus_per_line"] == 1
    log.run([case("08")])
    assert "2 servers write to these logs" in capsys.readouterr().out


def test_a_moore_threads_graph_is_a_graph():
    graphs = [sample.graph for sample in samples([case("09")])]
    assert (graphs.count(True), graphs.count(False)) == (15, 5)
    assert read("09")["left_out_of_clean"] == {"first": 1, "graph_off": 4}
    assert parse_line(line().replace("cuda graph", "xpu graph").encode()).graph_kind == "xpu"


def test_swa_with_hisparse_tells_the_full_attention_pool():
    pools = "#full token: 900, full token usage: 0.20, #swa token: 5, swa token usage: 0.01, "
    pools += "#gpu token: 70, gpu token usage: 0.07, #cpu token: 60, cpu token usage: 0.06"
    for text in (pools, ", ".join(pools.split(", ")[4:] + pools.split(", ")[:4])):
        result = parse_line(line().replace("#token: 800, token usage: 0.10", text).encode())
        assert (result.token, result.token_usage, result.swa_token, result.cpu_token) == (900, 0.2, 5, 60)


@pytest.mark.parametrize("number", ["11", "13"])
def test_bars_and_utf16(number):
    result = read(number)
    assert result["decode_lines"] == {"11": 1, "13": 5}[number]
    assert result["files"][0]["rejected"] == {}


def test_two_servers_of_other_options_are_distinguished():
    result = read("14")
    assert (result["decode_lines"], result["files"][0]["rejected"], result["servers"]) == (10, {}, 2)


# -- who writes

LONG = ", est. decode TFLOPS/s (per GPU): 41.20"


def test_two_forms_that_alternate_without_names_are_two_servers(tmp_path):
    path = tmp_path / "log"
    path.write_text("".join(line(second=n, tail=LONG) + line(second=n, speed=900.0) for n in range(30)))
    merged = Merged()
    result = list(samples([str(path)], merged))
    assert merged.engines == 2
    assert merged.rejected() == {Reason.OTHER_FORM: 2}
    assert {len({s.gen_throughput for s in result if s.scheduler == name}) for name in merged.extents} == {1}


def test_a_form_that_follows_another_without_a_start_is_a_restart(tmp_path):
    path = tmp_path / "log"
    path.write_text(
        "".join(line(second=n, tail=LONG) for n in range(20)) + "".join(line(second=n) for n in range(20, 50))
    )
    merged = Merged()
    assert len(list(samples([str(path)], merged))) == 48
    assert merged.engines == 1


@pytest.mark.parametrize(
    "before",
    ["decode-{}  | ", "(Engine pid={}) ", "(SGLangEngine pid={}, ip=10.0.0.7) ", "[pod/decode-{}/sglang] ",
     "Nov 29 10:00:00 node7 sglang[{}]: ",
     "pod/decode-{} ", "decode-{} sglang ", "{}: ", "[1,{}]<stderr>:",
     "2026-11-01T10:00:00.123456789Z stderr F decode-{} "],
)  # fmt: skip
def test_names_that_collectors_write(tmp_path, before):
    path = tmp_path / "log"
    path.write_text(
        "".join(
            line(second=n, speed=100.0 * who, before=before.format(who)) for n in range(9) for who in (1, 2)
        )
    )
    merged = Merged()
    result = list(samples([str(path)], merged))
    assert (len(result), merged.engines, merged.rejected()) == (18, 2, {})
    assert sum(Since.FIRST in sample.since for sample in result) == 2


@pytest.mark.parametrize(
    "before",
    [
        "2026-11-01T10:00:00.123456789Z stderr F ",
        "<14>Nov 29 10:00:00 ",
        " 50%|####      | 1/2 ",
        "\x1b[36m",
        "INFO ",
    ],
)
def test_what_names_no_writer(before):
    assert parse_line(line(before=before).encode()).rank.writer == ""


def test_files_without_ranks_are_servers_unless_one_goes_on_where_the_other_ended(tmp_path):
    for name, begin in (("a", 0), ("b", 5), ("c", 60)):
        (tmp_path / name).write_text("".join(line(second=begin + n, speed=100.0 + begin) for n in range(20)))
    a, b, c = (str(tmp_path / name) for name in "abc")
    beside, later = log.read([a, b], decode_gpus=8), log.read([a, c], decode_gpus=8)
    assert (beside["servers"], beside["gpus_per_line"], beside["schedulers"]) == (2, 4, 2)
    assert (later["servers"], later["gpus_per_line"], later["schedulers"]) == (1, 8, 1)
    assert beside["warnings"]
    assert not later["warnings"]


@pytest.mark.parametrize("how", ["name", "symlink", "hardlink", "copy", "packed", "part"])
def test_one_log_given_twice_counts_once(tmp_path, how):
    text = "".join(line(second=n) for n in range(20))
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_text(text)
    if how == "symlink":
        b.symlink_to(a)
    elif how == "hardlink":
        os.link(a, b)
    elif how == "packed":
        b.write_bytes(gzip.compress(text.encode()))
    elif how != "name":
        b.write_text(text if how == "copy" else text[: len(text) // 2])
    for files in ([a, a], [a, a]) if how == "name" else ([a, b], [b, a]):
        result = log.read([str(path) for path in files])
        assert (result["decode_lines"], result["servers"]) == (20, 1)
        assert "counts once" in result["warnings"][0]


def test_later_pipeline_stages_alone_are_named(tmp_path, capsys):
    path = tmp_path / "log"
    path.write_text("".join(line(second=n, tags=" PP1 TP0") for n in range(5)))
    assert log.run([str(path)]) == 6
    assert "5 batch lines of later pipeline stages (PP1) alone" in capsys.readouterr().err


def test_tokens_that_fall_tell_of_a_second_server(tmp_path):
    path = tmp_path / "log"
    path.write_text(
        "".join(line(second=n, token=1000 + 8 * n) + line(second=n, token=9000 + 8 * n) for n in range(20))
    )
    merged = Merged()
    list(samples([str(path)], merged))
    assert merged.mixed
    path.write_text("".join(line(second=n, token=1000 + 8 * n) for n in range(40)))
    merged = Merged()
    list(samples([str(path)], merged))
    assert (merged.steps, merged.steps_back, merged.mixed) == (39, 0, False)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "INFO 11-29 10:00:00 loggers.py:116] Engine 000: Avg prompt throughput: 1.0 tokens/s, "
            "Avg generation throughput: 9.0 tokens/s, Running: 8 reqs",
            "vLLM",
        ),
        ("[TensorRT-LLM] TensorRT-LLM version: 1.0.0", "TensorRT-LLM"),
        ("2026-11-29 10:00:00,123 - lmdeploy - INFO - async_engine.py:1 - updated", "lmdeploy"),
    ],
)  # fmt: skip
def test_another_engine_s_log_is_named(tmp_path, capsys, text, name):
    path = tmp_path / "log"
    path.write_text(text + "\n")
    assert log.run([str(path)]) == 6
    assert f"These logs are of {name}, not of SGLang" in capsys.readouterr().err


# -- how it is stored

TEXT = "".join(line(running=n, second=n) for n in range(1, 30))


@pytest.mark.parametrize(
    "pack",
    [
        lambda text: gzip.compress(text[:900]) + gzip.compress(text[900:]),
        bz2.compress,
        lzma.compress,
        lambda text: text.decode().encode("utf-16"),
        lambda text: text.decode().encode("utf-16-be"),
        lambda text: text.decode().encode("utf-16-le"),
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: text.replace(b"\n", b"\r"),
        lambda text: text.replace(b"\n", b"\r 50%|#####     | 1/2\r"),
    ],
    ids=["gzip members", "bz2", "xz", "utf-16", "utf-16-be", "utf-16-le", "bom", "crlf", "cr", "bars"],
)
@pytest.mark.parametrize("size", [7, 1 << 18])
def test_how_a_log_is_stored(tmp_path, monkeypatch, pack, size):
    from slabench.server.log import files

    monkeypatch.setattr(files.read_bytes, "__defaults__", (0, None, size))
    path = tmp_path / "log"
    path.write_bytes(pack(TEXT.encode()))
    assert [result.running for result in read_lines(str(path))] == list(range(1, 30))


@pytest.mark.parametrize(
    ("head", "command"),
    [(b"PK\x03\x04", "unzip"), (b"\x04\x22\x4d\x18", "lz4 -d"), (b"7z\xbc\xaf\x27\x1c", "7z x")],
)
def test_what_cannot_be_unpacked_is_named_with_the_command(tmp_path, head, command):
    path = tmp_path / "log"
    path.write_bytes(head + b"x" * 100)
    with pytest.raises(ConfigError, match=re.escape(f"{command} {path}")):
        list(read_lines(str(path)))


def test_zstd_is_named_where_it_cannot_be_read(tmp_path, monkeypatch):
    import importlib

    def missing(name):
        raise ImportError(name)

    path = tmp_path / "log"
    path.write_bytes(b"\x28\xb5\x2f\xfd" + b"x" * 100)
    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ConfigError, match="zstd -d"):
        list(read_lines(str(path)))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_log_that_is_cut_or_broken(tmp_path, pack):
    data = pack(os.urandom(1 << 16))
    for broken in (data[: len(data) // 2], data[:2000] + b"\0" * 2000 + data[4000:]):
        (tmp_path / "log").write_bytes(broken)
        with pytest.raises(ConfigError, match="Is the file whole"):
            list(read_lines(str(tmp_path / "log")))


BODY = line().partition("] ")[2].rstrip("\n")


@pytest.mark.parametrize(
    ("head", "stamped"),
    [
        ("[2026-11-01 10:00:00 TP0]  ", True),
        ("[2026-11-01 10:00:00 TP0] INFO ", True),
        ("[2026-11-01 10:00:00 TP0] [INFO] ", True),
        ("[2026-11-01 10:00:00 TP0] INFO: ", True),
        ("[2026-11-01 10:00:00 TP0] scheduler.py:123: ", True),
        ("[2026-11-01 10:00:00,123 TP0] ", True),
        ("[2026-11-01T10:00:00.123Z TP0] ", True),
        ("[2026-11-01 10:00:00 INFO scheduler.py:12 TP0] ", True),
        ("[10:00:00 TP0] ", True),
        ("[10:00:00.250 TP0] ", True),
        ("[TP0] ", False),
    ],
)
def test_heads_that_a_logging_configuration_writes(head, stamped):
    result = parse_line((head + BODY).encode())
    assert isinstance(result, DecodeLine)
    assert (result.rank.tp, result.stamp is not None) == (0, stamped)


def test_stamps_without_a_date_go_over_midnight(tmp_path):
    path = tmp_path / "log"
    times = ["23:59:58", "23:59:59", "00:00:00", "00:00:01"]
    path.write_text("".join(f"[{at} TP0] {BODY}\n" for at in times))
    assert [set(sample.since) for sample in samples([str(path)])] == [{Since.FIRST}, set(), set(), set()]


@pytest.mark.parametrize(
    "wrap",
    [
        '{{"log":"{}\\n","stream":"stderr","time":"2026-11-01T10:00:00Z"}}',
        '{{"stream": "stderr", "log": "{}\\n"}}',
        '{{"MESSAGE": "{}", "_PID": "7"}}',
        '{{"message": "{}", "kubernetes": {{"pod": "x"}}}}',
    ],
)
def test_lines_inside_json(wrap):
    assert isinstance(parse_line(wrap.format(line().rstrip("\n")).encode()), DecodeLine)
    quoted = parse_line(b'{"obj": {"text": "' + line().rstrip("\n").encode() + b'"}}')
    assert (type(quoted), quoted.reason) == (Rejected, Reason.QUOTED)


around = st.one_of(
    st.text(max_size=30).map(lambda text: text.encode("utf-8", "replace")),
    st.binary(max_size=30),
    st.sampled_from(
        [
            b"\r",
            b"\n",
            b"\r\n",
            b"{",
            b'{"log": "',
            b"'",
            b"\x1b[0m",
            b"server_args={",
            b"  ",
            b", ",
            b"[2026",
            b"#x",
            b"\0",
        ]
    ),
)
core = st.one_of(
    st.just(line().encode()[:-1]),
    st.integers(0, 200).map(lambda cut: line().encode()[:cut]),
    st.sampled_from(
        [b"Decode batch", b"Prefill batch, ", b"Decode batch [3], #x", b"Decode batch. #running-req: 8"]
    ),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(around, core, around), min_size=1, max_size=4), st.integers(1, 300))
def test_every_line_that_speaks_of_a_batch_is_read_or_counted(rows, size):
    data = b"\n".join(b"".join(row) for row in rows) + b"\n"
    reader = LogReader()
    for begin in range(0, len(data), size):
        reader.feed(data[begin : begin + size])
    reader.finish()
    counts = reader.counts
    spoken = [part for part in re.split(rb"\r\n|\n|\r", data) if re.search(rb"(Decode|Prefill) batch", part)]
    starts = counts.events.total()  # a server's arguments may hold any words
    assert (
        counts.decode + counts.prefill + rejected(counts) + starts
        >= len(spoken)
        >= counts.decode + counts.prefill
    )
    assert counts.decode + counts.prefill + rejected(counts) <= len(spoken)
