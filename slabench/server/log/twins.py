"""Files that are one file, or copies of one: their lines count once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from slabench.records import LogSpan
from slabench.server.log.files import read_bytes


def without_twins(spans: Sequence[LogSpan], twins: dict[str, str]) -> list[LogSpan]:
    """The spans without those that are another's too; twins records which path was left out for which.

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


def _copies(spans: Sequence[LogSpan], others: Sequence[LogSpan]) -> bool:
    """Whether the parts of two files have the same lines, part by part."""
    if len(spans) != len(others):
        return False
    pairs = list(zip(spans, others, strict=True))
    if _one_file(spans[0].path, others[0].path):
        return all((a.begin, a.end) == (b.begin, b.end) for a, b in pairs)
    filled = [(a, b) for a, b in pairs if a.begin != a.end or b.begin != b.end]
    return bool(filled) and all(_same_lines(a, b) for a, b in filled)


def _one_file(path: str, other: str) -> bool:
    """Whether two names are one file: a link, or the same name twice."""
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False


def _same_lines(span: LogSpan, other: LogSpan) -> bool:
    """Whether one of two parts is the beginning of the other, or all of it. An empty part is no copy."""
    first, second = _blocks(span), _blocks(other)
    left = right = b""
    compared = 0
    while (left := left or next(first, b"")) and (right := right or next(second, b"")):
        many = min(len(left), len(right))
        if left[:many] != right[:many]:
            return False
        compared += many
        left, right = left[many:], right[many:]
    return compared > 0


def _blocks(span: LogSpan) -> Iterator[bytes]:
    return read_bytes(span.path, span.begin, None if span.end < 0 else span.end)


def _size(spans: Sequence[LogSpan]) -> int:
    """Unpacked bytes."""
    return sum(len(block) for span in spans for block in _blocks(span))
