"""Who wrote the logs: several servers, copies, pipeline stages alone, another engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    def text(self) -> str:
        name = self.writer if self.dp_rank is None else f"{self.writer} DP{self.dp_rank}"
        clean = {running: f", clean {median:.2f}" for running, median in self.clean_median.items()}
        speeds = [
            f"{running} running: median {median:.2f} tok/s{clean.get(running, '')}"
            for running, median in list(self.median.items())[:8]
        ]
        return f"  {name}: {self.decode} Decode lines, {self.clean} clean; {'; '.join(speeds)}"


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


def warnings(merged: Merged, writers: Sequence[Writer]) -> list[str]:
    """What a reader of the curve has to know of its lines."""
    lines = [
        f"{path} is named twice; it counts once."
        if path == kept
        else f"{path} has the lines of {kept} and no others: it is a copy or a link, and counts once."
        for path, kept in merged.twins.items()
    ]
    if writers:
        lines.append(
            f"{merged.engines} servers write to these logs at the same time. Their lines are kept apart; the "
            "curve has those of all. For the curve of one server, give its lines alone."
        )
        lines += [writer.text for writer in writers]
    if merged.mixed:
        lines.append(
            f"Between {merged.steps_back} of {merged.steps} pairs of Decode lines with nothing but decoding "
            "between them, #token falls: more than one server may write to one file without a name on its "
            "lines. Log each server to a file of its own."
        )
    return lines


def stages(merged: Merged) -> str | None:
    """Where the logs have lines of later pipeline stages or attention-context-parallel ranks alone."""
    if not merged.copies or merged.extents:
        return None
    later = sorted(rank for rank in merged.pp_ranks if rank)
    what = (
        f"later pipeline stages ({', '.join(f'PP{rank}' for rank in later)})"
        if later
        else "ranks that repeat another's lines"
    )
    return (
        f"These logs have {merged.copies} batch lines of {what} alone. They repeat what the first stage "
        "prints: give the log of the node with PP0."
    )


def other_engine(merged: Merged) -> str | None:
    """The engine whose log this is, where it is not SGLang's."""
    names = {name for counts in merged.counts.values() for name in counts.engines}
    if not names:
        return None
    which = " or ".join(sorted(name.replace("_", "-") for name in names))
    return (
        f"These logs are of {which}, not of SGLang: they have no Decode line, from which the curve is made."
    )
