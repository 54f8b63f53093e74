"""Options of how it is sent."""

from __future__ import annotations

from slabench.loadgen.backends import BACKENDS
from slabench.loadgen.backends import DEFAULT as DEFAULT_BACKEND
from slabench.loadgen.backends import NAMES as BACKEND_NAMES
from slabench.loadgen.options import DEFAULTS
from slabench.options.types import Option, count_or_auto, count_or_batch, positive_float, words

CLIENT: tuple[Option, ...] = (
    Option(
        "client",
        "--client",
        "slabench",
        "all live",
        "slabench, or bench_serving: the unmodified reference client, whose metrics are classic.* only",
        str,
        choices=("slabench", "bench_serving"),
        metavar="NAME",
    ),
    Option(
        "client",
        "--bench-serving-python",
        None,
        "all live",
        "a Python that has sglang (default: .venv-client/bin/python, if there)",
        str,
        metavar="FILE",
    ),
    Option(
        "client",
        "--backend",
        DEFAULT_BACKEND,
        "all live",
        "; ".join(f"{name}: {BACKENDS[name].path}" for name in BACKEND_NAMES),
        str,
        choices=BACKEND_NAMES,
        metavar="NAME",
    ),
    Option(
        "client",
        "--connections",
        "keep-alive",
        "all live",
        "keep-alive, or per-request as bench_serving",
        str,
        choices=("keep-alive", "per-request"),
        metavar="HOW",
    ),
    Option(
        "client",
        "--load-workers",
        "auto",
        "all live",
        "load processes that share a test's requests; auto: one for 512 requests in flight, while a core is "
        "left; with load hosts at least one each",
        count_or_auto,
        metavar="N",
    ),
    Option(
        "client",
        "--load-hosts",
        (),
        "all live",
        "hosts that send the load in place of this machine, separated by commas; needs --load-command",
        words,
        metavar="A,B",
    ),
    Option(
        "client",
        "--load-command",
        None,
        "all live",
        "how a command is started at {host} with its stdin and stdout here: 'ssh {host}', "
        "'kubectl exec -i {host} --', 'srun --overlap -w {host}'",
        str,
        metavar="COMMAND",
    ),
    Option(
        "client",
        "--load-cluster",
        None,
        "all live",
        "the nodes of a Ray cluster send the load (slabench[ray]): ray for this machine's, or an address",
        str,
        metavar="ADDRESS",
    ),
    Option(
        "client",
        "--load-python",
        None,
        "all live",
        "the Python of the load hosts that has slabench (default: the path of this one)",
        str,
        metavar="FILE",
    ),
    Option(
        "client",
        "--calibrate",
        "auto",
        "all live",
        "the client's own error against the null server: auto (kept per machine and load; not for sim:), "
        "fresh (measured now), off",
        str,
        choices=("auto", "fresh", "off"),
        metavar="HOW",
    ),
    Option(
        "client",
        "--connect-timeout",
        DEFAULTS.connect_timeout_s,
        "all live",
        "seconds to connect",
        positive_float,
        metavar="S",
    ),
    Option(
        "client",
        "--first-byte-timeout",
        DEFAULTS.first_byte_timeout_s,
        "all live",
        "seconds from sent to the first byte",
        positive_float,
        metavar="S",
    ),
    Option(
        "client",
        "--idle-timeout",
        DEFAULTS.idle_timeout_s,
        "all live",
        "seconds between two reads of one answer",
        positive_float,
        metavar="S",
    ),
    Option(
        "client",
        "--total-timeout",
        DEFAULTS.total_timeout_s,
        "all live",
        "seconds for one request",
        positive_float,
        metavar="S",
    ),
    Option(
        "client",
        "--warmup-requests",
        "batch",
        "all live",
        "requests before a test, flushed away. batch: as many at once as the test has in flight, prompts "
        "of its own, at most 16 tokens out, once for each server process and shape; a number: so many "
        "before each load; 0: none",
        count_or_batch,
    ),
    Option("client", "--no-flush-cache", False, "all live", "do not flush the prefix cache before each test"),
    Option(
        "client", "--retokenize", False, "all live", "keep the answers' texts and count their tokens again"
    ),
)
