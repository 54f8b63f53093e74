"""Who wrote the logs: several servers, copies, pipeline stages alone, another engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slabench.messages import Message, Sentence
from slabench.metrics.curve import CurveBuilder
from slabench.server.log.merge import Merged, samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """A scheduler's own Decode lines. median, clean_median: tokens/s by running requests."""

    writer: str
    dp_rank: int | None
    decode: int
    clean: int
    median: Mapping[int, float]
    clean_median: Mapping[int, float]

    @property
    def text(self) -> Sentence:
        name = self.writer if self.dp_rank is None else f"{self.writer} DP{self.dp_rank}"
        clean = {
            running: Message("log_file.speed_clean", median=median)
            for running, median in self.clean_median.items()
        }
        speeds = [
            Message("log_file.speed", running=running, median=median, clean=clean.get(running))
            for running, median in list(self.median.items())[:8]
        ]
        return Sentence.of("log_file.writer", name=name, decode=self.decode, clean=self.clean, speeds=speeds)


def by_writer(files: Sequence[str], merged: Merged) -> tuple[Writer, ...]:
    """One for each of several servers that write at once; none for a single server.

    Reads the files a second time.
    """
    if merged.engines < 2:
        return ()
    builders: dict[tuple[str, int | None], CurveBuilder] = {name: CurveBuilder() for name in merged.extents}
    for sample in samples(files):
        builders[sample.scheduler].add(sample)
    return tuple(_writer(*name, builder) for name, builder in builders.items() if builder.lines)


def _writer(writer: str, dp_rank: int | None, builder: CurveBuilder) -> Writer:
    clean = builder.clean(None, graph_up_to=builder.largest_graph)
    return Writer(
        writer=writer,
        dp_rank=dp_rank,
        decode=builder.lines,
        clean=clean.used,
        median={point.running: point.median for point in builder.classic(None).points},
        clean_median={point.running: point.median for point in clean.points},
    )


def warnings(merged: Merged, writers: Sequence[Writer]) -> list[Sentence]:
    """What a reader of the curve has to know of its lines."""
    lines = [
        Sentence.of("log_file.twice", path=path)
        if path == kept
        else Sentence.of("log_file.copy", path=path, kept=kept)
        for path, kept in merged.twins.items()
    ]
    if writers:
        lines.append(Sentence.of("log_file.several", servers=merged.engines))
        lines += [writer.text for writer in writers]
    if merged.mixed:
        lines.append(Sentence.of("log_file.mixed", back=merged.steps_back, of=merged.steps))
    return lines


def stages(merged: Merged) -> Sentence | None:
    """Where the logs have lines of later pipeline stages or attention-context-parallel ranks alone."""
    if not merged.copies or merged.extents:
        return None
    later = sorted(rank for rank in merged.pp_ranks if rank)
    ranks = [f"PP{rank}" for rank in later]
    what = Message("log_file.stages", ranks=ranks) if later else Message("log_file.repeating")
    return Sentence.of("log_file.later_stages", copies=merged.copies, what=what)


def other_engine(merged: Merged) -> Sentence | None:
    """The engine whose log this is, where it is not SGLang's."""
    names = {name for counts in merged.counts.values() for name in counts.engines}
    if not names:
        return None
    return Sentence.of("log_file.other_engine", names=sorted(name.replace("_", "-") for name in names))
