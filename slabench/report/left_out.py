"""What a --time-budget had no room for, as every output names it."""

from __future__ import annotations

from slabench.messages import Message
from slabench.run_document.entry import short_name
from slabench.run_document.run import LeftOut, RunDocument


def left_out_lines(document: RunDocument) -> list[Message]:
    """Which tests, then of which methods none is left."""
    left = document.left_out
    if left is None:
        return []
    names = tuple(map(short_name, left.tests))
    line = Message("run.left_out", **left_out_of(document), budget=as_option(left.budget_s), tests=names)
    return [line, missing_methods(left)] if left.methods else [line]


def left_out_of(document: RunDocument) -> dict[str, int]:
    """How many tests, of how many that were asked for."""
    left = () if document.left_out is None else document.left_out.tests
    return {"left": len(left), "of": len({*left, *document.planned})}


def missing_methods(left: LeftOut) -> Message:
    """That the run cannot be PASSED, and the budget that it takes."""
    if left.needed_s is None:
        return Message("gate.methods_unknown", methods=left.methods)
    return Message("gate.methods_left", methods=left.methods, needed=as_option(left.needed_s))


def as_option(seconds: float) -> str:
    """A time as --time-budget takes it: 90s, 45m."""
    return f"{seconds / 60:.0f}m" if seconds % 60 == 0 else f"{seconds:g}s"
