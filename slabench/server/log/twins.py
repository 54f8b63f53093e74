"""Files that are one file, or copies of one: their lines count once."""

from __future__ import annotations

from collections.abc import Sequence

from slabench.records import LogSpan
from slabench.server.log.files import one_file, read_bytes, same_lines


def without_twins(spans: Sequence[LogSpan], twins: dict[str, str]) -> list[LogSpan]:
    """The spans without those that another has already; twins notes which path was left out for which.

    Of a copy and its longer original the longer one stays: a log that was copied while its server went on
    writing.
    """
    by_path: dict[str, list[LogSpan]] = {}
    for span in spans:
        own = by_path.setdefault(span.path, [])
        if span not in own:
            own.append(span)
        else:
            twins[span.path] = span.path
    paths = list(by_path)
    for place, path in enumerate(paths):
        for other in paths[:place]:
            if path in twins or other in twins or not _copies(by_path[path], by_path[other]):
                continue
            dropped, kept = sorted((path, other), key=lambda name: (_size(by_path[name]), name == other))
            twins[dropped] = kept
    gone = {path for path, kept in twins.items() if path != kept}
    return [span for path in paths if path not in gone for span in by_path[path]]


def _copies(some: Sequence[LogSpan], others: Sequence[LogSpan]) -> bool:
    """Whether the parts of two files say the same, part by part."""
    if len(some) != len(others):
        return False
    if one_file(some[0].path, others[0].path):
        return all((a.begin, a.end) == (b.begin, b.end) for a, b in zip(some, others, strict=True))
    told = [
        same_lines(a.path, a.begin, _end(a), b.path, b.begin, _end(b))
        for a, b in zip(some, others, strict=True)
        if a.begin != a.end or b.begin != b.end
    ]
    return bool(told) and all(told)


def _end(span: LogSpan) -> int | None:
    return None if span.end < 0 else span.end


def _size(spans: Sequence[LogSpan]) -> int:
    """Unpacked bytes."""
    return sum(len(block) for span in spans for block in read_bytes(span.path, span.begin, _end(span)))
