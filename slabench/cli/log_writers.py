"""Who wrote the logs that `python -m slabench log` reads: several servers, copies, pipeline stages alone,
another engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slabench.server.log.merge import Merged


def by_writer(files: Sequence[str], merged: Merged) -> list[dict[str, Any]]:
    """Each scheduler's own lines, where several servers write at once; none where one does.

    Reads the files a second time.
    """
    from slabench.metrics.curve import CurveBuilder
    from slabench.server.log.merge import samples

    if merged.engines < 2:
        return []
    builders: dict[tuple[str, int | None], CurveBuilder] = {name: CurveBuilder() for name in merged.extents}
    for sample in samples(files):
        builders[sample.scheduler].add(sample)
    return [
        {
            "writer": writer,
            "dp_rank": dp,
            "decode": builder.lines,
            "clean": builder.clean(None, graph_up_to=builder.largest_graph).used,
            "median": {point.running: point.median for point in builder.classic(None).points},
            "clean_median": {
                point.running: point.median
                for point in builder.clean(None, graph_up_to=builder.largest_graph).points
            },
        }
        for (writer, dp), builder in builders.items()
        if builder.lines
    ]


def warnings(merged: Merged, writers: Sequence[dict[str, Any]]) -> list[str]:
    """What a reader of the curve has to know of its lines."""
    found = [
        f"{path} is named twice; it counts once."
        if path == kept
        else f"{path} has the lines of {kept} and no others: it is a copy or a link, and counts once."
        for path, kept in merged.twins.items()
    ]
    if writers:
        found.append(
            f"{merged.engines} servers write to these logs at the same time. Their lines are kept apart; the curve has those of "
            "all. For the curve of one server, give its lines alone."
        )
        found += [_writer(row) for row in writers]
    if merged.mixed:
        found.append(
            f"Between {merged.steps_back} of {merged.steps} pairs of Decode lines with nothing but decoding between them, #token "
            "falls: more than one server may write to one file without a name on its lines. Log each server to a file of its own."
        )
    return found


def _writer(row: dict[str, Any]) -> str:
    name = row["writer"] if row["dp_rank"] is None else f"{row['writer']} DP{row['dp_rank']}"
    speeds = "; ".join(
        f"{running} running: median {median:.2f} tok/s"
        + (f", clean {row['clean_median'][running]:.2f}" if running in row["clean_median"] else "")
        for running, median in list(row["median"].items())[:8]
    )
    return f"  {name}: {row['decode']} Decode lines, {row['clean']} clean; {speeds}"


def stages(merged: Merged) -> str | None:
    """Where the logs have lines of later pipeline stages or attention-context-parallel ranks and none of the
    first."""
    if not merged.copies or merged.extents:
        return None
    later = sorted(rank for rank in merged.pp_ranks if rank)
    what = (
        f"later pipeline stages ({', '.join(f'PP{rank}' for rank in later)})"
        if later
        else "ranks that repeat another's lines"
    )
    return (
        f"These logs have {merged.copies} batch lines of {what} alone. They repeat what the first stage prints: "
        "give the log of the node with PP0."
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
