"""Options of how a run is judged and where its outputs go."""

from __future__ import annotations

from slabench.messages import LANGUAGES
from slabench.options.types import Option, count_or_auto, positive_float, positive_int, words
from slabench.verdict.sla import PRESETS
from slabench.verdict.tolerances import DEFAULT
from slabench.verdict.validity.context import STALL_LIMIT_S

JUDGEMENT: tuple[Option, ...] = (
    Option(
        "judgement",
        "--slo",
        (),
        "all live",
        "an objective, quoted for the shell: 'tpot.mean<=50', 'total_throughput>=1800', "
        "'goodput.share>=0.95' with --goodput",
        str,
        append=True,
        metavar="RULE",
    ),
    Option(
        "judgement",
        "--goodput",
        (),
        "all live",
        "limits in ms that each request is held to by itself, as METRIC:MS of ttft, tpot, e2el: "
        "ttft:2000,tpot:50",
        str,
        append=True,
        metavar="LIMITS",
    ),
    Option(
        "judgement",
        "--slo-preset",
        None,
        "all live",
        "a published set of objectives, which --slo adds to: ant's tiers (mean TPOT 70, 50, 30 ms with "
        "mean TTFT 2, 1.5, 1 s), tencent's later form (50 ms, 2 s), or MLPerf v6's for DeepSeek-R1 "
        "(p99 of TPOT and TTFT at 99 % confidence: server 80 ms, 2 s; interactive 15 ms, 1.5 s)",
        str,
        choices=tuple(PRESETS),
        metavar="NAME",
    ),
    Option(
        "judgement",
        "--baseline",
        None,
        "all live",
        "no metric may be worse than in this file, or than in the last runs of a history's accepted version "
        "(history:FILE)",
        str,
        metavar="FILE",
    ),
    Option(
        "judgement",
        "--save-baseline",
        None,
        "all live",
        "write this run's metrics as a baseline",
        str,
        metavar="FILE",
    ),
    Option(
        "judgement",
        "--require-baseline",
        False,
        "all live",
        "a test without an entry in the baseline is FAILED",
    ),
    Option(
        "judgement",
        "--tolerance",
        DEFAULT * 100,
        "all live",
        "per cent a metric may be worse than the old one (one run a side: at least 5)",
        positive_float,
        metavar="PCT",
    ),
    Option(
        "judgement",
        "--repeats",
        None,
        "all live",
        "measure each test K times, on both servers where there are two; auto: 3 to 16 times, until the "
        "comparison is decided (default: 1; auto with a baseline server)",
        count_or_auto,
        metavar="K",
    ),
    Option(
        "judgement",
        "--same-prompts",
        False,
        "all live",
        "repeats send the first one's prompts again, instead of fresh ones",
    ),
    Option(
        "judgement",
        "--launches",
        None,
        "all live",
        "start the servers N times, measure every test in each launch (3 times, or --repeats), and compare "
        "the launches' means; fewer than 6 need --launch-spread",
        positive_int,
        metavar="N",
    ),
    Option(
        "judgement",
        "--launch-spread",
        None,
        "all live",
        "a baseline file with the spread of launches of an accepted version (slabench baseline launches), "
        "which the comparison's intervals then contain",
        str,
        metavar="FILE",
    ),
    Option(
        "judgement",
        "--allow-diff",
        (),
        "all live",
        "compare although these differ: hardware, model.dtype, workload ...",
        words,
        metavar="A,B",
    ),
    Option(
        "judgement", "--allow", (), "all live", "validity checks that become findings", words, metavar="A,B"
    ),
    Option(
        "judgement",
        "--answers",
        "finding",
        "all live",
        "answers that are not the baseline server's, or are no answers (docs/answers.md): finding beside the "
        "verdict; gate: FAILED; off: no server is asked for further answers",
        str,
        choices=("finding", "gate", "off"),
        metavar="HOW",
    ),
    Option(
        "judgement",
        "--keep-answers",
        "no",
        "all live",
        "store what is asked for --answers in the run folder (answers.jsonl.gz, of a run at one server "
        "vocabulary.npz too): ids, or ids and text",
        str,
        choices=("no", "ids", "text"),
        metavar="WHAT",
    ),
    Option(
        "judgement",
        "--stall-limit",
        STALL_LIMIT_S,
        "all live",
        "seconds that an answer may stand still (a batch-size point: while the batch is full)",
        positive_float,
        metavar="S",
    ),
    Option(
        "judgement",
        "--strict-validity",
        False,
        "all live",
        "findings and checks that could not be made are INVALID",
    ),
)
OUTPUT: tuple[Option, ...] = (
    Option("output", "--report-dir", "reports", "all live", "one folder a run goes here", str, metavar="DIR"),
    Option(
        "output",
        "--lang",
        None,
        "all live",
        "language of console, summary.md, the pages and junit.xml (default: zh in a Chinese locale, else "
        "en); run.json and --help are English",
        str,
        choices=LANGUAGES,
        metavar="LANG",
    ),
    Option(
        "output",
        "--history",
        None,
        "all live",
        "append this run's valid tests to a file, one line a run; slabench history FILE shows it",
        str,
        metavar="FILE",
    ),
    Option(
        "output",
        "--history-version",
        None,
        "all live",
        "what the history calls this run's version, such as an image's tag (default: sglang's own version)",
        str,
        metavar="NAME",
    ),
    Option("output", "--github", False, "all live", "annotations and job summary for GitHub Actions"),
    Option(
        "output",
        "--resume",
        None,
        "all live",
        "continue the run in this folder: finished tests are kept, one that was not is measured again",
        str,
        metavar="RUN",
    ),
    Option(
        "output",
        "--bench-serving-jsonl",
        None,
        "all live",
        "append a row with bench_serving's keys for every test that is not INVALID",
        str,
        metavar="FILE",
    ),
    Option(
        "output",
        "--progress",
        "auto",
        "all live",
        "what is shown while a load runs. live: some lines that are drawn again; plain: a line every 15 s; "
        "auto: live at a terminal (not if TERM=dumb or CI is set), else plain",
        str,
        choices=("auto", "live", "plain", "off"),
        metavar="HOW",
    ),
)
