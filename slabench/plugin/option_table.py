"""Every option once: its name, its default, what it reads, and the tests it applies to (docs/options.md is made from here)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slabench.verdict.validity.subject import STALL_LIMIT_S


def positive_int(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError(f"{value} is below 1")
    return value


def rate(text: str) -> float:
    value = float(text)
    if math.isnan(value) or value <= 0:
        raise ValueError(f"{text} is not a rate above 0")
    return value


def positive_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"{text} is not a number above 0")
    return value


def count_or_batch(text: str) -> int | str:
    return text if text == "batch" else int(text)


def count_or_auto(text: str) -> int | str:
    return text if text == "auto" else positive_int(text)


def ints(text: str) -> tuple[int, ...]:
    found = tuple(positive_int(part) for part in text.replace(",", " ").split())
    if not found or len(set(found)) != len(found):
        raise ValueError("the list is empty or names a number twice")
    return found


def load_range(text: str) -> tuple[float, float]:
    low, high = (rate(part) for part in text.split(","))
    if not low < high < math.inf:
        raise ValueError("LO must be below HI")
    return low, high


def words(text: str) -> tuple[str, ...]:
    return tuple(part for part in (piece.strip() for piece in text.split(",")) if part)


def ratio(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError(f"{text} is not between 0 and 1")
    return value


@dataclass(frozen=True, slots=True)
class Option:
    """One option; `applies` and `help` make its row in docs/options.md."""

    group: str
    name: str
    default: Any
    applies: str
    help: str
    parse: Callable[[str], Any] | None = None  # None: a switch
    append: bool = False
    choices: tuple[str, ...] = ()
    metavar: str = "N"

    @property
    def dest(self) -> str:
        return self.name.removeprefix("--").replace("-", "_")


_SERVER, _WORK, _ALI, _CLIENT, _JUDGE, _OUT = "server under test", "workload", "ali", "client", "judgement", "output"
_CAP, _T_C = "capacity", "tencent capacity"
_T_S = "tests/tencent, tests/serving"
OPTIONS: tuple[Option, ...] = (
    Option(
        _SERVER,
        "--base-url",
        (),
        "all live",
        "the server's URL, or sim: / sim:PROFILE for the embedded one",
        str,
        append=True,
        metavar="URL",
    ),
    Option(_SERVER, "--launch", None, "all live", "start the server with this command, and end it afterwards", str, metavar="CMD"),
    Option(
        _SERVER,
        "--launch-timeout",
        1800.0,
        "all live",
        "seconds a launched server may take to be ready",
        positive_float,
        metavar="S",
    ),
    Option(
        _SERVER, "--deploy-log", (), "decode curve", "the server's log files, one per node, comma separated", words, metavar="A,B"
    ),
    Option(_SERVER, "--model", None, "all live", "model folder or name (default: what the server says)", str, metavar="DIR"),
    Option(
        _SERVER, "--tokenizer", None, "all live", "tokenizer folder or name (default: --model, or the server's)", str, metavar="DIR"
    ),
    Option(
        _SERVER, "--vocab-size", None, "random-ids", "ids stay below this (default: the tokenizer's size, else 1000)", positive_int
    ),
    Option(_SERVER, "--trust-remote-code", False, "all live", "let the tokenizer's folder run its own code"),
    Option(_SERVER, "--allow-download", False, "all live", "let the tokenizer come from a hub"),
    Option(_SERVER, "--decode-gpu-num", None, "all live", "GPUs that decode (default: what the server says)", positive_int),
    Option(_SERVER, "--prefill-gpu-num", None, "ali prefill", "GPUs that prefill (default: what the server says)", positive_int),
    Option(
        _SERVER, "--hardware", None, "all live", "what the server runs on, such as 8xH20-96G, for baselines", str, metavar="NAME"
    ),
    Option(
        _SERVER, "--api-key-env", "SLABENCH_API_KEY", "all live", "environment variable that holds the API key", str, metavar="NAME"
    ),
    Option(_SERVER, "--ca-file", None, "all live", "certificate authority for https", str, metavar="FILE"),
    Option(
        _WORK,
        "--dataset-name",
        None,
        "all live",
        "random (needs a data set), random-ids or sharegpt",
        str,
        choices=("random", "random-ids", "sharegpt"),
        metavar="NAME",
    ),
    Option(_WORK, "--dataset-path", None, "all live", "the ShareGPT_V3 JSON file", str, metavar="FILE"),
    Option(
        _WORK,
        "--prompt-form",
        None,
        "all live",
        "send text or ids (default: text with a data set, else ids)",
        str,
        choices=("text", "ids"),
        metavar="FORM",
    ),
    Option(_WORK, "--num-prompts", None, _T_S, "prompts (tencent: 128, 256 and 512; serving: 8)", positive_int),
    Option(_WORK, "--request-rate", None, _T_S, "requests a second, or inf (tencent: 128; serving: 8)", rate, metavar="R"),
    Option(_WORK, "--max-concurrency", None, _T_S, "requests in flight at most (tencent: 128; serving: 8)", positive_int),
    Option(_WORK, "--random-input-len", None, _T_S, "prompt tokens (3500)", positive_int),
    Option(_WORK, "--random-output-len", None, _T_S, "tokens to generate (1200)", positive_int),
    Option(_WORK, "--random-range-ratio", 1.0, "all live", "lengths are drawn from ratio x length to length", ratio, metavar="X"),
    Option(_WORK, "--sharegpt-output-len", None, "sharegpt", "tokens to generate instead of the conversation's own", positive_int),
    Option(
        _WORK,
        "--arrivals",
        "poisson",
        _T_S,
        "how a finite rate spaces requests",
        str,
        choices=("poisson", "constant"),
        metavar="KIND",
    ),
    Option(_WORK, "--seed", 123, "all live", "seed of prompts and arrivals", int),
    Option(
        _ALI,
        "--batch-sizes",
        (1, 2, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64),
        "ali decode",
        "batch sizes",
        ints,
        metavar="A,B",
    ),
    Option(
        _ALI,
        "--prompts-per-batch",
        None,
        "ali decode",
        "the later form: this many times the batch size, capped at it",
        positive_int,
        metavar="K",
    ),
    Option(_ALI, "--decode-input-len", 4096, "ali decode", "prompt tokens", positive_int),
    Option(_ALI, "--decode-output-len", 1536, "ali decode", "tokens to generate", positive_int),
    Option(_ALI, "--saturation", False, "ali decode", "also run 4096 prompts at concurrency 2048, the later form's first step"),
    Option(_ALI, "--prefill-lens", (1024, 2048, 4096), "ali prefill", "prompt lengths", ints, metavar="A,B"),
    Option(_ALI, "--prefill-prompts", 512, "ali prefill", "prompts per length", positive_int),
    Option(_CAP, "--find-capacity", False, _T_C, "search the highest load that holds all objectives, and judge a full run there"),
    Option(
        _CAP,
        "--capacity-load",
        "concurrency",
        _T_C,
        "what is searched: requests in flight, or requests a second",
        str,
        choices=("concurrency", "rate"),
        metavar="KIND",
    ),
    Option(
        _CAP,
        "--capacity-range",
        None,
        _T_C,
        "lowest and highest load (default: 1,256; a rate: 0.1,16)",
        load_range,
        metavar="LO,HI",
    ),
    Option(_CAP, "--capacity-step", 2.0, _T_C, "per cent between two loads (in flight: at least 1)", positive_float, metavar="PCT"),
    Option(
        _CAP,
        "--capacity-waves",
        4,
        _T_C,
        "a probe sends this many times its load at most, the first not counted; 1: it is all there is, and counts",
        positive_int,
    ),
    Option(_CAP, "--capacity-budget", 3600.0, _T_C, "seconds of load for all probes together", positive_float, metavar="S"),
    Option(
        _CLIENT,
        "--client",
        "slabench",
        "all live",
        "slabench, or bench_serving: the unmodified reference client, whose figures are classic.* only",
        str,
        choices=("slabench", "bench_serving"),
        metavar="NAME",
    ),
    Option(
        _CLIENT,
        "--bench-serving-python",
        None,
        "all live",
        "a Python that has sglang (default: .venv-client/bin/python, if there)",
        str,
        metavar="FILE",
    ),
    Option(
        _CLIENT,
        "--backend",
        "sglang",
        "all live",
        "sglang: /generate; sglang-oai: /v1/completions; sglang-oai-chat: /v1/chat/completions",
        str,
        choices=("sglang", "sglang-oai", "sglang-oai-chat"),
        metavar="NAME",
    ),
    Option(
        _CLIENT,
        "--connections",
        "keep-alive",
        "all live",
        "keep-alive, or per-request as bench_serving",
        str,
        choices=("keep-alive", "per-request"),
        metavar="HOW",
    ),
    Option(
        _CLIENT,
        "--load-workers",
        "auto",
        "all live",
        "load processes that share a test's requests; auto: one for 512 requests in flight, while a core is left",
        count_or_auto,
        metavar="N",
    ),
    Option(
        _CLIENT,
        "--calibrate",
        "auto",
        "all live",
        "the client's own error against the null server: auto (kept per machine and load; not for sim:), fresh (measured now), off",
        str,
        choices=("auto", "fresh", "off"),
        metavar="HOW",
    ),
    Option(_CLIENT, "--connect-timeout", 10.0, "all live", "seconds to connect", positive_float, metavar="S"),
    Option(_CLIENT, "--first-byte-timeout", 1800.0, "all live", "seconds from sent to the first byte", positive_float, metavar="S"),
    Option(_CLIENT, "--idle-timeout", 600.0, "all live", "seconds between two reads of one answer", positive_float, metavar="S"),
    Option(_CLIENT, "--total-timeout", 21600.0, "all live", "seconds for one request", positive_float, metavar="S"),
    Option(
        _CLIENT,
        "--warmup-requests",
        1,
        "all live",
        "requests before each test, flushed away: a number, 0 for none, or batch for as many at once as the test has",
        count_or_batch,
    ),
    Option(_CLIENT, "--no-flush-cache", False, "all live", "do not flush the prefix cache before each test"),
    Option(_CLIENT, "--retokenize", False, "all live", "keep the answers' texts and count their tokens again"),
    Option(
        _JUDGE,
        "--slo",
        (),
        "all live",
        "an objective, quoted for the shell: 'tpot.mean<=50', 'total_throughput>=1800', ttft:2000",
        str,
        append=True,
        metavar="RULE",
    ),
    Option(
        _JUDGE,
        "--slo-preset",
        None,
        "all live",
        "a published set of objectives, which --slo adds to: ant's tiers (mean TPOT 70, 50, 30 ms with mean TTFT 2, 1.5, 1 s), or "
        "tencent's later form (50 ms, 2 s)",
        str,
        choices=("ant-70", "ant-50", "ant-30", "tencent"),
        metavar="NAME",
    ),
    Option(_JUDGE, "--baseline", None, "all live", "no figure may be worse than in this file", str, metavar="FILE"),
    Option(_JUDGE, "--save-baseline", None, "all live", "write this run's figures as a baseline", str, metavar="FILE"),
    Option(_JUDGE, "--require-baseline", False, "all live", "a test without an entry in the baseline is FAILED"),
    Option(
        _JUDGE, "--tolerance", 5.0, "all live", "per cent a figure may be worse than the baseline", positive_float, metavar="PCT"
    ),
    Option(
        _JUDGE,
        "--allow-diff",
        (),
        "all live",
        "compare although these differ: hardware, model.dtype, workload ...",
        words,
        metavar="A,B",
    ),
    Option(_JUDGE, "--allow", (), "all live", "validity checks that become findings", words, metavar="A,B"),
    Option(
        _JUDGE,
        "--stall-limit",
        STALL_LIMIT_S,
        "all live",
        "seconds that an answer may stand still (a batch-size point: while the batch is full)",
        positive_float,
        metavar="S",
    ),
    Option(_JUDGE, "--strict-validity", False, "all live", "findings and checks that could not be made are INVALID"),
    Option(_OUT, "--report-dir", "reports", "all live", "one folder a run goes here", str, metavar="DIR"),
    Option(_OUT, "--github", False, "all live", "annotations and job summary for GitHub Actions"),
    Option(_OUT, "--resume", None, "all live", "continue the run in this folder: finished tests are kept", str, metavar="RUN"),
    Option(
        _OUT,
        "--bench-serving-jsonl",
        None,
        "all live",
        "append a row with bench_serving's keys for every test that is not INVALID",
        str,
        metavar="FILE",
    ),
    Option(
        _OUT,
        "--progress",
        "auto",
        "all live",
        "live on a terminal, plain lines elsewhere",
        str,
        choices=("auto", "live", "plain", "off"),
        metavar="HOW",
    ),
)
