"""`slabench log FILE...`: the decode curve of any deploy log, without a server.

FILEs are the logs of one deployment, one or several a node. gzip, bz2 and xz are unpacked, zstd where
Python has a module for it; UTF-16 is decoded. The first columns count every Decode line, as the published
table does; the "clean" ones only lines between which nothing but decoding of that batch happened.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from slabench.cli import PROG
from slabench.cli.language import add_language
from slabench.cli.parser import Parser
from slabench.exit_status import INVALID
from slabench.messages import Message, in_language
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
    with in_language(options.lang):
        if options.json:
            print(dumps(as_json(report), indent=1))
        elif options.csv:
            _csv(as_json(report)["curve"])
        else:
            print(_text(report))
        if not report.curve:
            print(_no_curve(report), file=sys.stderr)
    return 0 if report.curve else INVALID


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
    add_language(parser)
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


def _schedulers(report: LogReport) -> Message:
    """How many schedulers there are, how many of them write here, and whose GPUs a Decode line counts."""
    ranks, reported, gpus = report.schedulers or 0, report.schedulers_told, report.gpus_per_line
    count = (len(report.schedulers_seen) or 1) * report.servers
    seen = tuple(f"DP{rank}" for rank in report.schedulers_seen)
    names = Message("log_file.ranks", ranks=seen) if seen else None
    lines_of = Message("log_file.seen", seen=count, ranks=names)
    sure = count == ranks or reported is not None
    if count == ranks:
        text = Message("log_file.schedulers", schedulers=ranks)
    elif reported is not None and reported >= ranks:
        text = Message("log_file.reported", lines=lines_of, schedulers=ranks)
    else:
        text = Message("log_file.at_least", lines=lines_of, schedulers=ranks)
    if gpus is None:
        return Message("log_file.gpus_unknown", schedulers=text)
    unit = Message("log_file.gpu" if gpus == 1 else "log_file.several_gpus")
    unsure = None if sure else Message("log_file.unsure", schedulers=ranks)
    return Message("log_file.gpus", schedulers=text, gpus=gpus, unit=unit, unsure=unsure)


def _no_curve(report: LogReport) -> Message:
    """Why there is no curve in these logs, and where there would be one."""
    if report.later_stages is not None:
        return report.later_stages.message
    rejected = sum(sum(file.rejected.values()) - file.rejected.get("prose", 0) for file in report.files)
    if rejected:
        return Message("log_file.unreadable", lines=rejected)
    if report.prefill.lines:
        return Message("log_file.prefill_node", lines=report.prefill.lines)
    if any(file.events for file in report.files):
        return Message("log_file.no_batch")
    return Message("log_file.no_server") if report.other_engine is None else report.other_engine.message


def _counts(counts: Mapping[str, int]) -> Sequence[str] | Message:
    return [f"{count} {name}" for name, count in counts.items()] or Message("log_file.none")


def _file(file: LogFile) -> list[Message]:
    counts = {"lines": file.lines, "decode": file.decode, "prefill": file.prefill}
    return [
        Message("log_file.lines", file=file.path, rejected=_counts(file.rejected), **counts),
        Message("log_file.events", events=_counts(file.events)),
        *(Message("log_file.example", line=example[:160]) for example in file.rejected_examples),
    ]


def _text(report: LogReport) -> str:
    lines = [line for file in report.files for line in _file(file)]
    if report.copies or report.repeated_events:
        lines.append(Message("log_file.counted_once", copies=report.copies, repeats=report.repeated_events))
    if report.capacity:
        sizes = [f"{key} {value:g}" for key, value in report.capacity.items()]
        lines.append(Message("log_file.capacity", sizes=sizes))
    lines += [_schedulers(report)] if report.decode_lines else []
    lines += [warning.message for warning in report.warnings]
    if report.left_out_of_clean:
        lines.append(Message("log_file.left_out", causes=_counts(report.left_out_of_clean)))
    return "\n".join([*map(str, lines), *([table(*_table(report))] if report.curve else [])])


def _table(report: LogReport) -> tuple[tuple[Message, ...], list[tuple[str, ...]]]:
    keys = ("median", "q1", "q3", "per_gpu", "per_user")
    five = tuple(Message(f"column.{key}" if key in ("q1", "q3") else f"curve.{key}") for key in keys)
    accepted = any(row.accept_len is not None for row in report.curve)
    clean = [f"clean_{key}" for key in (*keys, "tpot_ms", "tpot_mean_ms")]
    rows = []
    for row in report.curve:
        lengths = [two(row.accept_len)] if accepted else []
        counts = (str(row.running), str(row.samples), *lengths)
        medians = (two(getattr(row, key)) for key in keys)
        cells = (two(getattr(row, key)) for key in clean)
        rows.append((*counts, *medians, str(row.clean_samples), *cells))
    lengths_head = [Message("column.accept_length")] if accepted else []
    first = (Message("curve.running"), Message("curve.samples"), *lengths_head)
    last = (Message("column.tpot"), Message("column.tpot_mean"))
    return (*first, *five, Message("curve.clean"), *five, *last), rows
