# ruff: noqa: E501 - log lines are long
"""Logs beside those of test_log_cases: other values, heads, wrappers, writers and damages than those that
were brought.
"""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slabench.cli import log
from slabench.server.log.line_types import DecodeLine, PrefillLine, Reason, Rejected
from slabench.server.log.merge import Merged, samples
from slabench.server.log.reader import LogReader
from tests.unit.factories import parse_line
from tests.unit.metrics.curves import classic_curve
from tests.unit.server.test_log_cases import BODY, line

PREFILL = "Prefill batch, #new-seq: 1, #new-token: 100, #cached-token: 0, token usage: 0.10, #running-req: 8, #queue-req: 0"
HEAD = "[2026-11-01 10:00:00 TP0] "


def parsed(text):
    return parse_line(text.encode())


def write(tmp_path, *texts):
    paths = [tmp_path / f"log{number}" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [str(path) for path in paths]


def two(form, lines=20):
    """Lines of two servers in turns; form(who, line) puts a name on them."""
    return "".join(
        form(who, line(second=n, speed=100.0 * who, token=800 + 8 * n))
        for n in range(lines)
        for who in (1, 2)
    )


# -- values


@pytest.mark.parametrize(
    "value",
    ["[[1, 2], [3, 4]]", "{'a': {'b': 1}, 'c': [1, 2]}", "(1, (2, 3))", "triton", "1, 2, 3", "2.81-3.12",
     "3/8", "3.1", "3.123", "1.2e-05", "3.12 GB", "3.12ms", "'a, b'", "1,234"],
)  # fmt: skip
def test_a_key_that_is_not_known_may_hold_anything_before_another_key(value):
    result = parsed(line(extra=f"new key: {value}, "))
    assert isinstance(result, DecodeLine)
    assert (result.running, result.gen_throughput, result.graph, dict(result.other)) == (
        8,
        800.0,
        True,
        {"new key": value},
    )
    reader = LogReader()
    block = "".join(line(second=n, extra=f"new key: {value}, ") for n in range(5)).encode()
    assert reader.feed(block) == [parse_line(part) for part in block.splitlines()]


@pytest.mark.parametrize("name", ["new key", "#new-key"])
@pytest.mark.parametrize("value", ["[1, 2, 3]", "[]", "(4, 5)", "{0: 1, 1: 2}"])
@pytest.mark.parametrize("end", ["", ", "])
def test_several_counts_in_brackets_are_whole_at_the_end_of_a_line(name, value, end):
    result = parsed(HEAD + BODY.rstrip(", ") + f", {name}: {value}{end}")
    assert isinstance(result, DecodeLine) and dict(result.other) == {name: value}
    assert isinstance(parsed(HEAD + BODY.rstrip(", ") + f", {name}: {value[:-1]}"), Rejected)


@pytest.mark.parametrize("value", ["[[1, 2], [3, 4]", "{'a': 1", "", " ", "3[2026-11-01 10:00:00 TP0] x"])
def test_brackets_that_stay_open_and_values_that_are_missing_are_no_value(value):
    assert isinstance(parsed(line(extra=f"new key: {value}, ")), Rejected)


def test_a_hybrid_model_s_prefill_line_of_049post1():
    result = parsed(
        HEAD
        + "Prefill batch. #new-seq: 1, #new-token: 220, #cached-token: 30, #token: full=812, swa=400, token usage: full=0.12, swa=0.05, #running-req: 0, #queue-req: 0, timestamp: 2025-07-15T10:00:00.498932"
    )
    assert isinstance(result, PrefillLine)
    assert (result.new_token, result.token_usage, result.swa_usage, result.queue) == (220, 0.12, 0.05, 0)


def test_a_throughput_below_zero_enters_no_median(tmp_path):
    """The server's clock was set back: the line's other values are right."""
    [path] = write(
        tmp_path,
        "".join(line(second=n, speed=-800.0 if n % 2 else 800.0, token=800 + 8 * n) for n in range(20)),
    )
    result = log.read([path])
    assert (result["decode_lines"], result["left_out_of_clean"]["no_batch"]) == (20, 10)
    [point] = classic_curve(samples([path]), None).points
    assert (point.samples, point.median) == (10, 800.0)


# -- heads


@pytest.mark.parametrize(
    ("head", "stamped", "rank"),
    [
        ("[2026-11-01 10:00:00] [DP3 TP3] ", True, (3, 3)),
        ("[2026-11-01 10:00:00 DP3 TP3] - INFO - ", True, (3, 3)),
        ("[2026-11-01 10:00:00 DP3 TP3] sglang.srt.managers.scheduler: ", True, (3, 3)),
        ("[11/01/2026 10:00:00 DP3 TP3] ", False, (3, 3)),
        ("[Nov 01 10:00:00 DP3 TP3] ", False, (3, 3)),
        ("[1793527200.123 DP3 TP3] ", True, (3, 3)),
        ("2026-11-01 10:00:00 DP3 TP3 ", False, (3, 3)),
        ("2026-11-01 10:00:00,123 - DP3 TP3 - INFO - ", False, (3, 3)),
    ],
)
def test_a_rank_is_read_wherever_a_logging_configuration_puts_it(head, stamped, rank):
    result = parsed(head + BODY)
    assert isinstance(result, DecodeLine)
    assert ((result.rank.dp, result.rank.tp), result.stamp is not None) == (rank, stamped)


def test_seconds_since_1970_are_the_server_s_own_time():
    own, local = (
        parsed(f"[1793527200 TP0] {BODY}"),
        time.strftime("[%Y-%m-%d %H:%M:%S TP0] ", time.localtime(1793527200)),
    )
    assert own.stamp == parsed(local + BODY).stamp


def test_a_tag_that_is_not_known_tells_writers_apart(tmp_path):
    """Whether its ranks repeat each other is unknown: they are neither added up nor one scheduler silently."""
    [path] = write(
        tmp_path, "".join(line(second=n, tags=f" DP0 CP{cp} TP{cp}") for n in range(9) for cp in (0, 1))
    )
    result = log.read([path])
    assert (result["decode_lines"], result["servers"]) == (18, 2)


@pytest.mark.parametrize("head", ["TP0] ", "1 10:00:00 TP0] ", "[2026-13-01 10:00:00 TP0] "])
def test_a_head_that_was_cut_or_cannot_be_is_the_reason(head):
    assert parsed(head + BODY).reason is Reason.PREFIX


# -- wrappers


@pytest.mark.parametrize(
    "wrap",
    [
        lambda text: {"textPayload": text, "severity": "INFO"},  # Google
        lambda text: {"@timestamp": 1, "@message": text},  # CloudWatch
        lambda text: {"body": {"stringValue": text}},  # OpenTelemetry
        lambda text: {"_source": {"message": text}},  # Elasticsearch
        lambda text: {"_raw": text},  # Splunk
        lambda text: {"__time__": 1, "content": text},  # Alibaba Cloud's SLS
        lambda text: {"__TIMESTAMP__": 1, "__CONTENT__": text},  # Tencent Cloud's CLS
        lambda text: {"labels": {"job": "x"}, "line": text, "timestamp": "1"},  # Loki
        lambda text: {"record": {"message": text}},
        lambda text: {"Log": text},
    ],
)
@pytest.mark.parametrize(
    ("before", "behind"), [("", ""), ("  ", " "), ("2026-11-01T10:00:00Z ", ""), ("", ",")]
)
def test_json_of_collectors(wrap, before, behind):
    for text in (line().rstrip("\n"), line()):
        result = parsed(before + json.dumps(wrap(text)) + behind)
        assert isinstance(result, DecodeLine)
        assert (result.rank.tp, result.stamp) == (0, 1793527200.0)


@pytest.mark.parametrize(
    "name",
    [
        lambda who: {"kubernetes": {"pod_name": f"decode-{who}", "container_name": "sglang"}},
        lambda who: {"kubernetes": {"pod": {"name": f"decode-{who}"}}},
        lambda who: {"resource": {"labels": {"pod_name": f"decode-{who}"}}},
        lambda who: {"container_id": f"{who}ab", "stream": "stderr"},
        lambda who: {"attrs": {"tag": f"decode-{who}"}},
        lambda who: {"_SYSTEMD_UNIT": f"sglang@{who}.service", "_HOSTNAME": "node"},
        lambda who: {"host": {"name": f"node{who}"}},
        lambda who: {"hostname": f"10.0.0.{who}"},
    ],
)
def test_the_writers_that_collectors_name(tmp_path, name):
    def form(who, text):
        fields = [*{"log": text, **name(who)}.items()]
        return json.dumps(dict(fields if hash(text) % 2 else reversed(fields))) + "\n"  # in any order of keys

    [path] = write(tmp_path, two(form))
    result = log.read([path])
    assert (result["decode_lines"], result["servers"]) == (40, 2)
    assert {frozenset(row["median"].values()) for row in result["writers"]} == {
        frozenset({100.0}),
        frozenset({200.0}),
    }


@pytest.mark.parametrize(
    "before",
    ["(ServeReplica:default:SGLang pid={}, ip=10.0.0.7) ", "(Engine(d{}) pid=7{}) ", "{}|sglang  | ",
     "10.0.0.{}: ", "[10.0.0.{}] ",
     "[127.0.0.1:3000{}] ", "decode-{},", "解码-{} | ", "[rank{}]: ", "decode.{} stderr | "],
)  # fmt: skip
def test_more_names_that_stand_before_lines(tmp_path, before):
    [path] = write(tmp_path, two(lambda who, text: before.format(who, who) + text))
    assert log.read([path])["servers"] == 2


def test_the_heads_of_tail_name_the_files(tmp_path):
    """`tail -f a.log b.log > both.log`"""

    def part(who, begin):
        return (
            f"==> logs/decode {who}.log <==\n"
            + "".join(line(second=n, speed=100.0 * who) for n in range(begin, begin + 5))
            + "\n"
        )

    [path] = write(tmp_path, "".join(part(who, begin) for begin in range(0, 20, 5) for who in (1, 2)))
    result = log.read([path])
    assert (result["decode_lines"], result["servers"]) == (40, 2)
    assert [row["median"] for row in result["writers"]] == [{8: 100.0}, {8: 200.0}]


# -- two servers without a name


def test_keys_in_another_order_are_another_version_s(tmp_path):
    def form(who, text):
        graph = "cuda graph: True, "
        return (
            text
            if who == 1
            else text.replace(graph, "").replace("#queue-req: 0", f"#queue-req: 0, {graph.rstrip(', ')}")
        )

    [path] = write(tmp_path, two(form))
    assert log.read([path])["servers"] == 2


def test_lines_that_took_longer_than_went_by_are_of_two_servers(tmp_path):
    """Both hold the same tokens at any moment, so that nothing falls: their start says how many steps a line
    has.
    """
    start = "[2026-11-01 09:59:00] server_args={'tp_size': 1, 'decode_log_interval': 40}\n"

    def lines(servers):
        # 40 steps of 8 requests at 80 tokens/s are 4 s
        return start + "".join(
            line(second=4 * n, speed=80.0, token=800 + 320 * n) for n in range(12) for _ in range(servers)
        )

    for servers in (1, 2):
        [path] = write(tmp_path, lines(servers))
        merged = Merged()
        list(samples([path], merged))
        assert (merged.steps_back, merged.mixed) == (0, servers == 2)


# -- damages


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{HEAD}{BODY} 50%|#####     | 1/2", Reason.JOINED),
        (f"{HEAD}{BODY}100%|##########| 2/2", Reason.JOINED),
        (f"(Engine pid=1) {HEAD}{BODY} [repeated 3x across cluster]", Reason.FOLDED),
        (HEAD + BODY.replace(", ", ","), Reason.MALFORMED),
        (HEAD + BODY.replace(", ", ",\t"), Reason.MALFORMED),
        (HEAD + BODY.replace(", ", ",\u00a0"), Reason.MALFORMED),
        (HEAD + BODY.replace("batch,", "batch:"), Reason.MALFORMED),
        (HEAD + BODY.replace("batch,", "batch"), Reason.MALFORMED),
        (f"{HEAD}Receive: text='Decode batch: #running-req: 8, #queue-req: 0'", Reason.QUOTED),
        (
            f"{HEAD}Decode batch [first graph replay], #running-req: 32, cuda graph: True, #queue-req: 0",
            Reason.PROSE,
        ),
        (f"{HEAD}Decode batch size is 8", Reason.PROSE),
    ],
)
def test_the_reason_is_the_true_one(text, reason):
    result = parsed(text)
    assert (type(result), result.reason) == (Rejected, reason)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16"])
def test_utf16_that_was_appended_to_a_log(tmp_path, encoding):
    """PowerShell's >> writes it behind whatever is there."""
    text = "".join(line(second=n) for n in range(20))
    [path] = write(tmp_path, text.encode() + text.encode(encoding))
    assert (log.read([path])["decode_lines"], log.read([path])["files"][0]["rejected"]) == (40, {})


def test_zeros_of_a_log_that_was_cut_under_its_writer(tmp_path):
    text = "".join(line(second=n) for n in range(20)).encode()
    [path] = write(tmp_path, b"\0" * 5000 + text + b"\0" * 5000 + text)
    assert log.read([path])["decode_lines"] == 40


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "(EngineCore_DP0 pid=123) INFO 11-29 10:00:00 [core.py:71] Initializing a V1 LLM engine "
            "(v0.10.1)",
            "vLLM",
        ),
        ("WARNING 11-29 10:00:00 [scheduler.py:12] preempted", "vLLM"),
        ("[TensorRT LLM][INFO] Engine version 1.0", "TensorRT-LLM"),
        ("[11/29/2026-10:00:00] [TRT-LLM] [RANK 0] [I] iter = 12, host_step_time = 12.3ms", "TensorRT-LLM"),
        ("[TM][INFO] BlockManager", "lmdeploy"),
        (
            "2026-11-29 10:00:00  INFO sglang_router_rs::server: src/server.rs:123: Starting router",
            "sglang-router",
        ),
    ],
)
def test_more_lines_by_which_another_log_is_known(tmp_path, capsys, text, name):
    [path] = write(tmp_path, text + "\n")
    assert log.run([path]) == 6
    assert f"These logs are of {name}, not of SGLang" in capsys.readouterr().err


# -- the fast lane says what the careful reader says

values = st.sampled_from(["True", "False", "3", "3.12", "1,234", "[1, 2]", "x y", "-7", "nan", ""])
befores = st.sampled_from(
    ["", "decode-1  | ", "2026-11-01T10:00:00.5Z stderr F ", "\x1b[36m", "'", "x: #y: ", "(Engine pid=4) "]
)
stamps = st.sampled_from(
    [
        "2026-11-01 10:00:00",
        "2026-13-01 10:00:00",
        "10:00:00",
        "2026-11-01 10:00:00.250",
        "2026/11/01 10:00:00",
    ]
)


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(befores, stamps, st.sampled_from([" TP0", " DP1 TP1", ""]), values, values, st.booleans()),
        min_size=1,
        max_size=30,
    )
)
def test_every_line_reads_as_it_does_alone(rows):
    texts = []
    for before, stamp, tags, middle, last, wrap in rows:
        text = line(before=before, tags=tags, extra=f"foo: {middle}, ", tail=f", bar: {last}")
        text = text.replace("2026-11-01 10:00:00" + tags, stamp + tags, 1)
        texts.append(json.dumps({"log": text}) + "\n" if wrap else text)
    result = LogReader().feed("".join(texts).encode())
    alone = [parse_line(text.encode()) for text in texts]
    assert list(map(str, result)) == list(map(str, alone))
