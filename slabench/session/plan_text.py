"""A run's plan as text for a terminal, and as plain values for --plan-json."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from slabench.messages import Message
from slabench.report.text_table import table
from slabench.session.plan import Counts, PlannedRow, Range, RunPlan
from slabench.session.preflight.refusals import Refusal
from slabench.session.preflight.refusals import lines as refused_lines
from slabench.units import duration

HEAD = (
    Message("label.test"),
    Message("plan.head.loads"),
    Message("plan.head.requests"),
    Message("plan.head.tokens_in"),
    Message("plan.head.tokens_out"),
    Message("plan.head.a_load"),
    Message("plan.head.all_loads"),
)
UNKNOWN = "?"
SCHEMA = "slabench.plan/1"


def _span(span: Range | None, shown: Any = duration) -> str:
    if span is None:
        return UNKNOWN
    least, most = shown(span.least), shown(span.most)
    return str(least) if least == most else str(Message("label.range", low=least, high=most))


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _cells(counts: Counts) -> tuple[str, ...]:
    each = (counts.loads, counts.requests, counts.prompt_tokens, counts.output_tokens)
    return tuple(_span(span, _count) for span in each)


def _row(row: PlannedRow) -> tuple[str, ...]:
    load = UNKNOWN if row.load_s is None else duration(row.load_s)
    times = (load, _span(row.seconds)) if row.test.loads else ("", "")
    if row.stops:
        times = (str(Message("plan.refused")), "")
    return (_short(row), *_cells(row.counts), *times)


def _short(row: PlannedRow) -> str:
    """`test_sla.py::test_sla[np128]`"""
    return row.test.test_id.rpartition("/")[2]


def _asserted(rows: Sequence[PlannedRow]) -> list[str]:
    """A line for the tests of one function that assert the same."""
    groups: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (_short(row).partition("[")[0], "; ".join(map(str, row.asserts)))
        groups[key] = groups.get(key, 0) + 1
    return [
        "  " + str(Message("plan.asserts", test=name, more=_tests(count), asserts=asserts))
        for (name, asserts), count in groups.items()
    ]


def _tests(count: int) -> Message | None:
    return Message("plan.asserts_tests", tests=count) if count > 1 else None


def _sum(spans: list[Range | None]) -> Range | None:
    known = [span for span in spans if span is not None]
    return sum(known, Range(0, 0)) if len(known) == len(spans) else None


def whole(plan: RunPlan) -> Counts:
    """Of all tests."""
    counts = [row.counts for row in plan.rows]
    return Counts(
        sum((each.loads for each in counts), Range(0, 0)),
        sum((each.requests for each in counts), Range(0, 0)),
        _sum([each.prompt_tokens for each in counts]),
        _sum([each.output_tokens for each in counts]),
    )


def plan_text(plan: RunPlan) -> str:
    """The table, then what cannot fit, then what carries the numbers."""
    repeats, servers = plan.repeats, len(plan.servers)
    title = Message(
        "plan.title",
        tests=Message("plan.one_test" if len(plan.rows) == 1 else "plan.tests", tests=len(plan.rows)),
        each=_span(Range(repeats.least, repeats.most), str),
        servers=Message("plan.one_server" if servers == 1 else "plan.two_servers"),
    )
    span = _span(plan.seconds)
    if plan.seconds is not None and any(row.seconds is None for row in plan.rows):
        span = str(Message("plan.at_least", time=span))
    total = (Message("plan.in_all"), *_cells(whole(plan)), "", span)
    lines = [
        str(title),
        table(HEAD, [*map(_row, plan.rows), total], left=(0,)),
    ]
    if servers > 1 and plan.seconds is not None:
        sums = zip(plan.servers, plan.by_server, strict=True)
        spans = [f"{name} {_span(span)}" for name, span in sums]
        lines.append(str(Message("plan.by_server", spans=spans)))
    lines += [str(Message("plan.asserted")), *_asserted(plan.rows)]
    lines += refused_lines({row.test.test_id: Refusal(row.stops[0]) for row in plan.rows if row.stops})
    return "\n".join([*lines, *map(str, plan.notes)])


def plan_values(plan: RunPlan) -> dict[str, Any]:
    """Built-in types; times in seconds, a range as [least, most]."""
    return {
        "schema": SCHEMA,
        "repeats": [plan.repeats.least, plan.repeats.most],
        "servers": len(plan.servers),
        "seconds": _pair(plan.seconds),
        "seconds_by_server": [_pair(span) for span in plan.by_server],
        **_counted(whole(plan)),
        "notes": _texts(plan.notes),
        "tests": [
            {
                "id": row.test.test_id,
                "loads_planned": [asdict(load.form) for load in row.test.loads],
                **_counted(row.counts),
                "load_seconds": row.load_s,
                "seconds": _pair(row.seconds),
                "asserts": _texts(row.asserts),
                "problems": [stop.sentence for stop in row.stops],
            }
            for row in plan.rows
        ],
    }


def _counted(counts: Counts) -> dict[str, Any]:
    return {name: _pair(getattr(counts, name)) for name in counts.__slots__}


def _pair(span: Range | None) -> list[float] | None:
    return None if span is None else [span.least, span.most]


def _texts(messages: tuple[Message, ...]) -> list[str]:
    return [str(message) for message in messages]
