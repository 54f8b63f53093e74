"""`python -m slabench log FILE...`: the decode curve of any deploy log, without a server.

FILEs are the logs of one deployment, one or several a node; gzip is unpacked. The first columns count every
Decode line, as the published table does; the "clean" ones only lines between which nothing but decoding of
that batch happened.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from typing import Any

from slabench.cli import PROG
from slabench.cli.log_writers import by_writer, other_engine, stages, warnings
from slabench.options.types import positive_int, worded
from slabench.strict_json import dumps

NO_LINES = 6  # as the suite's status: nobody can judge


def run(argv: Sequence[str]) -> int:
    """0, or 6 where there is no Decode line; ConfigError if a file cannot be read."""
    given = _options(argv)
    found = read(given.files, given.decode_gpu_num)
    if given.json:
        print(dumps(found, indent=1))
    elif given.csv:
        _csv(found["curve"])
    else:
        print(_text(found))
    if not found["curve"]:
        print(_no_curve(found), file=sys.stderr)
        return NO_LINES
    return 0


def _options(argv: Sequence[str]) -> argparse.Namespace:
    doc = (__doc__ or "").replace("`", "")
    parser = argparse.ArgumentParser(
        prog=f"{PROG} log", description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
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
    """Everything the logs say, in built-in types. The files are streamed: memory does not grow with them."""
    from slabench.metrics.curve import CurveBuilder
    from slabench.report.curve_rows import curve_rows
    from slabench.report.sanitize import plain
    from slabench.server.log import start
    from slabench.server.log.line_types import EventKind
    from slabench.server.log.log_window import mark
    from slabench.server.log.merge import Merged, samples
    from slabench.server.secrets import scrub_text
    from slabench.verdict.validity.curve_evidence import Scale

    # a file that is missing is said before anything is read
    mark(files, remedy="Give the file that a server's output went to.")
    merged = Merged()
    builder = CurveBuilder().add_all(samples(files, merged))
    starts = [dict(event.details) for event in merged.events_of(EventKind.START)]
    dp = start.ranks(starts[-1]) if starts else None
    servers = merged.engines
    # a logging configuration of the user's own dropped the ranks
    if not merged.dp_ranks and dp is not None and dp > 1:
        servers = max(1, servers // dp)
    own = start.gpus(starts[-1]) if starts else None
    told = None if own is None else own * servers
    scale = Scale(
        given_gpus=decode_gpus,
        told_gpus=told,
        told_dp=dp,
        servers=servers,
        seen_dp=merged.dp_ranks,
        seen_pp=merged.pp_ranks,
    )
    classic = builder.classic(scale.gpus_per_line)
    clean = builder.clean(scale.gpus_per_line, graph_up_to=builder.largest_graph)
    capacity = merged.events_of(EventKind.CAPACITY)
    writers = by_writer(files, merged)
    said = warnings(merged, writers)
    if decode_gpus is not None and told is not None and decode_gpus != told:
        said.append(f"--decode-gpu-num says {decode_gpus} GPUs, the start of the server in the log {told}.")
    return {
        "files": [
            {
                "path": path,
                "bytes": counts.size,
                "lines": counts.lines,
                "decode": counts.decode,
                "prefill": counts.prefill,
                "rejected": {reason.value: count for reason, count in counts.rejected.items()},
                "rejected_examples": [
                    plain(scrub_text(example.decode("utf-8", "replace").strip()))
                    for some in counts.examples.values()
                    for example in some
                ],
                "events": {kind.value: count for kind, count in counts.events.items()},
            }
            for path, counts in merged.counts.items()
        ],
        "decode_lines": builder.lines,
        "copies": merged.copies,
        "repeated_events": merged.repeats,
        "retractions": len(merged.events_of(EventKind.RETRACTION)),
        "prefill": {
            "lines": merged.prefill_lines,
            "new_tokens": merged.new_tokens,
            "cached_tokens": merged.cached_tokens,
        },
        "capacity": dict(capacity[-1].details) if capacity else None,
        "schedulers": scale.ranks if builder.lines or dp is not None else None,
        "schedulers_told": dp,  # by the start of the server; None: it is not in the logs
        # numbers on Decode lines; none where there is one scheduler without a number
        "schedulers_seen": sorted(merged.dp_ranks),
        "gpus_per_line": scale.gpus_per_line,
        "servers": servers,
        "writers": writers,  # each one's own lines, where several servers write at once
        "later_stages": stages(merged),
        "other_engine": other_engine(merged),
        "warnings": said,
        "left_out_of_clean": dict(clean.left_out),
        "curve": [
            {
                key: value
                for key, value in row.items()
                if key not in ("full_batch_tpot_ms", "mean_tpot_ms", "baseline")
            }
            for row in curve_rows(classic, clean)
        ],
    }


def _csv(curve: Sequence[dict[str, Any]]) -> None:
    if curve:
        writer = csv.DictWriter(sys.stdout, fieldnames=list(curve[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(curve)


def _many(number: float, what: str) -> str:
    return f"{number:g} {what}{'' if number == 1 else 's'}"


def _schedulers(found: dict[str, Any]) -> str:
    """How many schedulers there are, how many of them speak here, and whose GPUs a Decode line counts."""
    ranks, told, seen = found["schedulers"], found["schedulers_told"], found["schedulers_seen"]
    count, names = (len(seen) or 1) * found["servers"], ", ".join(f"DP{one}" for one in seen)
    if count == ranks:
        text = _many(ranks, "scheduler")
    elif told is not None and told >= ranks:
        text = f"Decode lines of {_many(count, 'scheduler')}{f' ({names})' if names else ''} of {ranks} that the log's start tells of"
    else:
        text = (
            f"Decode lines of {_many(count, 'scheduler')} ({names}); by its number there are {ranks} or more"
        )
    gpus = found["gpus_per_line"]
    if gpus is None:
        return f"{text}; the number of GPUs is unknown (--decode-gpu-num)."
    return f"{text}; one line speaks of {_many(gpus, 'GPU')}{'' if count == ranks or told is not None else f' if there are {ranks}'}."


def _no_curve(found: dict[str, Any]) -> str:
    """Why there is no curve in these logs, and where one would be."""
    if found["later_stages"] is not None:
        return str(found["later_stages"])
    prefill = found["prefill"]["lines"]
    rejected = sum(sum(one["rejected"].values()) - one["rejected"].get("prose", 0) for one in found["files"])
    events = sum(sum(one["events"].values()) for one in found["files"])
    if rejected:
        return f"No Decode line in these logs can be read; {_many(rejected, 'batch line')} had to be left out, as shown above."
    if prefill:
        return (
            f"These logs have {_many(prefill, 'Prefill line')} and no Decode line: is this the log of a prefill node? "
            "Give the decode node's."
        )
    if events:
        return "These logs are a server's, and have no batch line: it served nothing while they were written, or prints none."
    if found["other_engine"] is not None:
        return str(found["other_engine"])
    return "These logs have no line of an SGLang server: see that they are a server's own output."


def _text(found: dict[str, Any]) -> str:
    from slabench.report.console import table, two

    lines = []
    for one in found["files"]:
        rejected = ", ".join(f"{count} {reason}" for reason, count in one["rejected"].items()) or "none"
        events = ", ".join(f"{count} {kind}" for kind, count in one["events"].items()) or "none"
        lines.append(
            f"{one['path']}: {one['lines']} lines, {one['decode']} Decode, {one['prefill']} Prefill; rejected: {rejected}"
        )
        lines.append(f"  events: {events}")
        lines += [f"  rejected: {example[:160]}" for example in one["rejected_examples"]]
    if found["copies"] or found["repeated_events"]:
        lines.append(
            f"Counted once: {found['copies']} copies of batch lines, {found['repeated_events']} repeats of events."
        )
    if found["capacity"]:
        lines.append("Capacity: " + ", ".join(f"{key} {value:g}" for key, value in found["capacity"].items()))
    lines += [_schedulers(found)] if found["decode_lines"] else []
    lines += found["warnings"]
    left = ", ".join(f"{count} {cause}" for cause, count in found["left_out_of_clean"].items())
    if left:
        lines.append(f"Left out of the clean columns: {left}.")
    five = ("median tok/s", "q1", "q3", "per GPU", "per user")
    keys = ("median", "q1", "q3", "per_gpu", "per_user")
    accepted = ("accept len",) if any(row["accept_len"] is not None for row in found["curve"]) else ()
    rows = [
        (
            str(row["running"]),
            str(row["samples"]),
            *(two(row["accept_len"]) for _ in accepted),
            *(two(row[key]) for key in keys),
            str(row["clean_samples"]),
            *(two(row[f"clean_{key}"]) for key in (*keys, "tpot_ms", "tpot_mean_ms")),
        )
        for row in found["curve"]
    ]
    return "\n".join(
        [
            *lines,
            *(
                [table(("running", "samples", *accepted, *five, "clean", *five, "TPOT ms", "mean"), rows)]
                if rows
                else []
            ),
        ]
    )
