"""`slabench log FILE...`: the decode curve of any deploy log, without a server.

FILEs are the logs of one deployment, one or several a node; gzip is unpacked. The first columns count every
Decode line, as the published table does; the "clean" ones only lines between which nothing but decoding of
that batch happened.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from slabench.cli import PROG
from slabench.cli.parser import Parser
from slabench.exit_status import INVALID
from slabench.options.types import positive_int, worded
from slabench.report.console import two
from slabench.report.log_report import LogFile, LogReport, read_logs
from slabench.report.text_table import table
from slabench.run_document.write import stored
from slabench.strict_json import dumps

ELSEWHERE = ("full_batch_tpot_ms", "mean_tpot_ms", "baseline")  # of a curve's row: from a run, and not a log


def run(argv: Sequence[str]) -> int:
    """0, or 6 without a Decode line; ConfigError if a file cannot be read."""
    options = _options(argv)
    report = read_logs(options.files, options.decode_gpu_num)
    if options.json:
        print(dumps(as_json(report), indent=1))
    elif options.csv:
        _csv(as_json(report)["curve"])
    else:
        print(_text(report))
    if not report.curve:
        print(_no_curve(report), file=sys.stderr)
        return INVALID
    return 0


def _options(argv: Sequence[str]) -> argparse.Namespace:
    examples = ("log /logs/server.log", "log node0.log node1.log.gz --decode-gpu-num=16 --csv")
    parser = Parser(prog=f"{PROG} log", description=__doc__, examples=examples)
    parser.add_argument("files", nargs="+", metavar="FILE", help="a deploy log")
    gpus = worded(positive_int, "the number of GPUs that decode")
    parser.add_argument(
        "--decode-gpu-num",
        type=gpus,
        metavar="N",
        help="GPUs that decode (default: what the log's start says)",
    )
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="everything, as JSON")
    shape.add_argument("--csv", action="store_true", help="the curve, as CSV")
    return parser.parse_args(argv)


def read(files: Sequence[str], decode_gpus: int | None = None) -> dict[str, Any]:
    """What --json prints."""
    return as_json(read_logs(files, decode_gpus))


def as_json(report: LogReport) -> dict[str, Any]:
    document: dict[str, Any] = stored(report)
    for row in document["curve"]:
        for key in ELSEWHERE:
            del row[key]
    return document


def _csv(curve: Sequence[dict[str, Any]]) -> None:
    if curve:
        writer = csv.DictWriter(sys.stdout, fieldnames=list(curve[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(curve)


def _many(number: float, what: str) -> str:
    return f"{number:g} {what}{'' if number == 1 else 's'}"


def _schedulers(report: LogReport) -> str:
    """How many schedulers there are, how many of them write here, and whose GPUs a Decode line counts."""
    ranks, reported, gpus = report.schedulers or 0, report.schedulers_told, report.gpus_per_line
    count = (len(report.schedulers_seen) or 1) * report.servers
    names = (
        f" ({', '.join(f'DP{rank}' for rank in report.schedulers_seen)})" if report.schedulers_seen else ""
    )
    lines_of = f"Decode lines of {_many(count, 'scheduler')}{names}"
    sure = count == ranks or reported is not None
    if count == ranks:
        text = _many(ranks, "scheduler")
    elif reported is not None and reported >= ranks:
        text = f"{lines_of} of {ranks} that the log's start reports"
    else:
        text = f"{lines_of}; by its number there are {ranks} or more"
    if gpus is None:
        return f"{text}; the number of GPUs is unknown (--decode-gpu-num)."
    return f"{text}; one line is of {_many(gpus, 'GPU')}{'' if sure else f' if there are {ranks}'}."


def _no_curve(report: LogReport) -> str:
    """Why there is no curve in these logs, and where there would be one."""
    if report.later_stages is not None:
        return report.later_stages
    rejected = sum(sum(file.rejected.values()) - file.rejected.get("prose", 0) for file in report.files)
    if rejected:
        lines = _many(rejected, "batch line")
        return f"No Decode line in these logs can be read; {lines} had to be left out, as shown above."
    if report.prefill.lines:
        return (
            f"These logs have {_many(report.prefill.lines, 'Prefill line')} and no Decode line: is this the "
            "log of a prefill node? Give the decode node's."
        )
    if any(file.events for file in report.files):
        return (
            "These logs are a server's, and have no batch line: it served nothing while they were written, "
            "or prints none."
        )
    return report.other_engine or (
        "These logs have no line of an SGLang server: see that they are a server's own output."
    )


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"


def _file(file: LogFile) -> list[str]:
    batches = f"{file.lines} lines, {file.decode} Decode, {file.prefill} Prefill"
    return [
        f"{file.path}: {batches}; rejected: {_counts(file.rejected)}",
        f"  events: {_counts(file.events)}",
        *(f"  rejected: {example[:160]}" for example in file.rejected_examples),
    ]


def _text(report: LogReport) -> str:
    lines = [line for file in report.files for line in _file(file)]
    if report.copies or report.repeated_events:
        events = f"{report.repeated_events} repeats of events"
        lines.append(f"Counted once: {report.copies} copies of batch lines, {events}.")
    if report.capacity:
        sizes = ", ".join(f"{key} {value:g}" for key, value in report.capacity.items())
        lines.append(f"Capacity: {sizes}")
    lines += [_schedulers(report)] if report.decode_lines else []
    lines += report.warnings
    if report.left_out_of_clean:
        lines.append(f"Left out of the clean columns: {_counts(report.left_out_of_clean)}.")
    return "\n".join([*lines, *([table(*_table(report))] if report.curve else [])])


def _table(report: LogReport) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    five = ("median tok/s", "q1", "q3", "per GPU", "per user")
    keys = ("median", "q1", "q3", "per_gpu", "per_user")
    accepted = any(row.accept_len is not None for row in report.curve)
    clean = [f"clean_{key}" for key in (*keys, "tpot_ms", "tpot_mean_ms")]
    rows = []
    for row in report.curve:
        lengths = [two(row.accept_len)] if accepted else []
        counts = (str(row.running), str(row.samples), *lengths)
        medians = (two(getattr(row, key)) for key in keys)
        cells = (two(getattr(row, key)) for key in clean)
        rows.append((*counts, *medians, str(row.clean_samples), *cells))
    first = ("running", "samples", *(["accept len"] if accepted else []))
    return (*first, *five, "clean", *five, "TPOT ms", "mean"), rows
