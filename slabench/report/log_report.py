"""Everything that deploy logs have, without a server: `slabench log` prints it, and writes it as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slabench.messages import Message, Sentence
from slabench.metrics.curve import CurveBuilder
from slabench.report.curve_rows import curve_rows
from slabench.report.log_writers import Writer, by_writer, other_engine, stages, warnings
from slabench.report.sanitize import plain
from slabench.run_document.entry import CurveRow
from slabench.server.log import start
from slabench.server.log.line_types import EventKind
from slabench.server.log.log_window import mark
from slabench.server.log.merge import Merged, samples
from slabench.server.secrets import scrub_text
from slabench.verdict.validity.curve_evidence import Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """One file. decode, prefill: batch lines; rejected: lines that could not be read, by reason."""

    path: str
    bytes: int
    lines: int
    decode: int
    prefill: int
    rejected: Mapping[str, int]
    rejected_examples: tuple[str, ...]
    events: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefillLines:
    lines: int
    new_tokens: int
    cached_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReport:
    """As --json writes it."""

    files: tuple[LogFile, ...]
    decode_lines: int
    copies: int  # batch lines that repeat another one
    repeated_events: int
    retractions: int
    prefill: PrefillLines
    capacity: Mapping[str, float] | None  # of the KV pool, from the log's start
    schedulers: int | None
    schedulers_told: int | None  # by the start of the server; None: it is not in the logs
    schedulers_seen: tuple[int, ...]  # numbers on Decode lines; none for one scheduler without a number
    gpus_per_line: float | None
    servers: int
    writers: tuple[Writer, ...]  # each one's own lines, where several servers write at once
    later_stages: Sentence | None
    other_engine: Sentence | None
    warnings: tuple[Sentence, ...]
    left_out_of_clean: Mapping[str, int]  # by cause
    curve: tuple[CurveRow, ...]


def read_logs(files: Sequence[str], decode_gpus: int | None = None) -> LogReport:
    """The files are streamed: memory does not grow with them. ConfigError if one cannot be read."""
    # a missing file is an error before anything is read
    mark(files, remedy=Message("part.give_any_log"))
    merged = Merged()
    builder = CurveBuilder().add_all(samples(files, merged))
    starts = [dict(event.details) for event in merged.events_of(EventKind.START)]
    dp = start.ranks(starts[-1]) if starts else None
    servers = merged.engines
    # a logging configuration of the user's own dropped the ranks
    if not merged.dp_ranks and dp is not None and dp > 1:
        servers = max(1, servers // dp)
    own = start.gpus(starts[-1]) if starts else None
    reported = None if own is None else own * servers
    scale = Scale(
        option_gpus=decode_gpus,
        reported_gpus=reported,
        reported_dp=dp,
        servers=servers,
        logged_dp=merged.dp_ranks,
        logged_pp=merged.pp_ranks,
    )
    clean = builder.clean(scale.gpus_per_line, graph_up_to=builder.largest_graph)
    capacity = merged.events_of(EventKind.CAPACITY)
    writers = by_writer(files, merged)
    lines = warnings(merged, writers)
    if decode_gpus is not None and reported is not None and decode_gpus != reported:
        lines.append(Sentence.of("log_file.gpu_count", option=decode_gpus, log=reported))
    return LogReport(
        files=_files(merged),
        decode_lines=builder.lines,
        copies=merged.copies,
        repeated_events=merged.repeats,
        retractions=len(merged.events_of(EventKind.RETRACTION)),
        prefill=PrefillLines(
            lines=merged.prefill_lines, new_tokens=merged.new_tokens, cached_tokens=merged.cached_tokens
        ),
        capacity=dict(capacity[-1].details) if capacity else None,
        schedulers=scale.ranks if builder.lines or dp is not None else None,
        schedulers_told=dp,
        schedulers_seen=tuple(sorted(merged.dp_ranks)),
        gpus_per_line=scale.gpus_per_line,
        servers=servers,
        writers=writers,
        later_stages=stages(merged),
        other_engine=other_engine(merged),
        warnings=tuple(lines),
        left_out_of_clean=dict(clean.left_out),
        curve=tuple(curve_rows(builder.classic(scale.gpus_per_line), clean)),
    )


def _files(merged: Merged) -> tuple[LogFile, ...]:
    return tuple(
        LogFile(
            path=path,
            bytes=counts.size,
            lines=counts.lines,
            decode=counts.decode,
            prefill=counts.prefill,
            rejected={reason.value: count for reason, count in counts.rejected.items()},
            rejected_examples=tuple(
                plain(scrub_text(example.decode("utf-8", "replace").strip()))
                for some in counts.examples.values()
                for example in some
            ),
            events={kind.value: count for kind, count in counts.events.items()},
        )
        for path, counts in merged.counts.items()
    )
